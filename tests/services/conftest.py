"""What service tests share: a service run in a transaction of its own, as a door runs it."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from backend import database

T = TypeVar("T")
Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    """`run(todos.create, actor, data)` writes and commits."""

    def write(service: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        with database.write_scope() as session:
            return service(session, *args, **kwargs)

    return write
