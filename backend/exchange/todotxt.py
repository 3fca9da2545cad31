"""todo.txt: one line for each todo (https://github.com/todotxt/todo.txt).

    (A) 2027-02-20 Pay rent @home list:Flat due:2027-03-01 at:09:00 tz:Europe/Berlin rec:+1m id:0192f0c1-...
    x 2027-03-01 2027-02-20 Pay rent @home pri:A id:0192f0c1-...

(A), (B) and (C) are high, medium and low; other letters count as low, none as medium. Tags are written as @context,
and read from @context and +project. A word of a title that would be taken for any of this has a backslash before it.
What is no key of ours stays in the title, such as http://example.com.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from backend.errors import AppError
from backend.exchange import intake, moments, record
from backend.exchange.record import Identities, Problem, Record, Row
from backend.models import due
from backend.models.base import as_id
from backend.models.field import Priority
from backend.models.user import as_timezone

_LETTERS = {Priority.HIGH: "A", Priority.MEDIUM: "B", Priority.LOW: "C"}
_PRIORITIES = {letter: priority for priority, letter in _LETTERS.items()}

_KEYS = ("due", "at", "tz", "t", "remind", "rec", "rrule", "from", "pri", "list", "p", "id")
_DATE = r"\d{4}-\d{2}-\d{2}"
# A word that is more than a word, with any backslashes that say that it is not.
_SPECIAL = re.compile(rf"\\*(?:[+@]\S|(?:{'|'.join(_KEYS)}):\S)")
_SPECIAL_FIRST = re.compile(rf"{_SPECIAL.pattern}|\\*(?:{_DATE}|\([A-Z]\))$")
_HEAD = re.compile(
    # Some programs keep the priority of what is done, before its dates or between them.
    rf"(?P<done>x +)?(?:\((?P<letter>[A-Z])\) +)?(?:(?P<first>{_DATE}) +)?(?:\((?P<between>[A-Z])\) +)?"
    rf"(?:(?P<second>{_DATE}) +)?(?P<rest>.*)",
    re.DOTALL,
)
_OPEN_HEAD = re.compile(rf"(?:\([A-Z]\) +)?(?:{_DATE} +)?")
_BREAKS = re.compile(r"\r\n|[\r\n]")
_BLANK = re.compile(r"[\s%]")


def write(records: Iterable[Record]) -> Iterator[bytes]:
    """The lines, piece by piece. What lies in the trash is left out: a line has no word for it."""
    return intake.gathered(f"{_line(item)}\n".encode() for item in records if item.deleted_at is None)


def _line(item: Record) -> str:
    words = [] if not item.completed else ["x"]
    created = _day(item.created_at)
    if item.completed:
        # The first date of a done line is its completion, so one alone cannot be the creation.
        words += [_day(item.completed_at) or created or "", created or ""]
    else:
        words += [f"({_LETTERS[item.priority]})", created or ""]
    words = [word for word in words if word]
    for place, word in enumerate(_BREAKS.sub(" ", item.title).split(" ")):
        words.append(f"\\{word}" if _special(place).match(word) else word)
    words += [f"@{_quoted(tag)}" for tag in item.tags]
    words += [f"{key}:{value}" for key, value in _keys(item) if value]
    return " ".join(words)


def _special(place: int) -> re.Pattern[str]:
    return _SPECIAL if place else _SPECIAL_FIRST


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).date().isoformat()


def _quoted(text: str) -> str:
    """Without blanks, which would end the word."""
    return _BLANK.sub(lambda found: quote(found[0]), text)


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _keys(item: Record) -> Iterator[tuple[str, str | None]]:
    if item.completed:
        yield "pri", _LETTERS[item.priority]
    yield "list", item.list_name and _quoted(item.list_name)
    yield "due", None if item.due_date is None else item.due_date.isoformat()
    yield "at", None if item.due_time is None else due.clock(item.due_time)
    yield "tz", item.due_timezone
    if item.remind_at is not None:
        yield "t", _day(item.remind_at)
        yield "remind", moments.stamp(moments.to_seconds(item.remind_at))
    yield from _recurrence(item)
    yield "p", item.parent_id
    yield "id", item.id


def _recurrence(item: Record) -> Iterator[tuple[str, str | None]]:
    """As `rec:` where others understand it and nothing is lost, else as the rule itself."""
    if item.recurrence is not None:
        found = re.fullmatch(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;INTERVAL=([1-9]\d{0,2}))?", item.recurrence)
        short = f"{'+' if item.recurrence_from == 'due' else ''}{found[2] or 1}{found[1][0].lower()}" if found else ""
        if found and _rule(short) == (item.recurrence, item.recurrence_from):
            yield "rec", short
            return
        yield "rrule", item.recurrence
    if item.recurrence_from != "due":
        yield "from", item.recurrence_from


_FREQUENCIES = {"d": "DAILY", "w": "WEEKLY", "m": "MONTHLY", "y": "YEARLY"}


def _rule(short: str) -> tuple[str, str] | None:
    """`+1w` is each week from the due, `1w` from completion; `b` are the days from Monday to Friday."""
    found = re.fullmatch(r"(\+?)([1-9]\d{0,2})([dwmyb])", short)
    if found is None or (found[3] == "b" and found[2] != "1"):
        return None
    origin = "due" if found[1] else "completion"
    if found[3] == "b":
        return "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", origin
    interval = "" if found[2] == "1" else f";INTERVAL={found[2]}"
    return f"FREQ={_FREQUENCIES[found[3]]}{interval}", origin


def read(source: Iterable[bytes], *, timezone: str = "UTC") -> Iterator[Row]:
    """A record or a problem for each line. `t:` becomes a reminder at nine where the account lives."""
    names = _Names()
    for number, raw in intake.lines(intake.text(source, may_be_empty=True)):  # nothing to do
        if raw is None:
            yield number, Problem(intake.TOO_LONG)
            continue
        text = intake.decoded(raw)
        if text is None:
            yield number, Problem(intake.NOT_UTF8)
            continue
        text = text.removesuffix("\n").removesuffix("\r")
        if text.strip():
            for item in _Line(text, timezone).items(names):
                yield number, item


@dataclass
class _Names:
    """Which record a short id such as `id:7` stands for, in this file."""

    identities: Identities = field(default_factory=Identities)
    ids: dict[str, str] = field(default_factory=dict)


_NAMES_MAX = 100_000
# What a line says also by being silent about it. Its list and its parent are not among them.
_CARRIED = frozenset(
    {
        *("title", "completed", "priority", "tags", "due_date", "due_time", "due_timezone"),
        *("remind_at", "recurrence", "recurrence_from"),
    }
)


class _Line:
    """One line on its way to a record."""

    def __init__(self, text: str, timezone: str) -> None:
        self.text, self.timezone = text, timezone
        self.values: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.is_named = False

    def items(self, names: _Names) -> Iterator[Record | Problem]:
        """The record, or why there is none; and what of it was left out."""
        head = _HEAD.fullmatch(self.text)
        if head is None:  # cannot be: the pattern takes every text
            return
        done = head["done"] is not None
        # An open todo has one date; what follows it belongs to its words.
        self._words(head["rest"] if done else self.text[_OPEN_HEAD.match(self.text).end() :])  # type: ignore[union-attr]
        try:
            self._dates(done, head["first"], head["second"])
        except ValueError:
            # No date of the calendar, such as 2027-02-30.
            yield Problem("This todo was not taken: its date is not in the calendar.")
            return
        letter = head["letter"] or (head["between"] if done else None) or self.keys.get("pri")
        self.values["priority"] = _PRIORITIES.get(letter, Priority.LOW) if letter else Priority.MEDIUM
        notice = self._related(names)
        try:
            made = record.todo(self.values)
            yield replace(made, said=(made.said | _CARRIED) - (set() if self.is_named else {"id"}))
        except AppError as error:
            yield record.problem(error)
            return
        if notice is not None:
            yield notice

    def _dates(self, done: bool, first: str | None, second: str | None) -> None:
        """Completion and creation of a done todo, creation of an open one."""
        created = second if done else first
        self.values["completed"] = done
        self.values["created_at"] = _midnight(created) if created else None
        self.values["completed_at"] = _midnight(first) if done and first else None

    def _words(self, rest: str) -> None:
        """Our keys go wherever they stand. Tags at the end go too; one in the middle stays a word as well."""
        words, tags = [], []
        is_end = True
        takers = _takers(rest.split(" "))
        for place, word in reversed(list(enumerate(rest.split(" ")))):
            key, colon, value = word.partition(":")
            if len(word) > 1 and word[0] in "+@":
                tags.append(_unquoted(word[1:]))
                if not is_end:
                    words.append(word)
            elif colon and value and key in takers and key not in self.keys and self._take(key, value):
                self.keys[key] = value
            elif word or not is_end:
                words.append(word[1:] if word[:1] == "\\" and _special(place).match(word) else word)
                is_end = False
        self.values["title"] = " ".join(reversed(words)).lstrip(" ")
        self.values["tags"] = tags[::-1]
        if not self.values["title"] and tags:  # nothing but tags: they are what is to do
            self.values["title"] = " ".join(word for word in rest.split(" ") if word[:1] in {"+", "@"})

    def _take(self, key: str, value: str) -> bool:
        """Whether a key has a value that means something; else it is a word."""
        try:
            taken = _TAKERS[key](value, self.timezone)
        except ValueError:
            return False
        if key == "t":  # the day of a reminder; `remind` knows its time
            self.values.setdefault("remind_at", taken["remind_at"])
        else:
            self.values |= taken
        return True

    def _related(self, names: _Names) -> Problem | None:
        said, parent = self.keys.get("id"), self.keys.get("p")
        self.is_named = _as_id(said) is not None
        self.values["id"] = _as_id(said) or names.identities.of(
            "todotxt", str(self.values["title"]), ",".join(self.values["tags"]), str(self.values["created_at"])
        )
        if said and len(names.ids) < _NAMES_MAX and _as_id(said) is None:
            names.ids[said] = self.values["id"]
        if parent is not None:
            self.values["parent_id"] = _as_id(parent) or names.ids.get(parent)
            if self.values["parent_id"] is None:
                return Problem("Its parent stands on no line before it; the todo was taken without.", refused=False)
        return None


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def _as_id(text: str | None) -> str | None:
    try:
        return None if text is None else as_id(text)
    except ValueError:
        return None


def _take_due(value: str, _: str) -> dict[str, Any]:
    if re.fullmatch(_DATE, value):
        try:
            return {"due_date": date.fromisoformat(value)}
        except ValueError:
            pass
    return {"due_text": value}


def _take_time(value: str, _: str) -> dict[str, Any]:
    if not re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", value):
        raise ValueError
    return {"due_time": time.fromisoformat(value)}


def _take_day(value: str, timezone: str) -> dict[str, Any]:
    if not re.fullmatch(_DATE, value):
        raise ValueError
    moment = datetime.combine(date.fromisoformat(value), time(9), ZoneInfo(timezone))
    return {"remind_at": moment.astimezone(UTC)}


def _take_reminder(value: str, _: str) -> dict[str, Any]:
    if not re.fullmatch(rf"{_DATE}T\d{{2}}:\d{{2}}:\d{{2}}Z", value):
        raise ValueError
    return {"remind_at": datetime.fromisoformat(value)}


def _take_rec(value: str, _: str) -> dict[str, Any]:
    rule = _rule(value)
    if rule is None:
        raise ValueError
    return {"recurrence": rule[0], "recurrence_from": rule[1]}


def _take_rrule(value: str, _: str) -> dict[str, Any]:
    if not re.fullmatch(r"(?:[A-Z]+=[^;]*;)*FREQ=[A-Z]+(?:;.*)?", value):
        raise ValueError
    return {"recurrence": value}


def _take_origin(value: str, _: str) -> dict[str, Any]:
    if value not in {"due", "completion"}:
        raise ValueError
    return {"recurrence_from": value}


def _take_letter(value: str, _: str) -> dict[str, Any]:
    if not re.fullmatch("[A-Z]", value):
        raise ValueError
    return {}


_TAKERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "due": _take_due,
    "at": _take_time,
    "tz": lambda value, _: {"due_timezone": as_timezone(value)},
    "t": _take_day,
    "remind": _take_reminder,
    "rec": _take_rec,
    "rrule": _take_rrule,
    "from": _take_origin,
    "pri": _take_letter,
    "list": lambda value, _: {"list_name": _unquoted(value)},
    "p": lambda *_: {},
    "id": lambda *_: {},
}


def _takers(words: list[str]) -> AbstractSet[str]:
    """The keys that mean something here: a time needs a day, and a zone a time."""
    days = any(re.fullmatch(f"due:{_DATE}", word) for word in words)
    times = days and any(re.fullmatch(r"at:\d{2}:\d{2}(:\d{2})?", word) for word in words)
    return _TAKERS.keys() - (set() if times else {"tz"}) - (set() if days else {"at"})
