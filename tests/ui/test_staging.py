"""Files on their way: only their owner's, never longer than needed, never larger than allowed."""

from collections.abc import Iterator

import pytest

from backend.errors import LimitReachedError, NotFoundError, PayloadTooLargeError
from backend.models.transfer import FILE_MAX_BYTES
from backend.ui import staging


@pytest.fixture(autouse=True)
def nothing_staged() -> Iterator[None]:
    yield
    for owner in list(staging._staged):
        staging.drop(owner)


def test_parts_become_the_file_also_where_one_comes_twice() -> None:
    for offset, content in ((0, b"abc"), (3, b"def"), (3, b"def"), (6, b"g")):
        staging.append("anna", offset, content)
    with staging.taken("anna") as file:
        file.seek(0)
        assert file.read() == b"abcdefg"


def test_a_file_is_gone_after_its_use_whatever_happened() -> None:
    staging.append("anna", 0, b"abc")
    with pytest.raises(ZeroDivisionError), staging.taken("anna") as file:
        raise ZeroDivisionError
    assert file.closed
    with pytest.raises(NotFoundError, match="Choose it again"):
        staging.find("anna")


def test_nobody_reaches_the_file_of_another() -> None:
    staging.append("anna", 0, b"abc")
    with pytest.raises(NotFoundError):
        staging.find("bert")
    with pytest.raises(NotFoundError):
        staging.append("bert", 3, b"more")


def test_a_new_file_deletes_the_one_before() -> None:
    before = staging.begin("anna").file
    staging.append("anna", 0, b"new")
    assert before.closed


def test_a_part_that_would_leave_a_gap_is_refused() -> None:
    staging.append("anna", 0, b"abc")
    with pytest.raises(NotFoundError):
        staging.append("anna", 5, b"x")


def test_too_large_a_file_is_refused_and_deleted() -> None:
    staging.append("anna", 0, b"abc")
    with pytest.raises(PayloadTooLargeError, match="64 MiB"):
        staging.append("anna", FILE_MAX_BYTES, b"x")
    with pytest.raises(NotFoundError):
        staging.find("anna")


def test_files_that_nobody_comes_back_for_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(staging.FILES_MAX):
        staging.begin(f"owner {number}")
    with pytest.raises(LimitReachedError, match="few minutes"):
        staging.begin("one more")
    monkeypatch.setattr(staging, "_KEPT_SECONDS", -1)
    staging.begin("one more")
    assert list(staging._staged) == ["one more"]
