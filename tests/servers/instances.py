"""Database servers of the tests' own, each in a folder and on a port of its own: to be killed and started again.

Both ask for a password, so that a log can be searched for it. The servers refuse to run as root, so there they run as
the user that their package made, or as nobody.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from tests.support import free_port

SECRET = "never-in-a-log-7f3a"
_START_SECONDS = 60

_PROGRAMS = {"postgresql": ("initdb", "postgres"), "mariadb": ("mariadb-install-db", "mariadbd")}
_USERS = {"postgresql": "postgres", "mariadb": "mysql"}


def program(name: str) -> str | None:
    """Where a program of a server lies. Debian keeps PostgreSQL's out of the PATH, in a folder for each version."""
    places = [*os.get_exec_path(), "/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1])]
    return shutil.which(name, path=os.pathsep.join(places))


def missing(kind: str) -> str | None:
    """Why no server of this kind can be started here; None where it can."""
    absent = [name for name in _PROGRAMS[kind] if program(name) is None]
    return f"no {kind} server can be started here: {', '.join(absent)} missing" if absent else None


@dataclass
class Instance:
    """A server that is a test's own."""

    kind: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> URL:
        """Where it is, with the right to do everything."""
        driver, database = {
            "postgresql": ("postgresql+psycopg", "postgres"),
            "mariadb": ("mariadb+pymysql", None),
        }[self.kind]
        return URL.create(driver, "keeper", SECRET, "127.0.0.1", self.port, database)

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        deadline = time.monotonic() + _START_SECONDS
        self.launch()
        engine = create_engine(self.url, connect_args={"connect_timeout": 3})
        try:
            while True:
                try:
                    with engine.connect() as connection:
                        connection.execute(text("SELECT 1"))
                except DBAPIError:
                    assert time.monotonic() < deadline, f"the server does not start:\n{self.log}"
                    if self.process is None or self.process.poll() is not None:
                        self.launch()  # what a kill left behind was not gone yet
                    time.sleep(0.05)
                else:
                    return
        finally:
            engine.dispose()

    def launch(self) -> None:
        """Start it, and return at once."""
        data, log = self.folder / "data", self.folder / "log"
        arguments: tuple[Any, ...] = {
            "postgresql": (
                *("postgres", "-D", data, "-p", self.port, "-c", "listen_addresses=127.0.0.1"),
                *("-c", f"unix_socket_directories={self.folder}", "-c", "shared_buffers=16MB"),
            ),
            "mariadb": (
                *("mariadbd", "--no-defaults", f"--datadir={data}", f"--port={self.port}", "--bind-address=127.0.0.1"),
                *(f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid", "--skip-name-resolve"),
                *(f"--init-file={self.folder}/users.sql", "--innodb-buffer-pool-size=32M"),
            ),
        }[self.kind]
        with log.open("ab") as output:
            self.process = subprocess.Popen[bytes](
                _command(*arguments), stdout=output, stderr=output, **_identity(self.kind)
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL, for every process of it, in the middle of whatever they do."""
        if self.process is None:
            return
        family = _children(self.process.pid)
        self.process.kill()
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # it noticed, and went by itself
                continue
        self.process.wait(30)
        self.process = None


@contextmanager
def instance(kind: str) -> Iterator[Instance]:
    """A fresh server, running; it and its folder are gone afterwards."""
    # Not in pytest's folder, which only its own user may enter; and the name of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix=f"todo-{kind}-"))
    made = Instance(kind, folder, free_port())
    try:
        _install(kind, folder)
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _install(kind: str, folder: Path) -> None:
    if kind == "postgresql":
        (folder / "password").write_text(SECRET)
        arguments: tuple[Any, ...] = (
            *("initdb", "-D", folder / "data", "-U", "keeper", "-A", "scram-sha-256", "--no-sync"),
            *(f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C.UTF-8"),
        )
    else:
        (folder / "users.sql").write_text(
            f"CREATE OR REPLACE USER keeper@'%' IDENTIFIED BY '{SECRET}';\n"
            "GRANT ALL ON *.* TO keeper@'%' WITH GRANT OPTION;\n"
        )
        arguments = ("mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db")
    identity = _identity(kind)
    if identity:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, identity["user"], identity["group"])
    done = subprocess.run(_command(*arguments), capture_output=True, text=True, check=False, cwd=folder, **identity)
    assert done.returncode == 0, done.stdout + done.stderr


def _command(name: Any, *arguments: Any) -> list[str]:
    return [program(name) or name, *map(str, arguments)]


def _identity(kind: str) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get(_USERS[kind], names["nobody"])
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found
