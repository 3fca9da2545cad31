"""Tool: a service that agents may call by its name, what it takes and answers, and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mcp.types import Tool as Declaration
from mcp.types import ToolAnnotations

from backend import access, database
from backend.models.base import Shape
from backend.models.idempotency import RequestKey
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

    @property
    def declaration(self) -> Declaration:
        """What an agent is told of it."""
        reads_only, destroys, twice_is_once = self.kind.value
        return Declaration(
            name=self.name,
            title=self.title,
            description=self.description,
            inputSchema=self._input_schema,
            outputSchema=self.answers.model_json_schema(mode="serialization"),
            annotations=ToolAnnotations(
                title=self.title,
                readOnlyHint=reads_only,
                destructiveHint=destroys,
                idempotentHint=twice_is_once,
                openWorldHint=False,
            ),
        )

    async def call(self, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
        """Check the arguments, do the work, and answer; raises what the service raises."""
        if self.kind is Kind.ADD:
            key = arguments.get(_KEY)
            data = self.takes.model_validate({name: value for name, value in arguments.items() if name != _KEY})
            return await access.answer_by_key(actor, key, data, lambda session: self.work(session, actor, data))
        data = self.takes.model_validate(arguments)
        if self.kind is Kind.READ:
            answer = await database.read(lambda session: self.work(session, actor, data), is_slow=self.is_slow(data))
        else:
            answer = await database.write(lambda session: self.work(session, actor, data))
        return answer.model_dump(mode="json")

    @property
    def _input_schema(self) -> dict[str, Any]:
        schema = self.takes.model_json_schema()
        schema.setdefault("properties", {})
        if self.kind is Kind.ADD:
            schema["properties"][_KEY] = _KEY_SCHEMA
        return schema
