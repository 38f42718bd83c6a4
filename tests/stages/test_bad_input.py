"""Tests of bad input: one line that names the thing and the rule, and nothing written."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from charrnn.files.arrays import write_array
from charrnn.files.artifacts import write_json
from charrnn.files.models import load_model, save_model
from charrnn.files.prepared import load_vocabulary, save_vocabulary
from charrnn.text.vocabulary import Vocabulary
from stages import evaluate, fetch, gradcheck, plot, prepare, sample, train
from stages.runtime.running import run
from tests.conftest import BOOK, Project

ROOT = Path(__file__).parents[2]
STAGES: dict[str, ModuleType] = {
    "fetch": fetch,
    "prepare": prepare,
    "gradcheck": gradcheck,
    "train": train,
    "evaluate": evaluate,
    "plot": plot,
    "sample": sample,
}
READS = {
    "fetch": [],
    "prepare": [BOOK],
    "gradcheck": [gradcheck.TRAINING, gradcheck.VOCABULARY],
    "train": [train.TRAINING, train.VALIDATION, train.VOCABULARY, train.GRADIENTS],
    "evaluate": [evaluate.TRAINING, evaluate.TEST, evaluate.VOCABULARY, evaluate.BEST],
    "plot": [plot.CURVE],
    "sample": [sample.TRAINING, sample.VOCABULARY, sample.BEST],
}
INPUTS = [(name, path) for name, paths in READS.items() for path in paths]
IDS = [(n, p) for n, p in INPUTS if p.suffix == ".npy"]
MODELS = [(n, p) for n, p in INPUTS if p.suffix == ".safetensors"]
Spoil = Callable[[Project], object]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which all stages but fetch have run."""
    folder = tmp_path_factory.mktemp("finished")
    Project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in list(STAGES)[1:]:
            STAGES[name].main()
    return folder


