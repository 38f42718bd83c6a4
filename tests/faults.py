"""Trainings to be stopped, and projects to put faults into."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from charrnn.files import checkpoints
from charrnn.files.artifacts import write_json
from stages import prepare
from stages.runtime import paths
from tests.imports import ROOT
from tests.pipeline import STAGES
from tests.small_run import PARAMS, make_book

# What Python runs: the stage, and the stage with a checkpoint twenty times a second, so
# that a kill finds one that is not the first and not the last.  Nothing else of the
# project may be imported: it would be part of the checkpoint's fingerprint.
TRAIN = ("-m", "stages.train")
OFTEN = (
    "-c",
    """
import runpy
from charrnn.files import checkpoints
checkpoints._SECONDS, checkpoints._SHARE = 0.05, 1.0
runpy.run_module("stages.train", run_name="__main__", alter_sys=True)
""",
)
CHECKPOINTS = checkpoints.FOLDER
_PATH = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
ENVIRONMENT = os.environ | {
    "PYTHONPATH": _PATH.rstrip(os.pathsep),
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def make_training(folder: Path, *, epochs: int = 20) -> None:
    """Make a project that is ready to be trained, for a second or two."""
    values = PARAMS.replace("epochs: 2", f"epochs: {epochs}").replace(
        "validate_every: 100, text_every: 100", "validate_every: 1999, text_every: 997"
    )
    (folder / "params.yaml").write_text(values, encoding="utf-8")
    (folder / "book.txt").write_text(make_book(20_000), encoding="utf-8")
    with contextlib.chdir(folder):
        prepare.main()
        write_json(paths.VERDICT, {"passed": True})


def make_repository(folder: Path) -> None:
    """Make the same under DVC, with all its code, run as far as the gradient check."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file() and not name.startswith(("metrics/", "dvc.lock")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    make_training(folder)
    for command in (["git", "init", "-q"], ["dvc", "repro", "-q", "gradcheck"]):
        subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True)


def outputs(folder: Path) -> dict[str, bytes]:
    """Return what a training wrote, and every file that should not be there."""
    expected = {folder / path for path in STAGES["train"].writes}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (path in expected or path.suffix == ".tmp")
    }


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for something that is sure to come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.002)


class Trainer:
    """A training in a process of its own, which leads a group of processes.

    Parameters
    ----------
    folder : Path
        Where it runs; what it says goes to a file there.
    *arguments : str
        Of this Python.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._log = folder / f"said-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *(arguments or TRAIN)],
                cwd=folder,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return self._log.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        """Wait until it has said something."""
        wait_until(lambda: words in self.said or self.process.poll() is not None)
        assert words in self.said, self.said

    def wait_for_checkpoint(self) -> None:
        """Wait until it has learned and saved something."""
        self.wait_for("first loss")
        files = self.folder / CHECKPOINTS
        wait_until(lambda: any(files.glob("*.checkpoint")) or self._has_ended)

    @property
    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self, number: signal.Signals) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.end()

    def end(self, seconds: float = 60.0) -> int:
        """Wait for its end; return the exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Leave nothing of its group behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def training(folder: Path, *arguments: str) -> Iterator[Trainer]:
    """Start a training; nothing of it is left at the end."""
    trainer = Trainer(folder, *arguments)
    try:
        yield trainer
    finally:
        trainer.kill()
