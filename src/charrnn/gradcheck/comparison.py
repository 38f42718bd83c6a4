"""The errors of gradients against numerical derivatives, and a table of them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import GradientError
from charrnn.gradcheck.differences import Derivatives
from charrnn.network.model import Weights
from charrnn.settings import Limits

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Errors:
    """The relative errors of one parameter's analytic gradient.

    With the norm |.| the 2-norm of all the elements::

        central, fourth_order    |analytic - numerical| / max(floor, |.| + |.|)
        element                  the largest of the same for single elements, against
                                 the fourth-order derivative
        of_sums                  as central, with the difference of two sums, as in the
                                 report: it has no limit
    """

    central: float
    fourth_order: float
    element: float
    of_sums: float


def norm_error(analytic: Array, numerical: Array, floor: float) -> float:
    """Return |a - n| / max(floor, |a| + |n|), with 2-norms over all elements."""
    difference = _norm((analytic - numerical).flat)
    return difference / max(floor, _norm(analytic.flat) + _norm(numerical.flat))


def _norm(values: Iterable[float]) -> float:
    # fsum and sqrt are correctly rounded: the same result on every machine.
    # value ** 2 is not: it calls the C library's pow.
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
    """Return the errors of each parameter; refuse an error above its limit.

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
        If an error is above its limit; the message names the parameter, the error, its
        limit, the worst element and the analytic and the numerical value there.
    """
    found = {}
    for name, which in chosen.named():
        gradient, central, fourth_order, of_sums = (
            getattr(arrays, name)[which] for arrays in (analytic, *numerical)
        )
        by_element = element_errors(gradient, fourth_order, limits.floor)
        errors = Errors(
            central=norm_error(gradient, central, limits.floor),
            fourth_order=norm_error(gradient, fourth_order, limits.floor),
            element=float(by_element.max()),
            of_sums=norm_error(gradient, of_sums, limits.floor),
        )
        for measure, error, limit, numbers in (
            ("central", errors.central, limits.tolerance, central),
            (
                "fourth_order",
                errors.fourth_order,
                limits.fourth_order_tolerance,
                fourth_order,
            ),
            ("element", errors.element, limits.element_tolerance, fourth_order),
        ):
            if not error <= limit:  # refuses NaN too
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
    """Yield each parameter with the largest of each error over several checks."""
    checks = list(all_errors)
    for name in Weights._fields:
        errors = (astuple(one[name]) for one in checks)
        yield name, Errors(*map(max, zip(*errors, strict=True)))


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
