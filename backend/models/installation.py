"""Installation: the one row about a database as a whole. Its state is kept by storage.gate."""

from sqlalchemy import CheckConstraint, Column, SmallInteger, String
from sqlmodel import Field as TableField
from sqlmodel import SQLModel


class Installation(SQLModel, table=True):
    """Whether this database is in use. Locking its row makes two first registrations wait for each other."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = TableField(default=1, sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    state: str = TableField(default="active", sa_column=Column(String(16), nullable=False))
