"""A format's 100,000 rows, written and read in this process alone; prints what its memory peaked at.

python tests/exchange/bulk.py csv 100000
"""

import json
import resource
import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from backend.exchange import csv_file, feed, ics, json_file, todotxt
from backend.exchange.record import AccountRecord, Record
from backend.models.field import Priority

ACCOUNT = AccountRecord(username="testuser", email="test@example.com", timezone="Europe/Berlin")
START = datetime(2027, 3, 1, 8, 30, tzinfo=UTC)
ZONES = (None, "UTC", "Europe/Berlin", "America/New_York")


def some(count: int, named: bool) -> Iterator[Record]:
    for number in range(count):
        moment = START + timedelta(minutes=number)
        zone = ZONES[number % 4]
        yield Record(
            id=str(UUID(int=number + (7 << 76))) if named else None,
            title=f"Todo number {number} with a title of usual length",
            description="A line of words, and another.\n" * (number % 5),
            completed=number % 3 == 0,
            completed_at=moment if number % 3 == 0 else None,
            priority=tuple(Priority)[number % 3],
            tags=("home", f"tag {number % 100}"),
            due_date=date(2027, 3, 1) + timedelta(days=number % 1_000),
            due_time=moment.time() if zone else None,
            due_timezone=zone,
            remind_at=moment if number % 7 == 0 else None,
            recurrence="FREQ=WEEKLY;BYDAY=MO" if number % 11 == 0 else None,
            created_at=moment,
            updated_at=moment,
            position=f"t{number:020}",
        )


def written(name: str, count: int, named: bool) -> Iterator[bytes]:
    records = some(count, named)
    if name == "json":
        return json_file.write(records, account=ACCOUNT, exported_at=START)
    if name == "feed":
        return feed.write(records, timezone="Europe/Berlin")
    writers = {"csv": csv_file.write, "ics": ics.write, "todotxt": todotxt.write}
    return writers[name](records)


def main(name: str, count: int, folder: str, traced: bool, named: bool) -> dict[str, float]:
    path = Path(folder) / f"todos.{name}"
    began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if traced:
        tracemalloc.start()
    clock = time.process_time()
    with path.open("wb") as file:
        file.writelines(written(name, count, named))
    wrote = time.process_time() - clock
    taken, clock = 0, time.process_time()
    if name != "feed":
        readers = {"json": json_file.read, "csv": csv_file.read, "ics": ics.read, "todotxt": todotxt.read}
        with path.open("rb") as file:
            for _, item in readers[name](iter(lambda: file.read(65_536), b"")):
                taken += isinstance(item, Record)
    return {
        "rows": taken,
        "bytes": path.stat().st_size,
        "write_cpu_seconds": round(wrote, 1),
        "read_cpu_seconds": round(time.process_time() - clock, 1),
        "traced_peak_bytes": tracemalloc.get_traced_memory()[1] if traced else 0,
        "rss_growth_bytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - began) * 1024,
    }


if __name__ == "__main__":
    _, name, count, folder, *flags = sys.argv
    print(json.dumps(main(name, int(count), folder, "traced" in flags, "nameless" not in flags)))  # noqa: T201
