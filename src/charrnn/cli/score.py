"""``charrnn score``: measure how well the model predicts a text."""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from tqdm import tqdm

from charrnn.cli.loading import model_of_options
from charrnn.cli.output import escaped, print_aligned, print_json, standard_input
from charrnn.errors import BookError, TrainingError
from charrnn.evaluation.scores import (
    Line,
    check_length,
    known_text,
    measure_text,
    named,
    score_lines,
)
from charrnn.exact import bits as to_bits
from charrnn.files.artifacts import read_bytes
from charrnn.network.model import Scores, Weights
from charrnn.network.scoring import pieces_of_scores
from charrnn.text.book import decode_book
from charrnn.text.vocabulary import Ids

HEADER = "line\tcharacters\tnats_per_character\tbits_per_character\ttext\n"


def run(options: argparse.Namespace) -> int:
    """Print the figures of a text, or of each of its lines."""
    model, vocabulary, _ = model_of_options(options)
    weights = model.weights
    hidden = weights.zero_state() if options.from_zero else model.hidden
    is_file = options.file not in (None, "-")
    name = options.file if is_file else "the standard input"
    try:
        content = read_bytes(Path(options.file)) if is_file else standard_input()
        if not content:
            message = "is empty"
            raise BookError(message)
        text, notes = decode_book(content)
        del content
        for note in notes:
            sys.stderr.write(f"charrnn: {name}: {note}\n")
        ids, unknown = known_text(text, vocabulary)
        check_length(ids)
        if options.per_line:
            if unknown:
                sys.stderr.write(f"charrnn: {name}: unknown: {_left_out(unknown)}\n")
            lines = score_lines(weights, vocabulary, text, ids, hidden)
            _print_lines(lines, options.json)
        else:
            pieces = _with_progress(weights, ids, hidden)
            _print_total(pieces, len(ids), unknown, options.json)
    except BookError as error:
        message = f"{name}: {error}"
        raise BookError(message) from None
    return 0


def _left_out(unknown: dict[str, int]) -> str:
    if not unknown:
        return "none"
    return f"{sum(unknown.values()):,} left out: {named(unknown)}"


def _with_progress(
    weights: Weights, ids: Ids, hidden: NDArray[Any]
) -> Iterator[Scores]:
    """Score the text; a terminal shows a progress bar after two seconds."""
    with tqdm(
        total=len(ids), unit="characters", unit_scale=True, desc="score",
        delay=2, leave=False, disable=None,
    ) as bar:  # fmt: skip
        for piece in pieces_of_scores(weights, ids, hidden):
            yield piece
            bar.update(len(piece.nats))


def _print_total(
    pieces: Iterator[Scores], known: int, unknown: dict[str, int], as_json: bool
) -> None:
    measures = measure_text(pieces)
    nats, perplexity = measures.nats_per_character, measures.perplexity
    _finite(measures.bits_per_character)
    if as_json:
        content = asdict(measures) | {
            "characters": known - 1,
            "perplexity": perplexity if math.isfinite(perplexity) else None,
            "unknown": unknown,
            "unknown_characters": sum(unknown.values()),
        }
        print_json(content)
        return
    print_aligned(
        [
            ("characters", f"{known - 1:,} scored, all but the first"),
            ("nats", f"{nats:.4f} per character"),
            ("bits", f"{measures.bits_per_character:.4f} per character"),
            ("perplexity", f"{perplexity:.3f}"),
            ("accuracy", f"{100 * measures.accuracy:.2f} %"),
            ("unknown", _left_out(unknown)),
        ]
    )


def _finite(loss: float) -> float:
    """Return a loss in bits, which are more than its nats."""
    if not math.isfinite(loss):
        message = "the loss is not finite: the weights cannot be used"
        raise TrainingError(message)
    return loss


def _print_lines(lines: Iterator[Line], as_json: bool) -> None:
    if not as_json:
        sys.stdout.write(HEADER)
    for number, characters, total, text in lines:
        nats = total / characters if characters else None
        bits = None if nats is None else _finite(to_bits(nats))
        if as_json:
            content = {
                "line": number,
                "characters": characters,
                "nats_per_character": nats,
                "bits_per_character": bits,
                "text": text,
            }
            print_json(content, indent=None)
            continue
        figures = "\t" if nats is None else f"{nats:.6f}\t{bits:.6f}"
        sys.stdout.write(f"{number}\t{characters}\t{figures}\t{escaped(text)}\n")
