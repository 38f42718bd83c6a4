"""A checkpoint saved at any moment restores the run bit for bit."""

import dataclasses
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charrnn.errors import ArtifactError, CheckpointError
from charrnn.files import checkpoints
from charrnn.files.arrays import bytes_of_array, read_ids
from charrnn.files.artifacts import write_bytes
from charrnn.files.checkpoints import (
    FOLDER,
    Checkpoints,
    bytes_of,
    remove_stale,
    run_from,
)
from charrnn.network import scoring
from charrnn.network.model import initial_weights
from charrnn.text.vocabulary import Ids
from charrnn.training import loop as trainings
from charrnn.training import state as training_state
from charrnn.training.loop import start, train
from charrnn.training.state import Run
from stages import gradcheck, prepare
from stages import train as train_stage
from stages.runtime import paths
from stages.runtime.signals import Stopped
from tests.conftest import Project
from tests.problems import RECIPE, SCHEDULE, make_text, text_rng

K, M = 5, 7
TRAINING = make_text(100, K)  # 2 epochs of 16 windows
VALIDATION = make_text(40, K, seed=1)
NONE = np.zeros(0, dtype=np.uint8)
LOOKED_AT = replace(
    SCHEDULE, rows_per_epoch=6, validate_every=5, text_every=7, text_length=4
)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    # A yield after every window, and three more in each validation.
    monkeypatch.setattr(scoring, "steps_at_once", lambda _: 10)
    monkeypatch.setattr(trainings, "steps_at_once", lambda _: 10)


