"""How well a model predicts a text: the usual figures, whatever the model.

Everything is in nats per character unless a name says bits (1 bit = ln 2 nats).
Perplexity is e to the nats per character.
"""

import math
from dataclasses import dataclass

import numpy as np

from charrnn import exact
from charrnn.errors import BookError, TrainingError
from charrnn.exact import bits, mean
from charrnn.network.scoring import Scores


@dataclass(frozen=True, slots=True)
class Measures:
    """The usual figures of a text under a model."""

    nats_per_character: float
    bits_per_character: float
    perplexity: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Nats per character over equal blocks of a text."""

    mean: float
    standard_deviation: float
    lowest: float
    highest: float


def measure(scores: Scores) -> Measures:
    """Condense the scores of a text.

    Raises
    ------
    TrainingError
        If the loss is so large that its perplexity is not a number.
    """
    nats, hits = mean(scores.nats), int(np.count_nonzero(scores.hits))
    measures = measures_of(nats, accuracy=hits / len(scores.hits))
    if not math.isfinite(measures.perplexity):
        message = (
            f"the test part costs {nats:g} nats per character, beyond any perplexity: "
            f"the weights are of no use; try a lower train.learning_rate"
        )
        raise TrainingError(message)
    return measures


def measures_of(nats: float, *, accuracy: float) -> Measures:
    """Return the usual figures of a mean loss; perplexity may be infinite."""
    return Measures(
        nats_per_character=nats,
        bits_per_character=bits(nats),
        perplexity=float(exact.exp(nats)),
        accuracy=accuracy,
    )


def spread(scores: Scores, blocks: int) -> Spread:
    """Say how much the loss differs from one passage to the next.

    Raises
    ------
    BookError
        If the text is too short for so many blocks.
    """
    size = len(scores.nats) // blocks
    if size == 0:
        message = (
            f"the test part has {len(scores.nats) + 1} characters: too short for "
            f"evaluate.blocks {blocks}"
        )
        raise BookError(message)
    losses = [mean(scores.nats[i * size : (i + 1) * size]) for i in range(blocks)]
    middle = math.fsum(losses) / blocks
    apart = [loss - middle for loss in losses]
    variance = math.fsum(a * a for a in apart) / (blocks - 1)  # no **: that is libm
    return Spread(middle, math.sqrt(variance), min(losses), max(losses))
