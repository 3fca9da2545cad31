"""How Alembic reaches the database, from the command line and from within the app.

Imports models, settings and storage, never backend.database: that one migrates when it is imported.
"""

from typing import Any

from alembic import context
from sqlalchemy import Connection

import backend.models  # noqa: F401 - fills the metadata
from backend.models.base import metadata
from backend.settings import get_settings
from backend.storage.engine import make_engine, migrating


def configure(dialect: str, **options: Any) -> None:
    """Set up a migration in one transaction, in batch mode on SQLite, which cannot alter a table in place."""
    is_sqlite = dialect == "sqlite"
    context.configure(
        target_metadata=metadata, render_as_batch=is_sqlite, transactional_ddl=is_sqlite or None, **options
    )


def run(connection: Connection) -> None:
    """Migrate over an open connection."""
    configure(connection.dialect.name, connection=connection)
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    """Print the SQL instead of running it."""
    url = get_settings().url
    configure(
        url.get_backend_name(),
        url=url.render_as_string(hide_password=False),
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate over the app's connection, or over one of our own on the command line."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    engine = make_engine(get_settings().url)
    with migrating(engine) as connection:
        run(connection)
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
