"""What cannot be read: each row is refused by its line in a plain sentence, and none stops the rest."""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator

import pytest

from backend.errors import InvalidInputError
from backend.exchange import csv_file, ics, json_file, todotxt
from backend.exchange.record import Row
from tests.exchange.records import problems, refusals, taken

READERS: dict[str, Callable[[Iterable[bytes]], Iterator[Row]]] = {
    "json": json_file.read,
    "csv": csv_file.read,
    "ics": ics.read,
    "todotxt": todotxt.read,
}


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("todo.txt", "Buy milk\n")
    return held.getvalue()


FILES = {
    b"": "is empty",
    zipped(): "is a ZIP archive",
    gzip.compress(b"Buy milk\n"): "compressed with gzip",
    b"\x89PNG\r\n\x1a\n\x00\x00": "is not text",
    b"SQLite format 3\x00": "is a database",
    b"%PDF-1.7": "is a PDF",
    "Buy milk".encode("utf-32"): "UTF-32",
    "Buy milk".encode("utf-16-le"): "is not text",
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("data", FILES, ids=list(FILES.values()))
def test_what_is_no_text_is_refused_as_a_whole(name: str, data: bytes) -> None:
    if name == "todotxt" and not data:  # somebody who has nothing to do
        assert list(todotxt.read([])) == []
        return
    with pytest.raises(InvalidInputError) as caught:
        list(READERS[name]([data] if data else []))
    assert FILES[data] in caught.value.detail
    assert caught.value.errors[0].field == "file"


@pytest.mark.parametrize("name", ["json", "csv", "ics"])
def test_another_format_is_refused_as_a_whole(name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"file: (is no|has no|is not)"):
        list(READERS[name]([b"Buy milk @home\n"]))


HEAD = b'{"format": "todos-export", "format_version": 1, "todos": [\n'
CALENDAR = b"BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:a\nEND:VTODO\n"


@pytest.mark.parametrize(
    ("name", "data", "refused", "titles"),
    [
        # JSON
        ("json", HEAD + b'{"title": ""},\n{"title": "b"}]}', [(2, "title: must not be empty.")], ["b"]),
        ("json", HEAD + b'{"titel": "a"},\n{"title": "b"}]}', [(2, "titel")], ["b"]),
        ("json", HEAD + b'7,\n["x"],\n{"title": "b"}]}', [(2, "no object"), (3, "no object")], ["b"]),
        ("json", HEAD + b'{"title": "a", "tags": 1e999},\n{"title": "b"}]}', [(2, "tags")], ["b"]),
        ("json", HEAD + b'{"title": "a"},\n{"title": "b"', [(3, "ends early")], ["a"]),
        ("json", HEAD + b'{"title": "a"},\n{"title": \xff}', [(3, "not JSON from here")], ["a"]),
        ("json", HEAD + b'{"title": "a"},\n{"tags": ' + b"9" * 4_301 + b"}]}", [(3, "not JSON from here")], ["a"]),
        ("json", HEAD + b'{"title": "a"},\n{"tags": 1e' + b"9" * 20 + b"}]}", [(3, "not JSON from here")], ["a"]),
        ("json", HEAD + b'{"title": "a"},\n' + b"[" * 10_000, [(3, "nested too deeply")], ["a"]),
        ("json", HEAD + b'{"title": "a"},\n{"title": "' + b"b" * 1_100_000, [(3, "larger than")], ["a"]),
        # CSV
        ("csv", b"title,due_date\na,2027-02-30\nb,2027-03-01\n", [(2, "due_date: must be a date")], ["b"]),
        ("csv", b"title;tags\na;b;c\nb;c\n", [(2, "3 cells where the heading has 2")], ["b"]),
        ("csv", b'title,tags\n"a" b,c\nb,c\n', [(2, "a quote stands where none belongs")], ["b"]),
        ("csv", b"title,tags\nM\xfcll,c\nb,c\n", [(2, "not UTF-8")], ["b"]),
        ("csv", b'title,tags\nb,c\n"a,c\n', [(3, "ends inside of a quoted cell")], ["b"]),
        ("csv", b"title,tags\n" + b"a" * 140_000 + b",c\nb,c\n", [(2, "131,072 characters")], ["b"]),
        ("csv", b"title,tags\n" + b"a," * 600_000 + b"c\nb,c\n", [(2, "longer than 1,000,000")], ["b"]),
        ("csv", b"title,completed\na,perhaps\nb,yes\n", [(2, "completed")], ["b"]),
        ("csv", b"title,tags\na\x00,c\nb,c\n", None, ["b"]),
        # iCalendar
        ("ics", CALENDAR + b"BEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR\n", [(5, "title: must not be empty.")], ["a"]),
        ("ics", CALENDAR + b"BEGIN:VTODO\nSUMMARY:b\nDUE:20270230\nEND:VTODO\nEND:VCALENDAR", [(5, "its DUE")], ["a"]),
        ("ics", CALENDAR + b"BEGIN:VTODO\nSUMMARY:b\n", [(5, "ends early")], ["a"]),
        ("ics", CALENDAR + b"BEGIN:VTODO\nno line\nEND:VTODO\nEND:VCALENDAR", [(5, "Line 6 is no line")], ["a"]),
        ("ics", CALENDAR + b"BEGIN:VTODO\nSUMMARY:\xff\nEND:VTODO\nEND:VCALENDAR", [(5, "not UTF-8")], ["a"]),
        (
            "ics",
            CALENDAR + b"BEGIN:VTODO\nSUMMARY:" + b"b" * 300_000 + b"\nEND:VTODO\nEND:VCALENDAR",
            [(5, "longer than 262,144")],
            ["a"],
        ),
        (
            "ics",
            CALENDAR + b"BEGIN:VTODO\n" + b"X-A:b\n" * 100_000 + b"END:VTODO\nEND:VCALENDAR",
            [(5, "larger than 1,000,000")],
            ["a"],
        ),
        # lines
        ("todotxt", b"M\xfcll\nb\n", [(1, "not UTF-8")], ["b"]),
        ("todotxt", b"a" * 501 + b"\n\nb\n", [(1, "at most 500 characters")], ["b"]),
        ("todotxt", b"a" * 1_000_001 + b"\nb\n", [(1, "longer than 1,000,000")], ["b"]),
        ("todotxt", b"x 2027-02-30 a\nb\n", [(1, "not in the calendar")], ["b"]),
    ],
)
def test_a_bad_row_costs_itself_alone(
    name: str, data: bytes, refused: list[tuple[int, str]] | None, titles: list[str]
) -> None:
    if refused is None:  # NUL within the first lines: the whole file is no text
        with pytest.raises(InvalidInputError, match="is not text"):
            list(READERS[name]([data]))
        return
    rows = list(READERS[name]([data]))
    found = refusals(rows)
    assert [line for line, _ in found] == [line for line, _ in refused], found
    for (_, sentence), (_, words) in zip(found, refused, strict=True):
        assert words in sentence
        assert sentence.endswith(".")
    assert [item.title for item in taken(rows)] == titles


def test_a_newer_version_is_refused_before_anything_is_taken() -> None:
    with pytest.raises(InvalidInputError, match="format_version 2; this app reads 1"):
        list(json_file.read([b'{"format": "todos-export", "format_version": 2, "todos": [{"title": "a"}]}']))


@pytest.mark.parametrize(
    "data", [b'[{"title": "a"}]', b'{"todos": [{"title": "a"}]}', b"{}", b"null", b'{"format": 7}']
)
def test_json_of_others_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="not an export of this app"):
        list(json_file.read([data]))


