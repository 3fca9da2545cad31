"""What joins REST late: it holds up nobody who asks for REST, and whoever asks for it waits until it is there."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.api import late
from backend.api.application import create_api
from backend.settings import get_settings

Asking: TypeAlias = "Callable[[str, str], Future[Any]]"


class Parts:
    """A page of a few bytes that is built when the test says so, and notes when its own lifespan begins and ends."""

    def __init__(self) -> None:
        self.may_be_built = threading.Event()
        self.happened: list[str] = []

    def build(self, app: FastAPI) -> None:
        assert self.may_be_built.wait(30)
        self.happened.append("built")
        before = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(running: FastAPI) -> AsyncIterator[Any]:
            async with before(running):
                self.happened.append("begun")
                yield
                self.happened.append("ended")

        app.router.lifespan_context = lifespan
        page = FastAPI(openapi_url=None)
        page.add_api_route("/{path:path}", lambda path: {"page": path}, methods=["GET", "POST"])
        app.mount("/", page)


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return late.join(create_api(get_settings()), parts.build)


@pytest.fixture
def ask(app: FastAPI, parts: Parts) -> Iterator[Asking]:
    """Asks the running app from a thread."""
    with TestClient(app) as client, ThreadPoolExecutor() as threads:
        yield lambda method, path: threads.submit(client.request, method, path)
        parts.may_be_built.set()


def test_rest_answers_and_refuses_while_the_page_is_built(ask: Asking, parts: Parts) -> None:
    assert ask("GET", "/health/live").result(30).status_code == 200
    assert ask("GET", "/api/v1/todos").result(30).json()["code"] == "not_authenticated"
    assert ask("GET", "/api/v1/nothing").result(30).json()["code"] == "not_found"
    assert ask("DELETE", "/health/live").result(30).json()["code"] == "method_not_allowed"
    assert parts.happened == []


def test_a_request_for_the_page_waits_and_is_served(ask: Asking, parts: Parts) -> None:
    early = [ask("GET", "/"), ask("GET", "/config"), ask("POST", "/gradio_api/mcp/")]
    assert not wait(early, 0.5).done
    parts.may_be_built.set()
    assert [answer.result(30).json()["page"] for answer in early] == ["", "config", "gradio_api/mcp/"]
    assert parts.happened == ["built", "begun"]
    assert ask("GET", "/late").result(30).json() == {"page": "late"}


def test_what_was_built_is_closed_with_the_app_and_opened_again_with_it(app: FastAPI, parts: Parts) -> None:
    parts.may_be_built.set()
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/page").json() == {"page": "page"}
    assert parts.happened == ["built", "begun", "ended", "begun", "ended"]


def test_an_app_that_is_stopped_while_the_page_is_built_ends_in_order(app: FastAPI, parts: Parts) -> None:
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200
        parts.may_be_built.set()
    assert parts.happened == ["built", "begun", "ended"]


def test_a_server_without_a_lifespan_is_told_why_there_is_no_page(app: FastAPI) -> None:
    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "lifespan" in answer.json()["detail"]
