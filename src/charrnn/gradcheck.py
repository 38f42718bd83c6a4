"""Are the gradients right?  Every element, against two numerical derivatives.

Whether training uses them is asked in `updatecheck`.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.corpus import Ids
from charrnn.differences import (
    Derivatives,
    Problem,
    numerical_derivatives,
    with_penalty,
)
from charrnn.errors import GradientError
from charrnn.kernels import compiled, reading
from charrnn.model import Weights

Array = NDArray[Any]


class Errors(NamedTuple):
    """How far one parameter's analytic gradient is from the numerical ones.

    With the norm |.| the 2-norm of all the elements::

        central, fourth_order    |analytic - numerical| / max(floor, |.| + |.|)
        element                  the largest of the same for single elements, against
                                 the fourth-order derivative
    """

    central: float
    fourth_order: float
    element: float


class Steps(NamedTuple):
    """h of the central and of the fourth-order difference."""

    step: float
    fourth_order_step: float


class Limits(NamedTuple):
    """The least denominator of an error, and the largest that the three `Errors` may be."""

    floor: float
    tolerance: float
    fourth_order_tolerance: float
    element_tolerance: float


# Up to so many hidden units all elements that are wanted are checked; of larger networks
# at least so many of each parameter.
_LARGE, _FEWEST = 128, 100


def calm_sigma(sigma: float, hidden_size: int) -> float:
    """Return sigma, but at most 1 / sqrt(m).

    With larger weights the network is chaotic: its third derivatives are so large that
    differences cannot judge it, however right its gradients are.
    """
    return min(sigma, 1 / math.sqrt(hidden_size))


def affordable(most_elements: int, hidden_size: int) -> int:
    """Return how many elements of each parameter to check: fewer of a large network.

    A loss takes a time that grows as m^2; so the check takes no longer for a large m.
    """
    m = hidden_size
    fewer = max(most_elements * _LARGE * _LARGE // (m * m), _FEWEST)
    return min(most_elements, fewer)


def norm_error(analytic: Array, numerical: Array, floor: float) -> float:
    """Return |a - n| / max(floor, |a| + |n|), with 2-norms over all elements."""
    difference = _norm((analytic - numerical).flat)
    return difference / max(floor, _norm(analytic.flat) + _norm(numerical.flat))


def _norm(values: Iterable[float]) -> float:
    # fsum and sqrt are correctly rounded: the same figure on every machine.
    # (value ** 2 would not do: it goes through the C library.)
    return math.sqrt(math.fsum(value * value for value in map(float, values)))


def element_errors(analytic: Array, numerical: Array, floor: float) -> Array:
    """Return |a - n| / max(floor, |a| + |n|) of each element."""
    size = np.abs(analytic) + np.abs(numerical)
    errors: Array = np.abs(analytic - numerical) / np.maximum(size, floor)
    return errors


def compare(
    analytic: Weights,
    numerical: Derivatives,
    chosen: Weights,
    limits: Limits,
) -> dict[str, Errors]:
    """Return each parameter's errors, if all of them are within the tolerances.

    Parameters
    ----------
    analytic : Weights
    numerical : Derivatives
    chosen : Weights
        Of booleans: the elements that are compared.
    limits : Limits

    Raises
    ------
    GradientError
        Otherwise; the message names the parameter, its worst element, the analytic
        and the numerical value there, and the error with its tolerance.
    """
    found = {}
    for name, which in chosen.named():
        gradient, central, fourth_order = (
            getattr(arrays, name)[which] for arrays in (analytic, *numerical)
        )
        by_element = element_errors(gradient, fourth_order, limits.floor)
        errors = Errors(
            central=norm_error(gradient, central, limits.floor),
            fourth_order=norm_error(gradient, fourth_order, limits.floor),
            element=float(by_element.max()),
        )
        judges = (central, fourth_order, fourth_order)
        for measure, error, limit, numbers in zip(
            Errors._fields, errors, limits[1:], judges, strict=True
        ):
            if not error <= limit:  # a NaN is not within the tolerance
                by_element = element_errors(gradient, numbers, limits.floor)
                worst = int(np.argmax(np.nan_to_num(by_element, nan=np.inf)))
                place = ", ".join(map(str, np.argwhere(which)[worst].tolist()))
                message = (
                    f"the gradient of {name} is wrong: its {measure} error {error:.2e} "
                    f"is above {limit:.0e}; worst at {name}[{place}]: "
                    f"analytic {gradient[worst]:.9g}, numerical {numbers[worst]:.9g}"
                )
                raise GradientError(message)
        found[name] = errors
    return found


def largest(all_errors: Iterable[dict[str, Errors]]) -> Iterator[tuple[str, Errors]]:
    """Yield for each parameter the largest of each error over several checks."""
    checks = list(all_errors)
    for name in Weights._fields:
        yield name, Errors(*map(max, zip(*(c[name] for c in checks), strict=True)))


def problems(
    weights: Weights, ids: Ids, hidden: Array, sequence_length: int
) -> dict[str, Problem]:
    """Return the windows on which the compiled kernel is checked.

    With a zero state a wrong h_{t-1} at the start of a window cannot be seen: its
    products are all zero.  So the first window is taken from a random state too, and
    the second from the state in which that leaves the network.

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
    zero = np.zeros_like(hidden)
    carried = reading.read(weights, first[0], hidden)
    windows = {
        "zero": (*first, zero),
        "random": (*first, hidden),
        "carried": (*second, carried),
    }

    def problem(inputs: Ids, targets: Ids, state: Array) -> Problem:
        def gradients(l2: float) -> Weights:
            window = (inputs, targets, state)
            return compiled.loss_and_gradients(weights, *window, l2=l2).gradients

        views, losses = reading.losses_in_place(weights, inputs, targets, state)
        return Problem(views, losses, gradients)

    return {name: problem(*window) for name, window in windows.items()}


