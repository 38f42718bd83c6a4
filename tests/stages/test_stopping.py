"""A training that is stopped, however and whenever, is carried on to the same bytes."""

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
from tests.pipeline import STAGES

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

GOES_ON = "saved in .checkpoints: the next dvc repro goes on there"
NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what a training writes that nobody disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    make_training(folder)
    with training(folder) as trainer:
        assert trainer.end() == 0, trainer.said
    written = outputs(folder)
    assert len(written) == len(STAGES["train"].writes)
    assert {path.name for path in (folder / CHECKPOINTS).iterdir()} <= {"lock"}
    return written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_training(tmp_path)
    return tmp_path


def carry_on(folder: Path) -> str:
    """Run a training to its end; return what it said."""
    with training(folder) as trainer:
        assert trainer.end() == 0, trainer.said
        return trainer.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_says_what_it_saved_and_goes_on_there(
    folder: Path, expected: dict[str, bytes], number: signal.Signals
) -> None:
    with training(folder, *OFTEN) as trainer:
        trainer.wait_for_checkpoint()
        assert trainer.stop(number) == 128 + number
    last = trainer.said.splitlines()[-1]
    assert last.startswith(f"train: stopped by {NAMES[number]} at update ")
    assert last.endswith(GOES_ON)
    assert "Traceback" not in trainer.said
    assert outputs(folder) == {}
    update = last.split(" at update ")[1].split(" of ")[0]
    assert f"going on from update {update}\n" in carry_on(folder)
    assert outputs(folder) == expected
    assert {path.name for path in (folder / CHECKPOINTS).iterdir()} <= {"lock"}


@pytest.mark.parametrize("seed", range(2))
def test_kills_at_random_moments_change_nothing(
    folder: Path, expected: dict[str, bytes], seed: int
) -> None:
    rng = random.Random(seed)
    kinds = [signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM]
    for number in rng.sample(kinds, len(kinds)):
        with training(folder, *OFTEN) as trainer:
            trainer.wait_for("first loss")
            try:
                trainer.end(rng.uniform(0.0, 0.6))
            except subprocess.TimeoutExpired:
                assert trainer.stop(number) in {128 + number, -number}, trainer.said
            assert "Traceback" not in trainer.said
    carry_on(folder)
    assert outputs(folder) == expected


def after_what_it_reads(trainer: Trainer) -> list[str]:
    """Return the lines after the first one."""
    first, *lines = trainer.said.splitlines()
    assert first.startswith("train: reads params.yaml (train, model), data/prepared/")
    return lines


# LLVM calls back while it compiles, where Numba would lose the exception of Ctrl-C and
# trip over it later.
def test_ctrl_c_while_compiling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(faults.ENVIRONMENT, "NUMBA_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setitem(faults.ENVIRONMENT, "NUMBA_DEBUG_CACHE", "1")
    with training(folder, "-u", *TRAIN) as trainer:
        trainer.wait_for("[cache] data saved")  # the first function is compiled
        assert trainer.stop(signal.SIGINT) == 130
        said = [line for line in after_what_it_reads(trainer) if "[cache]" not in line]
    assert said == ["train: stopped before it was done; run it again"]
    assert outputs(folder) == {}


# The stage, held up inside the run, where compiling would be, by a pipe with a name.
HELD_UP = """
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


def test_a_training_whose_parent_went_before_it_learned_saves_and_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(faults.ENVIRONMENT, "DVC_STAGE", "train")  # as DVC does
    os.mkfifo(folder / "go")
    with training(folder, "-c", STARTER, "-c", HELD_UP) as starter:
        starter.wait_for("ready")
        starter.stop(signal.SIGKILL)
        (folder / "go").write_bytes(b"")
        assert GOES_ON in starter.said


def test_a_training_that_was_started_by_hand_outlives_its_shell(
    folder: Path, expected: dict[str, bytes]
) -> None:
    with training(folder, "-c", STARTER, *TRAIN) as trainer:
        trainer.wait_for(", validation ")
        trainer.stop(signal.SIGKILL)
        assert "train: wrote" in trainer.said
    assert outputs(folder) == expected


def test_a_second_training_is_refused_and_takes_over_from_a_dead_one(
    folder: Path, expected: dict[str, bytes]
) -> None:
    with training(folder, *OFTEN) as first:
        first.wait_for_checkpoint()
        first.process.send_signal(
            signal.SIGSTOP
        )  # it holds the lock, and is in no hurry
        with training(folder) as second:
            assert second.end() == 1
        refusal = (
            f"train: error: .checkpoints: another training, process {first.process.pid}, "
            f"is under way here; wait until it has ended, or stop it, and try again"
        )
        assert after_what_it_reads(second) == [refusal]
        assert outputs(folder) == {}
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    assert (folder / CHECKPOINTS / "owner").exists()
    assert "going on from update" in carry_on(folder)
    assert outputs(folder) == expected
    assert not (folder / CHECKPOINTS / "owner").exists()


REPRO = ("-m", "dvc", "repro", "train")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    make_repository(folder)
    return folder


@pytest.fixture(scope="module")
def lock(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the dvc.lock of a pipeline that nobody disturbs."""
    folder = tmp_path_factory.mktemp("lock") / "clone"
    shutil.copytree(repository, folder)
    with training(folder, *REPRO) as dvc:
        assert dvc.end() == 0, dvc.said
    return (folder / "dvc.lock").read_bytes()


# DVC runs a stage through a shell: dash stays while it runs, bash becomes the stage.
@pytest.mark.parametrize(
    ("number", "shell"),
    [(signal.SIGINT, "sh"), (signal.SIGTERM, "bash"), (signal.SIGKILL, "sh")],
)
def test_dvc_goes_on_to_the_same_lock(
    repository: Path,
    lock: bytes,
    tmp_path: Path,
    number: signal.Signals,
    shell: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if (path := shutil.which(shell)) is None:
        pytest.skip(f"there is no {shell} here")
    monkeypatch.setitem(faults.ENVIRONMENT, "SHELL", path)
    clone = tmp_path / "clone"
    shutil.copytree(repository, clone)
    with training(clone, *REPRO) as first:
        first.wait_for(", validation ")
        if number == signal.SIGINT:  # a terminal's Ctrl-C is for all of them
            os.killpg(first.process.pid, number)
            assert first.end() != 0
            reason = "stopped by Ctrl-C"
        else:  # DVC ends at once and leaves the training behind
            assert first.stop(number) != 0
            reason = "stopped, as the process that started this has gone"
        with training(clone, *REPRO) as second:
            assert second.end() == 0, second.said
        assert f"train: {reason} at update " in first.said
        assert GOES_ON in first.said
    assert "going on from update" in second.said
    assert (clone / "dvc.lock").read_bytes() == lock
    assert "Traceback" not in first.said + second.said
