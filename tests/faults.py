"""Trainings as processes, to be stopped, and projects for them."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from charrnn.files import checkpoints
from charrnn.files.artifacts import write_json
from stages import prepare
from stages.runtime import paths
from tests.imports import ROOT
from tests.pipeline import STAGES, START, copy_sources
from tests.small_run import PARAMS, make_book
from tests.terminals import SECONDS, Said

# Arguments of Python: the stage, and the stage with a checkpoint every 50 ms and a line
# after each.  A further import of the project would change the fingerprint.
TRAIN = ("-m", "stages.train")
OFTEN = (
    "-c",
    """
import runpy, sys
from charrnn.files import checkpoints
checkpoints._SECONDS, checkpoints._SHARE = 0.05, 1.0
save = checkpoints.Checkpoints.save_if_possible
def save_and_print(self, run):
    save(self, run)
    print("saved", file=sys.stderr)
checkpoints.Checkpoints.save_if_possible = save_and_print
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
    """Make a project that is ready for a training of a second or two."""
    values = PARAMS.replace("epochs: 2", f"epochs: {epochs}").replace(
        "validate_every: 100, text_every: 100", "validate_every: 1999, text_every: 997"
    )
    (folder / "params.yaml").write_text(values, encoding="utf-8")
    (folder / "book.txt").write_text(make_book(20_000), encoding="utf-8")
    (folder / START).mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        prepare.main()
        write_json(paths.VERDICT, {"passed": True})


def make_repository(folder: Path) -> None:
    """Make the same project under DVC, with all code; run it up to the gradient check."""
    copy_sources(folder)
    make_training(folder)
    for command in (["git", "init", "-q"], ["dvc", "repro", "-q", "gradcheck"]):
        subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True)


def outputs(folder: Path) -> dict[str, bytes]:
    """Return the outputs of a training, and all temporary files."""
    expected = {folder / path for path in STAGES["train"].writes}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (path in expected or path.suffix == ".tmp")
    }


class Trainer:
    """A training in a process that leads a process group.

    Parameters
    ----------
    folder : Path
        Working folder.
    *arguments : str
        Arguments of Python.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._out, out = os.pipe()
        self._said = Said(self._out)
        self.process = subprocess.Popen(
            [sys.executable, *(arguments or TRAIN)],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        os.close(out)

    @property
    def said(self) -> str:
        """The complete output, after all processes of the group have ended."""
        return self._said.read_on()

    def wait_for(self, words: str) -> None:
        """Wait for a given output."""
        assert self._said.read_until(words), self.said

    def wait_for_checkpoint(self) -> None:
        """Wait for a checkpoint; only with `OFTEN`."""
        self.wait_for("first loss")
        self.wait_for("\nsaved\n")

    def stop(self, number: signal.Signals) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.end()

    def end(self, seconds: float = SECONDS) -> int:
        """Wait for the end; return the exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill the process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._said.read_on()
        os.close(self._out)


@contextlib.contextmanager
def training(folder: Path, *arguments: str) -> Iterator[Trainer]:
    """Start a training; kill its process group at the end."""
    trainer = Trainer(folder, *arguments)
    try:
        yield trainer
    finally:
        trainer.kill()
