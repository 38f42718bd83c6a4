"""``charrnn verify`` says ok only of what it compared."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charrnn.cli.verifying import CURVE
from charrnn.files.artifacts import write_bytes
from charrnn.files.lock import object_file
from stages.runtime import paths
from tests.command_line import Ask, Tell
from tests.conftest import VALUES
from tests.pipeline import BOOK
from tests.terminals import Terminal

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def failures(ask: Ask) -> Callable[[], list[str]]:
    """Return a function that verifies and returns the failed comparisons."""

    def failed() -> list[str]:
        code, output, error = ask("verify", "--updates", "1,000,000")
        *lines, verdict = output.splitlines()
        assert (code, error) == (1, "")
        assert re.fullmatch(
            rf"{len(lines)} of \d+ comparisons failed; (remove [^,]*, then )?dvc repro makes all files again",
            verdict,
        )
        assert all(line.startswith("FAIL ") for line in lines)
        return [line.removeprefix("FAIL ") for line in lines]

    return failed


def edit(path: str, change: Callable[[Any], object]) -> None:
    content = json.loads(Path(path).read_bytes())
    change(content["stages"])
    Path(path).write_text(json.dumps(content), encoding="utf-8")


def test_unchanged_files_and_the_same_curve_pass(told: Tell) -> None:
    *lines, last, verdict = told("verify", "--verbose", "--updates", 10**6).splitlines()
    assert all(line.startswith("ok   ") for line in lines)
    for path, does in ((paths.LAST, "train makes"), (BOOK, "prepare reads")):
        assert f"ok   {path.as_posix()} ({does} the file) matches dvc.lock" in lines
    assert last.startswith("ok   training again gives the ")
    assert last.endswith(f"points of {CURVE} up to update 94, bit for bit")
    assert verdict == (
        "the files match dvc.lock, and training again gives the same curve"
    )
    assert told("verify", "--updates", 10**6) == f"{verdict}\n"


def test_a_point_too_many_is_found(failures: Any) -> None:
    with CURVE.open("a", encoding="utf-8") as file:
        file.write("3,999,1.5,0.0\n")
    assert failures() == [
        f"{CURVE} (plot reads the file) differs from dvc.lock",
        f"{CURVE} has a point at update 999, training again has none",
    ]


def test_another_value_is_found(failures: Any) -> None:
    edit("dvc.lock", lambda stages: stages["train"].update(
        params={"params.yaml": {"train.epochs": 2}}
    ))  # fmt: skip
    other = {"train": VALUES["train"] | {"learning_rate": 0.2, "epochs": 3}}
    Path("params.yaml").write_text(json.dumps(VALUES | other), encoding="utf-8")
    *_, value, curve = failures()
    assert value == (
        "params.yaml (train reads the file) has other values of train.epochs than dvc.lock"
    )
    assert curve.startswith(f"training again differs from {CURVE} at update ")


@pytest.mark.parametrize(
    "lock",
    ["", "{}", "stages:", "stages: []", "stages: {a: 1}", "stages: {a: {outs: [{}]}}"],
)
def test_a_damaged_lock_is_refused(refusal: Tell, lock: str) -> None:
    Path("dvc.lock").write_text(lock, encoding="utf-8")
    assert refusal("verify").startswith("dvc.lock: ")


def test_a_damaged_output_is_to_be_removed_and_an_edited_input_is_not(
    ask: Ask,
) -> None:
    # DVC goes by size and time: a flipped bit could pass for its own file.
    damaged = bytearray(CURVE.read_bytes())
    damaged[-3] ^= 1
    CURVE.write_bytes(damaged)
    BOOK.write_bytes(BOOK.read_bytes() + b"x")
    *_, verdict = ask("verify", "--updates", 20)[1].splitlines()
    assert verdict.endswith(
        f" comparisons failed; remove {CURVE}, then dvc repro makes all files again"
    )


def test_outputs_that_the_lock_does_not_name_are_found(failures: Any) -> None:
    edit("dvc.lock", lambda stages: stages["train"].update(outs=[]))
    edit("dvc.yaml", lambda stages: stages.update(plot={"outs": ["a.svg"]}))
    edit("dvc.yaml", lambda stages: stages["train"].update(
        outs=[paths.BEST.as_posix()], metrics=[{paths.SUMMARY.as_posix(): {}}]
    ))  # fmt: skip
    makes = {Path("a.svg"): "plot", paths.BEST: "train", paths.SUMMARY: "train"}
    assert failures() == [
        f"{path.as_posix()} ({stage} makes the file) is not in dvc.lock"
        for path, stage in makes.items()
    ]


def test_a_damaged_object_of_the_cache_is_to_be_removed(ask: Ask) -> None:
    digest = json.loads(Path("dvc.lock").read_bytes())["stages"]["train"]["outs"][0]
    kept = object_file(digest["md5"])
    write_bytes(kept, paths.BEST.read_bytes())
    assert ask("verify", "--updates", 20)[0] == 0
    write_bytes(kept, b"")
    code, output, _ = ask("verify", "--updates", 20)
    assert code == 1
    found, *_, verdict = output.splitlines()
    assert found == f"FAIL {kept}, DVC's copy of {paths.BEST.as_posix()}, is damaged"
    assert verdict.endswith(f"; remove {kept}, then dvc repro makes all files again")


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
def test_a_terminal_shows_passed_in_green_and_failed_in_red(
    here: Path, ask: Ask
) -> None:
    with paths.EVALUATION.open("a", encoding="utf-8") as file:
        file.write(" ")
    few = ("verify", "--verbose", "--updates", "20")
    code, piped, _ = ask(*few)
    assert {line[:5] for line in piped.splitlines()[:-1]} == {"ok   ", "FAIL "}
    with Terminal(here, *few) as terminal:
        shown = piped.replace("ok   ", "\x1b[32mok  \x1b[0m ").replace(
            "FAIL ", "\x1b[31mFAIL\x1b[0m "
        )
        assert terminal.end() == (code, shown)
