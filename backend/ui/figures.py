"""The statistics in pictures: Gradio's own plots, filled by an event that the page's script triggers with its token."""

from collections.abc import Iterable
from typing import Any, Literal

import gradio as gr

from backend import database
from backend.models.stats import StatsRead, StatsRequest
from backend.services import stats
from backend.services.actor import Actor
from backend.ui.calls import Call
from backend.ui.courier import delivered

Kind = Literal["quantitative", "nominal", "temporal"]

_PLOTS = 4
_HEIGHT = 230
# Read as well on the light ground as on the dark one: 3:1 at least against either.
_ACCENT, _QUIET, _ALARM = "#6d67f0", "#8f877f", "#d9573f"
_STATES = {"open": _ACCENT, "done": _QUIET}


def add_to(board: gr.HTML, courier: gr.HTML) -> None:
    """The plots, hidden until the script asks for them for the first time."""
    with gr.Column(elem_id="stats-figures", visible=False) as place:
        plots = (
            gr.BarPlot(
                x="day", y="completed", title="Completed per day", x_title=" ", y_title=" ", color_map=None, **_shared()
            ),
            gr.LinePlot(
                x="day", y="overdue", title="Overdue at the end of each day", x_title=" ", y_title=" ", **_shared()
            ),
            gr.BarPlot(
                x="priority",
                y="todos",
                color="state",
                title="By priority",
                **_by_state(),
                sort=["high", "medium", "low"],
            ),
            gr.BarPlot(x="list", y="todos", color="state", title="By list", **_by_state(), sort=None),
        )
    # By its own name: Gradio finds a custom event in the script, where it is triggered.
    board.draw_stats(
        _draw, outputs=[courier, place, *plots], queue=False, api_visibility="private", show_progress="hidden"
    )


async def _draw(event: gr.EventData) -> list[Any]:
    """The numbers for the script, and all four plots in their column."""
    pictures: list[Any] = [gr.skip()] * _PLOTS

    async def work(actor: Actor, call: Call) -> StatsRead:
        wanted = StatsRequest.model_validate(call.body)
        found = await database.read(lambda session: stats.read(session, actor, wanted), is_slow=True)
        pictures[:] = _pictures(found)
        return found

    answer = await delivered(event, work)
    return [answer, gr.Column(visible=True), *pictures]


def _pictures(found: StatsRead) -> list[dict[str, Any]]:
    # Without a zone, which the browser takes as its own time: the day stays the day, wherever it is looked at.
    days = [(f"{day.date}T00:00:00", day) for day in found.days]
    lists = [(one.name or "Inbox", one) for one in found.by_list]
    priorities = [(str(one.priority), one) for one in found.by_priority]
    return [
        _table("bar", {"day": "temporal", "completed": "quantitative"}, ((at, day.completed) for at, day in days)),
        _table("line", {"day": "temporal", "overdue": "quantitative"}, ((at, day.overdue) for at, day in days)),
        _states("priority", ((name, one.open, one.done) for name, one in priorities)),
        _states("list", ((name, one.open, one.done) for name, one in lists)),
    ]


def _states(of: str, rows: Iterable[tuple[str, int, int]]) -> dict[str, Any]:
    parts = [part for name, open_, done in rows for part in ((name, open_, "open"), (name, done, "done"))]
    return _table("bar", {of: "nominal", "todos": "quantitative", "state": "nominal"}, parts)


def _table(mark: str, columns: dict[str, Kind], rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """What a plot takes, without pandas: that would turn a day into an instant."""
    return {"columns": list(columns), "data": [list(row) for row in rows], "datatypes": columns, "mark": mark}


def _shared() -> dict[str, Any]:
    return {"height": _HEIGHT, "tooltip": "all", "container": False}


def _by_state() -> dict[str, Any]:
    return {**_shared(), "x_title": " ", "y_title": " ", "color_title": " ", "color_map": _STATES}
