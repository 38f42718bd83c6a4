"""``charrnn sample``: text, character by character."""

import argparse
import json
import sys
from collections.abc import Iterator

import numpy as np

from charrnn.cli.loading import load
from charrnn.cli.output import visible
from charrnn.cli.terminal import is_terminal, styled
from charrnn.errors import VocabularyError
from charrnn.network.model import Weights
from charrnn.network.sampling import stream_text
from charrnn.network.scoring import steps_at_once
from charrnn.network.streams import Purpose, stream
from charrnn.settings import Choice
from charrnn.text.vocabulary import Vocabulary


def run(options: argparse.Namespace) -> int:
    """Write the texts."""
    vocabulary, weights = load(options)
    begin = vocabulary.opening if options.prime is None else options.prime
    _check(begin, vocabulary)
    shown = options.prime or ""
    for number in range(1, options.count + 1):
        pieces = _pieces(options, weights, vocabulary, begin, number)
        if options.json:
            _write_json(number, shown, pieces)
            continue
        if options.count > 1:
            sys.stdout.write(f"=== {number}\n")
        sys.stdout.write(shown and styled(visible(shown), "bold", sys.stdout))
        for piece in pieces:
            sys.stdout.write(visible(piece))
            sys.stdout.flush()
        sys.stdout.write("\n\n" if options.count > 1 else "\n")
    return 0


def _check(begin: str, vocabulary: Vocabulary) -> None:
    try:
        if not begin:
            message = "it should have at least one character"
            raise VocabularyError(message)
        vocabulary.encode(begin)
    except VocabularyError as error:
        message = f"--prime is {begin!r}: {error}"
        raise VocabularyError(message) from None


def _pieces(
    options: argparse.Namespace,
    weights: Weights,
    vocabulary: Vocabulary,
    begin: str,
    number: int,
) -> Iterator[str]:
    """Write a text piece by piece; the first one is what the stage `sample` writes."""
    which = (number,) if number > 1 else ()
    # Compiled code cannot be interrupted, and drawing takes longer than reading does.
    piece = 1 if is_terminal(sys.stdout) else max(64, steps_at_once(weights) // 4)
    pieces = stream_text(
        weights,
        vocabulary.encode(begin),
        np.zeros(weights.hidden_size, dtype=weights.b.dtype),
        length=options.length,
        choice=Choice(
            temperature=options.temperature, top_k=options.top_k, top_p=options.top_p
        ),
        rng=stream(Purpose.SAMPLE, options.seed, *which),
        piece=piece,
    )
    return map(vocabulary.decode, pieces)


def _write_json(number: int, prime: str, pieces: Iterator[str]) -> None:
    """Write an object on one line, without ever holding all of it."""
    begin = json.dumps({"number": number, "prime": prime, "text": prime})
    sys.stdout.write(begin.removesuffix('"}'))
    for piece in pieces:
        sys.stdout.write(json.dumps(piece)[1:-1])
        sys.stdout.flush()
    sys.stdout.write('"}\n')
