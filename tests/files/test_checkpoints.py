"""A checkpoint saved at any moment restores the run bit for bit."""

import contextlib
import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
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
from charrnn.files.artifacts import write_bytes, write_json
from charrnn.files.checkpoints import (
    FOLDER,
    Checkpoints,
)
from charrnn.files.run_bytes import bytes_of, run_from
from charrnn.network import scoring
from charrnn.network.model import initial_weights
from charrnn.text.vocabulary import Ids
from charrnn.training import between
from charrnn.training import loop as trainings
from charrnn.training import state as training_state
from charrnn.training.loop import start, train
from charrnn.training.state import Run
from stages import prepare
from stages import train as train_stage
from stages.runtime import paths
from stages.runtime.signals import Stopped
from tests.conftest import Project
from tests.problems import RECIPE, SCHEDULE, book_of, make_text, text_rng

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
    return {field.name: bits(getattr(run, field.name)) for field in fields(run)}


def begin(precision: str = "float32") -> Run:
    rng = np.random.default_rng(4)
    weights = initial_weights(M, K, sigma=0.3, dtype=precision, rng=rng)
    return start(weights, book_of(TRAINING, NONE), RECIPE)


@pytest.fixture(autouse=True)
def averaged_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between, "AVERAGE_EVERY", 4)


def resume(run: Run, validation: Ids) -> Iterator[Run]:
    book = book_of(TRAINING, validation)
    share = 0.6 if len(validation) else 0.0
    recipe = replace(RECIPE, average_fraction=share, decay_fraction=share)
    return train(run, book, recipe, LOOKED_AT, text_rng)


def ended(run: Run, validation: Ids) -> dict[str, object]:
    """Return the state at the end of a run."""
    for _ in resume(run, validation):
        pass
    return state(run)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("validation", "moments"), [(VALIDATION, 86), (NONE, 34)])
