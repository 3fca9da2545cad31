"""One request: sent by Python to prove what it does, and as bytes for the load generator."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

_TIMEOUT_SECONDS = 180


@dataclass(frozen=True)
class Call:
    """A request to a server, wherever that listens."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, method: str, path: str, data: Any = None, headers: dict[str, str] | None = None) -> "Call":
        """A request with JSON in it, or with nothing."""
        if data is None:
            return cls(method, path, headers=headers or {})
        body = json.dumps(data, separators=(",", ":")).encode()
        return cls(method, path, body, {**(headers or {}), "Content-Type": "application/json"})

    def send(self, url: str) -> httpx.Response:
        """Send it on a connection of its own."""
        return httpx.request(
            self.method, url + self.path, content=self.body, headers=self.headers, timeout=_TIMEOUT_SECONDS
        )

    def raw(self, host: str) -> bytes:
        """The request as it goes over the wire."""
        headers = {"Host": host, **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body
