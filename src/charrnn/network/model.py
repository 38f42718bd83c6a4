"""The model: the five arrays that the network learns, and the state that they left.

The letters are the report's: K distinct characters, m hidden units.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Weights(NamedTuple):
    """The learned arrays; also their gradients, and AdaGrad's sums of squares.

    Attributes
    ----------
    b : (m,) float
        Bias of the hidden units.
    c : (K,) float
        Bias of the logits.
    U : (m, K) float
        From a character, one column each, to the hidden units.
    W : (m, m) float
        From the hidden units to themselves, one step later.
    V : (K, m) float
        From the hidden units to the logits.
    """

    b: NDArray[Any]
    c: NDArray[Any]
    U: NDArray[Any]
    W: NDArray[Any]
    V: NDArray[Any]

    @property
    def hidden_size(self) -> int:
        """The number of hidden units, m."""
        return int(self.b.shape[0])

    @property
    def vocabulary_size(self) -> int:
        """The number of distinct characters, K."""
        return int(self.c.shape[0])

    def zero_state(self) -> NDArray[Any]:
        """Return the hidden state of zeros, (m,), of the type of the weights."""
        return np.zeros_like(self.b)

    def named(self) -> list[tuple[str, NDArray[Any]]]:
        """Return the five names, each with its array."""
        return list(zip(self._fields, self, strict=True))

    def copy(self) -> "Weights":
        """Return a copy of the arrays."""
        return Weights(*(array.copy() for array in self))

    def astype(self, dtype: DTypeLike) -> "Weights":
        """Return a copy of the arrays in another type."""
        return Weights(*(array.astype(dtype) for array in self))


class Model(NamedTuple):
    """What training reaches, and all that it needs to go on.

    Attributes
    ----------
    weights : Weights
    hidden : (m,) float
        The state after the last window.
    squares : Weights
        AdaGrad's sums of squares, G.
    """

    weights: Weights
    hidden: NDArray[Any]
    squares: Weights

    def copy(self) -> "Model":
        """Return a copy of the arrays."""
        return Model(self.weights.copy(), self.hidden.copy(), self.squares.copy())


class Pass(NamedTuple):
    """The result of one window: its loss, its gradients and its last state.

    Attributes
    ----------
    loss : float
        Cross-entropy, nats per window (a sum over its characters).
    gradients : Weights
        Of the objective J, before clipping.
    hidden : (m,) float
        The state after the window.
    """

    loss: float
    gradients: Weights
    hidden: NDArray[Any]


class Scores(NamedTuple):
    """How well a model predicted each of N characters.

    Attributes
    ----------
    nats : (N,) float64
        -log of the probability that the model gave to the character.
    hits : (N,) bool
        Whether that character was the most likely one (ties go to the lowest id).
    """

    nats: NDArray[np.float64]
    hits: NDArray[np.bool_]


def shapes(hidden_size: int, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of `Weights`, by its name."""
    m, K = hidden_size, vocabulary_size
    return {"b": (m,), "c": (K,), "U": (m, K), "W": (m, m), "V": (K, m)}


def initial_weights(
    hidden_size: int,
    vocabulary_size: int,
    *,
    sigma: float,
    dtype: DTypeLike,
    rng: np.random.Generator,
) -> Weights:
    """Draw all five arrays from N(0, sigma^2).

    The numbers are drawn in float64 and rounded to float32 for every `dtype`, so that
    float32 and float64 networks start from the same numbers.  NumPy's sampler calls the
    platform's math library in about one draw of a hundred; rounding to float32 removes
    a difference in the last bit of that library's result almost surely.
    """
    return Weights(
        *(
            (sigma * rng.standard_normal(shape)).astype(np.float32).astype(dtype)
            for shape in shapes(hidden_size, vocabulary_size).values()
        )
    )


def zeros_like(weights: Weights) -> Weights:
    """Return arrays of zeros with the shapes and type of `weights`."""
    return Weights(*(np.zeros_like(array) for array in weights))
