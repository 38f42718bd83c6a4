"""Checks that the readers of files share: the file is readable, its version is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charrnn.errors import ArtifactError, CharRnnError


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
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"{path}: cannot be read: {reason}"
        raise kind(message) from None


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
