"""Commands for the data: look at it, heal it, copy it, take it back, begin anew, let somebody in.

None of them prints a path, a secret or a traceback where a sentence will do. What replaces a database keeps the one
that was there, in quarantine.
"""

import argparse
import getpass
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import Timeout
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from backend import move
from backend.adoption.adopter import OldDeployment
from backend.errors import AppError, ConfigurationError, describe
from backend.settings import get_settings
from backend.storage import comeback, files, gate, layout, lock, memory, mend, quarantine, snapshots, swap, taking
from backend.storage.diagnose import State, diagnose
from backend.storage.home import Home, Kind, find_home
from backend.storage.lock import Occupancy
from backend.storage.look import Sidecar, private_copy, sidecar_of
from backend.storage.memory import Memory
from backend.storage.outlook import outlook

WATCHED = ("users", "todos")
_READ_ONLY = "It or its folder cannot be written to: a start reads it if it is in order, and changes nothing."
_MOVED = "Its todos have moved to another database, so nothing is changed in this one."


def main(arguments: list[str] | None = None) -> None:
    """Run one command; the exit code is 0 when all is well."""
    chosen = _parser().parse_args(arguments)
    files.keep_private()
    try:
        sys.exit(chosen.run(chosen))
    except ConfigurationError as error:
        sys.exit(f"ERROR: {error}")
    except Timeout:
        sys.exit("ERROR: The app works with this database. Stop it first.")
    except (AppError, snapshots.DamagedError) as error:
        sys.exit(f"ERROR: {error}")
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        sys.exit(
            f"ERROR: {mend.words_of(error)}. Nothing was changed. See whether the database file and its folder may be"
            " written to, and whether there is room on their disk."
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], told: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=told, description=told)
        added.set_defaults(run=run)
        return added

    command("doctor", _doctor, "Look at the database and change nothing. Exit code 1 when something is wrong.")
    command("heal", _heal, "Do what a start does. Exit code 1: it cannot be used; 2: something is lost, and was told.")
    command("backup", _backup, "Take a verified snapshot, also while the app runs.")
    restoring = command("restore", _restore, "Put a snapshot in the database's place; what was there is kept.")
    restoring.add_argument(
        "snapshot", nargs="?", help="its name as `restore --list` shows it; without one, the newest with accounts"
    )
    restoring.add_argument("--list", action="store_true", help="show the snapshots there are")
    restoring.add_argument("--yes", action="store_true", help="do not ask")
    resetting = command("reset", _reset, "Begin with an empty database; the old one is kept.")
    resetting.add_argument("--yes", action="store_true", help="do not ask")
    move.add_arguments(command("move", _move, "Copy the running installation to another database, verified."))
    reset_password = command(
        "reset-password", _reset_password, "Print a link that lets somebody set a new password, once."
    )
    reset_password.add_argument("name", help="username or e-mail address")
    reset_password.add_argument("--url", help="where people open the page, such as https://todos.example.com")
    admin = command("create-admin", _create_admin, "Create an administrator.")
    admin.add_argument("email")
    admin.add_argument("username")
    return parser


def _doctor(_: argparse.Namespace) -> int:
    home = _home()
    before = memory.recall(home.live)
    torn: list[Sidecar] = []
    with _untouched(home.live) as database:
        seen = diagnose(database, layout.released(), watched=WATCHED, thorough=True, before_replay=torn.append)
        rows = memory.count(database, WATCHED) if seen.state is State.HEALTHY else {}
        is_moved = seen.state is State.HEALTHY and gate.is_moved(database)
        told = outlook(database, seen, layout.released(), OldDeployment())
    missing = _missing(home) if seen.state is State.NEW else None
    is_writable = not home.live.exists() or files.is_writable(home.live)
    print(f"state: {seen.state}" + (f" ({seen.detail})" if seen.detail else ""))
    for table, count in rows.items():
        print(f"{table}: {count}")
    for sentence in (missing, memory.shortfall(before, rows), _MOVED if is_moved else None):
        if sentence is not None:
            print(sentence)
    print(f"snapshots: {len(snapshots.listed(home.backups, home.live.stem))}")
    print(home.sentence)
    if Sidecar.TORN in torn:
        print("The log beside it is damaged. A start keeps both as they are, and goes on without what is lost.")
    else:
        print(told if is_writable else _READ_ONLY)
    if seen.state not in {State.HEALTHY, State.NEW, State.UNUSABLE}:
        print("`python -m backend heal` does now what a start would do, and looks as closely as this.")
    if before.unacknowledged:
        print(f"Told earlier, and not acknowledged by an administrator yet:\n{before.unacknowledged}")
    is_well = seen.state in {State.HEALTHY, State.NEW} and is_writable
    return 0 if is_well and not (missing or is_moved or Sidecar.TORN in torn) else 1


