"""The gradient check: every gradient against two numerical derivatives.

`comparison` defines the errors; `updates` checks that training uses these gradients.
"""

import bisect
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numpy.typing import NDArray

from charrnn.errors import GradientError
from charrnn.gradcheck.comparison import Errors, compare
from charrnn.gradcheck.differences import (
    Derivatives,
    Problem,
    numerical_derivatives,
    with_penalty,
)
from charrnn.network.kernels import forward, learning
from charrnn.network.model import Weights
from charrnn.settings import GradcheckConfig
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


# What all elements together may cost, in multiplications: all of the default network,
# about half a minute on one processor.
_AFFORDABLE = 20_000_000_000
_FEWEST = 10


def calm_sigma(sigma: float, hidden_size: int) -> float:
    """Return sigma, but at most 1 / sqrt(m).

    With larger weights the network is chaotic: its third derivatives are so large that
    finite differences are wrong even where the gradients are right.
    """
    return min(sigma, 1 / math.sqrt(hidden_size))


def affordable(most_elements: int, weights: Weights, sequence_length: int) -> int:
    """Return how many elements of each parameter to check: fewer of a large network.

    A loss takes T (m^2 + m K) multiplications, those of W slower ones, which wait for
    each other, and T (m + K) times tanh or exp, each as slow as 30 of them.  Weights of
    more than the second cache, 1 MB, take twice as long.
    """
    m, K = weights.hidden_size, weights.vocabulary_size
    loss = sequence_length * (2 * m * m + m * K + 30 * (m + K))
    if 8 * m * (m + K) > 1 << 20:
        loss *= 2

    def cost(most: int) -> int:
        return loss * sum(min(array.size, most) for array in weights)

    counts = range(1, most_elements + 1)
    affordable = bisect.bisect_right(counts, _AFFORDABLE, key=cost)
    return min(most_elements, max(affordable, _FEWEST))


def problems(
    weights: Weights, ids: Ids, hidden: Array, sequence_length: int
) -> dict[str, Problem]:
    """Return the windows on which the compiled kernel is checked.

    A zero state hides a wrong h_{t-1} at the start of a window: all products with it are
    zero.  So the first window is checked from a random state too, and the second window
    from the state at the end of the first.

    Parameters
    ----------
    weights : Weights
        In float64.
    ids : (2 T + 1,) unsigned integer
    hidden : (m,) float64
        The random state.
    sequence_length : int
        T.

    Returns
    -------
    dict
        By the name of the state before the window: zero, random, carried.
    """
    T = sequence_length
    first, second = (ids[:T], ids[1 : T + 1]), (ids[T : 2 * T], ids[T + 1 : 2 * T + 1])
    carried = forward.state_after(weights, first[0], hidden)
    windows = {
        "zero": (*first, weights.zero_state()),
        "random": (*first, hidden),
        "carried": (*second, carried),
    }

    def problem(inputs: Ids, targets: Ids, state: Array) -> Problem:
        def gradients(l2: float) -> Weights:
            window = (inputs, targets, state)
            return learning.window_gradients(weights, *window, l2=l2).gradients

        views, losses = forward.losses_in_place(weights, inputs, targets, state)
        return Problem(views, losses, gradients)

    return {name: problem(*window) for name, window in windows.items()}


def check(
    weights: Weights,
    ids: Ids,
    hidden: Array,
    chosen: Weights,
    config: GradcheckConfig,
    *,
    on_element: Callable[[], object] = lambda: None,
) -> dict[str, dict[str, Errors]]:
    """Check the compiled kernel on `problems`, without and with the penalty.

    Parameters
    ----------
    weights, ids, hidden
        As for `problems`.
    chosen : Weights
        Of booleans: the elements that are checked.
    config : GradcheckConfig
        Its sequence length, its penalty (for the checks that include it), its steps and
        its limits.
    on_element : callable
        Called after each element of each problem, by several threads (progress bar).

    Returns
    -------
    dict
        From the name of the check, such as ``zero_state_with_penalty``, to the errors of
        each parameter.

    Raises
    ------
    GradientError
        As for `compare`.
    """
    found = problems(weights, ids, hidden, config.sequence_length)

    def derivatives_of(problem: Problem) -> Derivatives:
        return numerical_derivatives(problem, chosen, config, on_element=on_element)

    # Each problem has its own copy of the weights, and compiled code releases the GIL.
    with ThreadPoolExecutor() as threads:
        all_derivatives = list(threads.map(derivatives_of, found.values()))
    checks = {}
    for (state, problem), derivatives in zip(
        found.items(), all_derivatives, strict=True
    ):
        for name, weight in (
            (f"{state}_state", 0.0),
            (f"{state}_state_with_penalty", config.l2),
        ):
            numerical = with_penalty(derivatives, weights, l2=weight, steps=config)
            try:
                checks[name] = compare(
                    problem.gradients(weight), numerical, chosen, config
                )
            except GradientError as error:
                message = f"{error} (check {name}, l2 = {weight:g})"
                raise GradientError(message) from None
    return checks
