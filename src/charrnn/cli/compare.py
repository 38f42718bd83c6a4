"""``charrnn compare``: write a page that shows two runs side by side."""

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from charrnn.cli import interrupts
from charrnn.cli.output import safe_to_show
from charrnn.cli.writing import check_new
from charrnn.errors import CharRnnError
from charrnn.files.artifacts import read_bytes, read_table, write_bytes
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.gradient_metrics import GradientCheckMetrics
from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import CorpusMetrics, SampleMetrics, read_metrics
from charrnn.files.metrics.train_metrics import TrainMetrics
from charrnn.files.models import load_model
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.files.runs import StoredRun, stored_run
from charrnn.files.yaml12 import value_at
from charrnn.inspection.surprise import surprise_at
from charrnn.network.scoring import CONTEXT
from charrnn.report.side_by_side import Passages, Reading, Side, flat, render_comparison
from charrnn.text.parts import Corpus, Piece
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.state import Row, Validation

MODEL = Path("data/model/best.safetensors")
IDS = Path("data/prepared/book.npy")
PARTS = Path("data/prepared/parts.json")
VOCABULARY = Path("data/prepared/vocabulary.json")
CORPUS = Path("metrics/corpus.json")
TRAINING = Path("metrics/train.json")
CURVE = Path("metrics/loss.csv")
VALIDATIONS = Path("metrics/validation.csv")
EVALUATION = Path("metrics/evaluation.json")
GRADIENTS = Path("metrics/gradient_check.json")
INSPECTION = Path("metrics/inspection.json")
SAMPLE = Path("metrics/sample.txt")
COPYING = Path("metrics/sample.json")

_IN_GIT = [
    PARTS, VOCABULARY, CORPUS, TRAINING, CURVE, VALIDATIONS, EVALUATION, GRADIENTS,
    INSPECTION, SAMPLE, COPYING,
]  # fmt: skip

Value = TypeVar("Value")


def run(options: argparse.Namespace) -> int:
    """Write the page, and print its path."""
    with ExitStack() as stack, interrupts.as_exception():
        runs = [
            stack.enter_context(stored_run(name, _IN_GIT))
            for name in (options.first, options.second)
        ]
        sides = [_side(one) for one in runs]
        passages = _passages(runs, sides)
        same_text = _same(runs, IDS) and _same(runs, PARTS)
        page = render_comparison(sides, passages, same_text=same_text)
        check_new(options.output, page, force=options.force)
        write_bytes(options.output, page)
    sys.stdout.write(safe_to_show(f"{options.output}: {len(page):,} bytes\n"))
    return 0


def _side(run: StoredRun) -> Side:
    missing: list[str] = []

    def get(kind: type[Any], path: Path) -> Any:
        return _try(run, missing, lambda: read_metrics(kind, run.files / path))

    def table(path: Path, columns: Sequence[str]) -> Any:
        return _try(
            run,
            missing,
            lambda: read_table(run.files / path, columns, may_be_empty=True),
        )

    params = run.params()
    length = value_at(params, "train.sequence_length")
    if type(length) is not int or length < 1:
        message = f"{run.name}: params.yaml: train.sequence_length: not a whole number"
        raise CharRnnError(message)
    curve = table(CURVE, Row._fields)
    return Side(
        name=run.name,
        commit=run.commit or "",
        values=flat(params),
        inputs=_try(run, missing, run.inputs) or {},
        sequence_length=length,
        corpus=get(CorpusMetrics, CORPUS),
        training=get(TrainMetrics, TRAINING),
        evaluation=get(EvaluationMetrics, EVALUATION),
        gradients=get(GradientCheckMetrics, GRADIENTS),
        copying=get(SampleMetrics, COPYING),
        curve=curve if curve is not None and len(curve) else None,
        validations=table(VALIDATIONS, Validation._fields),
        written=_try(
            run,
            missing,
            lambda: read_bytes(run.files / SAMPLE).decode("utf-8", "replace"),
        ),
        missing=missing,
    )


def _try(run: StoredRun, missing: list[str], read: Callable[[], Value]) -> Value | None:
    """Return what can be read; note why something cannot."""
    try:
        return read()
    except CharRnnError as error:
        missing.append(_about(run, error))
        return None


def _about(run: StoredRun, error: CharRnnError) -> str:
    """Return the message of an error without the folder of the run."""
    return str(error).replace(f"{run.files}/", "")


def _same(runs: Sequence[StoredRun], path: Path) -> bool:
    """Whether dvc.lock has the same digest of a file in both runs."""
    try:
        first, second = (run.digest(path) for run in runs)
    except CharRnnError:
        return False
    return first is not None and first == second


class _Text(NamedTuple):
    """A book, and the passage that its run shows."""

    run: StoredRun
    book: Corpus
    vocabulary: Vocabulary
    passage: Piece


def _passages(runs: Sequence[StoredRun], sides: Sequence[Side]) -> Passages | None:
    """Let both models read the passage of the first run that has its book."""
    for run, side in zip(runs, sides, strict=True):
        source = _try(run, side.missing, functools.partial(_text, run))
        if source is not None:
            break
    else:
        return None
    start, end = source.passage
    before = max(0, start - 1 - CONTEXT)
    text = source.vocabulary.decode(source.book.ids[before:end])
    return Passages(
        text=text[start - before :],
        start=start,
        readings=[_reading(run, source, runs, text) for run in runs],
    )


def _text(run: StoredRun) -> _Text:
    inspection = read_metrics(InspectionMetrics, run.files / INSPECTION)
    vocabulary = load_vocabulary(run.files / VOCABULARY)
    book = load_book(run.large_file(IDS), run.files / PARTS, vocabulary)
    start = inspection.surprise.start
    passage = Piece(start, start + inspection.surprise.characters)
    if not 0 < passage.start < passage.end <= len(book.ids):
        message = f"{INSPECTION}: damaged: its page is not in the book"
        raise CharRnnError(message)
    return _Text(run, book, vocabulary, passage)


def _reading(
    run: StoredRun, source: _Text, runs: Sequence[StoredRun], text: str
) -> Reading:
    try:
        model, vocabulary, _ = load_model(run.large_file(MODEL))
        ids = vocabulary.encode(text)
    except CharRnnError as error:
        return Reading(
            None, None, f"The model cannot read the passage: {_about(run, error)}"
        )
    length = source.passage.end - source.passage.start
    passage = Piece(len(ids) - length, len(ids))
    return Reading(*surprise_at(model, ids, passage), _part(run, source, runs))


def _part(run: StoredRun, source: _Text, runs: Sequence[StoredRun]) -> str:
    """Say to which part of a run the passage belongs."""
    book = source.book
    if run is not source.run:
        if not _same(runs, IDS):
            return "This run has another book; it may have read the passage or not."
        try:
            book = load_book(
                source.run.large_file(IDS), run.files / PARTS, source.vocabulary
            )
        except CharRnnError as error:
            return f"Its parts are unknown: {_about(run, error)}"
    start, end = source.passage
    for name in ("test", "validation", "training"):
        pieces = getattr(book, name)
        if any(piece.start <= start and end <= piece.end for piece in pieces):
            return f"The passage belongs to the {name} part of this run."
    return "The passage reaches over several parts of this run."
