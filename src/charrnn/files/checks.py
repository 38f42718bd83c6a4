"""Checks that the readers of files share: the file is readable, its version is known."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from charrnn.errors import ArtifactError, CharRnnError

# A book of this size takes some 500 GB of memory; /proc/kcore states 128 TB.
_MOST_BYTES = 1 << 36
# Opening a FIFO would wait for a writer. Windows has no such flag, and no FIFOs.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)


@contextmanager
def reading(path: Path, kind: type[CharRnnError] = ArtifactError) -> Iterator[None]:
    """Turn an error of the system inside into one of ours, which names the file.

    Raises
    ------
    CharRnnError
        Of the given kind, if the file cannot be read.
    """
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        message = f"{path}: cannot be read: {reason(error)}"
        raise kind(message) from None


def reason(error: OSError | ValueError) -> str:
    """Return what the system says of an error, without the path."""
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def open_file(
    path: Path, kind: type[CharRnnError] = ArtifactError, *, may_grow: bool = False
) -> Iterator[BufferedReader]:
    """Open a file to read all of it; no stage and no command opens a file otherwise.

    A FIFO, a device or a file of /proc could wait forever or never end.  A file of /proc
    passes for a regular file, but has another length than the one it states; a file that
    `may_grow` may have one, too.

    Raises
    ------
    CharRnnError
        Of the given kind, if the path is not a regular file of the length that the
        system states, or if the file cannot be read.
    """
    with reading(path, kind), open(path, "rb", opener=_open_at_once) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(0, "not a regular file")
        if about.st_size > _MOST_BYTES:
            raise OSError(0, f"longer than {_MOST_BYTES >> 30} GiB")
        file.seek(about.st_size)
        if not may_grow and file.read(1):
            raise OSError(0, "not a regular file, or still being written")
        file.seek(0)
        yield file


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_WAIT)


def check_version(path: Path, found: object, readable: int) -> None:
    """Refuse a file format of another version than the readable one.

    Raises
    ------
    ArtifactError
    """
    if type(found) is not int or found != readable:
        message = (
            f"{path}: is of version {str(found)[:20]}; this charrnn reads {readable}"
        )
        raise ArtifactError(message)