@contextmanager
def _untouched(database: Path) -> Iterator[Path]:
    """What to look at so that nothing changes: who opens a file alone replays its logs, and clears empty ones away."""
    beside = [database.with_name(database.name + suffix) for suffix in quarantine.SIDECARS]
    with ExitStack() as stack:
        if any(path.exists() for path in beside) and database.is_file() and Occupancy(database).is_free():
            try:
                database = stack.enter_context(private_copy(database))
            except OSError as error:
                if sidecar_of(database) is not None:
                    told = (
                        "A log lies beside the database, so a copy of both is looked at, and there is no room for one"
                    )
                    raise ConfigurationError(f"{told}: {mend.words_of(error)}.") from error
        yield database


def _missing(home: Home) -> str | None:
    """What speaks for a file that should be there."""
    if mend.has_log_alone(home.live):
        return "The database file is gone or empty, and its log is not."
    told = memory.missing(memory.recall(home.live))
    if told is None and home.kind is Kind.LASTING and snapshots.listed(home.backups, home.live.stem):
        told = "The database file is gone or empty, and there are snapshots of it."
    return told


def _heal(_: argparse.Namespace) -> int:
    live = _home().live if get_settings().url.get_backend_name() == "sqlite" else None
    known_loss = memory.recall(live).unacknowledged if live is not None else None
    if live is not None and live.is_file():
        # Whoever asks for it has a reason: it is looked at as closely as the doctor does.
        memory.write_down(live, replace(memory.recall(live), suspicion="somebody asked for a heal"))
    logging.getLogger("backend").setLevel(logging.ERROR)  # what a start writes into its log is printed here
    from backend import database  # noqa: PLC0415 - importing it is what heals

    report = database.report
    for action in report.actions:
        print(report.healed.notice if report.healed is not None and action == report.healed.sentence else action)
    if not report.actions:
        print("The database is healthy; nothing was done.")
    is_moved = live is not None and report.is_at_head and gate.is_moved(live)
    if is_moved:
        print(_MOVED)
    if is_moved or not report.is_usable:
        return 1
    return 0 if report.unacknowledged in {None, known_loss} else 2


def _backup(_: argparse.Namespace) -> int:
    home = _home()
    state = diagnose(home.live, layout.released(), watched=WATCHED).state
    if state is State.NEW:
        print("There is no database yet, so there is nothing to copy.")
        return 1
    if state is not State.HEALTHY:
        print("The database is not healthy, and a copy of damage is no backup. Heal it first.")
        return 1
    print(f"Took the snapshot {taking.take(home, 'command').path.name}, and checked it.")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    home = _home()
    known = {found.path.name: found for found in snapshots.listed(home.backups, home.live.stem)}
    if chosen.list or not known:
        print("\n".join(known) or "There are no snapshots.")
        return 0 if known else 1
    # After a reset the newest ones are as empty as the database, and nobody asks for those.
    wanted = (
        snapshots.newest_good(home.backups, home.live.stem, _has_accounts)
        if chosen.snapshot is None
        else known.get(chosen.snapshot)
    )
    if wanted is None:
        print("There is no such snapshot, or none that is good; `restore --list` shows what there is.")
        return 1
    if not (chosen.yes or _agreed(f"Put {wanted.path.name} in the place of the database?")):
        return 1
    with lock.file_lock(home.live), Occupancy(home.live).alone():
        try:
            kept = comeback.restore(wanted, home.live)
        except snapshots.DamagedError as error:
            sys.exit(f"ERROR: The snapshot {wanted.path.name} is damaged, and nothing was changed: {error}")
        memory.write_down(home.live, Memory())
    print(f"Restored {wanted.path.name}.{_told(kept)}")
    return 0