def test_a_run_from_bytes_is_the_same_at_every_moment_and_ends_the_same(
    precision: str, validation: Ids, moments: int
) -> None:
    expected = ended(begin(precision), validation)
    run = begin(precision)
    before = run_from(bytes_of(run))  # no best, no text, infinities
    assert state(before) == state(run)
    assert ended(before, validation) == expected
    for _ in resume(run, validation):
        moments -= 1
        copy = run_from(bytes_of(run))
        assert state(copy) == state(run)
        assert bytes_of(copy) == bytes_of(run)
        assert ended(copy, validation) == expected
    assert (moments, len(run.epochs), len(run.texts)) == (0, 2, 5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(stops=st.lists(st.integers(1, 20), max_size=40), whole=st.booleans())
@example(stops=[2] * 200, whole=False)  # each time one yield after the first
def test_a_run_stopped_again_and_again_ends_the_same(
    stops: list[int], whole: bool
) -> None:
    validation = NONE if whole else VALIDATION
    run = begin()
    for stop in stops:
        for _, _ in zip(range(stop), resume(run, validation), strict=False):
            pass
        run = run_from(bytes_of(run))
    assert ended(run, validation) == ended(begin(), validation)


def test_any_damaged_byte_and_any_lost_end_is_noticed() -> None:
    run = begin()
    ended(run, VALIDATION)
    content = bytes_of(run)
    damaged = [content + b"\0", bytes(32), bytes(1000)]
    for place in range(len(content)):
        flipped = content[place] ^ 1 << place % 8
        damaged.append(content[:place])
        damaged.append(content[:place] + bytes([flipped]) + content[place + 1 :])
    for one in damaged:
        with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
            run_from(one)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the checkpoints, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    FOLDER.mkdir()
    return FOLDER


def test_a_file_that_is_no_checkpoint_is_renamed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a.checkpoint").write_bytes(b"a")
    assert Checkpoints("a").load() is None
    assert caplog.text.endswith(
        f"the checkpoint is damaged; renamed to {folder}/a.damaged; "
        "training starts from the beginning\n"
    )
    assert len(caplog.messages) == 1
    assert {path: path.read_bytes() for path in folder.iterdir()} == {
        folder / "a.damaged": b"a"
    }


def test_a_checkpoint_is_found_under_its_own_fingerprint_only(folder: Path) -> None:
    run = begin()
    Checkpoints("a").save(run)
    assert Checkpoints("b").load() is None
    found = Checkpoints("a").load()
    assert found is not None
    assert state(found) == state(run)
    Checkpoints("a").remove()
    Checkpoints("a").remove()
    assert list(folder.iterdir()) == []


def test_a_run_and_the_newest_three_others_are_kept(folder: Path) -> None:
    names = [
        "a.checkpoint",
        "b.damaged",
        "c.1.finished",
        "d.checkpoint",
        "e.checkpoint",
    ]
    for age, name in enumerate([*names, "f.checkpoint"]):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    others = ("lock", "owner", "g.lock", ".a.checkpoint.tmp", ".g.checkpoint.tmp")
    for name in others:
        (folder / name).write_bytes(b"half")
    Checkpoints("e").remove_stale()
    kept = {path.name for path in folder.iterdir()}
    assert kept == {*names[:3], "e.checkpoint", ".a.checkpoint.tmp"}


def test_two_runs_are_trained_side_by_side(folder: Path) -> None:
    one, two = Checkpoints("a"), Checkpoints("b")
    with one.one_writer(), two.one_writer():
        (folder / ".a.checkpoint.tmp").write_bytes(b"half")
        two.remove_stale()  # not what the other is just writing
        assert (folder / ".a.checkpoint.tmp").exists()
        assert (folder / "a.owner").read_text() == str(os.getpid())
    two.remove_stale()
    assert list(folder.iterdir()) == []


def test_a_temporary_copy_has_the_checkpoints_of_the_main_repository(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = Path.cwd()
    copy = main / ".dvc/tmp/exps/tmp1234/subfolder"
    copy.mkdir(parents=True)
    assert Checkpoints("a").folder == folder
    monkeypatch.chdir(copy)
    assert Checkpoints("a").folder == main / folder


def test_a_run_that_has_ended_is_kept_until_dvc_has_noted_it(folder: Path) -> None:
    kept, run = Checkpoints("a"), begin("float32")

    def taken_up(entry: str, *, is_noted: bool = False) -> bool:
        kept.save(run)
        kept.finish("old")
        assert kept.load() is None
        kept.reopen(entry, is_noted=is_noted)
        found = kept.load() is not None
        kept.remove()
        assert list(folder.iterdir()) == []
        return found

    assert taken_up("old")
    assert not taken_up("new")  # DVC has noted this run, or another since
    assert not taken_up("old", is_noted=True)  # the same as before


KINDS: dict[str, Callable[[Path], object]] = {
    "dangling link": lambda path: path.symlink_to("nowhere/at all"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "folder": lambda path: (path / "with" / "folders").mkdir(parents=True),
    "FIFO": os.mkfifo,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "empty file": Path.touch,
}
NAMES = [
    *("a.checkpoint", "a.damaged", "a.lock", "a.owner", ".a.checkpoint.tmp"),
    *("a.old.finished", ".a.owner.tmp"),
    *("b.checkpoint", "b.lock", "b.owner", ".b.checkpoint.tmp", "lock", "owner", ""),
]


@pytest.mark.skipif(os.name == "nt", reason="links and FIFOs of POSIX")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_an_odd_file_in_the_folder_is_no_traceback_and_no_hang(
    folder: Path, name: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    if not name:
        folder.rmdir()
    KINDS[kind](folder / name)
    run = begin("float32")
    signal.alarm(60)
    try:
        kept = Checkpoints("a")
        refused = pytest.raises(CheckpointError, match=rf"^{folder}: ")
        usable = {"": {"folder"}, "a.lock": {"FIFO", "empty file"}}
        is_usable = kind in usable.get(name, KINDS)
        with contextlib.nullcontext() if is_usable else refused, kept.one_writer():
            kept.reopen("old", is_noted=False)
            assert kept.load() is None
            kept.remove_stale()
            kept.save_if_possible(run)
            kept.finish("new")
            kept.remove()
        assert all(message.count("\n") == 0 for message in caplog.messages)
    finally:
        signal.alarm(0)


def test_files_that_cannot_be_removed_are_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES[:-1]:
        (folder / name).touch()

    def immutable(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    for change in ("unlink", "replace"):
        monkeypatch.setattr(Path, change, immutable)
    kept = Checkpoints("a")
    with kept.one_writer():
        kept.reopen("old", is_noted=True)
        assert kept.load() is None
        kept.remove_stale()
        kept.save_if_possible(begin("float32"))
        kept.finish("new")
        kept.remove()
    assert {path.name for path in folder.iterdir()} >= set(NAMES[:-1])


class AtOnce:
    """A replacement of `Stop` that requests a stop at the first check."""

    reason, code, is_requested = "stopped", 3, True

    def hold(self) -> None:
        """Do nothing, as there are no signals."""

    def close(self) -> None:
        """Do nothing, as there are no signals."""


@pytest.mark.slow
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
    prepare.main()
    write_json(paths.VERDICT, {"passed": True})
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
        write_bytes(paths.IDS, bytes_of_array(read_ids(paths.IDS)[::-1]))
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
    """A replacement of the clock, and of a disk that takes `cost` seconds a save."""

    def __init__(self, cost: float) -> None:
        self.now, self.saves, self._cost = 100.0, 0, cost

    def write(self, _path: Path, _content: bytes) -> None:
        """Advance the clock; fail if the cost is negative."""
        self.saves += 1
        self.now += self._cost
        if self._cost < 0:
            message = "disk full"
            raise ArtifactError(message)


FAILED = ["training continues without a checkpoint: disk full"]


@pytest.mark.parametrize(
    ("seconds", "cost", "saves", "messages"),
    [(4, 0.0, 0, []), (100, 0.0, 20, []), (1000, 1.0, 10, []), (98, -1e-9, 19, FAILED)],
)
def test_saves_are_seconds_apart_a_hundredth_of_the_time_and_fail_once(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seconds: int,
    cost: float,
    saves: int,
    messages: list[str],
) -> None:
    clock, run = Clock(cost), begin()
    time = SimpleNamespace(monotonic=lambda: clock.now)
    monkeypatch.setattr(checkpoints, "time", time)
    monkeypatch.setattr(checkpoints, "write_bytes", clock.write)
    kept = Checkpoints("a")
    for _ in range(seconds):
        clock.now += 1
        kept.save_if_due(run)
    assert (clock.saves, caplog.messages) == (saves, messages)
