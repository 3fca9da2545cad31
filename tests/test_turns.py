"""What one turn of the event loop knows, the next does not."""

import asyncio

from backend.turns import ThisTurn


def test_it_is_known_in_the_turn_in_which_it_was_asked_and_forgotten_after() -> None:
    turn: ThisTurn[str, int] = ThisTurn()
    seen: list[dict[str, int]] = []

    async def look(key: str) -> None:
        turn.known()[key] = len(key)
        seen.append(dict(turn.known()))

    async def both() -> None:
        await asyncio.gather(look("a"), look("bb"))
        await asyncio.sleep(0)
        await look("ccc")

    asyncio.run(both())
    assert seen == [{"a": 1}, {"a": 1, "bb": 2}, {"ccc": 3}]


def test_each_event_loop_has_turns_of_its_own() -> None:
    turn: ThisTurn[str, int] = ThisTurn()

    async def look() -> int:
        turn.known()[str(len(turn.known()))] = 1
        return len(turn.known())

    async def elsewhere() -> tuple[int, int]:
        here = await look()
        return here, await asyncio.to_thread(lambda: asyncio.run(look()))

    assert asyncio.run(elsewhere()) == (1, 1)
