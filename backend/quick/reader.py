"""From the phrases that count to the reading of the text, with a span for everything that is no part of the title."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.errors import FieldError, InvalidInputError, invalid
from backend.models import due, quick
from backend.models.field import NAME_MAX, TAG_MAX, TAGS_MAX, TITLE_MAX, Priority, is_blank, printable
from backend.models.quick import QuickKind, Reading, Span
from backend.models.recurrence import RecurrenceFrom
from backend.models.user import fold
from backend.quick import dates, days, repeats, times, tokens, words
from backend.quick.choice import Choice
from backend.quick.phrases import Clock, Cursor, Day, Kind, Moment, Phrase, Scene
from backend.quick.repeats import Count, Lasting, Until
from backend.quick.rules import Rule
from backend.quick.tokens import Sign, Token

_STOPS, _DASHES = ",;:", "-–—|·"  # noqa: RUF001 - the dashes that people type
_NOON = 12
_KINDS = {
    Kind.DATE: QuickKind.DATE,
    Kind.TIME: QuickKind.TIME,
    Kind.REPEAT: QuickKind.RECURRENCE,
    Kind.END: QuickKind.END,
    Kind.START: QuickKind.START,
}
_AGAIN = {
    Kind.DATE: "a date has been said already",
    Kind.TIME: "a time has been said already",
    Kind.REPEAT: "a recurrence has been said already",
    Kind.END: "its end has been said already",
    Kind.START: "its start has been said already",
}


def read(text: str, *, now: datetime, timezone: str, has_list: Callable[[str], bool] = lambda _: True) -> Reading:
    """What the text says to an account in this timezone at this moment; always the same for the same arguments.

    A name that no list has is a word of the title.

    Raises InvalidInputError for a text that no todo can hold, and for one that leaves nothing for a title.
    """
    _check(text)
    scene = Scene(now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None), now, timezone)
    draft = _Draft(text, scene)
    draft.fill([draft.known(token, has_list) for token in tokens.split(text)])
    return draft.reading()


def _check(text: str) -> None:
    if len(text) > quick.TEXT_MAX:
        raise _wrong(f"must have at most {quick.TEXT_MAX} characters")
    try:
        printable(text)
    except ValueError as fault:
        raise _wrong(str(fault)) from None
    if is_blank(text):
        raise _wrong("must not be empty")


def _wrong(message: str) -> InvalidInputError:
    return invalid([FieldError("text", message)])


def _offers(found: list[Token], scene: Scene) -> list[Phrase]:
    """Every phrase that could mean something, from left to right, none over another."""
    phrases: list[Phrase] = []
    at = 0
    while at < len(found):
        offer = _offer(found, at, scene) if found[at].sign is Sign.WORD else None
        if offer:
            phrases.append(offer)
        at = offer.end if offer else at + 1
    return phrases


def _offer(found: list[Token], at: int, scene: Scene) -> Phrase | None:
    return (
        repeats.phrase(Cursor(found, at), scene)
        or repeats.end(Cursor(found, at), scene)
        or repeats.start(Cursor(found, at), scene)
        or dates.phrase(Cursor(found, at), scene)
        or times.phrase(Cursor(found, at))
    )


class _Draft:
    """A reading on its way: what each kind of phrase says, once, and the spans."""

    def __init__(self, text: str, scene: Scene) -> None:
        self.text = text
        self.scene = scene
        self.tokens: list[Token] = []
        self.said: dict[Kind, Phrase] = {}
        self.understood: list[Span] = []
        self.left: list[Span] = []
        self.tags: dict[str, str] = {}
        self.list_name: str | None = None
        self.priority: Priority | None = None

    def known(self, token: Token, has_list: Callable[[str], bool]) -> Token:
        """The token, which is a word like any other where it names a list that there is not."""
        if token.sign is not Sign.LIST or len(token.name) > NAME_MAX or has_list(token.name):
            return token
        self._leave_token(token, f"there is no list called {token.name}, so @{token.name} stays in the title")
        return replace(token, sign=Sign.WORD)

    def fill(self, found: list[Token]) -> None:
        """Take in what the tokens say."""
        self.tokens = found
        choice = Choice(found, _offers(found, self.scene))
        taken = choice.taken
        has_rule = any(phrase.kind is Kind.REPEAT for phrase in taken)
        for phrase in taken:
            if phrase.kind in self.said:
                self._leave(phrase, _AGAIN[phrase.kind])
            elif has_rule or phrase.kind not in {Kind.END, Kind.START}:
                self.said[phrase.kind] = phrase
        for refused in choice.refused:
            self._leave(refused.phrase, refused.reason)
        for token in found:
            self._name(token)

    def _name(self, token: Token) -> None:  # noqa: C901 - one case for each sign
        """A tag, a list, a priority, or what an escape kept from being understood."""
        match token.sign:
            case Sign.TAG if len(token.name) > TAG_MAX:
                self._leave_token(token, f"a tag has at most {TAG_MAX} characters")
            case Sign.TAG if len(self.tags) == TAGS_MAX and fold(token.name) not in self.tags:
                self._leave_token(token, f"a todo has at most {TAGS_MAX} tags")
            case Sign.TAG:
                name = self.tags.setdefault(fold(token.name), token.name)
                self._understand(token.start, token.end, QuickKind.TAG, f"tag {name}")
            case Sign.LIST if len(token.name) > NAME_MAX:
                self._leave_token(token, f"a list's name has at most {NAME_MAX} characters")
            case Sign.LIST if self.list_name is not None:
                self._leave_token(token, "a list has been said already")
            case Sign.LIST:
                self.list_name = token.name
                self._understand(token.start, token.end, QuickKind.LIST, f"list {token.name}")
            case Sign.PRIORITY if self.priority is not None:
                self._leave_token(token, "a priority has been said already")
            case Sign.PRIORITY:
                self.priority = Priority(token.name)
                self._understand(token.start, token.end, QuickKind.PRIORITY, f"{token.name} priority")
            case Sign.QUOTED if self._means_something(token.name):
                closing = token.end - len(token.stops) - 1
                self._understand(token.start, token.start + 1, QuickKind.ESCAPE, "what is quoted stays in the title")
                self._understand(closing, closing + 1, QuickKind.ESCAPE, "what is quoted stays in the title")
            case Sign.ESCAPED if _is_escape(token):
                self._understand(token.start, token.start + 1, QuickKind.ESCAPE, f"{token.raw[1:]} stays in the title")

    def _means_something(self, quoted: str) -> bool:
        """Whether the quotes kept something from being understood; if not they are a part of the title."""
        inner = _Draft(quoted, self.scene)
        inner.fill(tokens.split(quoted, quotes=False))
        return bool(inner.said or inner.understood)

    def reading(self) -> Reading:
        """The todo, and where each part of it was said."""
        timing = _Timing(self.scene, self.said)
        for kind, phrase in self.said.items():
            if kind in timing.left:
                self._leave(phrase, timing.left[kind])
            else:
                start, end = self.tokens[phrase.first].start, self.tokens[phrase.end - 1].end
                self._understand(start, end, _KINDS[kind], timing.meaning[kind])
        self.understood.sort(key=lambda span: span.start)
        self.left.sort(key=lambda span: span.start)
        self.understood = _with_separators(self.text, self.understood)
        return Reading(
            title=self._title(),
            due_date=timing.day,
            due_time=timing.clock,
            due_timezone=timing.timezone,
            priority=self.priority or Priority.MEDIUM,
            tags=list(self.tags.values()),
            list_name=self.list_name,
            recurrence=timing.recurrence,
            recurrence_from=RecurrenceFrom.COMPLETION if timing.is_from_completion else RecurrenceFrom.DUE,
            understood=self.understood,
            left=self.left,
        )

    def _title(self) -> str:
        kept, at = [], 0
        for span in self.understood:
            kept.append(self.text[at : span.start])
            at = span.end
        title = " ".join("".join([*kept, self.text[at:]]).split())
        if is_blank(title):
            raise _wrong(
                "leaves nothing for the title, because all of it was understood as something else; "
                'put what is the title into double quotes, such as "tomorrow"'
            )
        if len(title) > TITLE_MAX:
            raise _wrong(f"leaves a title of {len(title)} characters; a title has at most {TITLE_MAX}")
        return title

    def _understand(self, start: int, end: int, kind: QuickKind, meaning: str) -> None:
        self.understood.append(Span(start=start, end=end, text=self.text[start:end], kind=kind, meaning=meaning))

    def _leave(self, phrase: Phrase, reason: str) -> None:
        self._leave_text(self.tokens[phrase.first].start, self.tokens[phrase.end - 1].end, reason)

    def _leave_token(self, token: Token, reason: str) -> None:
        self._leave_text(token.start, token.end, reason)

    def _leave_text(self, start: int, end: int, reason: str) -> None:
        text = self.text[start:end]
        self.left.append(Span(start=start, end=end, text=text, kind=QuickKind.LEFT, meaning=reason))


class _Timing:
    """Due and recurrence as the phrases say them together; `left` has the kinds that contradict the others."""

    def __init__(self, scene: Scene, said: dict[Kind, Phrase]) -> None:
        self.day: date | None = None
        self.clock: time | None = None
        self.timezone: str | None = None
        self.recurrence: str | None = None
        self.is_from_completion = False
        self.meaning: dict[Kind, str] = {}
        self.left: dict[Kind, str] = {}
        values = {kind: phrase.value for kind, phrase in said.items()}
        rule, when = values.get(Kind.REPEAT), values.get(Kind.DATE)
        start = values.get(Kind.START)
        self._rule = rule if isinstance(rule, Rule) else None
        self._when = when if isinstance(when, Day | Moment) else None
        self._start = start if isinstance(start, Day) else None
        self._read_clock(values.get(Kind.TIME))
        self._now = scene.now_in(self.timezone)
        if self._rule:
            self._repeat(self._rule, values.get(Kind.END))
        else:
            self._once()

    def _read_clock(self, said: object) -> None:
        hours = [one.hour for one in (self._when, self._start, self._rule) if isinstance(one, Day | Rule) and one.hour]
        if isinstance(said, Clock) and said.is_period:
            hours.append(said.clock.hour)
            self.meaning[Kind.TIME] = due.clock(said.clock)
        self._is_part_of_day = bool(hours)
        if hours:
            self.clock = time(hours[0])
        if isinstance(self._when, Moment):
            self.clock, self.timezone = self._when.clock, self._when.timezone
            if said is not None:
                self.left[Kind.TIME] = "a time has been said already"
        elif isinstance(said, Clock) and not said.is_period:
            if said.is_midnight and self._rule and self._rule.frequency != "DAILY":
                self.left[Kind.TIME] = "the midnight before the day or after it? Write 0:00 or 23:59"
                return
            is_later = said.is_open and bool(hours) and hours[0] >= _NOON
            self.clock = said.clock.replace(hour=said.clock.hour + _NOON) if is_later else said.clock
            self.timezone = said.timezone
            self._is_part_of_day = False
            zone = f" in {self.timezone}" if self.timezone else ""
            self.meaning[Kind.TIME] = f"{due.clock(self.clock)}{zone}"
            if said.is_midnight and isinstance(self._when, Day) and not self._rule:
                # A deadline: the day that was said is still there to do it.
                after = days.shifted(self._when.day, 1, "day")
                self.meaning[Kind.TIME] = "00:00 at the end of that day"
                self.meaning[Kind.DATE] = days.in_words(self._when.day)
                self._when = Day(after) if after else self._when

    def _has_passed(self) -> bool:
        return self.clock is not None and self.clock < self._now.time().replace(second=0, microsecond=0)

    def _once(self) -> None:
        if self._when:
            self.day = self._when.day
            if self._is_part_of_day and self.day == self._now.date() and self._has_passed():
                self.clock = None  # "tonight", said late: what is left of today
            time_text = f", {due.clock(self.clock)}" if self.clock and Kind.TIME not in self.meaning else ""
            zone = " in UTC" if self.timezone and time_text else ""
            self.meaning.setdefault(Kind.DATE, f"{days.in_words(self.day)}{time_text}{zone}")
        elif self.clock:
            self.day = days.shifted(self._now.date(), int(self._has_passed()), "day")
            if self.day:
                self.meaning[Kind.TIME] += f", next on {days.in_words(self.day)}"
            else:
                self.clock = self.timezone = None
                self.left[Kind.TIME] = _NO_SUCH_DAY

    def _repeat(self, rule: Rule, said_end: object) -> None:
        begins = self._start or self._when
        start = begins.day if begins else self._now.date()
        first = rule.first(start)
        if first == start and not begins and self._has_passed():
            tomorrow = days.shifted(start, 1, "day")
            first = tomorrow and rule.first(tomorrow)
        if not first:
            self.clock = self.timezone = None
            self.left = dict.fromkeys(Kind, _NO_SUCH_DAY)
            return
        self.day = first
        rule = rule.anchored(first)
        at = f", {due.clock(self.clock)}" if self.clock else ""
        self.meaning[Kind.REPEAT] = f"{rule.in_words}{at}; first on {days.in_words(first)}"
        if self._start:
            self.meaning[Kind.START] = f"from {days.in_words(self._start.day)}"
            self.left[Kind.DATE] = "its start has been said already"
        elif begins:
            self.meaning[Kind.DATE] = f"from {days.in_words(begins.day)}"
        self.recurrence = rule.text(self._end(first, said_end))
        self.is_from_completion = rule.from_completion

    def _end(self, first: date, said: object) -> str:
        """COUNT or UNTIL. UNTIL is wall-clock time like the rest of the series, its whole last day included."""
        if isinstance(said, Count):
            self.meaning[Kind.END] = repeats.in_words(said)
            return f"COUNT={said.count}"
        last = None
        if isinstance(said, Until):
            last = said.day
        elif isinstance(said, Lasting):
            after = days.shifted(first, said.count, said.unit)
            last = after and after - timedelta(days=1)
        if last is None or last < first:
            self.left[Kind.END] = f"it would end before it begins, on {days.in_words(first)}"
            return ""
        until = repeats.in_words(Until(last))
        self.meaning[Kind.END] = f"{repeats.in_words(said)}, {until}" if isinstance(said, Lasting) else until
        return f"UNTIL={last.year:04}{last.month:02}{last.day:02}" + ("T235959" if self.clock else "")


_NO_SUCH_DAY = "there is no such day before the calendar ends"


def _is_escape(token: Token) -> bool:
    """Whether a backslash kept something from being understood; if not it is a part of the title."""
    first = token.raw[1]
    return first in '#@!"“„' or (first.isascii() and first.isdigit()) or token.word in words.MEANINGFUL


def _with_separators(text: str, spans: list[Span]) -> list[Span]:
    """The spans with the commas and dashes that would dangle at either end of the title: `Call mum - tomorrow`."""
    wide = list(spans)
    rest = len(text)
    for place in range(len(wide) - 1, -1, -1):
        span = wide[place]
        if span.kind is QuickKind.ESCAPE or text[span.end : rest].strip():
            break
        start = _before(text, span.start, wide[place - 1].end if place else 0)
        wide[place] = _moved(text, span, start, span.end)
        rest = start
    rest = 0
    for place, span in enumerate(wide):
        if span.kind is QuickKind.ESCAPE or text[rest : span.start].strip():
            break
        rest = _after(text, span.end)
        wide[place] = _moved(text, span, span.start, rest)
    return wide


def _before(text: str, start: int, floor: int) -> int:
    at = start
    while at > floor and text[at - 1].isspace():
        at -= 1
    if at > floor and (text[at - 1] in _STOPS or (text[at - 1] in _DASHES and (at == 1 or text[at - 2].isspace()))):
        return at - 1
    return start


def _after(text: str, end: int) -> int:
    at = end
    while at < len(text) and text[at].isspace():
        at += 1
    if at < len(text) and text[at] in _DASHES + _STOPS and text[at + 1 : at + 2].isspace():
        return at + 1
    return end


def _moved(text: str, span: Span, start: int, end: int) -> Span:
    return (
        span
        if (start, end) == (span.start, span.end)
        else span.model_copy(update={"start": start, "end": end, "text": text[start:end]})
    )
