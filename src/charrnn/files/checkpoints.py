"""Checkpoints: the state of a training run on disk, to resume a stopped run.

A checkpoint is the complete state of a run.  git and DVC ignore the folder of checkpoints.
The file name is a digest of all inputs of the run, so that a run is never resumed with
other values, another book or other code.
"""

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from charrnn.errors import ArtifactError, CheckpointError
from charrnn.files.arrays import arrays_from, bytes_of_arrays
from charrnn.files.artifacts import read_bytes, write_bytes
from charrnn.network.model import Weights
from charrnn.training.state import Best, Epoch, Row, Run, Text, Validation

log = logging.getLogger("charrnn")

FOLDER = Path(".checkpoints")
# A checkpoint is saved at most every 5 s and takes at most 1 % of the run time.
_SECONDS = 5.0
_SHARE = 0.01
_KEPT = 3  # checkpoints of stopped runs
_WAIT_SECONDS = 3.0  # for a stopped training to end


class Checkpoints:
    """The checkpoint of one run.

    Parameters
    ----------
    fingerprint : str
        Digest of all inputs of the run.
    """

    def __init__(self, fingerprint: str) -> None:
        self.path = FOLDER / f"{fingerprint}.checkpoint"
        self._last = time.monotonic()
        self._cost = 0.0
        self._has_failed = False

    def load(self) -> Run | None:
        """Return the saved run, or None if there is no usable checkpoint.

        A damaged file is renamed, with a warning.
        """
        if not self.path.exists():
            return None
        try:
            return run_from(read_bytes(self.path))
        except (ArtifactError, CheckpointError) as error:
            damaged = self.path.with_suffix(".damaged")
            self.path.replace(damaged)
            log.warning(
                "%s; renamed to %s; training starts from the beginning", error, damaged
            )
            return None

    def save_if_due(self, run: Run) -> None:
        """Save at most every 5 s, and less often if saving takes over 1 % of the time."""
        now = time.monotonic()
        if now - self._last < max(_SECONDS, self._cost / _SHARE):
            return
        self.save_if_possible(run)
        self._last = time.monotonic()
        self._cost = self._last - now

    def save_if_possible(self, run: Run) -> None:
        """Save; log the first failure as a warning, and continue."""
        try:
            self.save(run)
        except ArtifactError as error:
            if not self._has_failed:
                log.warning("training continues without a checkpoint: %s", error)
            self._has_failed = True

    def save(self, run: Run) -> None:
        """Save the state of the run.

        Raises
        ------
        ArtifactError
            If the file cannot be written.
        """
        write_bytes(self.path, bytes_of(run))

    def remove(self) -> None:
        """Remove the checkpoint, after the results of the run are written."""
        self.path.unlink(missing_ok=True)


def remove_stale() -> None:
    """Keep only the newest three checkpoints of all runs."""
    files = [*FOLDER.glob("*.checkpoint"), *FOLDER.glob("*.damaged")]
    stale = sorted(files, key=lambda path: -path.stat().st_mtime)[_KEPT:]
    for path in (*stale, *FOLDER.glob(".*.tmp")):  # .tmp: left by a killed process
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def one_writer() -> Iterator[None]:
    """Hold the folder's lock; the system releases the lock when the process ends.

    Raises
    ------
    CheckpointError
        If another process holds the lock for longer than a stopped training needs.
    """
    lock, owner = FOLDER / "lock", FOLDER / "owner"
    try:
        FOLDER.mkdir(exist_ok=True)
        held = FileLock(lock)
        held.acquire(timeout=_WAIT_SECONDS)
    except Timeout:
        with contextlib.suppress(OSError):
            pid = owner.read_text(encoding="utf-8")
            message = (
                f"{FOLDER}: another training, process {pid}, is running in this folder; "
                f"wait until it ends, or stop it, and try again"
            )
            raise CheckpointError(message) from None
        message = f"{FOLDER}: another training is running in this folder"
        raise CheckpointError(message) from None
    except OSError as error:
        message = f"{FOLDER}: cannot be used: {error.strerror}"
        raise CheckpointError(message) from None
    try:
        with contextlib.suppress(OSError):
            owner.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            owner.unlink(missing_ok=True)
        held.release()


# A run as bytes: its SHA-256, then numbers as arrays, which keep every bit.


def bytes_of(run: Run) -> bytes:
    """Serialise a run, with a checksum."""
    arrays: dict[str, NDArray[Any]] = {"hidden": run.hidden}
    sets = {"weights": run.weights, "squares": run.squares}
    if run.best is not None:
        sets["best"] = run.best.weights
    for kind, weights in sets.items():
        arrays |= {f"{kind}.{name}": array for name, array in weights.named()}
    if run.texts:
        arrays["texts"] = np.stack([text.ids for text in run.texts])
    if run.rows:
        arrays["rows"] = np.array(run.rows, dtype=np.float64)
    content = {
        "update": run.update,
        "first_loss": run.first_loss,
        "smooth_loss": run.smooth_loss,
        "best": None if run.best is None else [run.best.update, run.best.loss],
        "texts": [(text.update, text.smooth_loss) for text in run.texts],
        "validations": run.validations,
        "epochs": run.epochs,
        # repr, as JSON has no infinity
        "under_way": [repr(value) for value in run.under_way],
    }
    content_bytes = bytes_of_arrays(arrays, content)
    return hashlib.sha256(content_bytes).digest() + content_bytes


def run_from(content: bytes) -> Run:
    """Read a run that `bytes_of` serialised.

    Raises
    ------
    CheckpointError
        If the checksum or the content is wrong.
    """
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        message = "the checkpoint is damaged"
        raise CheckpointError(message)
    try:
        return _run_from(*arrays_from(content))
    except (ArtifactError, KeyError, TypeError, ValueError) as error:
        message = f"this charrnn cannot read the checkpoint: {error!r}"
        raise CheckpointError(message) from None


def _run_from(arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> Run:
    def weights(kind: str) -> Weights:
        return Weights(*(arrays[f"{kind}.{name}"] for name in Weights._fields))

    best = header["best"]
    total, lowest, highest = map(float, header["under_way"])
    return Run(
        weights=weights("weights"),
        squares=weights("squares"),
        hidden=arrays["hidden"],
        first_loss=header["first_loss"],
        smooth_loss=header["smooth_loss"],
        update=header["update"],
        best=None if best is None else Best(best[0], best[1], weights("best")),
        rows=[Row.of(values) for values in arrays.get("rows", ())],
        texts=[
            Text(update, smooth_loss, ids)
            for (update, smooth_loss), ids in zip(
                header["texts"], arrays.get("texts", ()), strict=True
            )
        ],
        validations=[Validation(*validation) for validation in header["validations"]],
        epochs=[Epoch(*epoch) for epoch in header["epochs"]],
        under_way=(total, lowest, highest),
    )
