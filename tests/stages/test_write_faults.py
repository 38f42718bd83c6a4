"""Writes that fail at any step: each file is complete, either the old or the new one."""

import contextlib
import errno
import os
import shutil
import signal
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from charrnn.errors import ArtifactError
from charrnn.files import artifacts
from charrnn.files.artifacts import Outputs
from stages.runtime import signals
from tests.faults import CHECKPOINTS
from tests.pipeline import STAGES

resource = pytest.importorskip("resource", reason="limits and forks of POSIX")
OLD = b"old"
FILES = {Path(name): name.encode() * 999 for name in ("a/one", "a/two", "b/c/three")}
Files = dict[Path, bytes]
Steps = list[tuple[str, Path]]


def make_old(files: Files) -> None:
    """Create old content at each path."""
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(OLD)


def found(files: Files) -> Files:
    return {path: path.read_bytes() for path in files}


def leftovers() -> set[str]:
    kept = {"lock", "owner"}
    return {path.name for path in Path().rglob("*.tmp")} | {
        path.name for path in CHECKPOINTS.glob("*") if path.name not in kept
    }


def write() -> None:
    """Write the files."""
    with signals.undoing(), Outputs() as out:
        for path, content in FILES.items():
            out.write(path, content)


def on_a_bad_disk(
    write: Callable[[], object], fault: Callable[[], object], at: int | None = None
) -> Steps:
    """Write files, and call `fault` before step `at`, counted from 0.

    Returns
    -------
    list of (str, Path)
        The steps that were tried, each with its file.
    """
    steps: Steps = []

    def step(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(file: Path | int, *arguments: Any, **names: Any) -> Any:
            if isinstance(file, int):
                if stat.S_ISDIR(os.fstat(file).st_mode):  # counted as flush
                    return function(file)
                steps.append((name, steps[-1][1]))  # of the file opened last
            elif name == "flush":
                steps.append((name, file))
            elif name == "replace" or arguments == ("xb",):
                target = file.name.removeprefix(".").removesuffix(".tmp")
                steps.append((name, file.with_name(target)))
            else:  # opened for reading
                return function(file, *arguments, **names)
            if len(steps) - 1 == at:
                fault()
            return function(file, *arguments, **names)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", step("open", Path.open))
        patch.setattr(os, "fsync", step("fsync", os.fsync))
        patch.setattr(Path, "replace", step("replace", Path.replace))
        flush = step("flush", artifacts._flush_folder)
        patch.setattr(artifacts, "_flush_folder", flush)
        write()
    return steps


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def crash(at: int) -> None:
    """End a process at a step, without any clean-up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's threads are idle
        child = os.fork()
    if child == 0:
        try:
            on_a_bad_disk(write, lambda: os._exit(9), at)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9


@pytest.mark.parametrize("kind", ["full", "interrupted", "crash"])
def test_a_fault_at_any_step_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make_old(FILES)
    steps = on_a_bad_disk(write, full)
    assert found(FILES) == FILES
    # No file is renamed before all are on the disk.
    each = [(name, path) for path in FILES for name in ("open", "fsync")]
    each += [("replace", path) for path in FILES]
    assert steps == [*each, ("flush", Path("a")), ("flush", Path("b/c"))]
    for at, (_, target) in enumerate(steps):
        make_old(FILES)
        if kind == "crash":
            crash(at)
        elif kind == "full":
            rule = f"^{target}: cannot be written: No space left on device$"
            with pytest.raises(ArtifactError, match=rule):
                on_a_bad_disk(write, full, at)
        else:
            with pytest.raises(signals.Stopped, match=r"^stopped before it finished; "):
                on_a_bad_disk(write, interrupt, at)
        assert kind == "crash" or leftovers() == set()
        appeared = {path for name, path in steps[:at] if name == "replace"}
        assert found(FILES) == {
            path: FILES[path] if path in appeared else OLD for path in FILES
        }
        write()
        assert found(FILES) == FILES
        assert leftovers() == set()


def results_of(stage: str, finished: Path) -> Files:
    """Return the expected outputs of a stage, and create old content at their paths."""
    files = {path: (finished / path).read_bytes() for path in STAGES[stage].writes}
    make_old(files)
    shutil.rmtree(CHECKPOINTS, ignore_errors=True)
    return files


@pytest.mark.usefixtures("whole")
def test_a_stage_that_is_stopped_while_it_writes_says_so(
    finished: Path, caplog: pytest.LogCaptureFixture
) -> None:
    new = results_of("prepare", finished)
    with pytest.raises(SystemExit, match=r"^130$"):
        on_a_bad_disk(STAGES["prepare"].run, interrupt, 3)
    assert (
        caplog.messages[-1]
        == "stopped before it finished; to run it again, type: dvc repro"
    )
    assert found(new) == dict.fromkeys(new, OLD)
    assert leftovers() == set()


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Limit the size of files, as on a full disk.

    Only inside the ``with``: pytest itself may write to a longer file.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.usefixtures("whole")
def test_the_files_of_a_stage_appear_together_or_not_at_all(
    finished: Path, caplog: pytest.LogCaptureFixture, stage: str
) -> None:
    new = results_of(stage, finished)
    largest = max(new, key=lambda path: len(new[path]))
    with (
        no_file_beyond(len(new[largest]) - 1),
        pytest.raises(SystemExit, match=r"^1$"),
    ):
        STAGES[stage].run()
    assert caplog.messages[-1] == f"error: {largest}: cannot be written: File too large"
    assert found(new) == dict.fromkeys(new, OLD)
    assert leftovers() == set()
    steps = on_a_bad_disk(STAGES[stage].run, full)
    replaced = [step for step in steps if step[0] != "flush"][-len(new) :]
    assert {("replace", path) for path in new} == set(replaced)
    assert found(new) == new
    assert leftovers() == set()
