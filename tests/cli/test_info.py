"""``charrnn info`` shows what dvc.lock vouches for, and nothing else."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charrnn.files.artifacts import write_bytes
from charrnn.files.models import load_model, model_bytes
from charrnn.files.prepared import load_vocabulary
from charrnn.settings import Recipe
from stages import prepare
from stages.runtime import paths
from tests.command_line import Tell, write_lock

METRICS = {
    "corpus": paths.CORPUS, "training": paths.SUMMARY, "evaluation": paths.EVALUATION
}  # fmt: skip
UNKNOWN = "origin        unknown: dvc.lock here does not name this model"
Lines = Callable[..., list[str]]
Facts = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def lines(told: Tell) -> Lines:
    return lambda *arguments: told("info", *arguments).splitlines()


@pytest.fixture
def facts(told: Tell) -> Facts:
    return lambda *arguments: dict(json.loads(told("info", "--json", *arguments)))


def test_all_of_a_model_that_the_lock_names_is_shown(
    lines: Lines, facts: Facts
) -> None:
    found = facts()
    vocabulary = load_vocabulary(paths.VOCABULARY)
    K = vocabulary.size
    metrics = {name: json.loads(path.read_bytes()) for name, path in METRICS.items()}
    assert found == metrics | {
        "model": str(paths.BEST),
        "sha256": hashlib.sha256(paths.BEST.read_bytes()).hexdigest(),
        "hidden_size": 5,
        "weights": 5 + K + 5 * K + 25 + 5 * K,
        "precision": "float32",
        "recipe": load_model(paths.BEST).recipe,
        "vocabulary_sha256": vocabulary.digest,
        "distinct_characters": K,
        "characters": vocabulary.characters,
        "book": "data/raw/book.txt",
        "is_best": True,
    }
    network, training = metrics["evaluation"]["network"], metrics["training"]
    best, shown = training["best"], "\n".join(lines())
    for text in (
        f"sha256        {found['sha256']}\n",
        f"weights       {found['weights']:,}, float32\n",
        f"characters    {K} distinct\n              \\n ,.;AGITW",
        "book          data/raw/book.txt\n",
        "300 characters: 240 training, 30 validation, 30 test\n",
        f"training      {training['updates']} updates, 2 epochs; these weights: the ",
        f"the best, after update {best['update']}\n",
        f"smooth loss {training['first_loss']:.2f} at first, ",
        f"{training['epochs']['2']['last_smooth_loss']:.2f} at the end, nats per window",
        f"validation    {best['validation_nats_per_character']:.4f} nats per character\n",
        f"test          {network['nats_per_character']:.4f} nats, ",
        f"{network['bits_per_character']:.4f} bits per character, ",
        f"perplexity {network['perplexity']:.3f}, {100 * network['accuracy']:.2f} % acc",
    ):
        assert text in shown
    assert shown.replace("\n", "").isprintable()


def test_the_last_weights_have_no_evaluation(lines: Lines, facts: Facts) -> None:
    saved = load_model(paths.LAST)  # here the best of their training, too
    saved.model.weights.b[:] += 1
    recipe = Recipe(**saved.recipe)
    write_bytes(paths.LAST, model_bytes(saved.model, saved.vocabulary, recipe))
    write_lock()
    of_last = ("--model", paths.LAST)
    assert facts(*of_last).items() >= {
        "is_best": False, "evaluation": None, "training": facts()["training"]
    }.items()  # fmt: skip
    shown = lines(*of_last)
    assert any(line.endswith("these weights: the last") for line in shown)
    assert not any(line.startswith("test ") for line in shown)


def lock_another_model(lock: Path) -> None:
    md5 = hashlib.md5(paths.BEST.read_bytes()).hexdigest()
    lock.write_text(lock.read_text().replace(md5, "0" * 32), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lock_another_model,
        Path.unlink,
        lambda lock: lock.write_bytes(b"\xff"),
        lambda lock: lock.write_text("stages: 1"),
        lambda lock: lock.write_text("stages: {train: {outs: [1]}}"),
        lambda lock: lock.write_text("{}"),
    ],
)
def test_without_a_lock_that_names_the_model_the_origin_is_unknown(
    lines: Lines, facts: Facts, spoil: Callable[[Path], object]
) -> None:
    spoil(Path("dvc.lock"))
    shown, found = lines(), facts()
    assert shown[-1] == UNKNOWN
    assert not any(line.startswith(("book", "training", "test")) for line in shown)
    assert {found[name] for name in (*METRICS, "book")} == {None}


def test_a_copy_of_the_model_is_the_same_model(here: Path, facts: Facts) -> None:
    copy = here / "copy.safetensors"
    copy.write_bytes(paths.BEST.read_bytes())
    assert facts("--model", copy) == facts() | {"model": str(copy)}


@pytest.mark.parametrize("name", METRICS)
def test_figures_that_the_lock_does_not_name_are_not_shown(
    lines: Lines, facts: Facts, name: str
) -> None:
    path, before = METRICS[name], facts()
    path.write_bytes(path.read_bytes() + b" ")
    assert facts() == before | {name: None}
    path.unlink()
    assert facts() == before | {name: None}
    assert UNKNOWN not in lines()


def test_another_book_that_was_prepared_since_is_not_the_models(
    lines: Lines, facts: Facts
) -> None:
    lock = Path("dvc.lock")
    stages = json.loads(lock.read_bytes())["stages"]
    vocabulary = paths.VOCABULARY.read_bytes()
    Path("data/raw/book.txt").write_text("another book " * 50, encoding="utf-8")
    prepare.main()
    write_lock()
    new = json.loads(lock.read_bytes())["stages"]["prepare"]
    lock.write_text(json.dumps({"stages": stages | {"prepare": new}}))
    paths.VOCABULARY.write_bytes(vocabulary)
    found = facts()
    assert (found["book"], found["corpus"]) == (None, None)
    assert found["training"] is not None
    assert not any(line.startswith("book ") for line in lines())


def test_a_run_without_held_out_text_has_no_such_losses(lines: Lines) -> None:
    training = json.loads(paths.SUMMARY.read_bytes())
    training["best"] = {"update": 1, "smooth_loss": 2.0}
    for epoch in training["epochs"].values():
        del epoch["validation_nats_per_character"]
    paths.SUMMARY.write_text(json.dumps(training), encoding="utf-8")
    paths.EVALUATION.write_text('{"part": "test", "characters": 0}', encoding="utf-8")
    write_lock()
    shown = lines()
    assert "validation    none" in shown
    assert "test          none: nothing was held out" in shown


def test_figures_of_another_shape_are_refused(refusal: Tell) -> None:
    paths.SUMMARY.write_text('{"epochs": {}}', encoding="utf-8")
    write_lock()
    assert refusal("info") == f"{paths.SUMMARY}: damaged: updates: Field required"
