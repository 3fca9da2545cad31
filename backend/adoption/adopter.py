"""The old deployment, in the form in which storage asks for an adopter."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from backend import adoption
from backend.adoption import remains
from backend.adoption.report import AdoptionReport
from backend.storage.adopter import Adopted
from backend.storage.salvage.caretaker import Caretaker
from backend.storage.salvage.layouts import Layout


class OldDeployment:
    """Recognises the databases of the old deployment and takes them over."""

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """What its tables look like on disk."""
        return remains.layouts()

    @property
    def caretaker(self) -> Caretaker:
        """Answers for rows that are not whole."""
        return remains.RemainsCaretaker()

    def create_bare(self, path: Path) -> None:
        """Make a file with its tables, empty and without rules."""
        remains.create_bare(path)

    def recognises(self, connection: Connection) -> bool:
        """Whether these tables are the old deployment's; reads the catalogue only."""
        return adoption.recognise(connection) is not None

    def is_whole(self, connection: Connection) -> bool:
        """Whether both of its tables are there; a start that failed half way made one."""
        layout = adoption.recognise(connection)
        return layout is not None and not layout.is_half_made

    def adopt(self, source: Connection, target: Connection) -> Adopted:
        """Copy everything into an empty database of ours, and verify it."""
        return _told(adoption.adopt(source, target))

    def adopt_in_place(self, connection: Connection, create_tables: Callable[[Connection], object]) -> Adopted:
        """Put the old tables aside, create ours, and copy everything, in the caller's transaction."""
        return _told(adoption.adopt_in_place(connection, create_tables))


def _told(report: AdoptionReport) -> Adopted:
    sentence = (
        f"Adopted a database of the old deployment: {report.users} accounts and {report.todos} todos; "
        f"{len(report.findings)} values could not be taken over as they were."
    )
    return Adopted(sentence, "".join(f"{line}\n" for line in report.json_lines()))