def check(
    weights: Weights,
    ids: Ids,
    hidden: Array,
    chosen: Weights,
    *,
    sequence_length: int,
    l2: float,
    steps: Steps,
    limits: Limits,
    on_element: Callable[[], object] = lambda: None,
) -> dict[str, dict[str, Errors]]:
    """Check the compiled kernel on `problems`, without and with the penalty.

    Parameters
    ----------
    weights, ids, hidden, sequence_length
        As for `problems`.
    chosen : Weights
        Of booleans: the elements that are checked.
    l2 : float
        Weight of the penalty, where it is included.
    steps : Steps
    limits : Limits
    on_element : callable
        Called after each element of each problem, for a progress bar.

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
    checks = {}
    for state, problem in problems(weights, ids, hidden, sequence_length).items():
        derivatives = numerical_derivatives(
            problem, chosen, **steps._asdict(), on_element=on_element
        )
        for name, weight in (
            (f"{state}_state", 0.0),
            (f"{state}_state_with_penalty", l2),
        ):
            numerical = with_penalty(derivatives, weights, l2=weight, **steps._asdict())
            try:
                checks[name] = compare(
                    problem.gradients(weight), numerical, chosen, limits
                )
            except GradientError as error:
                message = f"{error} (check {name}, l2 = {weight:g})"
                raise GradientError(message) from None
    return checks


_TITLES = {
    "central": "central difference",
    "fourth_order": "fourth-order difference",
    "element": "the same, worst element",
}


def table(checks: dict[str, dict[str, Errors]]) -> Iterator[str]:
    """Yield the lines of three tables, one for each kind of error, the largest last."""
    rows = checks | {"largest of all": dict(largest(checks.values()))}
    for kind, title in _TITLES.items():
        yield f"{title:<28}" + "".join(f"{name:>10}" for name in Weights._fields)
        for name, errors in rows.items():
            figures = (f"{getattr(one, kind):>10.1e}" for one in errors.values())
            yield f"  {name:<26}" + "".join(figures)
