"""Random streams: one for each purpose, independent of all others."""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """A purpose of random numbers.  Results depend on the values: never change one."""

    INITIAL_WEIGHTS = 0
    GRADIENT_CHECK = 1
    TRAINING_TEXT = 2
    SAMPLE = 3
    ITEMS = 4


def stream(purpose: Purpose, seed: int, *which: int) -> np.random.Generator:
    """Return the generator for a purpose and a seed (and, for a text, its update).

    Streams differ for all seeds below 2^32: `SeedSequence` mixes such a seed in as one
    word.
    """
    return np.random.default_rng([seed, purpose, *which])
