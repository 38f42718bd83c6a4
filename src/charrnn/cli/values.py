"""Values of options: read, or refused with the rule that they break."""

import argparse
import math
from collections.abc import Callable

_MOST = 10**9


def count(text: str) -> int:
    """Return a whole number of 1 to a thousand million; `20,000` is one."""
    return _whole(text, 1, _MOST, "a whole number of 1 to 1,000,000,000")


def seed(text: str) -> int:
    """Return a whole number of 0 or more, below 2^32."""
    return _whole(text, 0, 2**32 - 1, "a whole number of 0 or more, below 2^32")


def temperature(text: str) -> float:
    """Return a number of 0 or more."""
    return _number(text, lambda value: 0 <= value <= 1e30, "a number of 0 or more")


def share(text: str) -> float:
    """Return a number above 0 and up to 1."""
    return _number(text, lambda value: 0 < value <= 1, "above 0 and at most 1")


def _whole(text: str, least: int, most: int, rule: str) -> int:
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        message = f"{text!r} is not {rule}"
        raise argparse.ArgumentTypeError(message)
    return number


def _number(text: str, holds: Callable[[float], bool], rule: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not holds(number):
        message = f"{text!r} is not {rule}"
        raise argparse.ArgumentTypeError(message)
    return number
