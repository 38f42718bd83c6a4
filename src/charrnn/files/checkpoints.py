"""Keeping a training run on disk, so that it can be stopped at any moment.

A checkpoint is everything that a run has.  It lies in a folder that neither git nor DVC
looks at, under a name made of all that the run depends on, so that no run can be carried
on with other values, another book or other code.
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
# At most so often, and at most so large a part of the time.
_SECONDS = 5.0
_SHARE = 0.01
# Of runs that were stopped and not carried on yet.
_KEPT = 3
_WAIT_SECONDS = 3.0


class Checkpoints:
    """The checkpoint of one run.

    Parameters
    ----------
    fingerprint : str
        Names all that the run depends on.
    """

    def __init__(self, fingerprint: str) -> None:
        self.path = FOLDER / f"{fingerprint}.checkpoint"
        self._last = time.monotonic()
        self._cost = 0.0
        self._has_failed = False

    def load(self) -> Run | None:
        """Return the run as it was saved, or None if there is nothing usable.

        A damaged file is set aside under another name, with a warning.
        """
        if not self.path.exists():
            return None
        try:
            return run_from(read_bytes(self.path))
        except (ArtifactError, CheckpointError) as error:
            aside = self.path.with_suffix(".damaged")
            self.path.replace(aside)
            log.warning("%s; set aside as %s, starting over", error, aside)
            return None

    def save_if_due(self, run: Run) -> None:
        """Save now and then: every few seconds, less often if that takes long."""
        now = time.monotonic()
        if now - self._last < max(_SECONDS, self._cost / _SHARE):
            return
        self.save_if_possible(run)
        self._last = time.monotonic()
        self._cost = self._last - now

    def save_if_possible(self, run: Run) -> None:
        """Save; a failure is a warning, once, and training goes on."""
        try:
            self.save(run)
        except ArtifactError as error:
            if not self._has_failed:
                log.warning("no checkpoint, training goes on without: %s", error)
            self._has_failed = True

    def save(self, run: Run) -> None:
        """Save the run as it is.

        Raises
        ------
        ArtifactError
            If the file cannot be written.
        """
        write_bytes(self.path, bytes_of(run))

    def remove(self) -> None:
        """Remove the checkpoint: the run has ended, and its results are written."""
        self.path.unlink(missing_ok=True)


def remove_stale() -> None:
    """Keep the newest few checkpoints only, whatever run they are of."""
    files = [*FOLDER.glob("*.checkpoint"), *FOLDER.glob("*.damaged")]
    stale = sorted(files, key=lambda path: -path.stat().st_mtime)[_KEPT:]
    for path in (*stale, *FOLDER.glob(".*.tmp")):  # .tmp: of a process that was killed
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def one_writer() -> Iterator[None]:
    """Hold the folder's lock; the system lets go of it when the process ends, however.

    Raises
    ------
    CheckpointError
        If another process holds it for longer than a stopped one takes to end.
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
                f"{FOLDER}: another training, process {pid}, is under way here; wait "
                f"until it has ended, or stop it, and try again"
            )
            raise CheckpointError(message) from None
        message = f"{FOLDER}: another training is under way here"
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


# --- a run as bytes -----------------------------------------------------------------
#
# Numbers as arrays, which keep every bit; a checksum before all the rest.


def bytes_of(run: Run) -> bytes:
    """Return a run as bytes, with a checksum."""
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
    """Return the run of `bytes_of`.

    Raises
    ------
    CheckpointError
        If the bytes are others than were written.
    """
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        message = "the checkpoint is damaged"
        raise CheckpointError(message)
    try:
        return _run_from(*arrays_from(content))
    except (ArtifactError, KeyError, TypeError, ValueError) as error:
        message = f"the checkpoint is not one of this charrnn: {error!r}"
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
