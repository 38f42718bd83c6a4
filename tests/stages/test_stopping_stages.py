"""Stages stopped at any moment: one line, and the exit code of the signal."""

import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages import prepare
from stages.runtime import signals
from tests.conftest import Project
from tests.faults import ENVIRONMENT
from tests.pipeline import STAGES

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

NUMBERS = [signal.SIGINT, signal.SIGTERM]
# Each stage at its first import, `train` also at later ones; SIGINT and SIGTERM in turn.
MOMENTS = [
    *((stage, "charrnn") for stage in STAGES),
    *(("train", imported) for imported in ("numpy", "pydantic", "numba.core.types")),
]
MOMENTS_AND_SIGNALS = [(*one, NUMBERS[i % 2]) for i, one in enumerate(MOMENTS)]


def stopped(stage: str, number: int, at: bytes, *options: str) -> str:
    """Run a stage and send a signal after a given output; return the later output."""
    with subprocess.Popen(
        [sys.executable, *options, "-m", f"stages.{stage}"],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if at in line:
                process.send_signal(number)
                break
        said = process.stderr.read().decode()
    assert process.returncode == 128 + number, said
    lines = [line for line in said.splitlines() if not line.startswith("import time:")]
    return "\n".join(lines)


@pytest.mark.parametrize(("stage", "imported", "number"), MOMENTS_AND_SIGNALS)
def test_a_signal_while_a_stage_imports_ends_it(
    stage: str, imported: str, number: int, project: Project
) -> None:
    moment = f" {imported}\n".encode()
    said = stopped(stage, number, moment, "-X", "importtime")
    assert (
        said == f"{stage}: stopped before it finished; to run it again, type: dvc repro"
    )
    assert set(project.files()) == {project.values["prepare"]["book"]}


def test_ctrl_c_while_a_stage_computes_ends_it(project: Project) -> None:
    project.configure(model={"hidden_size": 200})  # a check that takes seconds
    prepare.main()
    said = stopped("gradcheck", signal.SIGINT, b" elements, each in")
    assert (
        said
        == "gradcheck: stopped before it finished; to run it again, type: dvc repro"
    )
    assert not Path("metrics/gradient_check.json").exists()


# One step of the main thread that takes hours and lets other threads run, as compiled
# code does.
LONG_STEP = """
import hashlib, sys
from stages.runtime import signals
signals.end_at_once("train")
stop = signals.Stop()
if sys.argv[1:]:
    stop.hold()
print("ready", file=sys.stderr, flush=True)
hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("held", [(), ("held",)])
def test_a_signal_in_a_long_step_ends_it_within_a_second(
    number: int, held: tuple[str, ...]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LONG_STEP, *held],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        time.sleep(1)  # until the step is under way: before, a held signal is noted
        process.send_signal(number)
        try:
            assert process.wait(10) == 128 + number
        finally:
            process.kill()
        line = b"train: stopped before it finished; to run it again, type: dvc repro\n"
        assert process.stderr.read() == line


@pytest.mark.parametrize(
    ("stage", "variable", "value", "said"),
    [
        ("sample", "NUMBA_DISABLE_JIT", "1", "NUMBA_DISABLE_JIT is set: unset it, .*"),
        ("train", "NUMBA_NUM_THREADS", "0", "Number of threads specified must be > 0."),
        ("plot", "MPLBACKEND", "nonsense", ".*'nonsense' is not a valid value .*"),
    ],
)
def test_an_odd_environment_is_one_line(
    stage: str, variable: str, value: str, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{stage}"],
        env=ENVIRONMENT | {variable: value}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.fullmatch(f"{stage}: error: cannot start: {said}\n", done.stderr)


@pytest.mark.parametrize("missing", ["charrnn", "numpy"])
def test_a_python_without_the_packages_is_named(missing: str) -> None:
    program = (
        f"import runpy, sys; sys.modules[{missing!r}] = None\n"
        f"runpy.run_module('stages.prepare', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    version = ".".join(platform.python_version_tuple()[:2])
    assert f" in the Python {version} that " in done.stderr
    assert done.stderr.endswith(
        ": activate .venv, made as in README.md with Python 3.11 to 3.14\n"
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_an_exception_where_there_is_work_to_undo(number: int) -> None:
    before = signal.getsignal(number)
    with (
        pytest.raises(signals.Stopped, match="run it again") as caught,
        signals.undoing(),
    ):
        signal.raise_signal(number)
    assert caught.value.code == 128 + number
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_that_is_ignored_stays_ignored(number: int) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        stop = signals.Stop()
        stop.hold()
        with signals.undoing():
            signal.raise_signal(number)
        stop.close()
        assert not stop.is_requested
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
