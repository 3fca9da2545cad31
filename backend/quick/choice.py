"""Which of the phrases count, by where they stand. What is ambiguous stays in the title."""

import re
from dataclasses import dataclass, replace

from backend.quick import words
from backend.quick.phrases import Day, Doubt, Kind, Phrase, Strength
from backend.quick.repeats import Until
from backend.quick.rules import Rule
from backend.quick.tokens import Sign, Token

_POSSESSIVE = re.compile(r".+(?:['’]s|s['’])")  # noqa: RUF001 - the apostrophe that phones type
_AND = frozenset({"and", "or", "und", "oder", "&", "/"})
_TWO = {
    Kind.DATE: "two dates; a todo has one due",
    Kind.TIME: "two times; a todo has one due",
}

_ELSEWHERE = "could be a part of the task; a date in numbers counts at the end of the title or beside a time"


@dataclass(frozen=True)
class Refused:
    """A phrase that stays in the title, and why."""

    phrase: Phrase
    reason: str


class Choice:
    """The phrases that are taken, and those that are worth a word about why they are not."""

    def __init__(self, tokens: list[Token], offers: list[Phrase]) -> None:
        self._tokens = tokens
        has_rule = any(phrase.kind is Kind.REPEAT and isinstance(phrase.value, Rule) for phrase in offers)
        self._phrases = [fit for phrase in offers if (fit := _fitting(phrase, tokens, has_rule=has_rule))]
        self._by_first = {phrase.first: phrase for phrase in self._phrases}
        self._by_end = {phrase.end: phrase for phrase in self._phrases}
        self.refused = [
            Refused(phrase, phrase.value.reason) for phrase in self._phrases if isinstance(phrase.value, Doubt)
        ]
        self._out = {one.phrase.first for one in self.refused}
        self._out |= {phrase.first for phrase in self._phrases if self._is_led_away(phrase)}
        self._refuse_pairs()
        self._taken: set[int] = set()
        self._covered = [token.is_name for token in tokens]
        self._tail = len(tokens)
        self._choose()
        self.refused += [Refused(phrase, _ELSEWHERE) for phrase in self._phrases if self._stands_elsewhere(phrase)]

    @property
    def taken(self) -> list[Phrase]:
        """The phrases that count, from left to right."""
        return [phrase for phrase in self._phrases if phrase.first in self._taken]

    def _is_led_away(self, phrase: Phrase) -> bool:
        """Whether the word before it makes it a part of what is to be done: `move it to Friday`, `the 9am train`."""
        if phrase.kind not in {Kind.DATE, Kind.TIME} or phrase.has_lead or not phrase.first:
            return False
        before = self._tokens[phrase.first - 1]
        if before.sign is not Sign.WORD or before.stops or before.has_dot:
            return False
        if before.word in words.DETERMINERS or before.word in words.BLOCKERS:
            # "and tomorrow" goes on; "sat and sun" names two things.
            return phrase.strength is not Strength.STRONG or before.word not in _AND
        return phrase.strength is not Strength.STRONG and bool(_POSSESSIVE.fullmatch(before.word))

    def _refuse_pairs(self) -> None:
        """Ranges and pairs: `9am - 5pm`, `Saturday and Sunday`. Half of one would be a due that nobody said."""
        for phrase in self._phrases:
            if phrase.kind not in _TWO or phrase.end >= len(self._tokens) or isinstance(phrase.value, Doubt):
                continue
            between = self._tokens[phrase.end]
            if between.sign is not Sign.WORD or between.word not in words.RANGES | _AND:
                continue
            other = self._by_first.get(phrase.end + 1) or self._by_first.get(phrase.end)
            if other and other.kind is phrase.kind:
                self._out |= {phrase.first, other.first}
                self.refused.append(Refused(replace(phrase, end=other.end), _TWO[phrase.kind]))

    def _choose(self) -> None:
        for phrase in self._phrases:
            if phrase.strength is Strength.STRONG and phrase.first not in self._out:
                self._take(phrase)
        # At least one word before a weak phrase is the title's: "Sunday" alone is what there is to do.
        first_word = next((at for at, is_covered in enumerate(self._covered) if not is_covered), len(self._tokens))
        rest = [p for p in self._phrases if p.first not in self._taken and p.first not in self._out]
        # From the end, then from the start, and again for what the others made room for.
        for order in (rest[::-1], rest, rest[::-1]):
            for phrase in order:
                if phrase.first not in self._taken and self._may_stand(phrase, first_word):
                    self._take(phrase)

    def _take(self, phrase: Phrase) -> None:
        self._taken.add(phrase.first)
        for at in range(phrase.first, phrase.end):
            self._covered[at] = True

    def _may_stand(self, phrase: Phrase, first_word: int) -> bool:
        while self._tail and self._covered[self._tail - 1]:
            self._tail -= 1
        is_tail = phrase.end >= self._tail and phrase.first > first_word
        if phrase.strength is not Strength.BESIDE and is_tail:
            return True
        if phrase.strength is Strength.TAIL:
            return False
        after, before = phrase.end, phrase.first
        while after < len(self._tokens) and self._tokens[after].is_name:
            after += 1
        while before and self._tokens[before - 1].is_name:
            before -= 1
        if any(self._supports(phrase, one) for one in (self._by_first.get(after), self._by_end.get(before))):
            return True
        follows = self._tokens[after].word if after < len(self._tokens) else ""
        return phrase.strength is Strength.WEAK and phrase.has_lead and follows in words.JOINERS

    def _stands_elsewhere(self, phrase: Phrase) -> bool:
        """Whether it looks like a date, and stays in the title only for where it stands."""
        is_number = isinstance(phrase.value, Day) and phrase.value.is_number
        return is_number and phrase.first not in self._taken | self._out

    def _supports(self, phrase: Phrase, other: Phrase | None) -> bool:
        if not other or other.first in self._out or other.kind is phrase.kind:
            return False
        if other.first in self._taken:
            return True
        # A day and a time hold each other: "Meet Monday 9:30 with Bob".
        return other.strength is Strength.WEAK and Kind.TIME in {phrase.kind, other.kind}


def _fitting(phrase: Phrase, tokens: list[Token], *, has_rule: bool) -> Phrase | None:
    """Ends and starts need a recurrence; but "bis Freitag" is a due without one."""
    if has_rule or phrase.kind not in {Kind.END, Kind.START}:
        return phrase
    if isinstance(phrase.value, Until) and tokens[phrase.first].word == "bis":
        return replace(phrase, kind=Kind.DATE, value=Day(phrase.value.day), strength=Strength.WEAK)
    return None
