"""Rounds: changes that are there at the same moment are committed together.

To begin a transaction on SQLite and to commit it costs as much as the change itself, and many changes touch the same
pages. So whoever changes something waits until the event loop has come to everybody who is ready, and one transaction
does it for all. Where one of them is refused, nothing of the round is kept and each is done for itself: nobody is told
of what another one did wrong.

Who is ready may still be on the way: what was sent while the last round was held is read first, and becomes a piece of
work a turn of the event loop later. Without waiting for those, 32 writers fall apart into groups of seven that never
meet again. Who was alone in the last round is not kept waiting: among many who read, a turn takes its time.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlmodel import Session

T = TypeVar("T")
Work = Callable[[Session], Any]
_Waiting = tuple[Work, asyncio.Future[Any]]

# The event loop stands still for a round, so it is not long.
_MOST = 32
# So many turns without anybody new, and a round begins: a request is read in one, and looked at in the next.
_QUIET_TURNS = 3


class Rounds:
    """`alone` does one piece of work in a transaction of its own, `together` does some in one and answers for each."""

    def __init__(self, alone: Callable[[Work], Any], together: Callable[[Sequence[Work]], list[Any]]) -> None:
        self._alone = alone
        self._together = together
        self._waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, list[_Waiting]] = WeakKeyDictionary()
        self._turns = _QUIET_TURNS

    async def take_part(self, work: Callable[[Session], T]) -> T:
        """Do a piece of work; it is committed when this returns. Raises what the work raises."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(loop, [])
        done = loop.create_future()
        waiting.append((work, done))
        if len(waiting) == 1:
            loop.call_soon(self._gather, loop, waiting, 1, self._turns)
        answer: T = await done
        return answer

    def close(self) -> None:
        """Hold what waits now, for whoever takes the database from this event loop's writers for a while."""
        loop = asyncio.get_running_loop()
        while waiting := self._waiting.get(loop):
            self._hold(loop, waiting)

    def _gather(self, loop: asyncio.AbstractEventLoop, waiting: list[_Waiting], known: int, turns: int) -> None:
        """Hold the round when it is full, or when for so many turns nobody has come to those who are known."""
        count = len(waiting)
        if self._waiting.get(loop) is not waiting:
            return  # it was held before its time
        if count >= _MOST or (count == known and turns == 1):
            self._hold(loop, waiting)
        else:
            loop.call_soon(self._gather, loop, waiting, count, turns - 1 if count == known else _QUIET_TURNS)

    def _hold(self, loop: asyncio.AbstractEventLoop, waiting: list[_Waiting]) -> None:
        del self._waiting[loop]
        here, later = waiting[:_MOST], waiting[_MOST:]
        if later:
            self._waiting[loop] = later
            loop.call_soon(self._gather, loop, later, len(later), _QUIET_TURNS)
        self._turns = 1 if len(waiting) == 1 else _QUIET_TURNS
        # Who has hung up meanwhile has asked all the same: as ever, what was sent is done.
        try:
            answers = self._together([work for work, _ in here]) if len(here) > 1 else None
        except Exception:  # noqa: BLE001 - whatever it is, it happens again to the one whose it is
            answers = None
        for number, (work, done) in enumerate(here):
            try:
                answer = self._alone(work) if answers is None else answers[number]
            except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
                _tell(done, error)
            else:
                _tell(done, None, answer)


def _tell(done: asyncio.Future[Any], error: Exception | None, answer: Any = None) -> None:
    if done.cancelled():
        return
    if isinstance(error, StopIteration):  # which no future takes, and everybody after it would wait for ever
        error = RuntimeError("a service ran out of what it looked through")
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(answer)
