"""``charrnn verify`` says ok only of what it compared."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from charrnn.cli.main import main
from charrnn.cli.verifying import CURVE
from stages import gradcheck, prepare, train
from tests.conftest import Project
from tests.imports import ROOT


@pytest.fixture
def trained(project: Project) -> Project:
    """Return a project that has been trained, with a dvc.lock of its curve."""
    for stage in (prepare, gradcheck, train):
        stage.main()
    write_lock()
    return project


def write_lock() -> None:
    md5 = hashlib.md5(CURVE.read_bytes()).hexdigest()
    outs = [{"path": CURVE.as_posix(), "md5": md5}]
    params = {"params.yaml": {"train.epochs": 2}}
    content = {"stages": {"train": {"outs": outs, "params": params}}}
    Path("dvc.lock").write_text(yaml.safe_dump(content), encoding="utf-8")
    stages = {"stages": {"train": {"metrics": [{CURVE.as_posix(): {"cache": False}}]}}}
    Path("dvc.yaml").write_text(yaml.safe_dump(stages), encoding="utf-8")


def verify(capsys: pytest.CaptureFixture[str], updates: int = 10**6) -> tuple[int, str]:
    code = main(["verify", "--updates", str(updates)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.usefixtures("trained")
def test_what_is_as_it_was_holds(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verify(capsys)
    assert code == 0
    assert f"points of {CURVE} up to update" in said


@pytest.mark.usefixtures("trained")
def test_a_point_too_many_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with CURVE.open("a", encoding="utf-8") as file:
        file.write("3,999,1.5,0.0\n")
    write_lock()
    code, said = verify(capsys)
    assert code == 1
    assert "has a point at update 999, training has not" in said


def test_another_value_is_found(
    trained: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    trained.configure(train={"learning_rate": 0.2, "epochs": 3})
    code, said = verify(capsys)
    assert code == 1
    assert "has other values of train.epochs than dvc.lock" in said
    assert f"training again leaves {CURVE}" in said


@pytest.mark.parametrize(
    "lock",
    ["", "{}", "stages:", "stages: []", "stages: {a: 1}", "stages: {a: {outs: [{}]}}"],
)
@pytest.mark.usefixtures("trained")
def test_a_damaged_lock_is_refused(
    capsys: pytest.CaptureFixture[str], lock: str
) -> None:
    Path("dvc.lock").write_text(lock, encoding="utf-8")
    code, said = verify(capsys)
    assert code == 1
    assert said.startswith("charrnn: error: dvc.lock: ")
    assert said.count("\n") == 1


@pytest.mark.usefixtures("project")
def test_a_stage_that_is_run_as_a_module_guards_its_own_script() -> None:
    program = (
        "import runpy, stages.runtime.inputs as inputs\n"
        "inputs.Inputs.check = lambda self: print([p.name for p in self._code])\n"
        "runpy.run_module('stages.fetch', run_name='__main__', alter_sys=True)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "'fetch.py'" in printed


@pytest.mark.usefixtures("trained")
def test_what_the_lock_does_not_name_is_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outs = {"outs": ["data/model/best.safetensors"], "metrics": ["metrics/train.json"]}
    Path("dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"train": outs, "plot": {"outs": ["a.svg"]}}})
    )
    code, said = verify(capsys)
    assert code == 1
    for path in ("data/model/best.safetensors", "metrics/train.json", "a.svg"):
        assert f"{path} (" in said
    assert said.count("is not in dvc.lock") == 3
    assert "3 of " in said


@pytest.mark.usefixtures("trained")
def test_a_path_of_the_lock_is_shown_on_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lock = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))
    lock["stages"]["train"]["outs"].append({"path": "\x1b[31ma\nb\0", "md5": "0"})
    Path("dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    code, said = verify(capsys)
    assert code == 1
    assert "NOT \\x1b[31ma\\nb\\x00 (train made it) cannot be read" in said


@pytest.mark.usefixtures("trained")
def test_without_a_curve_there_is_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    CURVE.unlink()
    code, said = verify(capsys)
    assert code == 1
    assert "NOT training again cannot be compared: metrics/loss.csv: cannot be" in said
    assert "2 of 3 do not hold" in said
