"""``charrnn sample``: write text, character by character."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from charrnn.cli.loading import model_of_options
from charrnn.cli.output import safe_to_show
from charrnn.cli.terminal import is_terminal, styled
from charrnn.errors import VocabularyError
from charrnn.network.model import Weights
from charrnn.network.sampling import stream_text
from charrnn.network.streams import Purpose, stream
from charrnn.settings import SampleConfig, meanings
from charrnn.text.vocabulary import Ids


def run(options: argparse.Namespace) -> int:
    """Write the texts."""
    model, vocabulary, _ = model_of_options(options)
    weights = model.weights
    hidden = weights.zero_state() if options.from_zero else model.hidden
    config = SampleConfig(
        **{name: getattr(options, name) for name in meanings(SampleConfig)}
    )
    prime = config.prime or ""
    try:
        ids = vocabulary.encode(prime or vocabulary.opening)
    except VocabularyError as error:
        message = f"--prime is {prime!r}: {error}"
        raise VocabularyError(message) from None
    for number in range(1, options.count + 1):
        pieces = map(vocabulary.decode, _pieces(weights, hidden, ids, config, number))
        if options.json:
            _print_object(number, prime, pieces)
            continue
        if options.count > 1:
            sys.stdout.write(f"=== {number}\n")
        sys.stdout.write(prime and styled(safe_to_show(prime), "bold", sys.stdout))
        for piece in pieces:
            sys.stdout.write(safe_to_show(piece))
            sys.stdout.flush()
        sys.stdout.write("\n\n" if options.count > 1 else "\n")
    return 0


def _pieces(
    weights: Weights,
    hidden: NDArray[Any],
    prime: Ids,
    config: SampleConfig,
    number: int,
) -> Iterator[Ids]:
    """Yield a text piece by piece; text 1 is that of the stage `sample`."""
    which = (number,) if number > 1 else ()
    return stream_text(
        weights,
        prime,
        hidden,
        length=config.length,
        choice=config,
        rng=stream(Purpose.SAMPLE, config.seed, *which),
        piece=1 if is_terminal(sys.stdout) else None,
    )


def _print_object(number: int, prime: str, pieces: Iterator[str]) -> None:
    """Print a JSON object on one line, holding only one piece in memory at a time."""
    begin = json.dumps({"number": number, "prime": prime, "text": prime})
    sys.stdout.write(begin.removesuffix('"}'))
    for piece in pieces:
        sys.stdout.write(json.dumps(piece)[1:-1])
        sys.stdout.flush()
    sys.stdout.write('"}\n')
