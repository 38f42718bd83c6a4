"""Sampling a text: each character is drawn from the network's distribution."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import SamplingError
from charrnn.network.kernels import drawing, forward
from charrnn.network.model import Weights
from charrnn.network.scoring import steps_at_once
from charrnn.settings import Choice
from charrnn.text.vocabulary import Ids, check_ids


def continue_text(
    weights: Weights,
    prime: Ids,
    hidden: NDArray[Any],
    *,
    length: int,
    choice: Choice,
    rng: np.random.Generator,
) -> Ids:
    """Return ids that continue `prime`, without `prime` itself.

    Parameters and errors as for `stream_text`.

    Returns
    -------
    (length,) of the type of `prime`
    """
    texts = stream_text(weights, prime, hidden, length=length, choice=choice, rng=rng)
    return np.concatenate([prime[:0], *texts])


def stream_text(
    weights: Weights,
    prime: Ids,
    hidden: NDArray[Any],
    *,
    length: int,
    choice: Choice,
    rng: np.random.Generator,
    piece: int | None = None,
) -> Iterator[Ids]:
    """Continue `prime` piece by piece; the length of a piece changes no character.

    Parameters
    ----------
    weights : Weights
    prime : (P,) unsigned integer, P >= 1
        What the network reads first.
    hidden : (m,) float
        The state before `prime`; not changed.
    length : int
        Characters to draw.
    choice : Choice
    rng : numpy.random.Generator
        One uniform draw a character.
    piece : int, optional
        Characters in a piece; the last one may be shorter.  By default as many as the
        network draws in about 0.1 s: compiled code cannot be interrupted.

    Yields
    ------
    (piece,) of the type of `prime`

    Raises
    ------
    SamplingError
        If `prime` is empty, `choice` is out of range, or `hidden` is not of the weights'
        size.
    VocabularyError
        If an id of `prime` is not below K.
    """
    _check(weights, prime, hidden, choice)
    K = weights.vocabulary_size
    hidden = forward.state_after(weights, prime[:-1], hidden)
    last = int(prime[-1])
    piece = piece or max(1, steps_at_once(weights) // 4)  # drawing takes longer
    for start in range(0, length, piece):
        ids, hidden = drawing.draw_ids(
            weights,
            last,
            hidden,
            rng.random(min(piece, length - start)),
            temperature=float(choice.temperature),
            top_k=K if choice.top_k is None else min(choice.top_k, K),
            top_p=1.0 if choice.top_p is None else float(choice.top_p),
        )
        last = int(ids[-1])
        yield ids.astype(prime.dtype)


def _check(weights: Weights, prime: Ids, hidden: NDArray[Any], choice: Choice) -> None:
    temperature, top_k, top_p = choice.temperature, choice.top_k, choice.top_p
    m = weights.hidden_size
    for is_right, message in (
        (len(prime) > 0, "the prime is empty: it should have at least one character"),
        (hidden.shape == (m,), f"the state is of shape {hidden.shape}, not ({m},)"),
        (temperature >= 0, f"temperature is {temperature}: it should be at least 0"),
        (top_k is None or top_k >= 1, f"top_k is {top_k}: it should be at least 1"),
        (
            top_p is None or 0 < top_p <= 1,
            f"top_p is {top_p}: it should be above 0 and at most 1",
        ),
    ):
        if not is_right:
            raise SamplingError(message)
    check_ids(prime, weights.vocabulary_size)
