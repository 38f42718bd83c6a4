"""A training stopped by any signal at any moment resumes and ends with the same bytes."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests import faults
from tests.faults import (
    CHECKPOINTS,
    OFTEN,
    TRAIN,
    Trainer,
    make_repository,
    make_training,
    outputs,
    training,
)
from tests.pipeline import STAGES, START

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]

SAVED = "saved in .checkpoints; to resume, type: dvc repro"


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the outputs of an undisturbed training."""
    folder = tmp_path_factory.mktemp("undisturbed")
    make_training(folder)
    with training(folder) as trainer:
        assert trainer.end() == 0, trainer.said
    written = outputs(folder)
    assert len(written) == len(STAGES["train"].writes)
    assert list((folder / CHECKPOINTS).iterdir()) == []
    return written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_training(tmp_path)
    return tmp_path


def run_to_the_end(folder: Path) -> str:
    """Run a training to its end; return its output."""
    with training(folder) as trainer:
        assert trainer.end() == 0, trainer.said
        return trainer.said


def test_a_stopped_training_says_what_it_saved_and_resumes_there(
    folder: Path, expected: dict[str, bytes]
) -> None:
    resumed = ""
    for number, name in ((signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")):
        with training(folder, *OFTEN) as trainer:
            trainer.wait_for_checkpoint()
            assert trainer.stop(number) == 128 + number
        assert resumed in trainer.said
        last = trainer.said.splitlines()[-1]
        assert last.startswith(f"train: stopped by {name} at update ")
        assert last.endswith(SAVED)
        assert "Traceback" not in trainer.said
        assert outputs(folder) == {}
        update = last.split(" at update ")[1].split(" of ")[0]
        resumed = f"resuming from update {update}\n"
    assert resumed in run_to_the_end(folder)
    assert outputs(folder) == expected
    assert list((folder / CHECKPOINTS).iterdir()) == []


def test_kills_at_random_moments_change_nothing(
    folder: Path, expected: dict[str, bytes]
) -> None:
    rng = random.Random(0)
    kinds = 3 * [signal.SIGKILL] + [signal.SIGINT, signal.SIGTERM]
    for number in rng.sample(kinds, len(kinds)):
        with training(folder, *OFTEN) as trainer:
            trainer.wait_for("first loss")
            try:
                trainer.end(rng.uniform(0.0, 0.6))
            except subprocess.TimeoutExpired:
                assert trainer.stop(number) in {128 + number, -number}, trainer.said
            assert "Traceback" not in trainer.said
    run_to_the_end(folder)
    assert outputs(folder) == expected


def after_the_inputs(trainer: Trainer) -> list[str]:
    """Return the output after the first line, which names the inputs."""
    first, start, *lines = trainer.said.splitlines()
    assert first.startswith("train: reads params.yaml (train, model), data/prepared/")
    assert start == f"train: reads {START}"
    return lines


# LLVM calls Python functions while it compiles; Numba would lose an exception that Ctrl-C
# raises there, and fail later.
def test_ctrl_c_while_compiling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(faults.ENVIRONMENT, "NUMBA_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setitem(faults.ENVIRONMENT, "NUMBA_DEBUG_CACHE", "1")
    with training(folder, "-u", *TRAIN) as trainer:
        trainer.wait_for("[cache] data saved")  # the first function is compiled
        assert trainer.stop(signal.SIGINT) == 130
        *before, last = after_the_inputs(trainer)
    # Ctrl-C may cut a line of Numba's.
    assert last.endswith(
        "train: stopped before it finished; to run it again, type: dvc repro"
    )
    assert all("[cache]" in line for line in before)
    assert outputs(folder) == {}


# The stage, made to wait by a named pipe where it would compile.
WAITING = """
import runpy, sys
from pathlib import Path
import charrnn.network.model
draw = charrnn.network.model.initial_weights
def draw_late(*arguments, **names):
    print("ready", file=sys.stderr)
    Path("go").read_bytes()
    return draw(*arguments, **names)
charrnn.network.model.initial_weights = draw_late
runpy.run_module("stages.train", run_name="__main__", alter_sys=True)
"""
STARTER = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"


def test_a_training_whose_parent_dies_before_the_first_update_saves_and_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(faults.ENVIRONMENT, "DVC_STAGE", "train")  # as DVC does
    os.mkfifo(folder / "go")
    with training(folder, "-c", STARTER, "-c", WAITING) as starter:
        starter.wait_for("ready")
        starter.stop(signal.SIGKILL)
        (folder / "go").write_bytes(b"")
        assert SAVED in starter.said


def test_a_training_that_was_started_by_hand_outlives_its_shell(
    folder: Path, expected: dict[str, bytes]
) -> None:
    with training(folder, "-c", STARTER, *TRAIN) as trainer:
        trainer.wait_for(", validation ")
        trainer.stop(signal.SIGKILL)
        assert "train: wrote" in trainer.said
    assert outputs(folder) == expected


def test_a_training_that_is_to_ignore_signals_ignores_them(
    folder: Path, expected: dict[str, bytes]
) -> None:
    ignoring = (
        "import os, signal, sys;"
        "[signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)];"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"  # as trap '' and nohup
    )
    with training(folder, "-c", ignoring, *TRAIN) as trainer:
        for words in ("train: reads ", "first loss", ", validation "):
            trainer.wait_for(words)
            for number in (signal.SIGINT, signal.SIGTERM):
                trainer.process.send_signal(number)
        assert trainer.end() == 0, trainer.said
    assert outputs(folder) == expected


def test_a_second_training_is_refused_and_takes_over_from_a_dead_one(
    folder: Path, expected: dict[str, bytes]
) -> None:
    with training(folder, *OFTEN) as first:
        first.wait_for_checkpoint()
        first.process.send_signal(signal.SIGSTOP)  # it keeps the lock
        with training(folder) as second:
            assert second.end() == 1
        refusal = (
            f"train: error: .checkpoints: another training, process {first.process.pid}, "
            f"is running in this folder; wait until it ends, or stop it, and try again"
        )
        assert after_the_inputs(second) == [refusal]
        assert outputs(folder) == {}
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    assert any((folder / CHECKPOINTS).glob("*.owner"))
    assert "resuming from update" in run_to_the_end(folder)
    assert outputs(folder) == expected
    assert list((folder / CHECKPOINTS).iterdir()) == []


REPRO = ("-m", "dvc", "repro", "train")


# A terminal's Ctrl-C reaches DVC and the training; the other signals end DVC alone and leave
# the training behind.  DVC runs a stage through a shell: dash keeps running, bash becomes
# the stage.
@pytest.mark.dvc
def test_dvc_resumes_after_each_signal_and_ends_with_the_same_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    undisturbed.mkdir()
    make_repository(undisturbed)
    shutil.copytree(undisturbed, disturbed)
    with training(undisturbed, *REPRO) as dvc:
        assert dvc.end() == 0, dvc.said
    runs: list[tuple[Trainer, str]] = []
    with contextlib.ExitStack() as stack:
        for number, shell in (
            (signal.SIGINT, "sh"),
            (signal.SIGTERM, "bash"),
            (signal.SIGKILL, "sh"),
        ):
            path = shutil.which(shell) or "/bin/sh"
            monkeypatch.setitem(faults.ENVIRONMENT, "SHELL", path)
            # The training of the run before may still be saving.
            dvc = stack.enter_context(training(disturbed, *REPRO))
            dvc.wait_for(", validation ")
            if number == signal.SIGINT:
                os.killpg(dvc.process.pid, number)
                assert dvc.end() != 0
                runs.append((dvc, "stopped by Ctrl-C"))
            else:
                assert dvc.stop(number) != 0
                runs.append((dvc, "stopped (DVC has ended)"))
        last = stack.enter_context(training(disturbed, *REPRO))
        assert last.end() == 0, last.said
    for dvc, reason in runs:
        assert f"train: {reason} at update " in dvc.said
        assert SAVED in dvc.said
    for dvc in (*(run for run, _ in runs[1:]), last):
        assert "resuming from update" in dvc.said
        assert "Traceback" not in dvc.said
    locks = [(folder / "dvc.lock").read_bytes() for folder in (undisturbed, disturbed)]
    assert locks[0] == locks[1]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    make_repository(folder)
    return folder


@pytest.mark.dvc
def test_dvc_killed_before_it_noted_a_training_does_not_train_again(
    repository: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone)

    def repro(*options: str) -> str:
        with training(clone, *REPRO, *options) as dvc:
            assert dvc.end() == 0, dvc.said
        return dvc.said

    def kill_when_written() -> None:
        with training(clone, *REPRO, "--force") as dvc:
            dvc.wait_for("train: wrote")
            os.killpg(dvc.process.pid, signal.SIGKILL)

    kill_when_written()
    assert b"stages.train" not in (clone / "dvc.lock").read_bytes()
    assert "resuming from update" in repro()
    assert "resuming from update" not in repro("--force")
    # As in a new clone: dvc.lock has named this run from the start on.
    shutil.rmtree(clone / ".dvc/cache")
    kill_when_written()
    assert "resuming from update" in repro()
    assert "resuming from update" not in repro("--force")


@pytest.mark.dvc
def test_a_training_in_a_temporary_copy_resumes_in_the_next_copy(
    repository: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone)
    who = ["-c", "user.name=t", "-c", "user.email=t@t"]
    for command in (["add", "-A"], [*who, "commit", "-qm", "a project"]):
        subprocess.run(["git", *command], cwd=clone, check=True)
    experiment = ("-m", "dvc", "exp", "run", "--temp", "-S", "train.seed=2", "train")
    with training(clone, *experiment) as first:
        first.wait_for(", validation ")
        os.killpg(first.process.pid, signal.SIGINT)
        assert first.end() != 0
        assert (
            f"saved in {clone / CHECKPOINTS}; to resume, type: dvc exp run with these "
            f"values"
        ) in first.said
    with training(clone, *experiment) as second:
        assert second.end() == 0, second.said
    assert "resuming from update" in second.said
