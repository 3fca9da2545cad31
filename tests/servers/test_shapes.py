"""The shapes that recognise a revision on every kind of database are those that the migrations make."""

from backend.storage import shape


def test_shapes_json_is_what_the_migrations_make() -> None:
    known = shape.content()
    stored = shape.released()
    assert (stored.head, list(stored.tables), stored.digests) == (known["head"], known["tables"], known["digests"]), (
        "run `python -m backend.storage.shape` and commit shapes.json"
    )
