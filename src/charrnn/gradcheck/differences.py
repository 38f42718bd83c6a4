"""Numerical derivatives, to check analytic gradients against.

The derivative of J with respect to one element theta, with a step h, is about

    central        (J(theta + h) - J(theta - h)) / 2h                  error of order h^2
    fourth order   (8 (J(theta + h) - J(theta - h))
                    - (J(theta + 2h) - J(theta - 2h))) / 12h           error of order h^4

J is a sum of T losses and the penalty.  The differences are taken term by term and then
added: the difference of two sums of about 100 nats would cancel too many digits.  The
report took that difference, so it is computed, too, to be shown beside the report's.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.model import Weights, zeros_like
from charrnn.settings import Steps
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


class Problem(NamedTuple):
    """The gradient of a window, and its loss as a function of the weights.

    Attributes
    ----------
    weights : Weights
        Arrays or views, which may be changed in place: `losses` uses the new values.
    losses : callable
        Returns the (T,) losses in nats at the current values of `weights`.
    gradients : callable
        Returns the analytic gradients of J for a given l2, before clipping.
    """

    weights: Weights
    losses: Callable[[], Array]
    gradients: Callable[[float], Weights]


class Derivatives(NamedTuple):
    """Numerical derivatives of the loss alone, without the penalty.

    `of_sums` is the central difference of two sums.
    """

    central: Weights
    fourth_order: Weights
    of_sums: Weights


def choose_elements(
    weights: Weights, ids: Ids, most: int, *, rng: np.random.Generator
) -> Weights:
    """Choose at most `most` elements of each array, at random.

    Parameters
    ----------
    weights : Weights
    ids : (N,) unsigned integer
        The text.  Of a large U, only the columns of its characters are chosen from: no
        other affects a loss.
    most : int

    Returns
    -------
    Weights
        Of booleans.
    """
    is_read = np.zeros(weights.U.shape, np.bool_)
    is_read[:, ids] = True

    def choose(array: Array) -> Array:
        if array.size <= most:
            return np.ones(array.shape, dtype=np.bool_)
        candidates = np.arange(array.size)
        if array is weights.U and most < np.count_nonzero(is_read):
            candidates = np.flatnonzero(is_read)
        chosen = np.zeros(array.size, dtype=np.bool_)
        chosen[rng.choice(candidates, most, replace=False)] = True
        return chosen.reshape(array.shape)

    return Weights(*map(choose, weights))


def numerical_derivatives(
    problem: Problem,
    chosen: Weights,
    steps: Steps,
    *,
    on_element: Callable[[], object] = lambda: None,
) -> Derivatives:
    """Differentiate the loss by the chosen elements of the weights; 0 for all others.

    Parameters
    ----------
    problem : Problem
        Its weights are changed in place, one at a time, and restored.
    chosen : Weights
        Of booleans.
    steps : Steps
    on_element : callable
        Called after each element, for a progress bar.
    """
    h = steps.fourth_order_step
    found = Derivatives(*(zeros_like(problem.weights) for _ in Derivatives._fields))
    for theta, which, by_two, by_four, of_sums in zip(
        problem.weights, chosen, *found, strict=True
    ):
        for at in map(tuple, np.argwhere(which).tolist()):
            by_terms, by_sums = _differences(problem, theta, at, steps.step)
            by_two[at] = by_terms / (2 * steps.step)
            of_sums[at] = by_sums / (2 * steps.step)
            near, _ = _differences(problem, theta, at, h)
            far, _ = _differences(problem, theta, at, 2 * h)
            by_four[at] = (8 * near - far) / (12 * h)
            on_element()
    return found


def _differences(
    problem: Problem, theta: Array, at: tuple[int, ...], step: float
) -> tuple[float, float]:
    """Return loss(theta + step) - loss(theta - step), for one element of theta.

    Returns
    -------
    by_terms, by_sums : float
        The sum of the differences of the terms; the difference of the two sums.
    """
    here = theta[at]
    theta[at] = here + step
    above = problem.losses()
    theta[at] = here - step
    below = problem.losses()
    theta[at] = here
    # Added one by one, as the report did.
    by_sums = float(np.cumsum(above)[-1]) - float(np.cumsum(below)[-1])
    return math.fsum((above - below).tolist()), by_sums


def with_penalty(
    derivatives: Derivatives,
    weights: Weights,
    *,
    l2: float,
    steps: Steps,
) -> Derivatives:
    """Add the same differences of the penalty, l2 (|U|^2 + |W|^2 + |V|^2).

    Only the term of the changed element differs, so the differences of all elements are
    computed at once.
    """

    def difference(theta: Array, h: float) -> Array:
        return l2 * (np.square(theta + h) - np.square(theta - h))

    def central(theta: Array) -> Array:
        return difference(theta, steps.step) / (2 * steps.step)

    def fourth_order(theta: Array) -> Array:
        h = steps.fourth_order_step
        return (8 * difference(theta, h) - difference(theta, 2 * h)) / (12 * h)

    matrices = weights[2:]  # the biases are not penalised
    return Derivatives(
        *(
            Weights(
                loss.b, loss.c, *map(np.add, loss[2:], map(differentiate, matrices))
            )
            for loss, differentiate in zip(
                derivatives, (central, fourth_order, central), strict=True
            )
        )
    )
