"""The old deployment, in the form in which storage asks for an adopter."""

from collections.abc import Callable

from sqlalchemy import Connection

from backend import adoption
from backend.adoption.report import AdoptionReport
from backend.storage.adopter import Adopted


class OldDeployment:
    """Recognises the databases of the old deployment and takes them over."""

    def recognises(self, connection: Connection) -> bool:
        """Whether these tables are the old deployment's; reads the catalogue only."""
        return adoption.recognise(connection) is not None

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
