"""Private handlers of the page for who has just come: where the data is, examples, reminders, the notebook."""

from pydantic import HttpUrl

from backend import database, notebooks
from backend.models.base import Shape
from backend.models.batch import BatchRead
from backend.models.notice import Dwelling
from backend.models.reminder import ReminderPage, ReminderRequest
from backend.services import examples, exports, reminders, upkeep
from backend.services.actor import Actor
from backend.ui.calls import Call, for_account


class NotebookRequest(Shape):
    """The address under which the reader sees this app."""

    url: HttpUrl


class Notebook(Shape):
    """A notebook's file."""

    content: str


class Welcome(Dwelling):
    """The same for somebody who may be new: who has no todo yet, not even in the trash."""

    is_new: bool


@for_account
async def welcome(actor: Actor, _call: Call) -> Welcome:
    """Where the data is, whether it survives a restart, and whether the account is new."""
    home = database.home
    told = upkeep.dwelling(None if home is None else home.kind.value, survives_restart=database.survives_restart())
    count = await database.read(lambda session: exports.count(session, actor))
    return Welcome(**told.model_dump(), is_new=count == 0)


@for_account
async def add_examples(actor: Actor, _call: Call) -> BatchRead:
    """Three todos that teach."""
    return await database.write(lambda session: examples.add(session, actor))


@for_account
async def list_reminders(actor: Actor, call: Call) -> ReminderPage:
    """What is to be rung for in a stretch of time."""
    wanted = ReminderRequest.model_validate(call.body)
    return await database.read(lambda session: reminders.search(session, actor, wanted))


@for_account
async def fill_notebook(_actor: Actor, call: Call) -> Notebook:
    """The notebook, ready to run against this app."""
    wanted = NotebookRequest.model_validate(call.body)
    return Notebook(content=notebooks.filled(str(wanted.url)))


HANDLERS = [welcome, add_examples, list_reminders, fill_notebook]
