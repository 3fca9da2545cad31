"""Idempotency: a request that comes twice has its effect once, and gets the same answer.

The answer is stored in the transaction of its effect: there is never the one without the other.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from backend.errors import IdempotencyMismatchError
from backend.models.base import Shape
from backend.models.idempotency import IdempotentAnswer
from backend.services.actor import Actor


@dataclass(frozen=True)
class Answer:
    """What is answered: an HTTP status and JSON."""

    status: int
    body: str


@dataclass(frozen=True)
class Words:
    """What a caller is told of a key that it sent, by the name under which it sent it."""

    in_progress: str
    mismatch: str


OF_A_KEY = Words(
    in_progress="A request with this Idempotency-Key is being worked on. Try again in a moment.",
    mismatch="This Idempotency-Key was used for another request. Choose a new key for each new request.",
)
OF_A_PLAN = Words(
    in_progress="This plan is being carried out. Send the same call again in a moment to be told what was done.",
    mismatch="This plan was carried out already, for another call. Call without plan_id for a new plan.",
)


@dataclass(frozen=True)
class Request:
    """A request by the key that its caller chose, and a digest of what it says."""

    key: str
    digest: str
    words: Words = OF_A_KEY

    def key_of(self, actor: Actor) -> str:
        """What the answer is stored by. Each personal token has keys of its own.

        Two agents on one account may both call their first request `1`; and a token that may do less must not be shown
        the answer to one that may do more.
        """
        if actor.token_id is None:
            return self.key
        return hashlib.sha256(f"{actor.token_id}:{self.key}".encode(errors="replace")).hexdigest()


def find(session: Session, actor: Actor, request: Request) -> Answer | None:
    """What was answered before; raises IdempotencyMismatchError where the key was used for another request."""
    known = session.get(IdempotentAnswer, (actor.user_id, request.key_of(actor)))
    if known is None:
        return None
    if known.digest != request.digest:
        raise IdempotencyMismatchError(request.words.mismatch)
    return Answer(known.status, known.body)


def once(
    session: Session, actor: Actor, request: Request | None, status: int, work: Callable[[Session], Shape]
) -> Answer:
    """Do the work, or answer what was answered before; raises IdempotencyMismatchError for another request."""
    if request is None:
        return Answer(status, work(session).model_dump_json())
    known = find(session, actor, request)
    if known is not None:
        return known
    answer = Answer(status, work(session).model_dump_json())
    session.add(
        IdempotentAnswer(
            user_id=actor.user_id, key=request.key_of(actor), digest=request.digest, status=status, body=answer.body
        )
    )
    session.flush()
    return answer
