"""The state of a training run: what it records, and what it needs to resume.

An *update* is one window and one AdaGrad step; an *epoch* is one pass over the training
part.  "At update n" means after n updates.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from numpy.typing import DTypeLike

from charrnn.network.model import Model, Weights
from charrnn.text.vocabulary import Ids

SATURATED = 0.99
# The weights after every so many updates are averaged: of 100 to 2,000, all gave the same
# loss within 0.0003 nats, and 500 takes under 1 % of the time.
AVERAGE_EVERY = 500


class Row(NamedTuple):
    """A point of the curve.

    Attributes
    ----------
    epoch, update : int
    smooth_loss : float
        After that update, nats per window.
    saturated_share : float
        Share of the hidden units with |h| above `SATURATED` after the window of that
        update; hardly any gradient flows through such a unit.
    """

    epoch: int
    update: int
    smooth_loss: float
    saturated_share: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Return the point in a row of a table of floats."""
        epoch, update, smooth_loss, saturated_share = map(float, values)
        return cls(int(epoch), int(update), smooth_loss, saturated_share)


class Validation(NamedTuple):
    """The loss of the validation part after an update.

    Attributes
    ----------
    epoch, update : int
    nats_per_character : float
        With the weights of that update.
    averaged_nats_per_character : float
        With the averaged weights; before there are any, the same.
    """

    epoch: int
    update: int
    nats_per_character: float
    averaged_nats_per_character: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Return the validation in a row of a table of floats."""
        epoch, update, loss, averaged = map(float, values)
        return cls(int(epoch), int(update), loss, averaged)


class Text(NamedTuple):
    """A text of (text_length,) ids, sampled from the network after an update."""

    update: int
    smooth_loss: float
    ids: Ids


class Epoch(NamedTuple):
    """The smooth loss over all updates of one epoch, nats per window."""

    mean: float
    lowest: float
    highest: float
    last: float


class WeightSums(NamedTuple):
    """The sums, in float64, of the weights after some updates, and how many these are.

    The mean of the last weights of a training is better than each of them [1]_.

    References
    ----------
    .. [1] Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM
       Journal on Control and Optimization 30, 1992.
    """

    sums: Weights
    updates: int

    def averaged(self, dtype: DTypeLike) -> Weights:
        """Return the averaged weights in a type."""
        return Weights(*((total / self.updates).astype(dtype) for total in self.sums))


class Best(NamedTuple):
    """The best model so far, and the loss by which it was chosen."""

    update: int
    loss: float
    model: Model
    is_averaged: bool = False


@dataclass(slots=True)
class Run:
    """The whole state of a training run; training changes the run in place."""

    model: Model
    first_loss: float
    smooth_loss: float
    update: int = 0
    best: Best | None = None
    weight_sums: WeightSums | None = None
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    # Sum, lowest and highest smooth loss of the current epoch.
    under_way: tuple[float, float, float] = (0.0, math.inf, -math.inf)
