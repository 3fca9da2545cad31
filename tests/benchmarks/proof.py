"""Proves that a server does the work before it is timed: what it answers is compared with what it must answer."""

from typing import Any

from tests.benchmarks.calls import Call
from tests.benchmarks.peer import Peer
from tests.benchmarks.seeds import COUNT, FAR_PAGE, PER_PAGE, Seed, open_page

_TICKED = COUNT - 2  # E and D leave it alone


class DifferentWorkError(Exception):
    """A server answers something else than the work asks for."""


def prove(peer: Peer) -> None:
    """Raise DifferentWorkError where this server answers less than the others, or asks for no login."""
    looked_at = Seed(COUNT // 3)
    _same(peer, "B", _fields(peer.ask(peer.get(peer.id_of(looked_at)))), looked_at.fields)
    for letter, call, number in (
        ("C", peer.page(1), 1),
        ("CD", peer.page(FAR_PAGE), FAR_PAGE),
        ("CK", peer.far_page(), FAR_PAGE),
    ):
        todos, total = peer.page_in(peer.ask(call))
        _same(peer, f"{letter}'s total", total, COUNT // 2)
        _same(peer, f"{letter}'s length", len(todos), PER_PAGE)
        _same(peer, letter, [_fields(todo) for todo in todos], [seed.fields for seed in open_page(number)])
    _prove_toggling(peer, Seed(_TICKED))
    new = Seed(COUNT)
    created = peer.ask(peer.create(new))
    _same(peer, "A", _fields(created), new.fields)
    _same(peer, "A, read again", _fields(peer.ask(peer.get(created["id"]))), new.fields)
    stranger = Call("GET", peer.get(created["id"]).path).send(peer.server.url)
    _same(peer, "B without a login refused", stranger.is_client_error, expected=True)


def _prove_toggling(peer: Peer, seed: Seed) -> None:
    todo_id = peer.id_of(seed)
    for completed in (seed.is_open, not seed.is_open):
        answered = peer.ask(peer.tick(todo_id, completed=completed))
        _same(peer, "D", _fields(answered), {**seed.fields, "completed": completed})
        _same(peer, "D, read again", peer.ask(peer.get(todo_id))["completed"], completed)


def _fields(todo: dict[str, Any]) -> dict[str, Any]:
    """The fields that every server has to answer, and is free to answer more."""
    return {name: todo.get(name) for name in Seed(0).fields}


def _same(peer: Peer, what: str, seen: Any, expected: Any) -> None:
    if seen != expected:
        raise DifferentWorkError(f"{peer.name} does other work in {what}: {seen!r} where {expected!r} is expected.")
