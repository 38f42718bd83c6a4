"""Networks and windows to test on, made up or drawn by Hypothesis."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from charrnn.network.model import Weights, initial_weights
from charrnn.settings import Recipe, Schedule
from charrnn.text.parts import Corpus, Piece
from charrnn.text.vocabulary import Ids

RECIPE = Recipe(epochs=2, sequence_length=6)


class Window(NamedTuple):
    """A network before a window: the arguments of a pass."""

    weights: Weights
    inputs: Ids
    targets: Ids
    hidden: np.ndarray


def make_window(
    *, K: int, m: int, T: int, seed: int, sigma: float = 0.5, dtype: DTypeLike = float
) -> Window:
    """Make a window whose state is random and not zero."""
    rng = np.random.default_rng(seed)
    weights = initial_weights(m, K, sigma=sigma, dtype=dtype, rng=rng)
    ids = rng.integers(0, K, T + 1).astype(np.uint8)
    hidden = rng.uniform(-0.9, 0.9, m).astype(dtype)
    return Window(weights, ids[:-1], ids[1:], hidden)


# Sizes down to the least, and such that no unrolled loop divides.
windows = st.builds(
    make_window,
    K=st.integers(2, 40),
    m=st.integers(1, 40),
    T=st.integers(1, 30),
    seed=st.integers(0, 2**32),
    sigma=st.sampled_from([0.01, 0.1, 0.5]),
)


def make_text(length: int, K: int, seed: int = 0) -> Ids:
    """Make ids with something to learn: most characters follow from the last one."""
    rng = np.random.default_rng(seed)
    follower = rng.permutation(K)
    ids = np.empty(length, dtype=np.uint8)
    ids[0] = 0
    for i in range(1, length):
        ids[i] = follower[ids[i - 1]] if rng.random() < 0.8 else rng.integers(K)
    return ids


SCHEDULE = Schedule(text_length=20)


def text_rng(update: int) -> np.random.Generator:
    """Return the random generator of the text at an update."""
    return np.random.default_rng([9, update])


def book_of(training: Ids, validation: Ids) -> Corpus:
    """Return a book whose end is for validation."""
    whole = np.concatenate([training, validation])
    pieces = (Piece(0, len(training)), Piece(len(training), len(whole)))
    return Corpus(whole, pieces[:1], pieces[1:] if len(validation) else ())
