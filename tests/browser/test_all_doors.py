"""One life of a todo through every door, and through a kill -9."""

import signal
from collections.abc import Callable

import httpx
import pandas as pd
from gradio_client import Client
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.visiting import Visitor
from tests.support import LiveServer

# As in the guide that the users of the old deployment followed.
ACCOUNT = {"email": "test@example.com", "username": "testuser", "password": "SecurePass123!"}


def test_a_todo_added_over_rest_ticked_in_the_browser_read_in_pandas_survives_kill_minus_nine(
    own_server: LiveServer, chromium: Browser, watch: Callable[[BrowserContext], BrowserContext]
) -> None:
    own_server.start()
    api = f"{own_server.url}/api/v1"
    assert httpx.post(f"{api}/auth/register", json=ACCOUNT).status_code == 201
    tokens = httpx.post(f"{api}/auth/login", json={"email": ACCOUNT["email"], "password": ACCOUNT["password"]}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    added = httpx.post(f"{api}/todos", json={"title": "Buy milk", "due_date": "2027-03-01"}, headers=headers).json()

    visitor = Visitor(own_server, watch(chromium.new_context()), "testuser", headers)
    visitor.enter()
    visitor.tick("Buy milk").click()
    expect(visitor.toast("Done")).to_be_visible()

    client = Client(own_server.url, auth=(ACCOUNT["username"], ACCOUNT["password"]), verbose=False)
    table = pd.DataFrame(client.predict(completed=True, api_name="/list_todos"))
    assert list(table["title"]) == ["Buy milk"]
    assert list(table["due_date"]) == ["2027-03-01"]
    before = httpx.get(f"{api}/todos/{added['id']}", headers=headers).json()
    assert before["completed"]

    own_server.stop(signal.SIGKILL)
    own_server.start()

    assert httpx.get(f"{api}/todos/{added['id']}", headers=headers).json() == before
    visitor.open()
    visitor.show("Done")
    expect(visitor.titles).to_have_text(["Buy milk"])
