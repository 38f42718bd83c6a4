"""Compare the files with dvc.lock, and the curve with a training in memory."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_table
from charrnn.files.lock import LOCK, damaged_object, md5
from charrnn.files.models import first_model
from charrnn.files.params import load_section
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.files.yaml12 import read_yaml, value_at
from charrnn.settings import ModelConfig, TrainConfig
from charrnn.training.loop import start, train
from charrnn.training.state import Row

PIPELINE = Path("dvc.yaml")
IDS = Path("data/prepared/book.npy")
PARTS = Path("data/prepared/parts.json")
VOCABULARY = Path("data/prepared/vocabulary.json")
CURVE = Path("metrics/loss.csv")


class Comparison(NamedTuple):
    """One comparison: whether both sides agree, and a line of text that says so.

    Attributes
    ----------
    holds : bool
    text : str
    remove : Path or None
        What ``dvc repro`` would trust, though damaged.
    """

    holds: bool
    text: str
    remove: Path | None = None


def compare_with_lock(lock: Path = LOCK) -> Iterator[Comparison]:
    """Hash each file that dvc.lock names and compare the digests.

    Raises
    ------
    CharRnnError
        If dvc.lock cannot be read or is damaged.
    """
    try:
        stages = read_yaml(lock)["stages"]
        yield from _compare_stages(stages)
        yield from _missing(stages, read_yaml(PIPELINE)["stages"])
    except (AttributeError, KeyError, TypeError):
        message = f"{lock}: damaged, or it has no stages"
        raise ArtifactError(message) from None


def _compare_stages(stages: dict[str, Any]) -> Iterator[Comparison]:
    if not stages:
        raise KeyError
    kinds = {"deps": "reads", "outs": "makes"}
    made = {
        entry["path"]
        for content in stages.values()
        for entry in content.get("outs", [])
    }
    checked: set[tuple[str, str]] = set()
    for stage, content in stages.items():
        for kind, verb in kinds.items():
            for entry in content.get(kind, []):
                path, expected = entry["path"], entry.get("md5")
                if (path, expected) not in checked:
                    checked.add((path, expected))
                    what = f"{path} ({stage} {verb} the file)"
                    found = _compare_file(what, Path(path), expected)
                    # DVC goes by size and time, and may take the file for its own.
                    is_kept = not found.holds and path in made and Path(path).exists()
                    yield found._replace(remove=Path(path)) if is_kept else found
                damaged = damaged_object(str(expected)) if kind == "outs" else None
                if damaged is not None:
                    what = f"{damaged}, DVC's copy of {path}, is damaged"
                    yield Comparison(False, what, damaged)
        for file, values in content.get("params", {}).items():
            yield _compare_values(
                f"{file} ({stage} reads the file)", Path(file), values
            )


def _missing(locked: dict[str, Any], stages: dict[str, Any]) -> Iterator[Comparison]:
    """Yield each stage and each output of dvc.yaml that dvc.lock does not name."""
    for stage, content in stages.items():
        known = {entry["path"] for entry in locked.get(stage, {}).get("outs", [])}
        for entry in content.get("outs", []) + content.get("metrics", []):
            for path in [entry] if isinstance(entry, str) else entry:
                if path not in known:
                    yield Comparison(
                        False, f"{path} ({stage} makes the file) is not in {LOCK}"
                    )


def _compare_values(what: str, path: Path, values: dict[str, Any]) -> Comparison:
    """Compare params.yaml with the values that a stage was run with, by key or section."""
    here = read_yaml(path)
    for key, value in values.items():
        if value_at(here, key) != value:
            return Comparison(False, f"{what} has other values of {key} than dvc.lock")
    return Comparison(True, f"{what} has the values of dvc.lock: {', '.join(values)}")


def _compare_file(what: str, path: Path, expected: Any) -> Comparison:
    try:
        found = md5(path)
    except ArtifactError as error:
        return Comparison(False, f"{what} {str(error).partition(': ')[2]}")
    if found != expected:
        return Comparison(False, f"{what} differs from dvc.lock")
    return Comparison(True, f"{what} matches dvc.lock")


def compare_with_training(updates: int) -> Comparison:
    """Train again in memory and compare the curve bit by bit.

    Parameters
    ----------
    updates : int
        How far to train; the points of the curve up to there are compared.

    Raises
    ------
    CharRnnError
        If params.yaml, the prepared book or the curve cannot be read.
    """
    config, model = load_section(TrainConfig), load_section(ModelConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    book = load_book(IDS, PARTS, vocabulary)._replace(validation=())
    curve = read_table(CURVE, Row._fields)
    rows = (Row.of(values) for values in curve)
    expected = [row for row in rows if row.update <= updates]
    if not expected:
        message = f"{CURVE}: its first point is beyond update {updates:,}"
        raise ArtifactError(message)
    # The averaged weights affect no update, and take a validation part.
    config = dataclasses.replace(config, average_fraction=0.0)
    run = start(first_model(vocabulary, config, model), book, config)
    for _ in train(run, book, config, config):
        if len(run.rows) >= len(expected):
            break
    difference = _first_difference(run.rows, expected)
    if difference is not None:
        return Comparison(False, difference)
    last = expected[-1]
    text = (
        f"training again gives the {len(expected):,} points of {CURVE} up to update "
        f"{last.update:,}, bit for bit"
    )
    return Comparison(True, text)


def _first_difference(found: list[Row], expected: list[Row]) -> str | None:
    """Describe the first point at which the curve of loss.csv differs, if any."""
    for place, row in enumerate(expected):
        if place == len(found):
            return (
                f"{CURVE} has a point at update {row.update:,}, training again has none"
            )
        for name, again, here in zip(Row._fields, found[place], row, strict=True):
            if again != here:
                return (
                    f"training again differs from {CURVE} at update {row.update:,}: "
                    f"{name} is {again!r}, in the file {here!r}"
                )
    return None