@pytest.fixture
def whole(project: Project, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project with the outputs of all stages."""
    shutil.copytree(finished, project.folder, dirs_exist_ok=True)
    monkeypatch.chdir(project.folder)
    return project


@pytest.fixture
def refuses(
    whole: Project, caplog: pytest.LogCaptureFixture
) -> Callable[[str, str], None]:
    """Return a check that a stage refuses by a rule (a regular expression)."""

    def check(stage: str, rule: str) -> None:
        before = whole.files()
        with pytest.raises(SystemExit, match=r"^1$"):
            run(stage, STAGES[stage].main)
        assert re.fullmatch(f"error: {rule}", caplog.messages[-1]), caplog.messages[-1]
        assert [r.levelname for r in caplog.records].count("ERROR") == 1
        assert whole.files() == before

    return check


def overwrite(path: Path, content: bytes) -> Spoil:
    """Return what puts other bytes into a file."""
    return lambda _: path.write_bytes(content)


def configure(section: str, **values: object) -> Spoil:
    """Return what changes values of params.yaml."""
    return lambda project: project.configure(**{section: values})


def test_a_whole_project_is_refused_nowhere(whole: Project) -> None:
    before = whole.files()
    for name in list(STAGES)[1:]:
        run(name, STAGES[name].main)
    assert whole.files() == before


BY_COMMAND: list[tuple[str, Spoil, str]] = [
    (
        "fetch",
        configure("fetch", last_book="Judas"),
        "params.yaml: fetch.last_book is 'Judas': it should be a book of the Bible, ",
    ),
    (
        "prepare",
        overwrite(BOOK, b"ab\xff"),
        f"{BOOK}: not UTF-8: byte 0xff at offset 2",
    ),
    (
        "gradcheck",
        configure("gradcheck", sequence_length=120),
        f"the book is too short: {gradcheck.TRAINING} has 240 characters, but two windows of gradcheck.",
    ),
    (
        "train",
        configure("train", learning_rate=0),
        "params.yaml: train.learning_rate is 0: it should be at least 1e-30",
    ),
    (
        "evaluate",
        configure("evaluate", blocks=30),
        "the test part has 30 characters: too short for evaluate.blocks 30",
    ),
    (
        "plot",
        overwrite(plot.CURVE, b"a,b\n"),
        f"{plot.CURVE}: damaged: its columns are ",
    ),
    (
        "sample",
        configure("sample", prime="the \u1234"),
        "params.yaml: sample.prime is 'the \u1234': character '\u1234' (U+1234) at ",
    ),
]


@pytest.mark.parametrize(("stage", "spoil", "message"), BY_COMMAND)
def test_a_command_says_it_in_one_line(
    whole: Project, stage: str, spoil: Spoil, message: str
) -> None:
    spoil(whole)
    before = whole.files()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", "-m", f"stages.{stage}"]
    done = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"{stage}: error: {message}")
    assert done.stderr.count("error") == 1
    assert "Traceback" not in done.stderr
    assert whole.files() == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_missing_params_yaml_is_named(
    whole: Project, refuses: Callable[[str, str], None], stage: str
) -> None:
    (whole.folder / "params.yaml").unlink()
    refuses(stage, r"params\.yaml: cannot be read: No such file or directory")


@pytest.mark.parametrize(("stage", "path"), INPUTS)
def test_a_missing_input_is_named(
    whole: Project, refuses: Callable[[str, str], None], stage: str, path: Path
) -> None:
    (whole.folder / path).unlink()
    refuses(stage, f"{path}: cannot be read: No such file or directory")


@pytest.mark.parametrize(("stage", "path"), INPUTS)
def test_a_damaged_input_is_named(
    whole: Project, refuses: Callable[[str, str], None], stage: str, path: Path
) -> None:
    content = (whole.folder / path).read_bytes()
    spoiled = content[: len(content) // 2]
    if path.suffix in (".txt", ".csv"):  # half of a text is a text
        spoiled = spoiled.rstrip() + b"\xff\n"
    (whole.folder / path).write_bytes(spoiled)
    refuses(stage, f"{path}: (damaged|not UTF-8).*")


@pytest.mark.parametrize(("stage", "path"), IDS)
def test_ids_beyond_the_vocabulary_are_named(
    whole: Project, refuses: Callable[[str, str], None], stage: str, path: Path
) -> None:
    write_array(whole.folder / path, np.full(300, 200, np.uint8))
    refuses(stage, f"{path}: an id is 200, but the vocabulary has only .* characters")


@pytest.mark.parametrize(("stage", "path"), MODELS)
def test_a_model_of_another_vocabulary_is_named(
    whole: Project, refuses: Callable[[str, str], None], stage: str, path: Path
) -> None:
    known = load_vocabulary(sample.VOCABULARY)
    other = Vocabulary(chr(0) + known.characters[1:])
    save_model(whole.folder / path, load_model(path, known), other)
    refuses(stage, f"{path}: was learned with another vocabulary")


@pytest.mark.parametrize("stage", ["gradcheck", "train", "evaluate", "sample"])
def test_a_smaller_vocabulary_is_noticed(
    whole: Project, refuses: Callable[[str, str], None], stage: str
) -> None:
    known = load_vocabulary(whole.folder / sample.VOCABULARY)
    save_vocabulary(sample.VOCABULARY, Vocabulary(known.characters[:3]))
    refuses(stage, ".*: (an id is .*|was learned with another vocabulary)")


@pytest.mark.parametrize(
    ("stage", "spoil", "rule"),
    [
        ("fetch", configure("fetch", last_book="Genesis"), r"fetch\.last_book is .*"),
        ("prepare", overwrite(BOOK, b""), f"{BOOK}: the book is empty"),
        ("prepare", configure("prepare", book="data"), "data: cannot be read: Is a .*"),
        (
            "prepare",
            configure("prepare", validation_fraction=0.9),
            r"params\.yaml: prepare: validation_fraction \+ test_fraction is 1\.0, .*",
        ),
        (
            "gradcheck",
            configure("gradcheck", tolerance=1e-30),
            r"the gradient of . is wrong: its central error .* is above 1e-30; .*",
        ),
        (
            "train",
            lambda _: write_json(train.GRADIENTS, {"passed": False}),
            f"{train.GRADIENTS}: the gradient check has not passed",
        ),
        (
            "train",
            configure("train", sequence_length=240),
            r"the training part has 240 characters, but one .*length 240 needs 241",
        ),
        (
            "train",
            configure("train", precision="float16"),
            r"params\.yaml: train\.precision is 'float16': it should be 'float32' or .*",
        ),
        (
            "plot",
            overwrite(
                plot.CURVE, b"epoch,update,smooth_loss,saturated_share\n1,2,nan,0\n"
            ),
            f"{plot.CURVE}: damaged: a value is not finite",
        ),
        (
            "plot",
            configure("plot", width=1),
            r"params\.yaml: plot\.width is 1: it should be at least 3",
        ),
        (
            "sample",
            configure("sample", prime=""),
            r"params\.yaml: sample\.prime is '': it .* have at least 1 character",
        ),
    ],
)
def test_bad_input_is_named_with_its_rule(
    whole: Project,
    refuses: Callable[[str, str], None],
    stage: str,
    spoil: Spoil,
    rule: str,
) -> None:
    spoil(whole)
    refuses(stage, rule)


@pytest.mark.parametrize(
    ("stage", "folder"),
    [("fetch", "data/raw"), ("gradcheck", "metrics"), ("evaluate", "metrics")],
)
def test_a_place_that_cannot_be_written_is_named(
    whole: Project, refuses: Callable[[str, str], None], stage: str, folder: str
) -> None:
    shutil.rmtree(whole.folder / folder)
    (whole.folder / folder).write_bytes(b"in the way")
    refuses(stage, rf"{folder}/.*: cannot be written: .*")


def test_a_name_that_no_file_can_have_is_refused(
    whole: Project, refuses: Callable[[str, str], None]
) -> None:
    whole.configure(prepare={"book": "a\0b"})
    refuses("prepare", ".*cannot be read.*")


def test_a_book_of_one_character_is_refused_at_once(
    whole: Project, refuses: Callable[[str, str], None]
) -> None:
    (whole.folder / BOOK).write_bytes(b"a")
    refuses("prepare", f"{BOOK}: too short: of its 1 characters 1 are for training, .*")