@pytest.mark.parametrize(
    "begin", [b"", b'{"todos":', b'{"format": "todos-export", "format_version": ', b"[1, -", b'{"account": ']
)
def test_a_number_that_python_does_not_read_ends_the_reading_and_not_the_process(begin: bytes) -> None:
    for number in (b"9" * 4_301, b"1e" + b"9" * 20):
        for end in (b"", b" ", b"}", b"\n]"):
            with pytest.raises(InvalidInputError, match=r"not JSON|not an export of this app|format_version"):
                list(json_file.read([begin + number + end]))


def test_other_programs_may_sort_and_indent_the_json() -> None:
    data = (
        b'{"account": {"email": "e", "timezone": "UTC", "username": "u"},\n "format": "todos-export",\n'
        b' "format_version": 1,\n "other": {"todos": [{"title": "not me"}]},\n'
        b' "todos": [\n  {\n   "title": "a"\n  }\n ]\n}'
    )
    rows = list(json_file.read([data]))
    assert [(line, type(item).__name__) for line, item in rows] == [(1, "AccountRecord"), (8, "Record")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_spreadsheets_may_save_the_csv_in_their_way(encoding: str, separator: str, newline: str) -> None:
    rows = [["Title", "TAGS"], ["Müll, rausbringen", '"a,b"'], ["", ""], ["b", ""]]
    text = newline.join(separator.join('"' + cell.replace('"', '""') + '"' for cell in cells) for cells in rows)
    found = list(csv_file.read([text.encode(encoding)]))
    assert problems(found) == []
    assert [(item.title, item.tags) for item in taken(found)] == [("Müll, rausbringen", ("a,b",)), ("b", ())]


def test_half_a_character_at_the_end_of_utf_16_is_refused_by_its_line() -> None:
    found = list(todotxt.read(["a\nb".encode("utf-16") + b"c"]))
    assert [item.title for item in taken(found)] == ["a"]
    assert [line for line, _ in refusals(found)] == [2]


def test_excel_may_say_what_separates() -> None:
    found = list(csv_file.read([b"sep=;\ntitle;tags\na,b;c\n"]))
    assert [(line, item.title) for line, item in found if not hasattr(item, "sentence")] == [(3, "a,b")]  # type: ignore[union-attr]


def test_an_unknown_column_is_named_and_the_rest_read() -> None:
    found = list(csv_file.read([b"title,mood\na,good\n"]))
    [(line, notice)] = problems(found)
    assert (line, notice.refused) == (1, False)
    assert "'mood'" in notice.sentence
    assert [item.title for item in taken(found)] == ["a"]


@pytest.mark.parametrize("name", READERS)
def test_random_bytes_never_crash_a_reader(name: str) -> None:
    good = {"json": HEAD, "csv": b"title,tags\n", "ics": CALENDAR, "todotxt": b""}[name]
    noise = bytes((7 * n * n + 13 * n) % 255 + 1 for n in range(20_000))
    for data in (noise, good + noise, good + noise.replace(b"\n", b""), good + b'"' + noise):
        try:
            lines = [line for line, _ in READERS[name]([data])]
        except InvalidInputError as error:
            lines = [1] if error.detail.startswith("file: ") else []
        assert lines
        assert all(line >= 1 for line in lines)


def test_a_time_zone_that_recurs_each_second_costs_nothing() -> None:
    """The library would expand it."""
    bomb = (
        b"BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Bomb\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        b"RRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0000\nEND:STANDARD\nEND:VTIMEZONE\n"
        b"BEGIN:VTODO\nSUMMARY:a\nDUE;TZID=Bomb:20270301T090000\nRRULE:FREQ=SECONDLY\nEND:VTODO\nEND:VCALENDAR\n"
    )
    rows = list(ics.read([bomb]))
    [todo] = taken(rows)
    assert (str(todo.due_time), todo.due_timezone) == ("09:00:00", None)
    assert "'Bomb' is not known" in problems(rows)[0][1].sentence


def test_components_in_components_end_somewhere() -> None:
    data = b"BEGIN:VCALENDAR\n" + b"BEGIN:VTODO\n" * 50_000 + b"SUMMARY:a\n" + b"END:VTODO\n" * 50_000
    rows = list(ics.read([data]))
    assert 1 <= len(rows) <= 20
