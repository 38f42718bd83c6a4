"""Checkpoints: the state of a training run on disk, to resume a stopped run.

A checkpoint is the complete state of a run.  git and DVC ignore the folder of checkpoints.
The file name is a digest of all inputs of the run, so that a run is never resumed with
other values, another book or other code.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from charrnn.errors import ArtifactError, CheckpointError
from charrnn.files.artifacts import read_bytes, write_bytes
from charrnn.files.run_bytes import bytes_of, run_from
from charrnn.training.state import Run

log = logging.getLogger("charrnn")

FOLDER = Path(".checkpoints")
# A checkpoint is saved at most every 5 s and takes at most 1 % of the run time.
_SECONDS = 5.0
_SHARE = 0.01
_KEPT = 3  # stopped runs beside the present one
_OF_RUNS = {".checkpoint", ".damaged", ".finished"}
_WAIT_SECONDS = 3.0  # for a stopped training to end


def checkpoint_folder() -> Path:
    """Return where the checkpoints of the working folder lie.

    DVC deletes the copy of the repository in which it ran an experiment, so those of such
    a copy lie beside the main repository's.
    """
    for parent in Path.cwd().parents:
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            return parent.parents[2] / FOLDER
    return FOLDER


class Checkpoints:
    """The checkpoint of one run.

    Parameters
    ----------
    fingerprint : str
        Digest of all inputs of the run.
    """

    def __init__(self, fingerprint: str) -> None:
        self.folder = checkpoint_folder()
        self.path = self.folder / f"{fingerprint}.checkpoint"
        self._last = time.monotonic()
        self._cost = 0.0
        self._has_failed = False

    def load(self) -> Run | None:
        """Return the saved run, or None if there is no usable checkpoint.

        A damaged file is renamed, with a warning.
        """
        try:
            if not self.path.exists():
                return None
            if not self.path.is_file():
                message = f"{self.path}: is not a regular file"
                raise CheckpointError(message)
            return run_from(read_bytes(self.path))
        except (ArtifactError, CheckpointError) as error:
            aside = self.path.with_suffix(".damaged")
            try:
                self.path.replace(aside)
                then = f"renamed to {aside}; training starts from the beginning"
            except OSError as failure:
                then = f"cannot be renamed: {failure.strerror}; training starts from the beginning"
            log.warning("%s; %s", error, then)
        except OSError as error:
            log.warning("%s: cannot be read: %s", self.path, error.strerror)
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

    def finish(self, entry: str) -> None:
        """Keep the checkpoint of a run that has ended, until DVC has noted the run.

        Parameters
        ----------
        entry : str
            Names what dvc.lock says of the stage, which is something else by then.
        """
        with contextlib.suppress(OSError):
            self.path.replace(self.path.with_suffix(f".{entry}.finished"))

    def reopen(self, entry: str, *, is_noted: bool) -> None:
        """Take up the run that has ended, if DVC has not noted it; else remove it."""
        with contextlib.suppress(OSError):
            for path in self.folder.glob(f"{self.path.stem}.*.finished"):
                if path.name.split(".")[1] != entry or is_noted or self.path.exists():
                    path.unlink()
                else:
                    path.replace(self.path)

    def remove(self) -> None:
        """Remove the checkpoint: after the results of the run are written."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def remove_stale(self) -> None:
        """Of the runs that were stopped keep this one and the newest few others.

        A run that another process is training is left alone.
        """
        others: dict[str, list[Path]] = {}
        with contextlib.suppress(OSError):
            for path in self.folder.glob("*"):
                if (name := _run_name(path)) != self.path.stem:
                    others.setdefault(name, []).append(path)
        saved = {name: max(map(_saved_at, files)) for name, files in others.items()}
        for place, name in enumerate(sorted(saved, key=lambda name: -saved[name])):
            if place >= _KEPT or not saved[name]:
                _remove_run(others[name])

    @contextlib.contextmanager
    def one_writer(self) -> Iterator[None]:
        """Hold the lock of this run; the system releases the lock when the process ends.

        Raises
        ------
        CheckpointError
            If another process holds the lock for longer than a stopped training needs.
        """
        lock, owner = self.path.with_suffix(".lock"), self.path.with_suffix(".owner")
        try:
            self.folder.mkdir(exist_ok=True)
            held = FileLock(lock)
            held.acquire(timeout=_WAIT_SECONDS)
        except Timeout:
            with contextlib.suppress(OSError):
                pid = owner.read_text(encoding="utf-8") if owner.is_file() else "?"
                message = (
                    f"{self.folder}: another training, process {pid}, is running "
                    f"in this folder; wait until it ends, or stop it, and try again"
                )
                raise CheckpointError(message) from None
            message = f"{self.folder}: another training is running in this folder"
            raise CheckpointError(message) from None
        except OSError as error:
            message = f"{self.folder}: cannot be used: {error.strerror}"
            raise CheckpointError(message) from None
        try:
            with contextlib.suppress(ArtifactError):
                write_bytes(owner, str(os.getpid()).encode())
            yield
        finally:
            for path in (owner, lock):  # while it is held: FileLock notices
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            held.release()


def _run_name(path: Path) -> str:
    """Return the fingerprint of the run that a file belongs to."""
    return path.name.lstrip(".").partition(".")[0]


def _saved_at(path: Path) -> float:
    """Return when a run was saved in a file, 0 if the file holds no run."""
    with contextlib.suppress(OSError):
        if path.suffix in _OF_RUNS and path.is_file():
            return path.stat().st_mtime
    return 0.0


def _remove_run(files: list[Path]) -> None:
    """Remove the files of a run, unless a process holds the run's lock."""
    lock = files[0].with_name(f"{_run_name(files[0])}.lock")
    with contextlib.suppress(OSError, Timeout), FileLock(lock).acquire(timeout=0):
        for path in {*files, lock}:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
