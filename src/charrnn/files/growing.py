"""The curve of a training that is running: a file that grows beside the checkpoint.

Each line is a JSON object: first what the training is, then new points of the curve and new
validations.  The file is removed when the training ends, however it ends; after a power
cut it stays, but no process holds the lock of its run.
"""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

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
        """Open the file, which stays readable when it is removed.

        Raises
        ------
        OSError
            If the file cannot be opened.
        """
        self._file = path.open("rb")
        self._rest = b""
        self.sequence_length = self.updates = 0
        self.rows: list[Row] = []
        self.validations: list[Validation] = []

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self) -> bool:
        """Read what is new; return whether anything is.

        A line that is half written is left for the next time; a damaged one is ignored.
        """
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            with contextlib.suppress(AttributeError, TypeError, ValueError):
                self._take(json.loads(line))
        return bool(lines)

    def _take(self, line: dict[str, Any]) -> None:
        rows = [Row.of(values) for values in line.get("rows", ())]
        validations = [
            Validation(epoch, update, float(loss))
            for epoch, update, loss in line.get("validations", ())
        ]
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
        """The validations, (n, 3)."""
        return np.array(self.validations, dtype=np.float64).reshape(-1, 3)


def running(folder: Path) -> list[Path]:
    """Return the curves in a folder of checkpoints whose training runs, the newest first."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{SUFFIX}"):
            if is_training(path):
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


def is_training(path: Path) -> bool:
    """Whether the training of a curve runs: whether a process holds the run's lock."""
    lock = path.with_suffix(".lock")
    if not path.exists() or not lock.exists():
        return False
    try:
        with FileLock(lock).acquire(timeout=0):
            return False
    except Timeout:
        return True
