"""What strangers send is no line of the log."""

import io
import logging
from collections.abc import Iterator

import pytest

from backend.api import discretion


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler writes that is treated as the app's own."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        discretion.keep_secrets()
        yield lines
    finally:
        root.removeHandler(handler)


def test_a_record_is_one_line_of_ordinary_length(written: io.StringIO) -> None:
    logging.getLogger("any").warning("%s", "x\nERROR: The database is damaged\r\x1b[31m\u2028" + "y" * 10_000)
    [line] = written.getvalue().splitlines()
    assert line.startswith("WARNING: x\\x0aERROR: The database is damaged\\x0d\\x1b[31m\\x2028yyy")
    assert len(line) < 2_100
