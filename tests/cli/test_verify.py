"""``charrnn verify`` says ok only of what it compared."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charrnn.cli.verifying import CURVE
from stages.runtime import paths
from tests.command_line import charrnn, write_lock
from tests.conftest import VALUES
from tests.terminals import Terminal

pytestmark = pytest.mark.usefixtures("here")
Ask = Callable[..., tuple[int, str, str]]
FEW = ("verify", "--updates", "20")


@pytest.fixture
def failures(ask: Ask) -> Callable[[], list[str]]:
    """Return a function that verifies and returns the failed comparisons."""

    def failed() -> list[str]:
        code, output, error = ask("verify", "--quiet", "--updates", "1,000,000")
        *lines, verdict = output.splitlines()
        assert (code, error) == (1, "")
        assert verdict.startswith(f"{len(lines)} of ")
        assert verdict.endswith("comparisons failed; dvc repro makes all files again")
        assert all(line.startswith("FAIL ") for line in lines)
        return [line.removeprefix("FAIL ") for line in lines]

    return failed


def edit(path: str, change: Callable[[Any], object]) -> None:
    content = json.loads(Path(path).read_bytes())
    change(content["stages"])
    Path(path).write_text(json.dumps(content), encoding="utf-8")


def test_unchanged_files_and_the_same_curve_pass(ask: Ask) -> None:
    code, output, error = ask("verify", "--updates", 10**6)
    *lines, last, verdict = output.splitlines()
    assert (code, error) == (0, "")
    assert all(line.startswith("ok   ") for line in lines)
    assert (
        f"ok   {paths.LAST.as_posix()} (train makes the file) matches dvc.lock" in lines
    )
    assert last.startswith("ok   training again gives the ")
    assert last.endswith(f"points of {CURVE} up to update 94, bit for bit")
    assert verdict == (
        "the files match dvc.lock, and training again gives the same curve"
    )
    assert ask("verify", "--quiet", "--updates", 10**6) == (0, f"{verdict}\n", "")


def test_a_point_too_many_is_found(failures: Any) -> None:
    with CURVE.open("a", encoding="utf-8") as file:
        file.write("3,999,1.5,0.0\n")
    assert failures() == [
        f"{CURVE} (train makes the file) differs from dvc.lock",
        f"{CURVE} has a point at update 999, training again has none",
    ]


def test_another_value_is_found(failures: Any) -> None:
    edit("dvc.lock", lambda stages: stages["train"].update(
        params={"params.yaml": {"train.epochs": 2}}
    ))  # fmt: skip
    other = {"train": VALUES["train"] | {"learning_rate": 0.2, "epochs": 3}}
    Path("params.yaml").write_text(json.dumps(VALUES | other), encoding="utf-8")
    value, curve = failures()
    assert value == (
        "params.yaml (train reads the file) has other values of train.epochs than dvc.lock"
    )
    assert curve.startswith(f"training again differs from {CURVE} at update ")


@pytest.mark.parametrize(
    "lock",
    ["", "{}", "stages:", "stages: []", "stages: {a: 1}", "stages: {a: {outs: [{}]}}"],
)
def test_a_damaged_lock_is_refused(ask: Ask, lock: str) -> None:
    Path("dvc.lock").write_text(lock, encoding="utf-8")
    code, output, error = ask(*FEW)
    assert (code, output) == (1, "")
    assert error.startswith("charrnn: error: dvc.lock: ")
    assert error.count("\n") == 1


def test_outputs_that_the_lock_does_not_name_are_found(failures: Any) -> None:
    edit("dvc.lock", lambda stages: stages["train"].update(outs=[]))
    edit("dvc.yaml", lambda stages: stages.update(plot={"outs": ["a.svg"]}))
    edit("dvc.yaml", lambda stages: stages["train"].update(
        outs=[paths.BEST.as_posix()], metrics=[{paths.SUMMARY.as_posix(): {}}]
    ))  # fmt: skip
    makes = {paths.BEST: "train", paths.SUMMARY: "train", Path("a.svg"): "plot"}
    assert failures() == [
        f"{path.as_posix()} ({stage} makes the file) is not in dvc.lock"
        for path, stage in makes.items()
    ]


def test_a_path_of_the_lock_is_shown_on_one_line(failures: Any) -> None:
    entry = {"path": "\x1b[31ma\nb\0", "md5": "0"}
    edit("dvc.lock", lambda stages: stages["train"]["outs"].append(entry))
    (found,) = failures()
    assert found.startswith(r"\x1b[31ma\nb\x00 (train makes the file) cannot be read")


def test_without_a_curve_there_is_a_verdict(failures: Any) -> None:
    CURVE.unlink()
    *_, found = failures()
    assert found.startswith(f"training again was not possible: {CURVE}: cannot be read")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
def test_a_terminal_shows_passed_in_green_and_failed_in_red(here: Path) -> None:
    write_lock()
    with Path("metrics/evaluation.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    piped = charrnn(here, *FEW)
    assert piped.returncode == 1
    text = piped.stdout.decode()
    assert {line[:5] for line in text.splitlines()[:-1]} == {"ok   ", "FAIL "}
    for changes, passed, failed in (
        ({"NO_COLOR": "1"}, "ok   ", "FAIL "),
        ({}, "\x1b[32mok  \x1b[0m ", "\x1b[31mFAIL\x1b[0m "),
    ):
        with Terminal(here, *FEW, **changes) as terminal:
            assert terminal.end() == 1
            expected = text.replace("ok   ", passed).replace("FAIL ", failed)
            assert terminal.shown == expected
