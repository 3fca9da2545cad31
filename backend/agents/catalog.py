"""The tools, by the names that every door uses, and the five names that other todo servers have taught to agents."""

from backend.agents.arguments import Change, Nothing, OneTask, OneTodo, TaskChange, Wanted, WantedTasks
from backend.agents.tool import Kind, Tool
from backend.models.batch import BatchCreate, BatchRead
from backend.models.overview import OverviewRead
from backend.models.plan import BulkAnswer, BulkRequest, UndoAnswer, UndoPlanRequest
from backend.models.quick import QuickCreate, QuickRead
from backend.models.stats import StatsRead, StatsRequest
from backend.models.todo import TodoCreate, TodoRead, TodoUpdate
from backend.models.todo_filter import TodoPage
from backend.models.user import UserRead
from backend.services import accounts, batches, bulk, overviews, quick, searches, stats, todos, undo

_TOOLS = (
    Tool(
        "whoami",
        "Who am I",
        "Show the account that the credentials belong to.",
        Kind.READ,
        Nothing,
        UserRead,
        lambda session, actor, _: accounts.get(session, actor),
    ),
    Tool(
        "overview",
        "Overview",
        "Show where things stand today, in the account's timezone: counts, what is due next, and the lists.",
        Kind.READ,
        Nothing,
        OverviewRead,
        lambda session, actor, _: overviews.read(session, actor),
    ),
    Tool(
        "list_todos",
        "List todos",
        "Find todos by words, due, priority, tags or list; newest first unless sorted otherwise. next_cursor leads on.",
        Kind.READ,
        Wanted,
        TodoPage,
        searches.search,
        is_slow=lambda wanted: wanted.is_slow,
    ),
    Tool(
        "get_todo",
        "Show a todo",
        "Show one todo, also one in the trash.",
        Kind.READ,
        OneTodo,
        TodoRead,
        lambda session, actor, data: todos.get(session, actor, data.todo_id),
    ),
    Tool(
        "stats",
        "Statistics",
        "The account's own todos in numbers, and its last days one by one.",
        Kind.READ,
        StatsRequest,
        StatsRead,
        stats.read,
        is_slow=lambda _: True,
    ),
    Tool(
        "add_todo",
        "Add a todo",
        "Add a todo by its fields. The answer says the due with its weekday: tell it to the person.",
        Kind.ADD,
        TodoCreate,
        TodoRead,
        todos.create,
    ),
    Tool(
        "add_todos",
        "Add many todos",
        "Add up to 100 todos at once, each with the fields of add_todo. One that is refused stops no other.",
        Kind.ADD,
        BatchCreate,
        BatchRead,
        batches.create,
    ),
    Tool(
        "quick_add",
        "Quick add",
        "Add a todo from one line, such as `Pay rent every 1st 9am #home !high`; says what it understood.",
        Kind.ADD,
        QuickCreate,
        QuickRead,
        quick.add,
    ),
    Tool(
        "update_todo",
        "Change a todo",
        "Change a todo. What `changes` does not name stays as it is; null clears.",
        Kind.OVERWRITE,
        Change,
        TodoRead,
        lambda session, actor, data: todos.update(
            session, actor, data.todo_id, TodoUpdate.model_validate(data.changes)
        ),
    ),
    Tool(
        "complete_todo",
        "Tick a todo",
        "Tick a todo. Ticking twice is ticking once.",
        Kind.SET,
        OneTodo,
        TodoRead,
        lambda session, actor, data: todos.complete(session, actor, data.todo_id),
    ),
    Tool(
        "reopen_todo",
        "Take the tick back",
        "Take the tick of a todo back.",
        Kind.SET,
        OneTodo,
        TodoRead,
        lambda session, actor, data: todos.reopen(session, actor, data.todo_id),
    ),
    Tool(
        "delete_todo",
        "Delete a todo",
        "Move a todo to the trash, from where restore_todo takes it back.",
        Kind.OVERWRITE,
        OneTodo,
        TodoRead,
        lambda session, actor, data: todos.delete(session, actor, data.todo_id),
    ),
    Tool(
        "restore_todo",
        "Restore a todo",
        "Take a todo out of the trash, as it was.",
        Kind.SET,
        OneTodo,
        TodoRead,
        lambda session, actor, data: todos.restore(session, actor, data.todo_id),
    ),
    Tool(
        "change_todos",
        "Change many todos",
        "Tick, reopen, change or delete every todo of the account's own that `where` finds, up to 100; none of lists"
        " that others share with it. The first call changes nothing and answers a plan: show it to the person, and once"
        " they agree, send the same again with its plan_id.",
        Kind.OVERWRITE,
        BulkRequest,
        BulkAnswer,
        bulk.change,
        plan_id=lambda data: data.plan_id or None,
    ),
    Tool(
        "undo",
        "Undo",
        "Take back what was done, by exactly one of operation_id, last and since. Newer changes stay, and are listed."
        " With since, the answer is a plan first: send the same again with its plan_id.",
        Kind.TAKE_BACK,
        UndoPlanRequest,
        UndoAnswer,
        undo.planned,
        is_slow=lambda _: True,
        plan_id=lambda data: data.plan_id or None,
    ),
)

_ALIASES = (
    Tool("add_task", "Add a task", "The same as add_todo.", Kind.ADD, TodoCreate, TodoRead, todos.create),
    Tool(
        "list_tasks",
        "List tasks",
        "List todos by their status alone; list_todos knows more filters. next_cursor leads on.",
        Kind.READ,
        WantedTasks,
        TodoPage,
        lambda session, actor, data: searches.search(session, actor, data.filter),
    ),
    Tool(
        "complete_task",
        "Tick a task",
        "The same as complete_todo.",
        Kind.SET,
        OneTask,
        TodoRead,
        lambda session, actor, data: todos.complete(session, actor, data.task_id),
    ),
    Tool(
        "delete_task",
        "Delete a task",
        "The same as delete_todo: into the trash.",
        Kind.OVERWRITE,
        OneTask,
        TodoRead,
        lambda session, actor, data: todos.delete(session, actor, data.task_id),
    ),
    Tool(
        "update_task",
        "Change a task",
        "The same as update_todo, with the changes beside the id. What is not named stays as it is; null clears.",
        Kind.OVERWRITE,
        TaskChange,
        TodoRead,
        lambda session, actor, data: todos.update(session, actor, data.task_id, data.update),
    ),
)

TOOLS = {tool.name: tool for tool in (*_TOOLS, *_ALIASES)}
