"""A keeper that is stopped at the end, and a home whose snapshots go elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.storage.home import Home, Kind
from backend.storage.keeper import Keeper
from tests.storage.helpers import make_home


@pytest.fixture
def make_keeper() -> Iterator[Callable[[Home], Keeper]]:
    made: list[Keeper] = []

    def make(home: Home) -> Keeper:
        made.append(Keeper(home))
        made[-1].start()
        return made[-1]

    yield make
    for keeper in made:
        keeper.stop()


@pytest.fixture
def mounted(tmp_path: Path) -> Home:
    return make_home(tmp_path, Kind.MOUNTED)


@pytest.fixture(params=[Kind.LASTING, Kind.MOUNTED])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return make_home(tmp_path, request.param)
