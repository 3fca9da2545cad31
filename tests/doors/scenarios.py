"""What every door must say to the same request: one table, refusals first.

A scenario is a call by its published name, with what has happened before it. `{id}` is the id of the todo that was
added first; `{username}`, `{email}` and `{password}` are those of the account that calls; `{start}` is when it began.
"""

from dataclasses import dataclass, field
from typing import Any

ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b5"
OTHER_ID = "0192f0c1-2b3a-7c4d-8e5f-60718293a4b6"

# A call, and by which credential: `own` where none is named.
Step = tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], str]


@dataclass(frozen=True)
class Scenario:
    """A call, what came before it, and the verdict: a code for a refusal, None for a success."""

    name: str
    call: str
    arguments: dict[str, Any] = field(default_factory=dict)
    before: tuple[Step, ...] = ()
    code: str | None = None
    says: str = ""
    credential: str = "own"

    def __str__(self) -> str:
        return self.name


def add(title: str = "Buy milk", **fields: Any) -> tuple[str, dict[str, Any]]:
    return "add_todo", {"title": title, **fields}


def change(**changes: Any) -> tuple[str, dict[str, Any]]:
    return "update_todo", {"todo_id": "{id}", "changes": changes}


def by_agent(step: Step) -> Step:
    """The same, done with the personal token `claude-laptop`."""
    return step[0], step[1], "agent"


def refused(name: str, call: str, code: str, says: str, *before: Step, **arguments: Any) -> Scenario:
    return Scenario(name, call, arguments, before, code, says)


def invalid(name: str, call: str, says: str, *before: Step, **arguments: Any) -> Scenario:
    return Scenario(name, call, arguments, before, "validation_error", says)


def stranger(name: str, credential: str, call: str, **arguments: Any) -> Scenario:
    return Scenario(name, call, arguments, (), "not_authenticated", "og in", credential)


def passes(name: str, call: str, *before: Step, **arguments: Any) -> Scenario:
    return Scenario(name, call, arguments, before)


ACCOUNT = {"email": "new@example.com", "username": "newcomer", "password": "SecurePass123!"}
FIXED = {"due_date": "2027-03-01", "due_time": "09:00", "due_timezone": "Europe/Berlin"}

REVOKED = ("not_authenticated", "This personal token was revoked", "never made")


def lacks(scope: str) -> tuple[str, str, str]:
    """What a token that may only read is told."""
    return "permission_denied", f"it lacks the scope `{scope}`", "reading"


