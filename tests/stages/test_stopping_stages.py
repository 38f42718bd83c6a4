"""Stages other than training: Ctrl-C at any moment, and a DVC that was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stages import prepare
from tests.conftest import Project
from tests.faults import ENVIRONMENT, wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

SLOW = {"hidden_size": 200}  # a check that takes a while


@pytest.mark.parametrize("stage", ["gradcheck", "train", "evaluate"])
@pytest.mark.parametrize(
    "imported", ["stages", "numpy", "pydantic", "numba.core.types"]
)
def test_ctrl_c_while_it_imports_ends_it_with_one_line(
    stage: str, imported: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-X", "importtime", "-m", f"stages.{stage}"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.split("|")[-1].strip() == imported:
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
    assert process.returncode == 130, said
    lines = [line for line in said.splitlines() if not line.startswith("import time:")]
    assert lines == [f"{stage}: stopped before it was done; run it again"]


def begun(project: Project) -> None:
    """Prepare the book, and values with which the check takes a while."""
    project.configure(model=SLOW)
    prepare.main()


def test_ctrl_c_while_it_computes_ends_it_with_one_line(project: Project) -> None:
    begun(project)
    command = [sys.executable, "-m", "stages.gradcheck"]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b" elements, each in" in line:
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read().decode()
    assert process.returncode == 130, said
    assert said == "gradcheck: stopped before it was done; run it again\n"
    assert not Path("metrics/gradient_check.json").exists()


def test_a_stage_whose_parent_was_killed_ends(project: Project) -> None:
    begun(project)
    parent = (
        "import subprocess, sys\n"
        "stage = subprocess.Popen([sys.executable, '-m', 'stages.gradcheck'])\n"
        "print(stage.pid, flush=True)\n"
        "stage.wait()\n"
    )
    command = [sys.executable, "-c", parent]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        stage = psutil.Process(int(process.stdout.readline()))
        for line in process.stderr:
            if b" elements, each in" in line:
                process.kill()
                break
        said = process.stderr.read().decode()  # to the end of the stage
    wait_until(lambda: not stage.is_running() or stage.status() == psutil.STATUS_ZOMBIE)
    assert said == "gradcheck: stopped, as the process that started this has gone\n"
    assert not Path("metrics/gradient_check.json").exists()
