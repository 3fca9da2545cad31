"""Files of other programs: what they say is understood, and what they ship in their tests is read without a crash."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import icalendar
import pytest

from backend.errors import InvalidInputError
from backend.exchange import csv_file, ics, todotxt
from backend.exchange.record import Record
from backend.models.field import Priority
from tests.exchange.records import problems, refusals, taken

CORPUS = Path(__file__).parent / "corpus"
CALENDARS = sorted((Path(icalendar.__file__).parent / "tests").rglob("*.ics")) + sorted(CORPUS.glob("*.ics"))

TODOIST = """\
TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT,DEADLINE
meta,view_style=list,,,,,,,,,,,
task,Buy milk @home @shop,Two bottles,1,1,Ann (1),,every monday,en,Europe/Berlin,,,
note,Not the cheap one,,,,Ann (1),,,,,,,
note,"Really
not",,,,Ann (1),,,,,,,
task,Cheese,,4,2,Ann (1),,2027-03-01,en,Europe/Berlin,,,2027-03-02
task,Old cheese,,,3,Ann (1),,2027-03-01 09:30,en,Europe/Berlin,15,minute,
,,,,,,,,,,,,
section,Garden,,,,,,,,,,,
task,Dig,,3,1,Ann (1),,,,,,,
task,Deep,,2,5,Ann (1),,,,,,,
gardener,Bob,,,,,,,,,,,
task,Mow,,9,1,Ann (1),,,,,,,
note,,,,,,,,,,,,
"""


def test_todoists_template() -> None:
    rows = list(csv_file.read([TODOIST.encode("utf-8-sig")]))
    todos = {item.title: item for item in taken(rows)}
    assert list(todos) == ["Buy milk", "Cheese", "Old cheese", "Garden", "Dig", "Deep"]
    milk, cheese, old = todos["Buy milk"], todos["Cheese"], todos["Old cheese"]
    assert milk.tags == ("home", "shop")
    assert milk.description == "Two bottles\n\nNot the cheap one\n\nReally\nnot"
    assert (milk.due_text, milk.due_language, milk.due_date) == ("every monday", "en", None)
    assert (cheese.parent_id, old.parent_id) == (milk.id, cheese.id)
    assert (cheese.due_date, cheese.due_time, cheese.description) == (date(2027, 3, 1), None, "Deadline: 2027-03-02")
    assert (old.due_time, old.due_timezone, old.description) == (time(9, 30), "Europe/Berlin", "Duration: 15 minute")
    assert (todos["Dig"].parent_id, todos["Deep"].parent_id) == (todos["Garden"].id, todos["Dig"].id)
    assert [item.priority for item in todos.values()] == ["high", "low", "medium", "medium", "medium", "medium"]
    assert [line for line, _ in refusals(rows)] == [13, 14, 15]
    again = taken(csv_file.read([TODOIST.encode()]))
    assert [item.id for item in again] == [item.id for item in todos.values()]


def todo_of(*lines: str) -> Record:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VTODO", "SUMMARY:a", *lines, "END:VTODO", "END:VCALENDAR", ""])
    [item] = taken(ics.read([text.encode()], timezone="Europe/Berlin"))
    return item


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("DUE;VALUE=DATE:20270301", (date(2027, 3, 1), None, None)),
        ("DUE:20270301T090000", (date(2027, 3, 1), time(9), None)),
        ("DUE:20270301T090000Z", (date(2027, 3, 1), time(9), "UTC")),
        ("DUE;TZID=Europe/Berlin:20270301T090000", (date(2027, 3, 1), time(9), "Europe/Berlin")),
        ('DUE;TZID="Europe/Berlin":20270301T090000', (date(2027, 3, 1), time(9), "Europe/Berlin")),
        ("DUE;TZID=W. Europe Standard Time:20270301T090000", (date(2027, 3, 1), time(9), "Europe/Berlin")),
        ("DUE;TZID=/x.org/1/America/New_York:20270301T090000", (date(2027, 3, 1), time(9), "America/New_York")),
        ("DTSTART:20270301T090000Z\r\nDURATION:PT90M", (date(2027, 3, 1), time(10, 30), "UTC")),
        ("DTSTART;VALUE=DATE:20270301", (date(2027, 3, 1), None, None)),
    ],
)
def test_dues_of_other_programs(said: str, due: tuple[object, ...]) -> None:
    item = todo_of(said)
    assert (item.due_date, item.due_time, item.due_timezone) == due


@pytest.mark.parametrize(
    ("said", "completed"),
    [
        ("STATUS:COMPLETED", True),
        ("STATUS:NEEDS-ACTION\r\nCOMPLETED:20270301T090000Z", False),
        ("STATUS:IN-PROCESS", False),
        ("COMPLETED:20270301T090000Z", True),
        ("PERCENT-COMPLETE:100", True),
        ("PERCENT-COMPLETE:99", False),
    ],
)
def test_what_counts_as_done(said: str, completed: bool) -> None:
    assert todo_of(said).completed is completed


def test_cancelled_is_done_and_can_still_be_told_apart() -> None:
    item = todo_of("STATUS:CANCELLED")
    assert (item.completed, item.tags) == (True, ("cancelled",))


@pytest.mark.parametrize("rank", range(10))
def test_priorities_of_other_programs(rank: int) -> None:
    expected = Priority.MEDIUM if rank in {0, 5} else Priority.HIGH if rank < 5 else Priority.LOW
    assert todo_of(f"PRIORITY:{rank}").priority == expected


@pytest.mark.parametrize(
    ("due", "trigger", "rings"),
    [
        ("DUE:20270301T090000Z", "TRIGGER;RELATED=END:-PT15M", datetime(2027, 3, 1, 8, 45, tzinfo=UTC)),
        ("DUE:20270301T090000", "TRIGGER:-PT1H", datetime(2027, 3, 1, 7, tzinfo=UTC)),
        ("DUE;VALUE=DATE:20270301", "TRIGGER:PT9H", datetime(2027, 3, 1, 8, tzinfo=UTC)),
        ("DUE:20270301T090000Z", "TRIGGER;VALUE=DATE-TIME:20270228T120000Z", datetime(2027, 2, 28, 12, tzinfo=UTC)),
        ("DUE:20270301T090000Z", "TRIGGER;VALUE=DATE-TIME:19760401T005545Z", None),
        ("X-NO:due", "TRIGGER:-PT15M", None),
    ],
)
def test_alarms_of_other_programs(due: str, trigger: str, rings: datetime | None) -> None:
    assert todo_of(due, "BEGIN:VALARM", trigger, "ACTION:AUDIO", "END:VALARM").remind_at == rings


def test_uids_of_others_are_always_the_same_todo_and_keep_the_family_together() -> None:
    parent, child = todo_of("UID:abc@example.com"), todo_of("UID:def@example.com", "RELATED-TO:abc@example.com")
    assert child.parent_id == parent.id == todo_of("UID:abc@example.com").id
    own = "0192F0C1-2B3A-7C4D-8E5F-60718293A4B5"
    assert todo_of(f"UID:{own}").id == own.lower()
    assert todo_of("UID:abc@example.com", "RECURRENCE-ID:20270301").id != parent.id
    assert todo_of("UID:x", "RELATED-TO;RELTYPE=SIBLING:abc@example.com").parent_id is None


def test_a_rule_that_another_program_changed_wins_over_ours() -> None:
    ours = "X-TODOS-RECURRENCE:RSCALE=GREGORIAN\\;FREQ=MONTHLY\\;SKIP=BACKWARD"
    assert (
        todo_of("DUE:20270331", "RRULE:FREQ=MONTHLY", ours).recurrence == "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD"
    )
    assert todo_of("DUE:20270331", "RRULE:FREQ=WEEKLY", ours).recurrence == "FREQ=WEEKLY"
    assert todo_of("DUE:20270331", ours).recurrence is None


def test_what_is_no_todo_is_counted() -> None:
    data = b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nSUMMARY:no\nEND:VEVENT\n" * 3 + b"END:VCALENDAR\n"
    [(line, notice)] = problems(ics.read([data]))
    assert (line, notice.sentence) == (2, "3 VEVENT left out; only VTODO is a todo.")


def one_line(text: str) -> Record:
    [item] = taken(todotxt.read([text.encode()], timezone="Europe/Berlin"))
    return item


def test_the_rules_of_todo_txt() -> None:
    item = one_line("(A) 2027-02-20 Call +family @phone Mum due:2027-03-01 +now")
    assert (item.title, item.tags) == ("Call +family @phone Mum", ("family", "phone", "now"))
    assert (item.priority, item.due_date) == (Priority.HIGH, date(2027, 3, 1))
    assert item.created_at == datetime(2027, 2, 20, tzinfo=UTC)
    done = one_line("x 2027-03-02 2027-02-20 Call Mum pri:C")
    assert (done.completed, done.priority, done.title) == (True, Priority.LOW, "Call Mum")
    assert (done.completed_at, done.created_at) == (
        datetime(2027, 3, 2, tzinfo=UTC),
        datetime(2027, 2, 20, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("xylophone lesson", "xylophone lesson"),
        ("X 2027-03-03 Make resolutions", "X 2027-03-03 Make resolutions"),
        ("(b) Get back to the boss", "(b) Get back to the boss"),
        ("(B)->Submit TPS report", "(B)->Submit TPS report"),
        ("Really gotta call Mom (A) @phone @someday", "Really gotta call Mom (A)"),
        ("2 + 2 is 4, mail me@example.com", "2 + 2 is 4, mail me@example.com"),
        ("See http://example.com at 12:30 at:12:30", "See http://example.com at 12:30 at:12:30"),
        ("rec:3b stays", "rec:3b stays"),
        ("@home", "@home"),
    ],
)
def test_words_that_only_look_like_more(text: str, title: str) -> None:
    item = one_line(text)
    assert (item.title, item.completed, item.priority) == (title, False, Priority.MEDIUM)


def test_keys_of_other_programs() -> None:
    assert one_line("a rec:+2w").recurrence == "FREQ=WEEKLY;INTERVAL=2"
    assert one_line("a rec:1m").recurrence_from == "completion"
    assert one_line("a rec:1b").recurrence == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    assert one_line("a t:2027-03-01").remind_at == datetime(2027, 3, 1, 8, tzinfo=UTC)
    assert one_line("a due:tomorrow").due_text == "tomorrow"
    parent, child = taken(todotxt.read([b"Party id:1\nCake p:1\n"]))
    assert child.parent_id == parent.id
    [(line, notice)] = problems(todotxt.read([b"Cake p:1\n"]))
    assert (line, notice.refused) == (1, False)


@pytest.mark.parametrize("kind", [b"VTODO", b"VEVENT"])
def test_the_calendars_of_the_icalendar_library_are_read(kind: bytes) -> None:
    """Few of them hold todos, so their events are read once more as if they were."""
    assert len(CALENDARS) > 100
    todos, refused = 0, []
    for path in CALENDARS:
        data = path.read_bytes()
        data = data.replace(b":" + kind, b":VTODO") if kind != b"VTODO" else data
        try:
            rows = list(ics.read([data], timezone="Europe/Berlin"))
        except InvalidInputError as error:
            refused.append(f"{path.name}: {error.detail}")
            continue
        assert all(1 <= line <= data.count(b"\n") + 1 for line, _ in rows), path.name
        if data.count(b"BEGIN:VTODO") == data.count(b"END:VTODO"):
            assert len(taken(rows)) + len(refusals(rows)) == data.count(b"BEGIN:VTODO"), (path.name, refusals(rows))
        kept = taken(rows)
        todos += len(kept)
        again = taken(ics.read(ics.write(kept)))
        assert [item.id for item in again] == [item.id for item in kept], path.name
    assert todos >= (3 if kind == b"VTODO" else 100)
    assert len(refused) < 10, refused


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.txt")), ids=lambda path: path.name)
def test_the_lines_of_todo_txt_libraries_are_read(path: Path) -> None:
    rows = list(todotxt.read([path.read_bytes()]))
    assert refusals(rows) == []
    assert len(taken(rows)) == sum(1 for line in path.read_text().splitlines() if line.strip())
    again = todotxt.read([b"".join(todotxt.write(taken(rows)))])
    assert [item.title for item in taken(again)] == [item.title for item in taken(rows)]
