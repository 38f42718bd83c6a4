"""The rule for files that a command writes: none is overwritten unasked."""

import os
from pathlib import Path

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes


def is_there(path: Path) -> bool:
    """Whether there is such a file; an odd name, which writing refuses, names none."""
    return os.path.exists(path)  # noqa: PTH110  # Path.exists raises for an odd name


def check_new(path: Path, content: bytes, *, force: bool) -> None:
    """Refuse to overwrite an existing, different file.

    Raises
    ------
    ArtifactError
        Unless `force` is true.
    """
    if is_there(path) and not force and read_bytes(path) != content:
        message = f"{path}: exists and differs; --force overwrites the file"
        raise ArtifactError(message)
