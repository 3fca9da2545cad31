"""What stands between a caller and the app: a private Space's front door, and a connection that breaks."""

import http.client
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HF_TOKEN = "hf_of_whoever_may_see_the_space"
# The Hub's own header comes first: who sends it has Authorization free for the app.
_PLACES = ("X-HF-Authorization", "Authorization")
_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "host"}


class _Proxy(ThreadingHTTPServer):
    """Stands on a port of its own before the app."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, app_port: int, handler: type["_Passing"]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.app_port = app_port

    def handle_error(self, *_: object) -> None:
        """A caller that hung up is no news."""


class _Passing(BaseHTTPRequestHandler, ABC):
    """Passes a request on to the app, and its answer back as it comes, so that streams stay streams."""

    server: _Proxy

    def pass_on(self, headers: Mapping[str, str], *, answers: bool = True) -> None:
        sent = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_CONNECTION}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        app = http.client.HTTPConnection("127.0.0.1", self.server.app_port, timeout=120)
        try:
            app.request(self.command, self.path, body, sent)
            answer = app.getresponse()
            if not answers:
                answer.read()
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while part := answer.read1():
                self.wfile.write(part)
        finally:
            app.close()

    @abstractmethod
    def decide(self) -> None:
        """Answer a request, or pass it on."""

    def do_GET(self) -> None:
        self.decide()

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Quietly."""


class _FrontDoor(_Passing):
    """Demands a Hugging Face token, and uses up the header that brings it: the app behind never sees it."""

    def decide(self) -> None:
        place = next((name for name in _PLACES if self.headers.get(name) == f"Bearer {HF_TOKEN}"), None)
        if place is None:
            self.send_error(404, "Sorry, we can't find the page you are looking for.")
            return
        self.pass_on({name: value for name, value in self.headers.items() if name.lower() != place.lower()})


class _Breaking(_Passing):
    """Loses a call now and then, before the app has it or after it has done it: the caller cannot tell which."""

    chance: random.Random
    share: float

    def decide(self) -> None:
        fate = self.chance.random()
        if self.command == "GET" or fate >= self.share:
            self.pass_on(dict(self.headers))
        elif fate < self.share / 2:
            self.pass_on(dict(self.headers), answers=False)
        self.close_connection = True


@contextmanager
def private_space(app_port: int) -> Iterator[str]:
    """The address of a private Space in front of the app."""
    with _standing(_Proxy(app_port, _FrontDoor)) as url:
        yield url


@contextmanager
def breaking(app_port: int, seed: int, share: float) -> Iterator[str]:
    """The address of a connection to the app that breaks at this share of all calls that may change something."""
    handler = type("Breaking", (_Breaking,), {"chance": random.Random(seed), "share": share})  # noqa: S311 - repeatable
    with _standing(_Proxy(app_port, handler)) as url:
        yield url


@contextmanager
def _standing(proxy: _Proxy) -> Iterator[str]:
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
