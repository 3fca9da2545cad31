"""Makes corpus/zones.json: every change of every clock in tzdata from 2020 to 2040, and when 02:30 is on those days.

Run `python tests/recurrence/zones.py` after a new tzdata. A wall-clock time becomes an instant by subtraction here, not
by the code under test: with the offset before the change, or with the one after it.
"""

import json
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

FIRST_YEAR, LAST_YEAR = 2020, 2040
CORPUS = Path(__file__).parent / "corpus" / "zones.json"
AT = time(2, 30)
# Finer than the time between any two changes of a clock.
STEP = timedelta(hours=6)


def instants(wall: datetime, at: datetime, before: int, after: int) -> tuple[datetime, str]:
    """When a wall-clock time is that lies near one change of the clock, and whether it is skipped or comes twice."""
    early = wall.replace(tzinfo=UTC) - timedelta(seconds=before)
    late = wall.replace(tzinfo=UTC) - timedelta(seconds=after)
    if early < at:
        return early, "twice" if late >= at else "once"
    return (late, "once") if late >= at else (early, "skipped")


def offset(zone: zoneinfo.ZoneInfo, at: datetime) -> int:
    """Seconds east of UTC at an instant, which no clock makes ambiguous."""
    difference = at.astimezone(zone).utcoffset()
    assert difference is not None
    return int(difference.total_seconds())


def changes(zone: zoneinfo.ZoneInfo) -> Iterator[tuple[datetime, int, int]]:
    """Each instant at which the clock of a zone jumps, with the offsets before and after."""
    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
    before = offset(zone, at)
    while at < end:
        late = at + STEP
        after = offset(zone, late)
        if after != before:
            early, found = at, late
            while found - early > timedelta(seconds=1):
                middle = early + timedelta(seconds=int((found - early).total_seconds()) // 2)
                early, found = (middle, found) if offset(zone, middle) == before else (early, middle)
            yield found, before, after
        at, before = late, after


def month_ends() -> list[str]:
    """The 31st of each month or its last day, by the calendar."""
    months = [(year, month) for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]
    return [str(date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)) for year, month in months]


def corpus() -> dict[str, Any]:
    """The whole corpus, zones with the same clock together."""
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    package = resources.files("tzdata")
    groups: dict[tuple[tuple[datetime, int, int], ...], list[str]] = defaultdict(list)
    known: dict[bytes, tuple[tuple[datetime, int, int], ...]] = {}
    starts: dict[str, int] = {}
    for name in sorted(package.joinpath("zones").read_text().split()):
        data = package.joinpath("zoneinfo", *name.split("/")).read_bytes()
        if data not in known:
            known[data] = tuple(changes(zoneinfo.ZoneInfo(name)))
        starts[name] = offset(zoneinfo.ZoneInfo(name), datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
        groups[known[data]].append(name)
    written = []
    for found, names in groups.items():
        jumps = []
        for at, before, after in found:
            days = sorted({(at + timedelta(seconds=seconds)).date() for seconds in (before, after)})
            daily = []
            for day in days:
                instant, kind = instants(datetime.combine(day, AT), at, before, after)
                daily.append([str(day), f"{instant:%Y-%m-%dT%H:%M:%SZ}", kind])
            jumps.append({"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "before": before, "after": after, "daily": daily})
        if jumps:
            written.append({"zones": names, "changes": jumps})
    return {
        "about": "02:30 on each day on which a clock changes: the instant, and whether 02:30 is once, twice or skipped",
        "tzdata": resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text().split()[2],
        "month_ends": month_ends(),
        "groups": written,
        "unchanging": {name: starts[name] for name in sorted(groups[()])},
    }


def main() -> None:
    """Write the corpus, one change a line."""
    made = corpus()
    groups = made.pop("groups")
    lines = [json.dumps(made)[:-1] + ', "groups": [']
    texts = []
    for group in groups:
        jumps = ",\n".join("  " + json.dumps(change, separators=(",", ":")) for change in group["changes"])
        texts.append(f' {{"zones": {json.dumps(group["zones"])}, "changes": [\n{jumps}]}}')
    CORPUS.write_text("\n".join([*lines, ",\n".join(texts), "]}"]) + "\n")


if __name__ == "__main__":
    main()
