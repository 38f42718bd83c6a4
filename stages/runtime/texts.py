"""Reading the texts that another stage wrote."""

from pathlib import Path

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8.

    Raises
    ------
    ArtifactError
        If the file cannot be read or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        message = f"{path}: damaged: not UTF-8"
        raise ArtifactError(message) from None