def _has_accounts(manifest: snapshots.Manifest) -> bool:
    found = manifest.tables.get("users")
    return found is not None and found.rows > 0


def _reset(chosen: argparse.Namespace) -> int:
    home = _home()
    if not (chosen.yes or _agreed("Begin with an empty database?")):
        return 1
    from backend.storage import migrate  # noqa: PLC0415 - Alembic is slow to import, and most commands need none

    with lock.file_lock(home.live), Occupancy(home.live).alone():
        # A new file takes the old one's place. Were there none, the next start would bring the newest snapshot back.
        candidate = swap.candidate_of(home.live)
        migrate.create(candidate)
        kept = comeback.put_in_place(candidate, home.live, "reset")
        memory.write_down(home.live, Memory())
        # Otherwise the newest snapshot, which a lost file is replaced by, would be of those who were here before.
        taking.take(home, "reset")
    print(f"The database is empty.{_told(kept)}")
    return 0


def _told(kept: Path | None) -> str:
    return f" What was there before is kept in {kept.parent.name}/{kept.name}." if kept is not None else ""


def _move(chosen: argparse.Namespace) -> int:
    with tqdm(unit=" rows", disable=None) as bar:

        def show(step: move.Step) -> None:
            bar.set_description(f"{step.stage} {step.table}".strip())
            bar.total, bar.n = step.total, step.done
            bar.refresh()

        return move.run(chosen, show)


def _create_admin(chosen: argparse.Namespace) -> int:
    from backend import database, security  # noqa: PLC0415 - only what needs the database prepares it
    from backend.models.user import UserCreate  # noqa: PLC0415
    from backend.services import accounts  # noqa: PLC0415

    password = _password()
    try:
        data = UserCreate(email=chosen.email, username=chosen.username, password=password)
        password_hash = security.hash_password(data.password)
        with database.write_scope() as session:
            accounts.register(session, data, password_hash, registration_open=True)
            accounts.make_admin(session, data.username)
    except ValueError as error:
        raise describe(error) from None
    print(f"Created the administrator {chosen.username}.")
    return 0


def _reset_password(chosen: argparse.Namespace) -> int:
    base = (chosen.url or get_settings().base_url).partition("#")[0].rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise ConfigurationError("--url takes the whole address, such as https://todos.example.com.")
    if get_settings().url.get_backend_name() == "sqlite" and not files.has_content(_home().live):
        raise ConfigurationError("There is no database, and so no account. A start makes one, or puts back a lost one.")
    from backend import database, security  # noqa: PLC0415 - only what needs the database prepares it
    from backend.services import accounts  # noqa: PLC0415

    with database.read_scope() as session:
        token = accounts.reset_token(session, chosen.name)
    # After the #, which a browser keeps to itself: no server, proxy or log sees it.
    print(f"{base}/#reset={token}")
    print(
        f"Good once, for {security.RESET_MINUTES} minutes. Give it to the owner of the account alone.", file=sys.stderr
    )
    return 0


def _home() -> Home:
    settings = get_settings()
    if settings.url.get_backend_name() != "sqlite":
        raise ConfigurationError("This command is for SQLite; a database server has tools of its own.")
    return find_home(Path(str(settings.url.database)), is_space=settings.is_space, data_dir=settings.data_dir)


def _agreed(question: str) -> bool:
    try:
        said = input(f"{question} The one that is there will be kept. [y/N] ")
    except EOFError:
        if sys.stdin.isatty():  # who ends the input there has been asked, and did not agree
            return False
        raise ConfigurationError("This is no terminal, so nobody can be asked; say --yes.") from None
    return said.strip().lower() in {"y", "yes"}


def _password() -> str:
    said = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not said:
        raise ConfigurationError(
            "There is no password. In a terminal it is asked for; elsewhere it is the first line of the input, such as"
            " `python -m backend create-admin EMAIL USERNAME < FILE`."
        )
    return said
