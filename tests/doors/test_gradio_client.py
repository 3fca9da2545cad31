"""gradio_client as notebooks use it: what is published, how it logs in, and what stays out of reach."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pandas as pd
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError as CallError
from gradio_client.exceptions import AuthenticationError

from backend.security import SECRET_KEY_FILE
from tests.support import PASSWORD, LiveServer

# Nothing else is public: whoever adds a function adds it here, and to the contract.
PUBLISHED = {
    "/register": ["email", "username", "password", "timezone"],
    "/login": ["username", "password"],
    "/whoami": [],
    "/add_todo": [
        *("title", "description", "priority", "tags", "due_date", "due_time", "due_timezone"),
        "id",
    ],
    "/list_todos": [
        *("search", "completed", "priority", "tags", "due", "sort_by", "sort_order", "limit"),
        "skip",
    ],
    "/get_todo": ["todo_id"],
    "/update_todo": ["todo_id", "changes"],
    "/complete_todo": ["todo_id"],
    "/reopen_todo": ["todo_id"],
    "/delete_todo": ["todo_id"],
}


@pytest.fixture(scope="module")
def account(live_server: LiveServer) -> dict[str, str]:
    return live_server.register("notebook", timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def client(live_server: LiveServer, account: dict[str, str]) -> Client:
    return Client(live_server.url, headers=account, verbose=False)


@contextlib.contextmanager
def quietly(server: LiveServer) -> Iterator[None]:
    """What happens inside leaves no traceback and no secret in the server's log."""
    before = len(server.log)
    yield
    time.sleep(0.1)
    said = server.log[before:]
    assert "Traceback" not in said
    assert PASSWORD not in said
    assert "eyJ" not in said


# What is published


def test_exactly_these_functions_are_public(client: Client) -> None:
    info: Any = client.view_api(return_format="dict", print_info=False)
    found = {
        name: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
        for name, endpoint in info["named_endpoints"].items()
    }
    assert found == PUBLISHED
    assert info["unnamed_endpoints"] == {}


def test_the_public_description_says_the_same_and_documents_every_function(live_server: LiveServer) -> None:
    info = httpx.get(f"{live_server.url}/gradio_api/info").json()
    assert info["named_endpoints"].keys() == PUBLISHED.keys()
    assert info["unnamed_endpoints"] == {}
    for name, endpoint in info["named_endpoints"].items():
        assert endpoint["description"], name
        assert all(parameter.get("parameter_name") for parameter in endpoint["parameters"])


def test_no_event_of_the_page_has_a_public_name(live_server: LiveServer) -> None:
    config = httpx.get(f"{live_server.url}/config").json()
    public = [one["api_name"] for one in config["dependencies"] if one.get("api_visibility", "public") == "public"]
    assert {f"/{name}" for name in public} == PUBLISHED.keys()


# Logging in


@pytest.mark.parametrize(("username", "password"), [("notebook", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_login_is_refused_with_the_clients_own_error(
    live_server: LiveServer, account: dict[str, str], username: str, password: str
) -> None:
    assert account
    with quietly(live_server), pytest.raises(AuthenticationError):
        Client(live_server.url, auth=(username, password), verbose=False)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, r"Log in first.*\[not_authenticated\]"),
        ({"Authorization": "Bearer nonsense"}, r"not valid or has expired.*\[not_authenticated\]"),
        ({"Authorization": "Basic dGVzdA=="}, r"Log in first.*\[not_authenticated\]"),
        ({"X-API-Key": "nonsense"}, r"not valid or has expired.*\[not_authenticated\]"),
        ({"Cookie": "todo_session=nonsense"}, r"\[not_authenticated\]"),
    ],
)
def test_without_a_credential_that_holds_every_function_but_two_is_closed(
    live_server: LiveServer, headers: dict[str, str], says: str
) -> None:
    stranger = Client(live_server.url, headers=headers, verbose=False)
    arguments: dict[str, dict[str, Any]] = {
        "/add_todo": {"title": "x"},
        "/update_todo": {"todo_id": "x", "changes": {}},
        **{name: {"todo_id": "x"} for name in PUBLISHED if PUBLISHED[name] == ["todo_id"]},
    }
    with quietly(live_server):
        for name in PUBLISHED.keys() - {"/register", "/login"}:
            with pytest.raises(CallError, match=says):
                stranger.predict(**arguments.get(name, {}), api_name=name)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ["notebook", "NOTEBOOK", "notebook@example.com"])
