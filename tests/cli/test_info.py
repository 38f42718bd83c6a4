"""``charrnn info`` tells what it can vouch for, and nothing else."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from charrnn.cli.main import main
from charrnn.cli.provenance import Provenance, provenance
from charrnn.files.artifacts import write_bytes
from charrnn.files.models import load_model, model_bytes
from charrnn.files.prepared import load_vocabulary
from stages import prepare
from stages.runtime import paths
from tests.command_line import make_trained, write_lock

Capture = pytest.CaptureFixture[str]
NOT_KNOWN = "origin        not known: no dvc.lock here names this model"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project, to be spoiled."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def info(capture: Capture, *arguments: object) -> str:
    code = main(["info", *map(str, arguments)])
    captured = capture.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out


def facts(capture: Capture, *arguments: object) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(info(capture, "--json", *arguments))
    return content


@pytest.mark.usefixtures("here")
def test_it_tells_all_of_a_model_that_the_lock_names(capsys: Capture) -> None:
    found = facts(capsys)
    vocabulary = load_vocabulary(paths.VOCABULARY)
    assert found["characters"] == vocabulary.characters
    assert found["sha256"] == hashlib.sha256(paths.BEST.read_bytes()).hexdigest()
    K = vocabulary.size
    assert found["weights"] == 5 + K + 5 * K + 25 + 5 * K
    assert (found["hidden_size"], found["precision"]) == (5, "float32")
    metrics = {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in (
            ("corpus", paths.CORPUS),
            ("training", paths.SUMMARY),
            ("evaluation", paths.EVALUATION),
        )
    }
    assert {name: found[name] for name in metrics} == metrics
    assert found["book"] == "data/raw/book.txt"
    network, training = metrics["evaluation"]["network"], metrics["training"]
    lines = info(capsys).splitlines()
    assert lines[0] == f"model         {paths.BEST}"
    assert f"characters    {K} distinct ones" in lines
    assert f"weights       {found['weights']:,}, float32" in lines
    assert lines[6].startswith(r"              \n ,.;AGITW")
    assert "book          data/raw/book.txt" in lines
    assert (
        "              300 characters: 240 to learn, 30 to validate, 30 to test"
        in lines
    )
    assert (
        f"training      {training['updates']} updates, 2 epochs; these weights: the "
        f"best, after update {training['best']['update']}"
    ) in lines
    nats = training["best"]["validation_nats_per_character"]
    assert f"validation    {nats:.4f} nats per character" in lines
    assert lines[-1] == (
        f"test          {network['nats_per_character']:.4f} nats, "
        f"{network['bits_per_character']:.4f} bits per character, perplexity "
        f"{network['perplexity']:.3f}, {100 * network['accuracy']:.2f} % accuracy"
    )
    assert max(map(len, lines)) <= 90
    assert "".join(lines).isprintable()


def test_the_last_weights_have_no_evaluation(here: Path, capsys: Capture) -> None:
    vocabulary = load_vocabulary(paths.VOCABULARY)
    weights = load_model(paths.LAST, vocabulary)  # which are the best of that training
    write_bytes(paths.LAST, model_bytes(weights._replace(b=weights.b + 1), vocabulary))
    write_lock()
    found = facts(capsys, "--model", here / paths.LAST)
    assert (found["is_best"], found["evaluation"]) == (False, None)
    assert found["training"] == facts(capsys)["training"]
    said = info(capsys, "--model", here / paths.LAST)
    assert "these weights: the last\n" in said
    assert "\ntest " not in said


def spoil_model(here: Path) -> None:
    lock = (here / "dvc.lock").read_text(encoding="utf-8")
    md5 = hashlib.md5((here / paths.BEST).read_bytes()).hexdigest()
    (here / "dvc.lock").write_text(lock.replace(md5, "0" * 32), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_model,
        lambda here: (here / "dvc.lock").unlink(),
        lambda here: (here / "dvc.lock").write_bytes(b"\xff"),
        lambda here: (here / "dvc.lock").write_text("stages: 1"),
        lambda here: (here / "dvc.lock").write_text("stages: {train: {outs: [1]}}"),
        lambda here: (here / "dvc.lock").write_text("{}"),
    ],
)
def test_of_a_model_that_no_lock_names_it_tells_itself(
    here: Path, capsys: Capture, spoil: Any
) -> None:
    spoil(here)
    lines = info(capsys).splitlines()
    assert lines[-1] == NOT_KNOWN
    assert not any(line.startswith(("book", "training", "test")) for line in lines)
    assert facts(capsys)["training"] is None


def test_a_copy_of_the_model_is_the_same_model(here: Path, capsys: Capture) -> None:
    copy = here / "copy.safetensors"
    copy.write_bytes((here / paths.BEST).read_bytes())
    assert facts(capsys, "--model", copy)["evaluation"] is not None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("corpus", paths.CORPUS),
        ("training", paths.SUMMARY),
        ("evaluation", paths.EVALUATION),
    ],
)
@pytest.mark.parametrize("how", ["changed", "removed"])
def test_figures_that_the_lock_does_not_name_are_not_told(
    here: Path, capsys: Capture, name: str, path: Path, how: str
) -> None:
    if how == "changed":
        (here / path).write_text((here / path).read_text() + " ", encoding="utf-8")
    else:
        (here / path).unlink()
    found = facts(capsys)
    others = {"corpus", "training", "evaluation"} - {name}
    assert found[name] is None
    assert all(found[other] is not None for other in others)
    assert NOT_KNOWN not in info(capsys)


def test_another_book_that_was_prepared_since_is_not_the_models(
    here: Path, capsys: Capture
) -> None:
    old = (here / "dvc.lock").read_text(encoding="utf-8")
    (here / "data/raw/book.txt").write_text("another book " * 50, encoding="utf-8")
    vocabulary = (here / paths.VOCABULARY).read_bytes()
    prepare.main()
    write_lock()
    new = json.loads((here / "dvc.lock").read_text(encoding="utf-8"))
    stages = json.loads(old)["stages"] | {"prepare": new["stages"]["prepare"]}
    (here / "dvc.lock").write_text(json.dumps({"stages": stages}), encoding="utf-8")
    (here / paths.VOCABULARY).write_bytes(vocabulary)
    found = facts(capsys)
    assert (found["book"], found["corpus"]) == (None, None)
    assert found["training"] is not None
    assert "\nbook " not in info(capsys)


def test_a_run_without_held_out_text_has_no_such_losses(
    here: Path, capsys: Capture
) -> None:
    for path, change in (
        (paths.EVALUATION, {"test_characters": 0}),
        (
            paths.SUMMARY,
            {
                "best": {"update": 1, "smooth_loss": 2.0}, "first_loss": 3.0,
                "updates": 1, "epochs": {"1": {"last_smooth_loss": 2.0}},
            },
        ),
    ):  # fmt: skip
        (here / path).write_text(json.dumps(change), encoding="utf-8")
    write_lock()
    lines = info(capsys).splitlines()
    assert "validation    none" in lines
    assert "test          none: the test part has 0 characters" in lines


def test_figures_of_another_shape_are_refused(here: Path, capsys: Capture) -> None:
    (here / paths.SUMMARY).write_text('{"epochs": {}}', encoding="utf-8")
    write_lock()
    assert main(["info"]) == 1
    assert capsys.readouterr().err.startswith("charrnn: error: metrics: damaged: ")


def test_without_a_lock_nothing_is_known(here: Path) -> None:
    (here / "dvc.lock").unlink()
    assert provenance(here / paths.BEST) == Provenance()
