"""The curve of a training that is running: a file that grows beside the checkpoint.

Each line is a JSON object: first what the training is, then new points of the curve and new
validations.  The file is removed when the training ends, however it ends; after a power
cut it stays, but no process holds the lock of its run.
"""

import contextlib
import json
import time
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from charrnn.files.checks import open_file
from charrnn.training.state import Row, Run, Validation

SUFFIX = ".curve"
_SECONDS = 1.0  # between two looks at the run


class GrowingCurve:
    """Writes the curve of a run while it trains; a disk that is full does no harm.

    Parameters
    ----------
    path : Path
    run : Run
    sequence_length : int
    updates : int
        Of the whole training.
    """

    def __init__(
        self, path: Path, run: Run, *, sequence_length: int, updates: int
    ) -> None:
        self._path, self._run, self._shown_at = path, run, -_SECONDS
        self._rows = self._validations = 0
        self._can_write = True
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._write({"sequence_length": sequence_length, "updates": updates})
        self.show()

    def show(self) -> None:
        """Append what is new, at most once a second."""
        if time.monotonic() - self._shown_at >= _SECONDS:
            self._append()
            self._shown_at = time.monotonic()

    def close(self) -> None:
        """Append what is new, for those who have opened the file, and remove the file."""
        self._append()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _append(self) -> None:
        rows = self._run.rows[self._rows :]
        validations = self._run.validations[self._validations :]
        if rows or validations:
            self._write({"rows": rows, "validations": validations})
        self._rows += len(rows)
        self._validations += len(validations)

    def _write(self, line: dict[str, Any]) -> None:
        if self._can_write:
            try:
                with self._path.open("a", encoding="utf-8", newline="\n") as file:
                    file.write(f"{json.dumps(line)}\n")
            except OSError:
                self._can_write = False


class FollowedCurve:
    """Reads such a file while it grows.

    Attributes
    ----------
    sequence_length, updates : int
        As in `GrowingCurve`; 0 before the first line.
    rows, validations : list
        So far.
    """

    def __init__(self, path: Path) -> None:
        """Name a file that need not be there yet."""
        self._path, self._rest = path, b""
        self._file: BufferedReader | None = None
        self._opened = contextlib.ExitStack()
        self.sequence_length = self.updates = 0
        self.rows: list[Row] = []
        self.validations: list[Validation] = []

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def read(self) -> bool:
        """Read what is new; return whether anything is.

        A line that is half written is left for the next time; a damaged one is ignored.
        The file, once open, stays readable when it is removed.

        Raises
        ------
        ArtifactError
            If the file is there and cannot be read.
        """
        if self._file is None:
            if not self._path.exists():
                return False
            file = open_file(self._path, may_grow=True)
            self._file = self._opened.enter_context(file)
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            with contextlib.suppress(
                AttributeError, TypeError, ValueError, OverflowError, RecursionError
            ):
                self._take(json.loads(line, parse_constant=_refused))
        return bool(lines)

    def _take(self, line: dict[str, Any]) -> None:
        rows = [Row.of(values) for values in line.get("rows", ())]
        validations = [Validation.of(values) for values in line.get("validations", ())]
        self.sequence_length = int(line.get("sequence_length", self.sequence_length))
        self.updates = int(line.get("updates", self.updates))
        self.rows += rows
        self.validations += validations

    @property
    def curve(self) -> NDArray[np.float64]:
        """The points of the curve, (rows, 4)."""
        return np.array(self.rows, dtype=np.float64).reshape(-1, len(Row._fields))

    @property
    def checked(self) -> NDArray[np.float64]:
        """The validations, (n, 4)."""
        fields = len(Validation._fields)
        return np.array(self.validations, dtype=np.float64).reshape(-1, fields)


def _refused(constant: str) -> float:
    """Refuse Infinity and NaN, which a curve does not contain."""
    raise ValueError(constant)


def running(folder: Path) -> list[Path]:
    """Return the curves of the trainings that run, the one started last first.

    A training that has just started has no such file yet.

    Parameters
    ----------
    folder : Path
        Of checkpoints.
    """
    found = []
    with contextlib.suppress(OSError):
        for owner in folder.glob("[!.]*.owner"):
            if is_training(path := owner.with_suffix(SUFFIX)):
                found.append((owner.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


def is_training(path: Path) -> bool:
    """Whether the training of a curve runs: whether a process holds the run's lock."""
    lock = path.with_suffix(".lock")
    if not lock.exists():
        return False
    try:
        with FileLock(lock).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # the folder cannot be written to
        return False
