"""A recurrence: which days it has, as RFC 5545 text and in words."""

import calendar
from dataclasses import dataclass, replace
from datetime import date

from backend.quick import days, words

LAST = -1
_SHORTEST_MONTH = 28
_ORDINAL_WORDS = {2: "second", LAST: "last"}
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_LONGEST_WAIT_DAYS = 366


@dataclass(frozen=True)
class Rule:
    """The part of an RRULE that quick add can say; `weekdays` are pairs of an ordinal (0 for each) and a weekday."""

    frequency: str
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    numbers: tuple[int, ...] = ()
    month: int = 0
    from_completion: bool = False
    hour: int | None = None

    def first(self, start: date) -> date | None:
        """Its first day from this one on."""
        candidates = (days.shifted(start, count, "day") for count in range(_LONGEST_WAIT_DAYS + 1))
        return next((day for day in candidates if day and self._fits(day)), None)

    def _fits(self, day: date) -> bool:
        if self.month and day.month != self.month:
            return False
        length = calendar.monthrange(day.year, day.month)[1]
        if self.numbers:
            return any(day.day == (length if number == LAST else min(number, length)) for number in self.numbers)
        return not self.weekdays or any(
            day.weekday() == weekday
            and (not ordinal or (ordinal == LAST and day.day + 7 > length) or ordinal == (day.day - 1) // 7 + 1)
            for ordinal, weekday in self.weekdays
        )

    def anchored(self, first: date) -> "Rule":
        """This rule with the day of its first occurrence written out where months without that day would drop it."""
        if self.numbers or self.weekdays or first.day <= _SHORTEST_MONTH:
            return self
        if self.frequency == "MONTHLY":
            return replace(self, numbers=(first.day,))
        if self.frequency == "YEARLY" and (first.month, first.day) == (2, 29):
            return replace(self, numbers=(first.day,), month=first.month)
        return self

    @property
    def _skips(self) -> bool:
        """Whether some of its months lack a day of it: RFC 5545 would leave them out, and the rent would be late."""
        longest = calendar.monthrange(2027, self.month)[1] if self.month else _SHORTEST_MONTH
        return any(number > longest for number in self.numbers)

    def text(self, end: str = "") -> str:
        """RFC 5545 text; with SKIP of RFC 7529 where a month may lack the day, which then is its last."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if end:
            parts.append(end)
        if self.month:
            parts.append(f"BYMONTH={self.month}")
        if self.numbers:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.numbers)))
        if self.weekdays:
            named = (f"{ordinal or ''}{words.WEEKDAY_CODES[weekday]}" for ordinal, weekday in self.weekdays)
            parts.append("BYDAY=" + ",".join(named))
        if self._skips:
            parts.append("SKIP=BACKWARD")
        return ";".join(parts)

    @property
    def in_words(self) -> str:
        """`every second Tuesday`, `every month on the 1st`."""
        tail = ", counted from its completion" if self.from_completion else ""
        return f"{self._days_in_words()}{tail}"

    def _days_in_words(self) -> str:  # noqa: PLR0911 - one sentence for each kind of rule
        every = (
            f"every {_UNITS[self.frequency]}"
            if self.interval == 1
            else (f"every {self.interval} {_UNITS[self.frequency]}s")
        )
        if self.weekdays == WORKDAYS and self.interval == 1:
            return "every weekday (Monday to Friday)"
        if self.weekdays:
            names = [
                f"{_nth(ordinal)} {words.WEEKDAY_NAMES[weekday]}" if ordinal else words.WEEKDAY_NAMES[weekday]
                for ordinal, weekday in self.weekdays
            ]
            if self.frequency == "WEEKLY" and self.interval == 1:
                return f"every {listed(names)}"
            if self.frequency == "WEEKLY" and self.interval == 2 and len(names) == 1:  # noqa: PLR2004 - every second
                return f"every second {names[0]}"
            the = "the " if self.weekdays[0][0] else ""
            return f"{every} on {the}{listed(names)}"
        if self.month and self.numbers:
            name = words.MONTH_NAMES[self.month - 1]
            other = f", or the last day of {name}" if self._skips else ""
            return f"{every} on {listed([f'{number} {name}' for number in self.numbers])}{other}"
        if self.numbers:
            names = ["last day" if number == LAST else nth(number) for number in self.numbers]
            other = ", or the last day of a shorter month" if self._skips else ""
            return f"{every} on the {listed(names)}{other}"
        return every


WORKDAYS = tuple((0, weekday) for weekday in range(words.SATURDAY))


def nth(number: int) -> str:
    """`1st`, `22nd`, `13th`."""
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _nth(ordinal: int) -> str:
    return _ORDINAL_WORDS.get(ordinal) or nth(ordinal)


def listed(names: list[str]) -> str:
    """`Monday, Wednesday and Friday`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
