"""/docs and /redoc: everything that they need comes from this server."""

import re

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_names_no_foreign_server_and_what_it_names_is_there(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(named) >= 2
    for address in named:
        assert address.startswith("/docs/assets/")
        found = client.get(address)
        assert found.status_code == 200
        assert len(found.content) > 1_000
    assert "/openapi.json" in answer.text


@pytest.mark.parametrize("name", ["nothing.js", "..%2fcore.py", "core.py", ""])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/docs/assets/{name}").status_code == 404


def test_every_reference_of_the_document_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json")
    named = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', document.text))
    assert len(named) > 40
    assert named <= document.json()["components"]["schemas"].keys()
