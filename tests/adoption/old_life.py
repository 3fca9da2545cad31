"""A database of the old deployment that has seen some life: every kind of value that adoption treats on its own."""

import json
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from tests.adoption import old_deployment

_WORDS = "milk dentist Müller invoice bread Zürich garden café report 東京 bike 🌱 letter school train router".split()  # noqa: SIM905 - words read best in one line
_START = datetime(2026, 2, 1, 8)  # noqa: DTZ001 - the old deployment wrote naive times


def build(path: Path, *, users: int = 40, todos: int = 2_000, seed: int = 1, version: str | None = "001") -> Path:
    """Make the file with the statements and the rules that it really had."""
    rng = random.Random(seed)  # noqa: S311 - seeded, not secret
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA secure_delete = OFF")
        for statement in old_deployment.SQLITE:
            connection.execute(statement)
        if version is not None:
            connection.execute("INSERT INTO alembic_version VALUES (?)", [version])
        secret = old_deployment.old_hash(old_deployment.PASSWORD)
        for number in range(1, users + 1):
            row = [number, f"user{number}@example.com", f"user{number}", secret, _moment(number), _moment(number)]
            connection.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", row)
        for number in range(1, todos + 1):
            connection.execute("INSERT INTO todos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _todo(rng, number, users))
        # What was deleted must stay so, although its bytes still lie in the file.
        gone = rng.sample(range(1, todos + 1), todos // 10)
        connection.executemany("DELETE FROM todos WHERE id = ?", [[number] for number in gone])
    return path


def _todo(rng: random.Random, number: int, users: int) -> list[object]:
    chance = rng.random()
    title = " ".join(rng.choices(_WORDS, k=rng.randint(2, 9)))
    if chance < 0.02:
        title = " ".join(rng.choices(_WORDS, k=1_200))[:10_000]
    description = " ".join(rng.choices(_WORDS, k=rng.randint(3, 30))) if chance > 0.6 else ""
    if chance > 0.98:
        description = " ".join(rng.choices(_WORDS, k=1_200))[:10_000]
    tags = sorted(set(rng.choices(_WORDS, k=rng.choice((0, 0, 1, 3)))))
    due = _moment(number + rng.randint(-9, 900)) if rng.random() < 0.4 else None
    recurrence = "every second Monday" if rng.random() < 0.05 else None
    return [
        number,
        rng.randint(1, users),
        title,
        description,
        int(rng.random() < 0.3),
        rng.choice(("low", "medium", "high")),
        json.dumps(tags),
        due,
        recurrence,
        _moment(number),
        _moment(number + rng.randint(0, 50)),
    ]


def _moment(number: int) -> str:
    return f"{_START + timedelta(minutes=37 * number, microseconds=number):%Y-%m-%d %H:%M:%S.%f}"
