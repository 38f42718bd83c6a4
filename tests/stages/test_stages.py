"""Tests of the stages, run in order on a book of 300 characters."""

import json
import re
from typing import Any

import pytest

from charrnn.cli.verifying import compare_with_training
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import between
from charrnn.training.state import Validation
from stages import evaluate
from stages.runtime import paths
from tests.conftest import PROSE, Project
from tests.pipeline import BOOK, STAGES

AFTER_FETCH = [stage for stage in STAGES if stage != "fetch"]
LAST = paths.LAST.as_posix()


def run_all(*stages: str) -> None:
    """Run stages in the working folder: the given ones, or all but `fetch`."""
    for stage in stages or AFTER_FETCH:
        STAGES[stage].module.main()


def read_json(project: Project, name: str) -> dict[str, Any]:
    """Return the content of a JSON file of the project."""
    content: dict[str, Any] = json.loads(project.files()[name])
    return content


def test_two_runs_write_the_same_bytes(whole: Project) -> None:
    first = whole.files()
    made = {path for stage in STAGES.values() for path in stage.writes}
    assert set(first) == {path.as_posix() for path in made | {BOOK}}
    for path in made:
        path.unlink()
    for stage in STAGES.values():
        stage.run()
    assert whole.files() == first


def test_the_metrics_fit_the_book(whole: Project) -> None:
    corpus = read_json(whole, "metrics/corpus.json")
    assert corpus["characters"] == 300
    assert corpus["distinct_characters"] == len(set(PROSE))
    assert corpus["training_characters"] == 240
    assert corpus["validation_characters"] == corpus["test_characters"] == 30
    training = read_json(whole, "metrics/train.json")
    last = 2 * ((240 - 1) // 5)
    assert training["updates"] == last
    assert list(training["epochs"]) == ["1", "2"]
    assert "validation_nats_per_character" in training["best"]
    rows = whole.files()["metrics/loss.csv"].decode().splitlines()
    assert rows[0] == "epoch,update,smooth_loss,saturated_share"
    assert rows[-1].startswith(f"2,{last},")
    assert len(rows) - 1 <= 2 * 20
    shares = [float(row.split(",")[3]) for row in rows[1:] if row.startswith("2,")]
    share = training["epochs"]["2"]["saturated_share"]
    assert share == pytest.approx(sum(shares) / len(shares))
    assert all(0 <= share <= 1 and (5 * share) % 1 == 0 for share in shares)
    validated = whole.files()["metrics/validation.csv"].decode().splitlines()
    assert validated[0] == ",".join(Validation._fields)
    updates = [int(row.split(",")[1]) for row in validated[1:]]
    assert updates == [30, 47, 60, 90, 94]
    evaluation = read_json(whole, "metrics/evaluation.json")
    assert (evaluation["part"], evaluation["characters"]) == ("test", 30)
    models = {"network", "network_from_zero", "uniform", *evaluate.ORDERS}
    assert set(evaluation) == {"part", "characters", "segments", *models}
    assert evaluation["uniform"]["perplexity"] == pytest.approx(len(set(PROSE)))
    passed = read_json(whole, "metrics/gradient_check_passed.json")
    assert passed == {"passed": True}


def test_the_texts_are_of_the_books_characters_and_the_length_asked_for(
    whole: Project,
) -> None:
    files = whole.files()
    text = files["metrics/sample.txt"].decode()
    assert text.startswith("the ")
    assert text.endswith("\n")
    assert len(text) == len("the ") + 60 + 1
    assert set(text) <= set(PROSE)
    texts = files["metrics/training_texts.txt"].decode().split("=== update ")[1:]
    assert [text.split(",")[0] for text in texts] == ["0", "40", "80"]
    assert all(len(text.split("nats\n", 1)[1]) == 30 + 2 for text in texts)


def test_a_book_of_the_bible_goes_all_the_way(project: Project) -> None:
    name = str(paths.BOOK)
    project.configure(prepare={"book": name}, train={"epochs": 1})
    run_all(*STAGES)
    book = project.files()[paths.BOOK.as_posix()].decode()
    assert book.startswith("Jude, the servant of Jesus Christ, and brother of James")
    assert len(book.splitlines()) == 25
    vocabulary = read_json(project, "data/prepared/vocabulary.json")
    assert vocabulary["characters"] == Vocabulary.of(book).characters


def test_a_whole_book_may_be_learned(project: Project) -> None:
    project.configure(prepare={"validation_fraction": 0, "test_fraction": 0.0})
    run_all()
    evaluation = read_json(project, "metrics/evaluation.json")
    assert evaluation == {"part": "validation", "characters": 0}
    assert read_json(project, "metrics/inspection.json")["part"] == "training"
    assert read_json(project, "metrics/corpus.json")["training_characters"] == 300
    training = read_json(project, "metrics/train.json")
    assert set(training["best"]) == {"update", "smooth_loss"}
    assert "validation_nats_per_character" not in training["epochs"]["2"]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_looking_does_not_change_what_is_learned(
    project: Project, precision: str
) -> None:
    project.configure(train={"precision": precision})
    run_all("prepare", "gradcheck", "train")
    expected = project.files()
    changes: list[dict[str, Any]] = [
        {"text_every": 7},
        {"text_length": 1},
        {"validate_every": 11},
        {"rows_per_epoch": 1},
        {"seed": 2},
        {"text_every": 1, "validate_every": 1, "rows_per_epoch": 500},
    ]
    for change in changes:
        project.configure(train={**project.values["train"], **change})
        run_all("train")
        assert project.files()[LAST] == expected[LAST], change
        assert project.files() != expected, change


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("model", {"seed": 2}),
        ("model", {"sigma": 0.11}),
        ("train", {"epochs": 1}),
        ("train", {"sequence_length": 6}),
        ("train", {"learning_rate": 0.11}),
        ("train", {"epsilon": 1e-3}),
        ("train", {"clip": 0.01}),
        ("train", {"l2": 0.001}),
        ("train", {"warmup_updates": 3}),
        ("train", {"decay_fraction": 0.5}),
        ("train", {"precision": "float64"}),
    ],
)
def test_every_value_of_the_recipe_changes_what_is_learned(
    project: Project, section: str, change: dict[str, Any]
) -> None:
    run_all("prepare", "gradcheck", "train")
    before = project.files()[LAST]
    project.configure(**{section: change})
    run_all("train")
    assert project.files()[LAST] != before


def test_averaged_weights_are_validated_and_named_and_change_no_update(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(between, "AVERAGE_EVERY", 5)
    run_all("prepare", "gradcheck", "train")
    before = project.files()["metrics/loss.csv"]
    assert "averaged_sha256" not in read_json(project, "metrics/train.json")
    project.configure(train={"average_fraction": 0.6})
    run_all("train")
    assert project.files()["metrics/loss.csv"] == before
    summary = read_json(project, "metrics/train.json")
    assert re.fullmatch("[0-9a-f]{64}", summary["averaged_sha256"])
    validated = project.files()["metrics/validation.csv"].decode().splitlines()[1:]
    rows = [Validation.of(map(float, row.split(","))) for row in validated]
    for row in rows:
        is_averaged = row.averaged_nats_per_character != row.nats_per_character
        assert is_averaged == (row.update > 94 - 56)
    lowest = min(min(row[2:]) for row in rows)
    assert summary["best"]["validation_nats_per_character"] == lowest
    by_average = min(row.averaged_nats_per_character for row in rows)
    assert summary["best"]["averaged"] == (by_average == lowest)
    assert compare_with_training(60).holds
