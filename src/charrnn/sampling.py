"""Writing text: each character is drawn from what the network expects next."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.corpus import Ids
from charrnn.kernels import reading
from charrnn.model import Weights


def continue_text(
    weights: Weights,
    prime: Ids,
    hidden: NDArray[Any],
    *,
    length: int,
    temperature: float,
    rng: np.random.Generator,
) -> Ids:
    """Return ids that continue a beginning, which itself is not repeated.

    Parameters
    ----------
    weights : Weights
    prime : (P,) unsigned integer, P >= 1
        What the network reads before it writes.
    hidden : (m,) float
        The state before `prime`; it is not changed.
    length : int
        Characters to write.
    temperature : float
        Divides the scores: below 1 is more careful, above 1 is bolder, and 0 always
        takes the most likely character.
    rng : numpy.random.Generator
        One uniform draw a character.

    Returns
    -------
    (length,) of the type of `prime`

    Raises
    ------
    ValueError
        If `prime` is empty or the temperature is negative.
    """
    if len(prime) == 0 or not temperature >= 0:
        message = f"a prime of {len(prime)} characters, a temperature of {temperature}"
        raise ValueError(message)
    hidden = reading.read(weights, prime[:-1], hidden)
    uniforms = rng.random(length)
    ids = reading.sample(weights, int(prime[-1]), hidden, uniforms, temperature)
    return ids.astype(prime.dtype)
