"""How well a model predicts a text: the usual measures, for any model.

Losses are in nats per character unless a name says bits (1 bit = ln 2 nats).
Perplexity is e to the nats per character.
"""

import math
from dataclasses import dataclass

import numpy as np

from charrnn import exact
from charrnn.errors import BookError, TrainingError
from charrnn.exact import bits, mean, total
from charrnn.network.model import Scores


@dataclass(frozen=True, slots=True)
class Measures:
    """The usual measures of a text under a model; accuracy is the share of hits."""

    nats_per_character: float
    bits_per_character: float
    perplexity: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Nats per character over equal segments of a text."""

    mean: float
    standard_deviation: float
    lowest: float
    highest: float


def measure(scores: Scores) -> Measures:
    """Return the measures of the scores of a text.

    Raises
    ------
    TrainingError
        If the loss is so large that its perplexity is not finite.
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
    """Return the measures of a mean loss; perplexity may be infinite."""
    return Measures(
        nats_per_character=nats,
        bits_per_character=bits(nats),
        perplexity=float(exact.exp(nats)),
        accuracy=accuracy,
    )


def spread(scores: Scores, segments: int) -> Spread:
    """Return the spread of the loss over equal segments of a text.

    Raises
    ------
    BookError
        If the text has fewer characters than segments.
    """
    size = len(scores.nats) // segments
    if size == 0:
        message = (
            f"the test part has {len(scores.nats)} characters: too short for "
            f"evaluate.segments {segments}"
        )
        raise BookError(message)
    losses = [mean(scores.nats[i * size : (i + 1) * size]) for i in range(segments)]
    middle = mean(losses)
    apart = [loss - middle for loss in losses]
    variance = total(a * a for a in apart) / (segments - 1)  # ** calls libm's pow
    return Spread(middle, math.sqrt(variance), min(losses), max(losses))
