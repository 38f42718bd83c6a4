"""``charrnn sample``: write text, character by character."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from charrnn.cli.loading import model_of_options
from charrnn.cli.output import safe_to_show, standard_input
from charrnn.cli.terminal import is_terminal, styled
from charrnn.errors import BookError, SamplingError, VocabularyError
from charrnn.files.artifacts import read_bytes
from charrnn.network.model import Weights
from charrnn.network.sampling import stream_text
from charrnn.network.streams import Purpose, stream
from charrnn.settings import SampleConfig, meanings
from charrnn.text.book import decode_book
from charrnn.text.vocabulary import Ids, Vocabulary

_SHOWN = 60  # characters of a text that is refused


def run(options: argparse.Namespace) -> int:
    """Write the texts."""
    model, vocabulary, _ = model_of_options(options)
    hidden = model.weights.zero_state() if options.from_zero else model.hidden
    if options.prime_file is not None:
        if options.prime is not None:
            message = "--prime and --prime-file are two primes: give one of them"
            raise SamplingError(message)
        options.prime = _prime_of_file(options.prime_file)
    config = SampleConfig(
        **{name: getattr(options, name) for name in meanings(SampleConfig)}
    )
    length = config.length * (options.items or 1)
    prime = config.prime or ""
    ids = _encoded(vocabulary, "--prime", prime or vocabulary.opening)
    if options.items is not None:
        _encoded(vocabulary, "--items ends lines: a newline", "\n")
    if options.stop is not None:
        _encoded(vocabulary, "--stop", options.stop)
    for number in range(1, options.count + 1):
        drawn = _pieces(model.weights, hidden, ids, config, length, number)
        pieces = _until(map(vocabulary.decode, drawn), options.items, options.stop)
        if options.json:
            _print_object(number, prime, pieces)
            continue
        if options.count > 1:
            sys.stdout.write(f"=== {number}\n")
        sys.stdout.write(prime and styled(safe_to_show(prime), "bold", sys.stdout))
        last = prime
        for piece in pieces:
            sys.stdout.write(safe_to_show(piece))
            sys.stdout.flush()
            last = piece
        ends = options.items is not None and last.endswith("\n")
        sys.stdout.write("\n" * ((options.count > 1) + (not ends)))
    return 0


def _prime_of_file(name: str) -> str:
    """Return the text of a file, or of the standard input."""
    shown = "the standard input" if name == "-" else name
    try:
        content = standard_input() if name == "-" else read_bytes(Path(name))
        return decode_book(content).text
    except BookError as error:
        message = f"{shown}: {error}"
        raise BookError(message) from None


def _encoded(vocabulary: Vocabulary, what: str, text: str) -> Ids:
    try:
        return vocabulary.encode(text)
    except VocabularyError as error:
        shown = repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."
        message = f"{what} is {shown}: {error}"
        if "\\n" in text and "\\" not in vocabulary.characters:
            message += "; a shell passes \\n as two characters: type $'...\\n'"
        raise VocabularyError(message) from None


def _until(pieces: Iterator[str], items: int | None, stop: str | None) -> Iterator[str]:
    """Yield pieces of a text to the end of so many lines, or of the first such text."""
    lines, before = 0, ""
    for piece in pieces:
        ends = [len(piece)]
        if items is not None:
            for end in (at + 1 for at, one in enumerate(piece) if one == "\n"):
                lines += 1
                if lines == items:
                    ends.append(end)
        if stop is not None:
            at = (before + piece).find(stop)
            if at >= 0:
                ends.append(at + len(stop) - len(before))
            before = (before + piece)[-len(stop) + 1 :] if len(stop) > 1 else ""
        yield piece[: min(ends)]
        if len(ends) > 1:
            return


def _pieces(
    weights: Weights,
    hidden: NDArray[Any],
    prime: Ids,
    config: SampleConfig,
    length: int,
    number: int,
) -> Iterator[Ids]:
    """Yield a text piece by piece; text 1 is that of the stage `sample`."""
    which = (number,) if number > 1 else ()
    return stream_text(
        weights,
        prime,
        hidden,
        length=length,
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
