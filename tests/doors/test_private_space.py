"""On a private Space the Hugging Face token takes Authorization up: each door opens with ours in X-API-Key."""

from collections.abc import Iterator

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError as CallError

from tests.doors.agents import Agent, token_of
from tests.doors.proxies import HF_TOKEN, private_space
from tests.support import LiveServer

HUB = {"Authorization": f"Bearer {HF_TOKEN}"}


@pytest.fixture(scope="module")
def space(live_server: LiveServer) -> Iterator[str]:
    with private_space(live_server.port) as url:
        yield url


@pytest.fixture(scope="module")
def account(live_server: LiveServer) -> dict[str, str]:
    return live_server.register("private")


@pytest.fixture(scope="module")
def key(live_server: LiveServer, account: dict[str, str]) -> dict[str, str]:
    return {"X-API-Key": token_of(live_server, account, "read", "add")}


@pytest.fixture(params=["Authorization", "X-HF-Authorization"])
def sent(request: pytest.FixtureRequest, account: dict[str, str], key: dict[str, str]) -> dict[str, str]:
    """Both ways to bring two tokens."""
    if request.param == "Authorization":
        return {**HUB, **key}
    return {"X-HF-Authorization": f"Bearer {HF_TOKEN}", **account}


def test_without_the_hubs_token_nothing_is_there(space: str, key: dict[str, str]) -> None:
    for path in ("/", "/health", "/api/v1/todos", "/gradio_api/info"):
        assert httpx.get(f"{space}{path}", headers=key).status_code == 404


def test_the_hubs_token_alone_opens_the_space_and_no_account(space: str) -> None:
    assert httpx.get(f"{space}/", headers=HUB).status_code == 200
    refused = httpx.get(f"{space}/api/v1/todos", headers=HUB)
    assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")
    with pytest.raises(CallError, match=r"X-API-Key.*\[not_authenticated\]$"):
        Client(space, headers=HUB, verbose=False).predict(api_name="/whoami")
    assert Agent(space, HUB).refused("whoami").endswith("[not_authenticated]")


def test_every_door_opens_with_both(space: str, sent: dict[str, str], request: pytest.FixtureRequest) -> None:
    tag = request.node.name
    httpx.post(f"{space}/api/v1/todos", json={"title": "REST", "tags": [tag]}, headers=sent).raise_for_status()
    notebook = Client(space, headers=sent, verbose=False)
    notebook.predict(title="gradio_client", tags=[tag], api_name="/add_todo")
    agent = Agent(space, sent)
    agent.call("add_todo", title="MCP", tags=[tag])
    expected = ["MCP", "gradio_client", "REST"]
    listed = httpx.get(f"{space}/api/v1/todos", params={"tags": tag}, headers=sent).raise_for_status().json()["todos"]
    assert [todo["title"] for todo in listed] == expected
    assert [todo["title"] for todo in notebook.predict(tags=[tag], api_name="/list_todos")] == expected
    assert [todo["title"] for todo in agent.call("list_todos", tags=[tag])["todos"]] == expected


def test_the_clients_own_token_and_a_key_go_together(space: str, key: dict[str, str]) -> None:
    notebook = Client(space, token=HF_TOKEN, headers=key, verbose=False)
    assert notebook.predict(api_name="/whoami")["username"] == "private"
