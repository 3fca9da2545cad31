"""What comes in as bytes: refused where it is no text at all, and cut into lines of bounded length.

UTF-8 is read with or without a byte order mark, UTF-16 with one.
"""

import codecs
from collections.abc import Iterable, Iterator

from backend.errors import FieldError, InvalidInputError, invalid

LINE_MAX_BYTES = 1_000_000
OUT_BYTES = 65_536

NOT_UTF8 = "This line is not UTF-8 text. Save the file as UTF-8 and import it again."
TOO_LONG = f"This line is longer than {LINE_MAX_BYTES:,} bytes."

_LOOK_BYTES = 4_096
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive (or a spreadsheet); unpack it, or save it as CSV, and import what is inside",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "compressed with gzip; unpack it and import what is inside",
    b"BZh": "compressed with bzip2; unpack it and import what is inside",
    b"\xfd7zXZ\x00": "compressed with xz; unpack it and import what is inside",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it and import what is inside",
    b"Rar!": "a RAR archive; unpack it and import what is inside",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard; unpack it and import what is inside",
    b"%PDF": "a PDF",
    b"SQLite format 3\x00": "a database",
    b"\xd0\xcf\x11\xe0": "an old Office document; save it as CSV and import that",
    codecs.BOM_UTF32_LE: "UTF-32 text; save it as UTF-8",
    codecs.BOM_UTF32_BE: "UTF-32 text; save it as UTF-8",
}


def refused(sentence: str) -> InvalidInputError:
    """The refusal of a whole file."""
    return invalid([FieldError("file", sentence)])


def text(source: Iterable[bytes], *, may_be_empty: bool = False) -> Iterator[bytes]:
    """The file as UTF-8 without byte order mark; raises InvalidInputError where it is empty or no text."""
    chunks = iter(source)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LOOK_BYTES:
            break
    if not head and not may_be_empty:
        raise refused("is empty")
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise refused(f"is {what}")
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if encoding is None and b"\x00" in head[:_LOOK_BYTES]:
        raise refused("is not text; save it as UTF-8 and import that")
    rest = _joined(head.removeprefix(codecs.BOM_UTF8), chunks)
    return rest if encoding is None else _recoded(rest, encoding)


# The decoders eat the mark themselves.
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def _joined(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


def _recoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Half characters become bytes that are no UTF-8, so that their line is refused like any other."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode(errors="surrogatepass")
    try:
        yield decoder.decode(b"", final=True).encode(errors="surrogatepass")
    except UnicodeDecodeError:
        yield b"\xff"


def lines(chunks: Iterable[bytes], most: int = LINE_MAX_BYTES) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number and its line end; None in place of one that is longer than `most` bytes."""
    pending: list[bytes] = []
    number, size = 0, 0
    for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start) + 1) > 0:
            number, size = number + 1, size + end - start
            yield number, None if size > most else b"".join([*pending, chunk[start:end]])
            pending, size, start = [], 0, end
        size += len(chunk) - start
        if size > most:
            pending = []
        elif start < len(chunk):
            pending.append(chunk[start:])
    if size:
        yield number + 1, None if size > most else b"".join(pending)


def decoded(line: bytes) -> str | None:
    """The text of a line, None where it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a trip through a web server."""
    pending: list[bytes] = []
    size = 0
    for part in parts:
        pending.append(part)
        size += len(part)
        if size >= OUT_BYTES:
            yield b"".join(pending)
            pending, size = [], 0
    if pending:
        yield b"".join(pending)