def bits(value: Any) -> object:
    """Return a value that is equal only for equal bits."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return type(value), [bits(one) for one in value]
    return float(value).hex() if isinstance(value, float) else (type(value), value)


def state(run: Run) -> dict[str, object]:
    """Return the complete state of a run."""
    return {
        field.name: bits(getattr(run, field.name)) for field in dataclasses.fields(run)
    }


def begin(precision: str) -> Run:
    weights = initial_weights(
        M, K, sigma=0.3, dtype=np.dtype(precision), rng=np.random.default_rng(4)
    )
    return start(weights, TRAINING, RECIPE)


def resume(run: Run, validation: Ids) -> Iterator[Run]:
    return train(run, TRAINING, validation, RECIPE, LOOKED_AT, text_rng)


def ended(run: Run, validation: Ids) -> dict[str, object]:
    """Return the state at the end of a run."""
    for _ in resume(run, validation):
        pass
    return state(run)


cases = pytest.mark.parametrize("precision", ["float32", "float64"])
books = pytest.mark.parametrize(
    "validation", [VALIDATION, NONE], ids=["parts", "whole"]
)


@cases
@books
def test_a_run_comes_back_from_bytes_at_every_moment(
    precision: str, validation: Ids
) -> None:
    run = begin(precision)
    assert state(run_from(bytes_of(run))) == state(run)  # no best, no text, infinities
    moments = 0
    for _ in resume(run, validation):
        assert state(run_from(bytes_of(run))) == state(run)
        moments += 1
    assert moments == (66 if len(validation) else 34)
    assert len(run.epochs) == 2
    assert len(run.texts) == 5


@cases
@books
def test_a_run_resumed_from_any_moment_ends_the_same(
    precision: str, validation: Ids
) -> None:
    expected = ended(begin(precision), validation)
    run = begin(precision)
    assert ended(run_from(bytes_of(run)), validation) == expected
    for _ in resume(run, validation):
        assert ended(run_from(bytes_of(run)), validation) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(stops=st.lists(st.integers(1, 20), max_size=40), whole=st.booleans())
@example(stops=[2] * 200, whole=False)  # each time one yield after the first
def test_a_run_stopped_again_and_again_ends_the_same(
    stops: list[int], whole: bool
) -> None:
    validation = NONE if whole else VALIDATION
    expected = ended(begin("float32"), validation)
    run = begin("float32")
    for stop in stops:
        for _, _ in zip(range(stop), resume(run, validation), strict=False):
            pass
        run = run_from(bytes_of(run))
    assert ended(run, validation) == expected


def test_the_same_run_gives_the_same_bytes() -> None:
    run = begin("float32")
    ended(run, VALIDATION)
    assert bytes_of(run_from(bytes_of(run))) == bytes_of(run)


def test_any_damaged_byte_and_any_lost_end_is_noticed() -> None:
    run = begin("float32")
    ended(run, VALIDATION)
    content = bytes_of(run)
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
            run_from(bytes(damaged))
        with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
            run_from(content[:place])
    with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
        run_from(content + b"\0")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the checkpoints, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    FOLDER.mkdir()
    return FOLDER


@pytest.mark.parametrize("content", [b"", b"a", bytes(31), bytes(32), bytes(1000)])
def test_a_file_that_is_no_checkpoint_is_renamed(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (folder / "a.checkpoint").write_bytes(content)
    assert Checkpoints("a").load() is None
    (said,) = caplog.messages
    assert said == (
        f"the checkpoint is damaged; renamed to {folder}/a.damaged; "
        "training starts from the beginning"
    )
    assert {path.name for path in folder.iterdir()} == {"a.damaged"}
    assert (folder / "a.damaged").read_bytes() == content


def test_a_checkpoint_is_found_under_its_own_fingerprint_only(folder: Path) -> None:
    run = begin("float32")
    Checkpoints("a").save(run)
    assert Checkpoints("b").load() is None
    found = Checkpoints("a").load()
    assert found is not None
    assert state(found) == state(run)
    Checkpoints("a").remove()
    Checkpoints("a").remove()
    assert list(folder.iterdir()) == []


def test_the_newest_three_are_kept(folder: Path) -> None:
    for age, name in enumerate(["a.checkpoint", "b.damaged", "c.checkpoint", "d", "e"]):
        path = folder / (name if "." in name else f"{name}.checkpoint")
        path.write_bytes(b"")
        os.utime(path, (1e9 - age, 1e9 - age))
    (folder / "lock").write_bytes(b"")
    remove_stale()
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"a.checkpoint", "b.damaged", "c.checkpoint", "lock"}


def test_half_a_checkpoint_of_another_run_is_removed(folder: Path) -> None:
    (folder / ".a.checkpoint.tmp").write_bytes(b"half")
    remove_stale()
    assert list(folder.iterdir()) == []


class AtOnce:
    """A replacement of `Stop` that requests a stop at the first check."""

    reason, code, is_requested = "stopped", 3, True

    def hold(self) -> None:
        """Do nothing, as there are no signals."""

    def close(self) -> None:
        """Do nothing, as there are no signals."""


@pytest.mark.parametrize(
    "change", ["nothing", "train", "model", "sample", "ids", "code"]
)
def test_only_the_same_training_is_resumed(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: str,
) -> None:
    caplog.set_level("INFO", "charrnn")
    for stage in (prepare, gradcheck):
        stage.main()
    code = project.folder / "code.py"
    code.write_bytes(b"1")
    monkeypatch.setattr(training_state, "__file__", str(code))
    with monkeypatch.context() as patch:
        patch.setattr(train_stage, "Stop", AtOnce)
        with pytest.raises(Stopped):
            train_stage.main()
    if change in project.values:
        project.configure(**{change: {"seed": 2}})
    elif change == "ids":
        write_bytes(paths.TRAINING, bytes_of_array(read_ids(paths.TRAINING)[::-1]))
    elif change == "code":
        code.write_bytes(b"2")
    train_stage.main()
    is_resumed = "resuming from update" in caplog.text
    assert is_resumed == (change in {"nothing", "sample"})
    found = project.files()
    shutil.rmtree(FOLDER)
    train_stage.main()
    assert project.files() == found


class Clock:
    """A replacement of the clock and of a slow or full disk."""

    def __init__(self, cost: float) -> None:
        """Let each save take `cost` seconds; below 0, let it fail."""
        self.now, self.saves, self._cost = 100.0, 0, cost

    def write(self, _path: Path, _content: bytes) -> None:
        """Advance the clock, or fail."""
        self.saves += 1
        self.now += self._cost
        if self._cost < 0:
            message = "disk full"
            raise ArtifactError(message)


def saves_in(seconds: int, cost: float, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of saves in a run that calls `save_if_due` every second."""
    clock, run = Clock(cost), begin("float32")
    time = SimpleNamespace(monotonic=lambda: clock.now)
    monkeypatch.setattr(checkpoints, "time", time)
    monkeypatch.setattr(checkpoints, "write_bytes", clock.write)
    kept = Checkpoints("a")
    for _ in range(seconds):
        clock.now += 1
        kept.save_if_due(run)
    return clock.saves


def test_saves_are_seconds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert saves_in(4, 0.0, monkeypatch) == 0
    assert saves_in(100, 0.0, monkeypatch) == 20


def test_slow_saves_take_a_hundredth_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert saves_in(1000, 1.0, monkeypatch) == 10


def test_failed_saves_are_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert saves_in(100, -1e-9, monkeypatch) > 10
    assert caplog.messages == ["training continues without a checkpoint: disk full"]
