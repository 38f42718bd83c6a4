r"""Reading and writing the pipeline's files (arrays: `arrays`).

Writes are atomic: a file is written to a temporary name in the same folder, flushed to
the disk and renamed; then the folder is flushed.  Equal content gives equal bytes on
every machine: sorted keys, ``\n`` as line end, floats as the shortest text that reads
back as the same number, no clock time, path or version.
"""

import contextlib
import csv
import errno
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ArtifactError
from charrnn.files.checks import open_file, reason

# Beyond this number a figure in percent can overflow: as good as infinite.
_LARGEST = 1e300


class Outputs:
    """Files that appear together at the end of a ``with``, or not at all.

    All files are on the disk under temporary names before the first is renamed.  If the
    process ends between two renames, complete new files and complete old files are left;
    DVC then runs the stage again.
    """

    def __init__(self) -> None:
        self._waiting: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        """Return the collection itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Rename the files, unless there was an exception; remove temporary files."""
        renamed = self._waiting if kind is None else {}
        try:
            for path, temporary in renamed.items():
                with _about(path):
                    temporary.replace(path)
            for folder in dict.fromkeys(path.parent for path in renamed):
                with _about(folder):
                    _flush_folder(folder)
        finally:
            for temporary in self._waiting.values():
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)

    @property
    def paths(self) -> list[Path]:
        """The files, in the order in which they were written."""
        return list(self._waiting)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, and create its folder if it is missing.

        Raises
        ------
        ArtifactError
            If the file cannot be written.
        """
        with _about(path):
            if path.is_dir():  # so are / and the empty path, which have no name
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            temporary = path.with_name(f".{path.name}.tmp")
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)  # left by a crash; does not follow a link
            self._waiting[path] = temporary
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def text(self, path: Path, text: str) -> None:
        """Write a text as UTF-8."""
        self.write(path, text.encode("utf-8"))

    def json(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write JSON with sorted keys and a final newline; NaN is refused."""
        try:
            text = json.dumps(
                content, sort_keys=True, indent=2, allow_nan=False, ensure_ascii=False
            )
        except ValueError:
            message = (
                f"{path}: cannot be written: it contains a number that is not finite"
            )
            raise ArtifactError(message) from None
        self.text(path, text + "\n")

    def table(
        self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write a CSV file: a line of column names, then one line per row."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        self.text(path, text.getvalue())


def _flush_folder(folder: Path) -> None:
    """Let new names outlast a power cut, before anything that relies on them is done."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextlib.contextmanager
def _about(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: no name, or a NUL in it
        message = f"{path}: cannot be written: {reason(error)}"
        raise ArtifactError(message) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with Outputs() as out:
        out.write(path, content)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, atomically."""
    with Outputs() as out:
        out.text(path, text)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON as `Outputs.json` does, atomically."""
    with Outputs() as out:
        out.json(path, content)


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises
    ------
    ArtifactError
        If it cannot be read.
    """
    with open_file(path) as file:
        return file.read()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    ArtifactError
        If the file cannot be read or does not contain a JSON object.
    """
    try:
        text = read_bytes(path).decode("utf-8")
        content = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        message = f"{path}: damaged: not valid JSON"
        raise ArtifactError(message) from None
    if not isinstance(content, dict):
        message = f"{path}: damaged: holds {type(content).__name__}, not an object"
        raise ArtifactError(message)
    return content


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; refuse duplicate keys."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def read_rows(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Read a CSV file of texts.

    Raises
    ------
    ArtifactError
        If the file cannot be read, or if its columns differ.
    """
    try:
        header, *rows = csv.reader(io.StringIO(read_bytes(path).decode("utf-8")))
    except (ValueError, csv.Error):
        message = f"{path}: damaged: not a table"
        raise ArtifactError(message) from None
    if header != list(columns) or any(len(row) != len(header) for row in rows):
        message = f"{path}: its columns are not {', '.join(columns)}"
        raise ArtifactError(message)
    return rows


def read_table(
    path: Path, columns: Sequence[str], *, may_be_empty: bool = False
) -> NDArray[np.float64]:
    """Read a CSV file of finite numbers.

    Returns
    -------
    (rows, len(columns)) float64

    Raises
    ------
    ArtifactError
        If the columns differ, or if a value is not a finite number.
    """
    try:
        header, *lines = csv.reader(io.StringIO(read_bytes(path).decode("utf-8")))
        values = [[float(value) for value in line] for line in lines]
        table = np.array(values).reshape(len(lines), len(header))
    except (ValueError, csv.Error):
        message = f"{path}: damaged: not a table of numbers"
        raise ArtifactError(message) from None
    if header != list(columns):
        message = f"{path}: damaged: its columns are not {', '.join(columns)}"
        raise ArtifactError(message)
    if len(table) == 0 and not may_be_empty:
        message = f"{path}: damaged: it has no rows"
        raise ArtifactError(message)
    if not all(abs(value) < _LARGEST for value in table.flat):
        message = f"{path}: damaged: a value is not finite"
        raise ArtifactError(message)
    return table