SCENARIOS = (
    # Nobody is logged in
    stranger("whoami without a credential", "none", "whoami"),
    stranger("listing without a credential", "none", "list_todos"),
    stranger("adding without a credential", "none", "add_todo", title="x"),
    stranger("adding nonsense without a credential tells nothing of the rules", "none", "add_todo", title=""),
    stranger("reading with nonsense for a token", "nonsense", "get_todo", todo_id=ID),
    stranger("changing with a refresh token", "refresh", "update_todo", todo_id=ID, changes={"title": "x"}),
    stranger("deleting after logging out", "logged out", "delete_todo", todo_id=ID),
    stranger("adding many without a credential", "none", "add_todos", todos=[{"title": "x"}]),
    stranger("quick add without a credential", "none", "quick_add", text="x"),
    stranger("restoring with nonsense for a token", "nonsense", "restore_todo", todo_id=ID),
    stranger("undoing without a credential", "none", "undo", last=1),
    stranger("the overview with a refresh token", "refresh", "overview"),
    stranger("the statistics after logging out", "logged out", "stats"),
    Scenario("listing with a token that was never made", "list_todos", {}, (), *REVOKED),
    Scenario("adding with a token that may only read", "add_todo", {"title": "x"}, (), *lacks("add")),
    Scenario("quick add with a token that may only read", "quick_add", {"text": "x"}, (), *lacks("add")),
    Scenario(
        "a dry run with a token that may only read", "quick_add", {"text": "x", "dry_run": True}, (), *lacks("add")
    ),
    Scenario("changing with a token that may only read", *change(title="x"), (add(),), *lacks("write")),
    Scenario(
        "ticking with a token that may only read", "complete_todo", {"todo_id": "{id}"}, (add(),), *lacks("write")
    ),
    Scenario("undoing with a token that may only read", "undo", {"last": 1}, (add(),), *lacks("write")),
    Scenario(
        "deleting with a token that may only read", "delete_todo", {"todo_id": "{id}"}, (add(),), *lacks("delete")
    ),
    # Accounts
    refused("a wrong password", "login", "invalid_credentials", "wrong", username="{username}", password="x"),
    refused("an unknown name", "login", "invalid_credentials", "wrong", username="nobody", password="x"),
    invalid("a login without a name", "login", "Give a username", username="", password="x"),
    invalid("a login whose password is a number", "login", "password: ", username="{username}", password=12345678),
    refused("an address that is taken", "register", "email_taken", "e-mail", **{**ACCOUNT, "email": "{email}"}),
    refused("a username that is taken", "register", "username_taken", "taken", **{**ACCOUNT, "username": "{username}"}),
    invalid("an address that is none", "register", "email: must be", **{**ACCOUNT, "email": "nonsense"}),
    invalid("a username with a space", "register", "username: must be", **{**ACCOUNT, "username": "new comer"}),
    invalid("a password that is too short", "register", "password: ", **{**ACCOUNT, "password": "1234567"}),
    invalid("a timezone that is none", "register", "timezone: must be", **ACCOUNT, timezone="Mars/Olympus"),
    # Adding
    invalid("an empty title", "add_todo", "title: ", title=""),
    invalid("a title of spaces", "add_todo", "title: ", title=" \t "),
    invalid("a title of which nothing shows", "add_todo", "title: must not be empty", title="\u200b\u2060\ufeff\u3164"),
    invalid("a title that is a number", "add_todo", "title: ", title=123),
    invalid("a title that is null", "add_todo", "title: ", title=None),
    invalid("a title that is a list", "add_todo", "title: ", title=["x"]),
    invalid("a title that is too long", "add_todo", "title: ", title="a" * 501),
    invalid("a title with NUL", "add_todo", "title: must not", title="a\x00"),
    invalid("a description that is too long", "add_todo", "description: ", title="x", description="a" * 20_001),
    invalid("a priority that nobody knows", "add_todo", "priority: ", title="x", priority="urgent"),
    invalid("tags that are a text", "add_todo", "tags: ", title="x", tags="home"),
    invalid("a tag that is empty", "add_todo", "tags: each", title="x", tags=["home", " "]),
    invalid("too many tags", "add_todo", "tags: a todo", title="x", tags=[str(number) for number in range(51)]),
    invalid("a day in words", "add_todo", "due_date: must be", title="x", due_date="tomorrow"),
    invalid("a day that does not exist", "add_todo", "due_date: must be", title="x", due_date="2027-02-29"),
    invalid("a day beyond the calendar", "add_todo", "due_date: must lie", title="x", due_date="9999-12-31"),
    invalid("a time without a day", "add_todo", "due_time: A due time", title="x", due_time="09:00"),
    invalid(
        "a zone without a time", "add_todo", "due_timezone: A", title="x", due_date="2027-03-01", due_timezone="UTC"
    ),
    invalid(
        "a time said twice",
        "add_todo",
        "due_time: Say",
        title="x",
        due_date="2027-03-01T09:00",
        due_time="9:00",
    ),
    invalid("a zone on Mars", "add_todo", "due_timezone: must", title="x", **{**FIXED, "due_timezone": "Mars/Olympus"}),
    invalid("an id that is none", "add_todo", "id: must be", title="x", id="1"),
    refused("an id that says something else", "add_todo", "id_taken", "id", add(id=ID), title="Other", id=ID),
    # One todo
    refused("a todo that does not exist", "get_todo", "not_found", "no todo", todo_id=OTHER_ID),
    refused("an id that is nonsense", "get_todo", "not_found", "no todo", todo_id="nonsense"),
    refused("an id that is a number", "complete_todo", "not_found", "no todo", todo_id=7),
    refused("reopening what does not exist", "reopen_todo", "not_found", "no todo", todo_id=OTHER_ID),
    refused("deleting what does not exist", "delete_todo", "not_found", "no todo", todo_id=OTHER_ID),
    refused("changing what does not exist", "update_todo", "not_found", "no", todo_id=OTHER_ID, changes={"title": "x"}),
    invalid("changing a field that nobody knows", "update_todo", "colour: ", add(), **change(colour="red")[1]),
    invalid("clearing a title", "update_todo", "title: ", add(), **change(title=None)[1]),
    invalid("ticking with a word", "update_todo", "completed: ", add(), **change(completed="yes")[1]),
    invalid("changing the id", "update_todo", "id: ", add(), **change(id=OTHER_ID)[1]),
    invalid("a time for what has no day", "update_todo", "due_time: ", add(), **change(due_time="09:00")[1]),
    invalid("changes that are a list", "update_todo", "request: must", add(), todo_id="{id}", changes=["title"]),
    invalid("changes that are a text", "update_todo", "request: must", add(), todo_id="{id}", changes="title"),
    refused(
        "changing what is in the trash",
        "update_todo",
        "not_found",
        "restore it",
        add(),
        ("delete_todo", {"todo_id": "{id}"}),
        **change(title="x")[1],
    ),
    refused(
        "ticking what is in the trash",
        "complete_todo",
        "not_found",
        "restore it",
        add(),
        ("delete_todo", {"todo_id": "{id}"}),
        todo_id="{id}",
    ),
    refused("restoring what does not exist", "restore_todo", "not_found", "no todo", todo_id=OTHER_ID),
    # Quick add
    invalid("quick add without a text", "quick_add", "text: must not be empty", text=""),
    invalid("quick add of nothing but a tag", "quick_add", "text: ", text="#home"),
    invalid("quick add of a number", "quick_add", "text: ", text=7),
    invalid("quick add that is too long", "quick_add", "text: must have at most", text="a" * 2_001),
    invalid("quick add with NUL", "quick_add", "text: must not", text="a\x00"),
    invalid("a dry run in words", "quick_add", "dry_run: ", text="x", dry_run="yes"),
    # Undo
    invalid("undoing nothing in particular", "undo", "request: Give exactly one"),
    invalid("undoing two things", "undo", "request: Give exactly one", last=1, operation_id=ID),
    invalid("undoing fewer than one", "undo", "last: ", last=0),
    invalid("undoing since no instant", "undo", "since: ", since="lunch"),
    invalid(
        "undoing a token's work without saying since when", "undo", "token_id goes with since", last=1, token_id=ID
    ),
    invalid(
        "undoing the work of named tokens without saying since when",
        "undo",
        "tokens goes with since",
        last=1,
        tokens=["x"],
    ),
    invalid("undoing the work of tokens that are no list", "undo", "tokens: ", since="{start}", tokens="claude-laptop"),
    invalid("undoing the work of no token at all", "undo", "tokens: ", since="{start}", tokens=[]),
    invalid("undoing the work of a token without a name", "undo", "tokens.0: ", since="{start}", tokens=[" "]),
    invalid("undoing an operation that is no id", "undo", "operation_id: must be", operation_id="1"),
    invalid("undoing what is too new", "undo", "since: must not lie in the future", since="9998-12-31T00:00:00Z"),
    invalid("undoing the work of a token that nobody has", "undo", "tokens: No", since="{start}", tokens=["nobody"]),
    refused("undoing what was never done", "undo", "not_found", "no operation", operation_id=OTHER_ID),
    # Lists
    invalid("a limit of nothing", "list_todos", "limit: ", limit=0),
    invalid("a limit of too many", "list_todos", "limit: ", limit=1_001),
    invalid("a limit in words", "list_todos", "limit: ", limit="ten"),
    invalid("leaving out fewer than none", "list_todos", "skip: ", skip=-1),
    invalid("an order that nobody knows", "list_todos", "sort_by: ", sort_by="colour"),
    invalid("a direction that nobody knows", "list_todos", "sort_order: ", sort_order="up"),
    invalid("a due word that nobody knows", "list_todos", "due: ", due="someday"),
    invalid("a priority in capitals", "list_todos", "priority: ", priority="HIGH"),
    invalid("a search that is too long", "list_todos", "search: ", search="a" * 201),
    # Successes
    passes("whoami", "whoami"),
    passes("logging in by username", "login", username="{username}", password="{password}"),
    passes("logging in by e-mail", "login", username="{email}", password="{password}"),
    passes("adding with a title", "add_todo", title=" Buy milk "),
    passes("adding with everything", "add_todo", title="x", description="y", priority="high", tags=["a", "A"], **FIXED),
    passes("adding with an offset", "add_todo", title="x", due_date="2026-01-15T01:00:00+05:30"),
    passes("adding what floats", "add_todo", title="x", due_date="2027-03-01T09:00"),
    passes("adding for a whole day", "add_todo", title="x", due_date="2020-02-29"),
    passes("adding with nulls", "add_todo", title="x", description=None, priority=None, tags=None, due_date=None),
    passes("adding with the same id again", "add_todo", add(id=ID), title="Buy milk", id=ID.upper()),
    passes("adding what looks like markup", "add_todo", title="<img src=x onerror=alert(1)> {{value}} ${value}"),
    passes("reading", "get_todo", add(tags=["home"]), todo_id="{id}"),
    passes("changing one field", "update_todo", add(tags=["home"], priority="high"), **change(title="New")[1]),
    passes("changing nothing", "update_todo", add(), **change()[1]),
    passes("clearing a due", "update_todo", add(**FIXED), **change(due_date=None)[1]),
    passes("clearing a time", "update_todo", add(**FIXED), **change(due_time=None)[1]),
    passes("moving a day", "update_todo", add(**FIXED), **change(due_date="2027-04-01")[1]),
    passes("ticking by a change", "update_todo", add(), **change(completed=True)[1]),
    passes("ticking", "complete_todo", add(), todo_id="{id}"),
    passes("ticking twice", "complete_todo", add(), ("complete_todo", {"todo_id": "{id}"}), todo_id="{id}"),
    passes("reopening", "reopen_todo", add(), ("complete_todo", {"todo_id": "{id}"}), todo_id="{id}"),
    passes("reopening what is open", "reopen_todo", add(), todo_id="{id}"),
    passes("deleting", "delete_todo", add(due_date="2020-01-01"), todo_id="{id}"),
    passes("deleting twice", "delete_todo", add(), ("delete_todo", {"todo_id": "{id}"}), todo_id="{id}"),
    passes("reading from the trash", "get_todo", add(), ("delete_todo", {"todo_id": "{id}"}), todo_id="{id}"),
    passes("restoring", "restore_todo", add(), ("delete_todo", {"todo_id": "{id}"}), todo_id="{id}"),
    passes("restoring what is there", "restore_todo", add(), todo_id="{id}"),
    passes("adding many", "add_todos", todos=[{"title": "a", "tags": ["x"]}, {"title": "b", **FIXED}]),
    passes(
        "adding many of which some are refused",
        "add_todos",
        todos=[{"title": "a"}, {"title": ""}, {"title": "b", "colour": "red"}, {"title": "c", "list_id": OTHER_ID}, {}],
    ),
    passes("adding many with one id", "add_todos", todos=[{"title": "a", "id": ID}] * 2 + [{"title": "b", "id": ID}]),
    passes("adding one that repeats", "add_todo", title="x", due_date="2027-03-01", recurrence="weekly"),
    passes("adding with a reminder", "add_todo", title="x", remind_at="2027-03-01T09:00:00+02:00"),
    passes("quick add", "quick_add", text="Pay rent every 1st 9am #home !high"),
    passes("quick add on one day", "quick_add", text="Call 2027-03-01 9am Europe/Berlin @Nowhere"),
    passes("quick add in a dry run", "quick_add", text="Pay rent every 1st 9am #home !high", dry_run=True),
    passes("undoing an addition", "undo", add(), last=1),
    passes("undoing a change", "undo", add(), change(title="New", priority="high"), last=1),
    passes("undoing a tick", "undo", add(), ("complete_todo", {"todo_id": "{id}"}), last=1),
    passes("undoing a deletion", "undo", add(), ("delete_todo", {"todo_id": "{id}"}), last=1),
    passes("undoing many that were added at once", "undo", ("add_todos", {"todos": [{"title": "a"}] * 3}), last=1),
    passes(
        "undoing what one token did",
        "undo",
        add("mine", tags=["home"]),
        by_agent(add("theirs")),
        by_agent(change(title="theirs now", priority="high")),
        by_agent(("complete_todo", {"todo_id": "{id}"})),
        change(tags=["work"]),
        since="{start}",
        tokens=["claude-laptop"],
    ),
    passes(
        "undoing what one token did, where somebody was there later",
        "undo",
        add("mine"),
        by_agent(change(title="theirs", description="theirs")),
        change(title="mine again"),
        by_agent(("delete_todo", {"todo_id": "{id}"})),
        since="{start}",
        tokens=["claude-laptop"],
    ),
    passes("the overview of nothing", "overview"),
    passes(
        "the overview",
        "overview",
        add("late", due_date="2020-01-01"),
        ("complete_todo", {"todo_id": "{id}"}),
        add("later", due_date="2020-01-02"),
        add("soon", **FIXED),
        add("sometime"),
    ),
    passes("the statistics of nothing", "stats"),
    passes(
        "the statistics",
        "stats",
        add("done", tags=["home"], priority="high"),
        ("complete_todo", {"todo_id": "{id}"}),
        add("late", due_date="2020-01-01"),
    ),
    Scenario(
        "reading with a token that may only read", "get_todo", {"todo_id": "{id}"}, (add(),), credential="reading"
    ),
    Scenario("listing with a token that may only read", "list_todos", {}, (add(),), credential="reading"),
    Scenario("whoami with a token that may only read", "whoami", credential="reading"),
    passes("listing nothing", "list_todos"),
    passes("listing all", "list_todos", add("a"), add("b"), add("c")),
    passes("listing by title", "list_todos", add("b"), add("a"), sort_by="title", sort_order="asc"),
    passes(
        "listing by urgency",
        "list_todos",
        add("low", priority="low"),
        add("high", priority="high"),
        add("none"),
        sort_by="priority",
    ),
    passes("listing a page", "list_todos", add("a"), add("b"), add("c"), limit=1, skip=1),
    passes("listing by search", "list_todos", add("Äpfel 100%"), add("100"), search="äpfel %"),
    passes("listing by tag", "list_todos", add("a", tags=["Home"]), add("b"), tags=["home", "work"]),
    passes("listing what is overdue", "list_todos", add("a", due_date="2020-01-01"), add("b"), due="overdue"),
    passes(
        "listing what is done", "list_todos", add("a"), ("complete_todo", {"todo_id": "{id}"}), add("b"), completed=True
    ),
    passes("listing without what is in the trash", "list_todos", add("a"), ("delete_todo", {"todo_id": "{id}"})),
)
