"""Tests of bad input: one line that names the file or value and the rule; no output."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from charrnn.files.arrays import bytes_of_array
from charrnn.files.artifacts import write_bytes, write_json
from charrnn.files.models import load_model, model_bytes
from charrnn.files.prepared import load_vocabulary
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths
from tests.conftest import Project
from tests.imports import ROOT
from tests.pipeline import BOOK, STAGES

INPUTS = [(stage.name, path) for stage in STAGES.values() for path in stage.reads]
Refuses = Callable[[str, str], None]
Spoil = Callable[[Project], object]


def reading(suffix: str) -> list[tuple[str, Path]]:
    """Return each stage that reads files with a suffix, with each such file."""
    return [(stage, path) for stage, path in INPUTS if path.suffix == suffix]


@pytest.fixture
def refuses(whole: Project, caplog: pytest.LogCaptureFixture) -> Refuses:
    """Return a check that a stage refuses by a rule (a regular expression)."""

    def check(stage: str, rule: str) -> None:
        before = whole.files()
        with pytest.raises(SystemExit, match=r"^1$"):
            STAGES[stage].run()
        assert re.fullmatch(f"error: {rule}", caplog.messages[-1]), caplog.messages[-1]
        assert [r.levelname for r in caplog.records].count("ERROR") == 1
        assert whole.files() == before

    return check


@pytest.mark.parametrize("stage", STAGES)
def test_a_command_says_in_one_line_that_a_file_is_missing(
    whole: Project, stage: str
) -> None:
    missing = Path("params.yaml") if STAGES[stage].values else STAGES[stage].reads[0]
    missing.unlink()
    before = whole.files()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"stages.{stage}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    rule = f"{missing}: cannot be read: No such file or directory"
    assert done.stderr == f"{stage}: error: {rule}\n"
    assert whole.files() == before


@pytest.mark.parametrize(("stage", "path"), INPUTS)
def test_a_missing_input_is_named(refuses: Refuses, stage: str, path: Path) -> None:
    path.unlink()
    refuses(stage, f"{path}: cannot be read: No such file or directory")


# The report names the digest of the book and does not read its text.
@pytest.mark.parametrize(
    ("stage", "path"), [one for one in INPUTS if one != ("report", BOOK)]
)
def test_a_damaged_input_is_named(refuses: Refuses, stage: str, path: Path) -> None:
    content = path.read_bytes()
    spoiled = content[: len(content) // 2]
    if path.suffix in (".txt", ".csv"):  # half a text would still be valid
        spoiled = spoiled.rstrip() + b"\xff\n"
    path.write_bytes(spoiled)
    refuses(stage, rf"{path}(: damaged|: not UTF-8|, line \d+: not valid YAML).*")


@pytest.mark.parametrize(
    ("stage", "section"),
    [(s.name, value.split(".")[0]) for s in STAGES.values() for value in s.values],
)
def test_an_impossible_value_is_named(
    whole: Project, refuses: Refuses, stage: str, section: str
) -> None:
    key = next(iter(whole.values[section]))
    whole.configure(**{section: {key: {}}})
    refuses(stage, rf"params\.yaml: {section}\.{key} is {{}}: it should be .*")


@pytest.mark.parametrize(("stage", "path"), reading(".npy"))
def test_ids_beyond_the_vocabulary_are_named(
    refuses: Refuses, stage: str, path: Path
) -> None:
    write_bytes(path, bytes_of_array(np.full(300, 200, np.uint8)))
    refuses(stage, f"{path}: an id is 200, but the vocabulary has only .* characters")


@pytest.mark.parametrize(("stage", "path"), reading(".safetensors"))
def test_a_model_of_another_vocabulary_is_named(
    refuses: Refuses, stage: str, path: Path
) -> None:
    known = load_vocabulary(paths.VOCABULARY)
    other = Vocabulary(chr(0) + known.characters[1:])
    saved = load_model(path, known)
    write_bytes(path, model_bytes(saved.model, other, Recipe(**saved.recipe)))
    refuses(stage, f"{path}: was trained with another vocabulary")


def overwrite(path: Path, content: bytes) -> Spoil:
    """Return a function that overwrites a file."""
    return lambda _: path.write_bytes(content)


def configure(section: str, **values: object) -> Spoil:
    """Return a function that changes values of params.yaml."""
    return lambda project: project.configure(**{section: values})


def two_characters(project: Project) -> None:
    """Leave one character for training."""
    project.configure(prepare={"validation_fraction": 0.6})
    (project.folder / BOOK).write_text("ab")


# Messages of the scripts; the messages of the library are tested with the library.
RULES: list[tuple[str, Spoil, str]] = [
    (
        "prepare",
        configure("prepare", book="data"),
        r"data: the folder has no file \*\.txt",
    ),
    ("prepare", configure("prepare", book="a\0b"), ".*cannot be read.*"),
    ("prepare", overwrite(BOOK, b"ab\xff"), f"{BOOK}: not UTF-8: byte 0xff at .* 2.*"),
    (
        "prepare",
        overwrite(BOOK, b"a" * 20_000),
        f"{BOOK}: has only one distinct character, 'a'",
    ),
    (
        "prepare",
        configure("prepare", encoding="rot13"),
        r"params\.yaml: prepare\.encoding is 'rot13': it should be an encoding of text .*",
    ),
    (
        "prepare",
        two_characters,
        f"{BOOK}: too short: 1 of its 2 characters are for training, .*",
    ),
    (
        "gradcheck",
        configure("gradcheck", sequence_length=120),
        "the book is too short: 240 characters for training, but two windows .*",
    ),
    (
        "gradcheck",
        configure("gradcheck", tolerance=1e-30),
        r"the gradient of . is wrong: its central error .* is above 1e-30; .*",
    ),
    (
        "train",
        lambda _: write_json(paths.VERDICT, {"passed": False}),
        f"{paths.VERDICT}: the gradient check has not passed",
    ),
    (
        "train",
        configure("train", sequence_length=240),
        "the training part has 240 characters, but one .*length 240 needs 241",
    ),
    (
        "evaluate",
        configure("evaluate", segments=31),
        "the test part has 30 characters: too short for evaluate.segments 31.*",
    ),
    (
        "sample",
        configure("sample", prime="the \u1234"),
        r"params\.yaml: sample\.prime is 'the ሴ': character 'ሴ' \(U\+1234\) at .*",
    ),
]


@pytest.mark.parametrize(("stage", "spoil", "rule"), RULES)
def test_bad_input_is_named_with_its_rule(
    whole: Project, refuses: Refuses, stage: str, spoil: Spoil, rule: str
) -> None:
    spoil(whole)
    refuses(stage, rule)
