"""What a training run is told, what it records, and all that it needs to go on.

An *update* is one window and one AdaGrad step; an *epoch* is one pass over the training
part.  Update n means: after n updates.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from charrnn.network.model import Weights
from charrnn.text.vocabulary import Ids


class Recipe(NamedTuple):
    """How the network learns; the defaults are those of params.yaml.

    Attributes
    ----------
    epochs : int
    sequence_length : int
        Characters in a window, T.
    learning_rate : float
        eta.
    epsilon : float
        Inside AdaGrad's root.
    clip : float
        Largest absolute value of a gradient's entry.
    l2 : float
        Weight of the penalty, nats.
    warmup_updates : int
        eta is reached at this update, rising by equal steps from 0.
    """

    epochs: int
    sequence_length: int
    learning_rate: float
    epsilon: float = 1e-8
    clip: float = 5.0
    l2: float = 0.0
    warmup_updates: int = 0


class Watch(NamedTuple):
    """What is looked at while the network learns; none of it changes what it learns.

    Attributes
    ----------
    text_rng : callable or None
        Returns the random generator of the text at a given update; None if no texts are
        wanted.
    rows_per_epoch : int
        At most so many points of the curve.
    validate_every, text_every : int
        Updates between two validations (besides those at the end of each epoch) and
        between two texts (the first is at update 0).
    text_length : int
        Characters of a text.
    """

    text_rng: Callable[[int], np.random.Generator] | None = None
    rows_per_epoch: int = 500
    validate_every: int = 10_000
    text_every: int = 10_000
    text_length: int = 200


SATURATED = 0.99


class Row(NamedTuple):
    """A point of the curve.

    Attributes
    ----------
    epoch, update : int
    smooth_loss : float
        After that update, nats per window.
    saturated_share : float
        Of the hidden units, after the window of that update, those with |h| above
        `SATURATED`: through them hardly any gradient flows.
    """

    epoch: int
    update: int
    smooth_loss: float
    saturated_share: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Return the point that a row of a table of floats stands for."""
        epoch, update, smooth_loss, saturated_share = map(float, values)
        return cls(int(epoch), int(update), smooth_loss, saturated_share)


class Validation(NamedTuple):
    """The loss of the validation part after an update."""

    epoch: int
    update: int
    nats_per_character: float


class Text(NamedTuple):
    """A text that the network wrote, (text_length,) ids, after an update."""

    update: int
    smooth_loss: float
    ids: Ids


class Epoch(NamedTuple):
    """The smooth loss (nats per window) over all updates of one epoch."""

    mean: float
    lowest: float
    highest: float
    last: float


class Best(NamedTuple):
    """The best weights so far, and the loss by which they were chosen."""

    update: int
    loss: float
    weights: Weights


@dataclass(slots=True)
class Run:
    """All that training has, and all that it needs to go on; changed in place."""

    weights: Weights
    squares: Weights
    hidden: NDArray[Any]
    first_loss: float
    smooth_loss: float
    update: int = 0
    best: Best | None = None
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    # of the epoch under way: sum, lowest and highest smooth loss
    under_way: tuple[float, float, float] = (0.0, math.inf, -math.inf)
