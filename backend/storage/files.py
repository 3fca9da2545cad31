"""Files: copies that are whole or absent, and that stay after a power cut."""

import errno
import hashlib
import os
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024

# A folder cannot be synced on many network file systems. Its files were, and nothing more can be asked for.
_NO_SUCH_THING = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES}
_NO_RENAME = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV}


def keep_private() -> None:
    """From now on, what this process makes is for its own user alone.

    Databases, snapshots and what is put aside hold what everybody wrote; SQLite gives its logs the rights of its file.
    """
    os.umask(0o077)


def sync(path: Path) -> None:
    """Push a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not (path.is_dir() and error.errno in _NO_SUCH_THING):
            raise
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """A file's digest. Never of a live database: closing its file drops SQLite's locks on it in this process."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            # What was just written would come from this machine's cache; the question is what is on the other side.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity_of(path: Path) -> tuple[int, int] | None:
    """Which file has a name, whatever it is called; None where none has."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def has_content(path: Path) -> bool:
    """Whether a file is there, and not empty."""
    return path.exists() and path.stat().st_size > 0


def is_writable(path: Path) -> bool:
    """Whether a file, or one in its place where there is none, may be written to, with what lies beside it."""
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def is_full(folder: Path) -> bool:
    """Whether nothing more can be written there, as far as the file system tells."""
    try:
        return os.statvfs(folder).f_bavail == 0
    except OSError:
        return False


def copy(source: Path, target: Path) -> str:
    """Copy a file, synced; returns the digest of the bytes that were read."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def place(draft: Path, target: Path) -> None:
    """Give a file its name. A mount of an object store may not rename: there it is copied, and comes bit by bit."""
    try:
        draft.rename(target)
    except OSError as error:
        if error.errno not in _NO_RENAME:
            raise
        copy(draft, target)
        draft.unlink()


def write(path: Path, text: str) -> None:
    """Write a small file beside its place and rename it there."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(text)
    sync(draft)
    place(draft, path)
    sync(path.parent)
