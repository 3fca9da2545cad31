"""Tool: a service that agents may call by its name, what it takes and answers, and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcp.types import Tool as Declaration
from mcp.types import ToolAnnotations

from backend import access, database
from backend.agents import schemas
from backend.models.base import Shape
from backend.models.idempotency import RequestKey
from backend.services import idempotency
from backend.services.actor import Actor

_KEY = "idempotency_key"
_KEY_SCHEMA = {
    **RequestKey.model_json_schema()["properties"][_KEY],
    "description": "A text of your own, a new one for each new call: sent again, it has its effect once.",
}


class Kind(Enum):
    """What a call does to what is stored, and so what may be told of it: (reads only, destroys, twice is once)."""

    READ = (True, False, True)
    ADD = (False, False, False)
    SET = (False, False, True)
    OVERWRITE = (False, True, True)
    TAKE_BACK = (False, True, False)


@dataclass(frozen=True)
class Tool:
    """One tool. `work` is a service call within a transaction; the account comes from the request alone."""

    name: str
    title: str
    description: str
    kind: Kind
    takes: type[Shape]
    answers: type[Shape]
    work: Callable[[database.Session, Actor, Any], Shape]
    is_slow: Callable[[Any], bool] = lambda _: False
    # The plan that a call commits, if any: sent again, it is known by that, and the agent need not choose a key.
    plan_id: Callable[[Any], str | None] = lambda _: None

    @property
    def declaration(self) -> Declaration:
        """What an agent is told of it."""
        reads_only, destroys, twice_is_once = self.kind.value
        return Declaration(
            name=self.name,
            title=self.title,
            description=self.description,
            inputSchema=self._input_schema,
            outputSchema=schemas.of_output(self.answers),
            annotations=ToolAnnotations(
                title=self.title,
                readOnlyHint=reads_only,
                destructiveHint=destroys,
                idempotentHint=twice_is_once,
                openWorldHint=False,
            ),
        )

    async def call(self, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
        """Check the arguments, do the work, and answer without what is null; raises what the service raises."""
        answer: dict[str, Any] = schemas.without_nulls(await self._answer(actor, arguments))
        return answer

    async def _answer(self, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
        is_add = self.kind is Kind.ADD
        data = self.takes.model_validate(
            {name: value for name, value in arguments.items() if name != _KEY} if is_add else arguments
        )
        key = arguments.get(_KEY) if is_add else self.plan_id(data)
        words = idempotency.OF_A_KEY if is_add else idempotency.OF_A_PLAN
        is_slow = self.is_slow(data)

        def work(session: database.Session) -> Shape:
            return self.work(session, actor, data)

        if is_add or key is not None:
            return await access.answer_by_key(actor, key, data, work, words=words, is_slow=is_slow)
        if self.kind is Kind.READ:
            answer = await database.read(work, is_slow=is_slow)
        else:
            answer = await database.write(work, is_slow=is_slow)
        return answer.model_dump(mode="json")

    @property
    def _input_schema(self) -> dict[str, Any]:
        schema = schemas.of_input(self.takes)
        if self.kind is Kind.ADD:
            schema["properties"][_KEY] = _KEY_SCHEMA
        return schema
