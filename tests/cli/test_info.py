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
from stages import prepare
from stages.runtime import paths
from tests.command_line import write_lock

Ask = Callable[..., tuple[int, str, str]]
METRICS = {
    "corpus": paths.CORPUS, "training": paths.SUMMARY, "evaluation": paths.EVALUATION
}  # fmt: skip
UNKNOWN = "origin        unknown: dvc.lock here does not name this model"


@pytest.fixture
def lines(ask: Ask) -> Callable[..., list[str]]:
    def shown(*arguments: object) -> list[str]:
        code, output, error = ask("info", *arguments)
        assert (code, error) == (0, "")
        return output.splitlines()

    return shown


@pytest.fixture
def facts(lines: Callable[..., list[str]]) -> Callable[..., dict[str, Any]]:
    return lambda *arguments: dict(json.loads("\n".join(lines("--json", *arguments))))


@pytest.mark.usefixtures("here")
def test_it_shows_all_of_a_model_that_the_lock_names(lines: Any, facts: Any) -> None:
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
        "vocabulary": str(paths.VOCABULARY),
        "vocabulary_sha256": vocabulary.digest,
        "distinct_characters": K,
        "characters": vocabulary.characters,
        "book": "data/raw/book.txt",
        "is_best": True,
    }
    network, training = metrics["evaluation"]["network"], metrics["training"]
    nats = training["best"]["validation_nats_per_character"]
    shown = lines()
    assert [line for line in shown if not line.startswith("  ")] == [
        f"model         {paths.BEST}",
        f"sha256        {found['sha256']}",
        "hidden units  5",
        f"weights       {found['weights']:,}, float32",
        f"vocabulary    {paths.VOCABULARY}",
        f"characters    {K} distinct",
        "book          data/raw/book.txt",
        (
            f"training      {training['updates']} updates, 2 epochs; these weights: the "
            f"best, after update {training['best']['update']}"
        ),
        f"validation    {nats:.4f} nats per character",
        (
            f"test          {network['nats_per_character']:.4f} nats, "
            f"{network['bits_per_character']:.4f} bits per character, perplexity "
            f"{network['perplexity']:.3f}, {100 * network['accuracy']:.2f} % accuracy"
        ),
    ]
    first, *_, parts, smooth = (line.strip() for line in shown if line[0] == " ")
    assert first.startswith(r"\n ,.;AGITW")
    assert parts == "300 characters: 240 training, 30 validation, 30 test"
    assert smooth == (
        f"smooth loss {training['first_loss']:.2f} at first, "
        f"{training['epochs']['2']['last_smooth_loss']:.2f} at the end, nats per window"
    )
    assert max(map(len, shown)) <= 90
    assert "".join(shown).isprintable()


def test_the_last_weights_have_no_evaluation(
    here: Path, lines: Any, facts: Any
) -> None:
    vocabulary = load_vocabulary(paths.VOCABULARY)
    weights = load_model(paths.LAST, vocabulary)  # here the best of their training, too
    write_bytes(paths.LAST, model_bytes(weights._replace(b=weights.b + 1), vocabulary))
    write_lock()
    of_last = ("--model", here / paths.LAST)
    found = facts(*of_last)
    assert (found["is_best"], found["evaluation"]) == (False, None)
    assert found["training"] == facts()["training"]
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
@pytest.mark.usefixtures("here")
def test_without_a_lock_that_names_the_model_the_origin_is_unknown(
    lines: Any, facts: Any, spoil: Callable[[Path], object]
) -> None:
    spoil(Path("dvc.lock"))
    shown = lines()
    assert shown[-1] == UNKNOWN
    assert not any(line.startswith(("book", "training", "test")) for line in shown)
    found = facts()
    assert {found[name] for name in (*METRICS, "book")} == {None}


def test_a_copy_of_the_model_is_the_same_model(here: Path, facts: Any) -> None:
    copy = here / "copy.safetensors"
    copy.write_bytes(paths.BEST.read_bytes())
    assert facts("--model", copy) == facts() | {"model": str(copy)}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("how", ["changed", "removed"])
@pytest.mark.usefixtures("here")
def test_figures_that_the_lock_does_not_name_are_not_shown(
    lines: Any, facts: Any, name: str, how: str
) -> None:
    path, before = METRICS[name], facts()
    if how == "changed":
        path.write_bytes(path.read_bytes() + b" ")
    else:
        path.unlink()
    assert facts() == before | {name: None}
    assert UNKNOWN not in lines()


def test_another_book_that_was_prepared_since_is_not_the_models(
    here: Path, lines: Any, facts: Any
) -> None:
    stages = json.loads(Path("dvc.lock").read_bytes())["stages"]
    (here / "data/raw/book.txt").write_text("another book " * 50, encoding="utf-8")
    vocabulary = paths.VOCABULARY.read_bytes()
    prepare.main()
    write_lock()
    new = json.loads(Path("dvc.lock").read_bytes())["stages"]["prepare"]
    Path("dvc.lock").write_text(json.dumps({"stages": stages | {"prepare": new}}))
    paths.VOCABULARY.write_bytes(vocabulary)
    found = facts()
    assert (found["book"], found["corpus"]) == (None, None)
    assert found["training"] is not None
    assert not any(line.startswith("book ") for line in lines())


@pytest.mark.usefixtures("here")
def test_a_run_without_held_out_text_has_no_such_losses(lines: Any) -> None:
    training = json.loads(paths.SUMMARY.read_bytes())
    training["best"] = {"update": 1, "smooth_loss": 2.0}
    for epoch in training["epochs"].values():
        del epoch["validation_nats_per_character"]
    paths.SUMMARY.write_text(json.dumps(training), encoding="utf-8")
    paths.EVALUATION.write_text('{"test_characters": 0}', encoding="utf-8")
    write_lock()
    shown = lines()
    assert "validation    none" in shown
    assert "test          none: the test part has 0 characters" in shown


@pytest.mark.usefixtures("here")
def test_figures_of_another_shape_are_refused(ask: Ask) -> None:
    paths.SUMMARY.write_text('{"epochs": {}}', encoding="utf-8")
    write_lock()
    code, _, error = ask("info")
    assert code == 1
    assert error == (
        f"charrnn: error: {paths.SUMMARY}: damaged: updates: Field required\n"
    )
