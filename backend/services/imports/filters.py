"""Filters: a saved filter of the file is added, and one that is here stays as it is."""

from backend.exchange import record
from backend.exchange.record import FilterRecord
from backend.models.operation import Action, Kind
from backend.models.saved_filter import SavedFilter
from backend.models.todo_filter import TodoQuery
from backend.services import log
from backend.services.imports import cleaning
from backend.services.imports.batch import Batch


def take(batch: Batch, line: int, item: FilterRecord) -> None:
    """Add a saved filter; raises InvalidInputError and ValidationError."""
    name, owner_id = cleaning.name(item.name), batch.actor.user_id
    TodoQuery.model_validate(item.query)
    row = batch.session.get(SavedFilter, (owner_id, item.id))
    if row is not None:
        if (row.name, row.query) != (name, item.query):
            about = record.about("filter", item.name)
            batch.done.say(line, f"{about}: it is here already and says something else; it stays as it is.")
        return
    made = SavedFilter(
        owner_id=owner_id,
        id=item.id,
        name=name,
        query=item.query,
        position=cleaning.position(item.position) or batch.position(batch.done.filters_created),
        created_at=item.created_at or batch.plan.now,
        updated_at=item.updated_at or batch.plan.now,
    )
    batch.done.filters_created += 1
    if batch.plan.is_dry:
        return
    batch.session.add(made)
    batch.session.flush()
    after = {"name": made.name, "query": made.query, "position": made.position}
    log.record(batch.session, batch.actor, owner_id, Action.CREATE, Kind.FILTER, made.id, after=after)
