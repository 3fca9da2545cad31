"""What strangers send to the door of the agents is no line of the log."""

import httpx

from tests.support import LiveServer


def test_what_a_caller_of_the_mcp_door_sends_wrong_is_not_repeated(live_server: LiveServer) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    for params in ({"name": "x\nERROR: forged", "arguments": {}}, {"text": "MY PRIVATE NOTE"}):
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = httpx.post(f"{live_server.url}/gradio_api/mcp/", json=call, headers=headers, timeout=60)
        assert answer.status_code == 200
    assert "forged" not in live_server.log
    assert "PRIVATE" not in live_server.log