def test_auth_with_either_name_logs_in(live_server: LiveServer, name: str) -> None:
    with quietly(live_server):
        client = Client(live_server.url, auth=(name, PASSWORD), verbose=False)
        assert client.predict(api_name="/whoami")["username"] == "notebook"


@pytest.mark.parametrize(
    "headers_of",
    [
        lambda token: {"Authorization": f"Bearer {token}"},
        lambda token: {"X-API-Key": token},
        lambda token: {"Authorization": "Bearer hf_token_of_a_private_space", "X-API-Key": token},
    ],
    ids=["Authorization", "X-API-Key", "X-API-Key beside the token of a private Space"],
)
def test_headers_log_in(
    live_server: LiveServer, account: dict[str, str], headers_of: Callable[[str], dict[str, str]]
) -> None:
    token = account["Authorization"].removeprefix("Bearer ")
    client = Client(live_server.url, headers=headers_of(token), verbose=False)
    assert client.predict(api_name="/whoami")["username"] == "notebook"


def test_the_functions_register_and_log_in_by_themselves(live_server: LiveServer) -> None:
    stranger = Client(live_server.url, verbose=False)
    with quietly(live_server):
        made = stranger.predict(email="self@example.com", username="self-made", password=PASSWORD, api_name="/register")
        assert (made["username"], made["timezone"], made["is_admin"]) == ("self-made", "UTC", made["is_admin"])
        pair = stranger.predict(username="self-made", password=PASSWORD, api_name="/login")
    client = Client(live_server.url, headers={"Authorization": f"Bearer {pair['access_token']}"}, verbose=False)
    assert client.predict(api_name="/whoami") == made


@pytest.mark.usefixtures("account")
def test_logging_out_over_rest_closes_the_functions_at_once(live_server: LiveServer) -> None:
    form = {"username": "notebook", "password": PASSWORD}
    token = httpx.post(f"{live_server.url}/login", data=form).cookies["todo_session"]
    headers = {"Authorization": f"Bearer {token}"}
    client = Client(live_server.url, headers=headers, verbose=False)
    assert client.predict(api_name="/whoami")["username"] == "notebook"
    httpx.post(f"{live_server.url}/api/v1/auth/logout", headers=headers).raise_for_status()
    with pytest.raises(CallError, match=r"log in again.*\[not_authenticated\]"):
        client.predict(api_name="/whoami")


@pytest.mark.usefixtures("account")
def test_the_cookie_is_for_this_site_and_no_script(live_server: LiveServer) -> None:
    form = {"username": "notebook", "password": PASSWORD}
    answer = httpx.post(f"{live_server.url}/login", data=form)
    assert answer.json() == {"success": True}
    said = answer.headers["Set-Cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "secure" not in said  # a browser would not send it back over plain http


# Refusals


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("/add_todo", {"title": 123}, r"title: Input should be a valid string\."),
        ("/add_todo", {"title": {"$ne": ""}}, r"title: Input should be a valid string\."),
        ("/add_todo", {"title": "x", "tags": "home"}, r"tags: Input should be a valid list\."),
        ("/add_todo", {"title": "x", "tags": [["home"]]}, r"tags\.0: Input should be a valid string\."),
        ("/add_todo", {"title": "x", "due_date": 20270301}, r"due_date: must be a date such as"),
        ("/add_todo", {"title": "x", "priority": 3}, r"priority: Input should be 'low', 'medium' or 'high'"),
        ("/list_todos", {"limit": "ten"}, r"limit: Input should be a valid integer"),
        ("/list_todos", {"completed": "perhaps"}, r"completed: Input should be a valid boolean"),
        ("/list_todos", {"tags": "home"}, r"tags: Input should be a valid list\."),
        ("/list_todos", {"search": ["x"]}, r"search: Input should be a valid string\."),
        ("/update_todo", {"todo_id": "x", "changes": [1]}, r"request: must be an object with named fields\."),
        ("/login", {"username": ["x"], "password": "x"}, r"username: Input should be a valid string\."),
    ],
)
def test_a_wrong_type_is_refused_by_its_field(
    live_server: LiveServer, client: Client, name: str, arguments: dict[str, Any], says: str
) -> None:
    with quietly(live_server), pytest.raises(CallError, match=rf"^{says}.*\[validation_error\]$"):
        client.predict(**arguments, api_name=name)


@pytest.mark.parametrize("todo_id", [123, None, ["x"], {"id": "x"}, True, "x" * 10_000, "\x00"])
def test_an_id_that_is_none_names_no_todo(live_server: LiveServer, client: Client, todo_id: Any) -> None:
    with quietly(live_server):
        for name, expected in PUBLISHED.items():
            if expected == ["todo_id"]:
                with pytest.raises(CallError, match=r"^There is no todo with this id\. \[not_found\]$"):
                    client.predict(todo_id=todo_id, api_name=name)


