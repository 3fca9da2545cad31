"""What Alembic does differently on servers.

On MySQL and MariaDB each CREATE or ALTER commits by itself, so a migration killed half way leaves half of its steps
done at the old revision. Run again, it skips the steps that were done. Alembic picks a class by its `__dialect__` when
it is defined. What a migration does to rows is not known here: its statements must give the same result when they run
twice.

On PostgreSQL a migration is one transaction; there, columns that are added later only need the collation of the others.
"""

from typing import Any

from alembic.ddl.mysql import MySQLImpl
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import CheckConstraint, Column, Constraint, Index, Inspector, Table, UniqueConstraint, inspect
from sqlalchemy.sql.elements import conv, quoted_name

from backend.storage.dialect import compare_bytes


def install() -> None:
    """Importing this module has made the classes known to Alembic."""


class _Resumable(MySQLImpl):
    __dialect__ = "mysql"

    def _look(self) -> Inspector | None:
        """The tables as they are now; None where SQL is only printed."""
        return None if self.as_sql or self.connection is None else inspect(self.connection)

    def _columns(self, table: str) -> set[str] | None:
        look = self._look()
        if look is None:
            return None
        return {column["name"] for column in look.get_columns(table)} if look.has_table(table) else set()

    def _names(self, table: str) -> set[str] | None:
        """The names of all indexes and constraints of a table."""
        look = self._look()
        if look is None:
            return None
        if not look.has_table(table):
            return set()
        found: list[Any] = [
            *look.get_indexes(table),
            *look.get_unique_constraints(table),
            *look.get_foreign_keys(table),
            *look.get_check_constraints(table),
        ]
        return {str(item["name"]) for item in found}

    def create_table(self, table: Table, **kw: Any) -> None:
        """Skip a table that is there; CREATE TABLE itself is done or not done, never half."""
        look = self._look()
        if look is None or not look.has_table(table.name):
            super().create_table(table, **kw)
            return
        for index in table.indexes:
            self.create_index(index)

    def drop_table(self, table: Table, **kw: Any) -> None:
        """Skip a table that is gone."""
        look = self._look()
        if look is None or look.has_table(table.name):
            super().drop_table(table, **kw)

    def rename_table(
        self, old_table_name: str, new_table_name: str | quoted_name, schema: str | quoted_name | None = None
    ) -> None:
        """Skip a table that has its new name."""
        look = self._look()
        if look is None or look.has_table(old_table_name):
            super().rename_table(old_table_name, new_table_name, schema)

    def add_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        """Skip a column that is there. Its rule goes without a name: MariaDB lets a column's rule have none."""
        for rule in column.constraints:
            if isinstance(rule, CheckConstraint):
                rule.name = None
        columns = self._columns(table_name)
        if columns is None or column.name not in columns:
            super().add_column(table_name, column, **kw)

    def drop_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        """Skip a column that is gone."""
        columns = self._columns(table_name)
        if columns is None or column.name in columns:
            super().drop_column(table_name, column, **kw)

    def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        """Skip a column that has its new name; any other change is the same when it is made twice."""
        columns = self._columns(table_name)
        if columns is None or column_name in columns:
            super().alter_column(table_name, column_name, **kw)

    def create_index(self, index: Index, **kw: Any) -> None:
        """Skip an index that is there."""
        names = self._names(_table_of(index))
        if names is None or str(index.name) not in names:
            super().create_index(index, **kw)

    def drop_index(self, index: Index, **kw: Any) -> None:
        """Skip an index that is gone."""
        names = self._names(_table_of(index))
        if names is None or str(index.name) in names:
            super().drop_index(index, **kw)

    def add_constraint(self, const: Constraint | UniqueConstraint, **kw: Any) -> None:
        """Skip a constraint that is there."""
        names = self._names(_table_of(const))
        if names is None or str(_name_of(const)) not in names:
            super().add_constraint(const, **kw)

    def drop_constraint(self, const: Constraint, **kw: Any) -> None:
        """Skip a constraint that is gone."""
        names = self._names(_table_of(const))
        if names is None or str(_name_of(const)) in names:
            super().drop_constraint(const, **kw)


class _ResumableMariaDB(_Resumable):
    __dialect__ = "mariadb"


class _Bytewise(PostgresqlImpl):
    """PostgreSQL needs no taking up; but a column that is added later must compare as those of a new table do."""

    __dialect__ = "postgresql"

    def add_column(self, table_name: str, column: Column[Any], **kw: Any) -> None:
        """Add a column with the collation of its kind; on MySQL it takes the table's own."""
        compare_bytes(column)
        super().add_column(table_name, column, **kw)


def _table_of(item: Index | Constraint) -> str:
    return item.table.name if item.table is not None else ""


def _name_of(constraint: Constraint) -> str | conv | None:
    return constraint.name if isinstance(constraint.name, str) else None
