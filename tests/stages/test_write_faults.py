"""Writing that fails at any point: each file is the old one or the new one, whole."""

import contextlib
import errno
import io
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from charrnn.files.checkpoints import Checkpoints
from stages import plot, train
from stages.runtime.running import run
from stages.runtime.signals import Stopped
from tests.conftest import Project
from tests.faults import CHECKPOINTS, STAGES, WRITES, finish

resource = pytest.importorskip("resource", reason="limits and forks of POSIX")
ALL = [(stage, path) for stage in STAGES for path in WRITES[stage]]
OLD = b"old"
Steps = list[tuple[str, Path]]
Age = Callable[[str], dict[Path, bytes]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    finish(folder)
    return folder


@pytest.fixture
def age(project: Project, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Age:
    """Return what makes a stage's files old, and returns what they are to become."""
    shutil.copytree(finished, project.folder, dirs_exist_ok=True)
    panels, overlaid = plot.PANELS.read_bytes(), plot.OVERLAID.read_bytes()
    monkeypatch.setattr(
        plot, "epoch_panels", lambda *_, **__: panels
    )  # these take time
    monkeypatch.setattr(plot, "epochs_overlaid", lambda *_, **__: overlaid)

    def age(stage: str) -> dict[Path, bytes]:
        for path in WRITES[stage]:
            path.write_bytes(OLD)
        shutil.rmtree(CHECKPOINTS, ignore_errors=True)
        return {path: (finished / path).read_bytes() for path in WRITES[stage]}

    return age


def found(stage: str) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in WRITES[stage]}


def leftovers() -> set[str]:
    kept = {"lock", "owner"}
    return {path.name for path in Path().rglob("*.tmp")} | {
        path.name for path in CHECKPOINTS.glob("*") if path.name not in kept
    }


def run_on_a_bad_disk(
    stage: str, fault: Callable[[], object], at: int | None = None
) -> Steps:
    """Run a stage; at a step of its writing, counted from 0, let something happen.

    Returns
    -------
    list of (str, Path)
        The steps that were done, or tried, and the file that each is for.
    """
    steps: Steps = []
    replace, fsync, open_file = Path.replace, os.fsync, Path.open

    def step(name: str, temporary: Path) -> None:
        target = temporary.name.removeprefix(".").removesuffix(".tmp")
        steps.append((name, temporary.with_name(target)))
        if len(steps) - 1 == at:
            fault()

    class File(io.BufferedWriter):
        def write(self, content: Any) -> int:
            half = super().write(content[: len(content) // 2])
            self.flush()
            step("write", Path(self.raw.name))  # type: ignore[attr-defined]
            return half + super().write(content[half:])

    def open_and_count(path: Path, *arguments: Any, **names: Any) -> Any:
        if arguments != ("xb",):
            return open_file(path, *arguments, **names)
        step("open", path)
        return File(io.FileIO(path, "w"))

    def fsync_and_count(number: int) -> None:
        step("fsync", steps[-1][1])
        fsync(number)

    def replace_and_count(path: Path, target: Path) -> Path:
        step("replace", path)
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", open_and_count)
        patch.setattr(Path, "replace", replace_and_count)
        patch.setattr(os, "fsync", fsync_and_count)
        run(stage, STAGES[stage].main)
    return steps


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted() -> None:
    message = "stopped before it was done; run it again"
    raise Stopped(message, 130)


def crash(stage: str, at: int) -> None:
    """Let a process end at a step, without a chance to put anything right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's threads are idle
        child = os.fork()
    if child == 0:
        try:
            run_on_a_bad_disk(stage, lambda: os._exit(9), at)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


@pytest.mark.parametrize("kind", ["full", "interrupted", "crash"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_at_any_step_of_writing(
    age: Age, caplog: pytest.LogCaptureFixture, stage: str, kind: str
) -> None:
    new = age(stage)
    steps = run_on_a_bad_disk(stage, full)
    assert found(stage) == new
    assert {name for name, _ in steps} == {"open", "write", "fsync", "replace"}
    assert len(steps) == 4 * (len(new) + (stage == "train"))
    # The first file appears when the last one is on the disk.
    assert [path for _, path in steps[-len(new) :]] == list(new)
    assert {name for name, _ in steps[-len(new) :]} == {"replace"}
    for at, (_, target) in enumerate(steps):
        if kind == "full" and target.parent == CHECKPOINTS:
            continue  # has a test of its own
        age(stage)
        caplog.clear()
        if kind == "crash":
            crash(stage, at)
        else:
            code, fault = ("1", full) if kind == "full" else ("130", interrupted)
            with pytest.raises(SystemExit, match=f"^{code}$"):
                run_on_a_bad_disk(stage, fault, at)
            said = [r.getMessage() for r in caplog.records if r.levelname != "INFO"]
            full_disk = f"error: {target}: cannot be written: No space left on device"
            assert said == [
                full_disk
                if kind == "full"
                else "stopped before it was done; run it again"
            ]
            assert not list(Path().rglob("*.tmp"))
        appeared = {path for name, path in steps[:at] if name == "replace"}
        assert found(stage) == {
            path: new[path] if path in appeared else OLD for path in new
        }
        run(stage, STAGES[stage].main)
        assert found(stage) == new
        assert leftovers() == set()


def test_ctrl_c_between_two_files_does_not_say_that_nothing_was_written(
    age: Age, caplog: pytest.LogCaptureFixture
) -> None:
    age("prepare")
    last = len(run_on_a_bad_disk("prepare", full)) - 1
    new = age("prepare")
    with pytest.raises(SystemExit):
        run_on_a_bad_disk("prepare", interrupted, last)
    assert found("prepare") != dict.fromkeys(new, OLD)
    assert "nothing was written" not in caplog.text


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a full disk.

    Only meanwhile: what pytest itself writes may go to a file that is longer.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("stage", "path"), ALL)
def test_a_file_that_finds_no_room_is_named_and_all_stay_as_they_were(
    age: Age,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    path: Path,
) -> None:
    monkeypatch.setattr(Checkpoints, "save", lambda *_: None)  # larger than the results
    new = age(stage)
    size = len(new[path])
    first = next(path for path in new if len(new[path]) >= size)
    with no_file_beyond(size - 1), pytest.raises(SystemExit, match=r"^1$"):
        run(stage, STAGES[stage].main)
    assert caplog.messages[-1] == f"error: {first}: cannot be written: File too large"
    assert found(stage) == dict.fromkeys(new, OLD)
    assert leftovers() == set()
    run(stage, STAGES[stage].main)
    assert found(stage) == new


def test_a_training_without_room_for_checkpoints_writes_its_results(
    age: Age,
) -> None:
    new = age("train")
    with no_file_beyond(max(map(len, new.values()))):
        run("train", train.main)
    assert found("train") == new


@pytest.mark.parametrize(("stage", "path"), ALL)
def test_a_folder_that_may_not_be_written_is_named(
    age: Age, caplog: pytest.LogCaptureFixture, stage: str, path: Path
) -> None:
    new = age(stage)
    first = next(other for other in new if other.parent == path.parent)
    path.parent.chmod(0o555)
    try:
        if os.access(path.parent, os.W_OK):
            pytest.skip("root may write anywhere")
        with pytest.raises(SystemExit, match=r"^1$"):
            run(stage, STAGES[stage].main)
    finally:
        path.parent.chmod(0o755)
    assert (
        caplog.messages[-1] == f"error: {first}: cannot be written: Permission denied"
    )
    assert found(stage) == dict.fromkeys(new, OLD)
    assert not list(Path().rglob("*.tmp"))
    run(stage, STAGES[stage].main)
    assert found(stage) == new