@pytest.mark.parametrize(
    "data", [[], None, "x", [None] * 50, [{"path": "/etc/passwd"}], [{"url": "file:///etc/passwd"}]]
)
def test_a_raw_call_with_nonsense_is_refused_and_shows_no_inside(
    live_server: LiveServer, account: dict[str, str], data: Any
) -> None:
    for name in PUBLISHED:
        answer = httpx.post(f"{live_server.url}/gradio_api/run{name}", json={"data": data}, headers=account)
        if name in {"/whoami", "/list_todos"} and answer.status_code == 200:
            continue
        assert answer.status_code >= 400, name
        said = answer.text
        assert not [word for word in ("Traceback", "sqlite", ".py", "root:") if word in said], said


def test_a_failure_of_ours_shows_no_inside(live_server: LiveServer, client: Client) -> None:
    """Even text that no database can hold is refused with its field."""
    with quietly(live_server), pytest.raises(CallError, match=r"search: .*\[validation_error\]"):
        client.predict(search="\x00", api_name="/list_todos")


# Files of the server


@pytest.mark.parametrize(
    "name", ["live.db", "live.db-wal", "server.log", SECRET_KEY_FILE, "", "../", "/etc/passwd", "live.db/."]
)
@pytest.mark.parametrize("is_absolute", [True, False])
def test_no_file_of_the_server_is_handed_out(
    live_server: LiveServer, account: dict[str, str], name: str, is_absolute: bool
) -> None:
    path = str(live_server.folder / name) if is_absolute else name
    for route in ("file=", "file/"):
        answer = httpx.get(f"{live_server.url}/gradio_api/{route}{path}", headers=account)
        assert answer.status_code in {403, 404}, answer.text[:200]
        assert "SQLite format" not in answer.text
        assert "root:" not in answer.text


def test_the_key_file_is_not_handed_out_where_there_is_one(own_server: LiveServer) -> None:
    own_server.environment = {"SECRET_KEY": "", "ENVIRONMENT": "development"}
    own_server.start()
    key = (own_server.folder / SECRET_KEY_FILE).read_text()
    assert len(key) == 64
    for path in (SECRET_KEY_FILE, own_server.folder / SECRET_KEY_FILE, f"./{SECRET_KEY_FILE}", own_server.database):
        answer = httpx.get(f"{own_server.url}/gradio_api/file={path}")
        assert answer.status_code in {403, 404}
        assert key not in answer.text
    assert key not in own_server.log


# Answers


def test_a_dataframe_takes_the_list_as_it_is(client: Client) -> None:
    for title, due in (("Buy milk", "2027-03-01T09:00"), ("Call", None), ("Pay rent", "2027-04-01")):
        client.predict(title=title, due_date=due, tags=["frame"], api_name="/add_todo")
    frame = pd.DataFrame(client.predict(tags=["frame"], sort_by="title", sort_order="asc", api_name="/list_todos"))
    assert list(frame["title"]) == ["Buy milk", "Call", "Pay rent"]
    assert list(frame["weekday"].dropna()) == ["Monday", "Thursday"]
    moments = pd.to_datetime(frame["created_at"])
    assert moments.dt.tz is not None
    assert pd.to_datetime(frame["due_at"])[0] == pd.Timestamp("2027-03-01T08:00Z")
    assert not frame["completed"].any()


def test_what_is_added_here_is_there_over_rest(
    live_server: LiveServer, account: dict[str, str], client: Client
) -> None:
    todo = client.predict(title="Buy milk", tags=["home"], due_date="2027-03-01T09:00", api_name="/add_todo")
    over_rest = httpx.get(f"{live_server.url}/api/v1/todos/{todo['id']}", headers=account).json()
    assert over_rest == todo
    done = client.predict(todo["id"], api_name="/complete_todo")
    assert datetime.fromisoformat(done["completed_at"]).tzinfo is not None
    assert httpx.get(f"{live_server.url}/api/v1/todos/{todo['id']}", headers=account).json() == done


def test_many_calls_at_once_each_get_their_own_answer(client: Client) -> None:
    jobs = [client.submit(title=f"job {number}", tags=["jobs"], api_name="/add_todo") for number in range(20)]
    assert [job.result(timeout=60)["title"] for job in jobs] == [f"job {number}" for number in range(20)]
    assert len(client.predict(tags=["jobs"], api_name="/list_todos")) == 20
