"""Random streams: one for each purpose, so that none can move another."""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are drawn for; a stream's name, never to be renumbered."""

    INITIAL_WEIGHTS = 0
    GRADIENT_CHECK = 1
    TRAINING_TEXT = 2
    SAMPLE = 3


def stream(purpose: Purpose, seed: int, *which: int) -> np.random.Generator:
    """Return the generator for a purpose and a seed (and a text's update).

    Streams differ for seeds below 2^32, that is for as much as `SeedSequence` mixes in as
    one word.
    """
    return np.random.default_rng([seed, purpose, *which])
