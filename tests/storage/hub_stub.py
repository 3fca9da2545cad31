"""A stand-in for the Hugging Face Hub: the endpoints that huggingface_hub calls for us, with what it really sends."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_stub"
SHA = "0" * 40


@dataclass
class Stub:
    """The state of one repository, and the wishes of a test: `failing` answers everything with that status."""

    files: dict[str, bytes] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    private: bool = True
    exists: bool = False
    failing: int | None = None
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:  # noqa: C901, PLR0911 - one line each
        if path == "/api/repos/create":
            was_there, self.exists = self.exists, True
            return (409 if was_there else 200), {"url": f"{self.url}/datasets/me/backups", "name": "me/backups"}
        if not self.exists:
            return 404, {"error": "Repository not found"}
        if "/preupload/" in path:
            wanted = json.loads(body)["files"]
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".db") else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for file in wanted
            ]
            return 200, {"files": modes}
        if path.endswith("/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": [self._upload(one) for one in json.loads(body)["objects"]]}
        if method == "PUT" and path.startswith("/objects/"):
            self.objects[hashlib.sha256(body).hexdigest()] = body
            return 200, {}
        if "/commit/" in path:
            self._commit([json.loads(line) for line in body.splitlines() if line.strip()])
            return 200, {"commitUrl": f"{self.url}/datasets/me/backups/commit/{SHA}", "commitOid": SHA}
        if "/super-squash/" in path:
            return 200, {}
        if "/tree/" in path:
            return 200, [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}  # noqa: S324 - as git does
                for name, content in sorted(self.files.items())
            ]
        if found := re.fullmatch(r"/datasets/me/backups/resolve/\w+/(.+)", path):
            content = self.files.get(found[1])
            return (404, {"error": "Entry not found"}) if content is None else (200, content)
        if path.startswith("/api/datasets/me/backups"):
            return 200, {"id": "me/backups", "private": self.private, "sha": SHA, "siblings": [], "tags": []}
        return 501, {"error": f"the stub does not know {method} {path}"}

    def _upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return {**wanted, "actions": {"upload": {"href": f"{self.url}/objects/{wanted['oid']}", "header": {}}}}

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            match line["key"]:
                case "file":
                    self.files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    self.files[value["path"]] = self.objects[value["oid"]]
                case "deletedFile":
                    del self.files[value["path"]]


@contextmanager
def serve() -> Iterator[Stub]:
    """Run a stub on a port of its own."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def read_body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def handle_any(self) -> None:
            body = self.read_body()
            path = self.path.split("?")[0]
            stub.requests.append(f"{self.command} {path}")
            status, content = stub.answer(self.command, path, body)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}" and not path.startswith("/objects/"):
                status, content = 401, {"error": "Invalid credentials"}
            if stub.failing is not None:
                status, content = stub.failing, {"error": "not now"}
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("ETag", f'"{hashlib.sha256(raw).hexdigest()}"')
            self.send_header("X-Repo-Commit", SHA)
            if status in {401, 404}:
                self.send_header("X-Error-Code", "EntryNotFound" if "Entry" in str(content) else "RepoNotFound")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)

        do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815 - the names that http.server looks for

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
