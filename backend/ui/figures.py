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
# Names of lists that would lie on each other are slanted, and cut, because they take their room from the bars.
_SLANT, _SLANTED_LETTERS, _LETTERS_ACROSS = -30, 14, 42
_LISTS_MAX, _OTHERS = 8, "Others"
# Up to here an axis would be divided into halves of todos.
_LOWEST_TOP = 4
# The page's own colours, which the style sheet has for the light ground and for the dark one.
_STATES = {"open": "var(--accent)", "done": "var(--bar-quiet)"}


def add_to(board: gr.HTML, courier: gr.HTML) -> None:
    """The plots, hidden until the script asks for them for the first time."""
    with gr.Column(elem_id="stats-figures", visible=False) as place:
        plots = (
            gr.BarPlot(x="day", y="completed", title="Completed per day", color_map=None, **_by_day()),
            gr.BarPlot(x="day", y="overdue", title="Overdue at the end of each day", color_map=None, **_by_day()),
            gr.BarPlot(
                x="priority",
                y="todos",
                color="state",
                title="By priority",
                **_by_state(),
                sort=["high", "medium", "low"],
            ),
            gr.BarPlot(x="list", y="todos", color="state", title="By list", **_by_state()),
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


def _pictures(found: StatsRead) -> list[Any]:
    # Without a zone, which the browser takes as its own time: the day stays the day, wherever it is looked at.
    days = [(f"{day.date}T00:00:00", day) for day in found.days]
    lists = _lists([(one.name or "Inbox", one.open, one.done) for one in found.by_list])
    names = [name for name, _, _ in lists]
    priorities = [(str(one.priority), one) for one in found.by_priority]
    return [
        _days("completed", [(at, day.completed) for at, day in days]),
        _days("overdue", [(at, day.overdue) for at, day in days]),
        _states("priority", [(name, one.open, one.done) for name, one in priorities]),
        # Gradio draws a plot anew for another order, not for another angle alone.
        _states("list", lists) | {"sort": names, "x_label_angle": _SLANT if _are_slanted(names) else 0},
    ]


def _lists(rows: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Those with the most todos, and all others as one, each under a name of its own that has room under its bar."""
    ranked = sorted(rows, key=lambda row: -(row[1] + row[2]))
    if len(ranked) > _LISTS_MAX:
        rest = ranked[_LISTS_MAX - 1 :]
        others = (_OTHERS, sum(row[1] for row in rest), sum(row[2] for row in rest))
        ranked = [*ranked[: _LISTS_MAX - 1], others]
    are_cut = _are_slanted([name for name, _, _ in ranked])
    found: dict[str, tuple[str, int, int]] = {}
    for name, open_, done in ranked:
        label = f"{name[:_SLANTED_LETTERS]}…" if are_cut and len(name) > _SLANTED_LETTERS else name
        while label in found:  # bars of one name would be one bar
            label = f"{label}\u200b"
        found[label] = (label, open_, done)
    return list(found.values())


def _are_slanted(names: list[str]) -> bool:
    return len(names) * max(map(len, names), default=0) > _LETTERS_ACROSS


def _days(of: str, rows: list[tuple[str, int]]) -> dict[str, Any]:
    table = _table({"day": "temporal", of: "quantitative"}, rows)
    return _update(table, [number for _, number in rows])


def _states(of: str, rows: list[tuple[str, int, int]]) -> dict[str, Any]:
    parts = [part for name, open_, done in rows for part in ((name, open_, "open"), (name, done, "done"))]
    table = _table({of: "nominal", "todos": "quantitative", "state": "nominal"}, parts)
    return _update(table, [open_ + done for _, open_, done in rows])


def _update(table: dict[str, Any], heights: list[int]) -> dict[str, Any]:
    top = max(heights, default=0)
    return gr.update(value=table, y_lim=[0, max(_LOWEST_TOP, top + -(-top // 10))])


def _table(columns: dict[str, Kind], rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """What a plot takes, without pandas: that would turn a day into an instant."""
    return {"columns": list(columns), "data": [list(row) for row in rows], "datatypes": columns, "mark": "bar"}


def _shared() -> dict[str, Any]:
    return {"height": _HEIGHT, "tooltip": "all", "container": False}


def _by_day() -> dict[str, Any]:
    return {**_shared(), "x_title": " ", "y_title": " ", "x_axis_format": "%b %-d"}


def _by_state() -> dict[str, Any]:
    return {**_shared(), "x_title": " ", "y_title": " ", "color_title": " ", "color_map": _STATES}
