"""How the report writes numbers and foreign texts.

Nothing here computes: a number is rounded as Python formats it, which is correct
rounding and the same everywhere.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from markupsafe import Markup

Item = TypeVar("Item")

_MINUS, _THIN = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"
# What HTML cannot hold, a browser does not show, or would turn the text around for;
# newline and tab stay.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]"
)


def count(number: int) -> str:
    """Return a whole number with separators: 205,080."""
    return f"{number:,}".replace("-", _MINUS)


def fixed(number: float, digits: int) -> str:
    """Return a number with so many digits after the point: 1.671."""
    return f"{number:,.{digits}f}".replace("-", _MINUS)


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage: 0.519 as 51.9 %."""
    return fixed(100 * share, digits) + _THIN + "%"


def scientific(number: float, digits: int = 2) -> Markup:
    """Return a number by powers of ten: 1.75·10 and its exponent raised."""
    mantissa, _, exponent = f"{number:.{digits}e}".replace("-", _MINUS).partition("e")
    sign, power = exponent[0].replace("+", ""), exponent[1:].lstrip("0") or "0"
    return Markup("{}·10<sup>{}</sup>").format(mantissa, sign + power)


def power(number: float) -> Markup:
    """Return a number such as 0.0001 as 10 and its exponent, any other by its digits."""
    mantissa, _, exponent = f"{number:e}".partition("e")
    if float(mantissa) != 1 or -2 < int(exponent) < 3:
        return Markup("{}").format(f"{number:.12g}".replace("-", _MINUS))
    return Markup("10<sup>{}</sup>").format(str(int(exponent)).replace("-", _MINUS))


def value(content: Any) -> str:
    """Return a value of params.yaml as one would write it there."""
    text = json.dumps(content, ensure_ascii=False, default=str)
    if isinstance(content, float):
        text = re.sub(r"e([-+])0*", r"e\1", text).replace("e+", "e")
    return visible(text)


def visible(text: str) -> str:
    """Return a text whose control characters can be seen; newlines and tabs stay.

    Those of ASCII become their pictures, such as U+2400 for NUL, others their codes.
    """
    return _CONTROL.sub(lambda match: _picture(ord(match[0])), text)


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else f"\\u{code:04x}"


def evenly(items: Sequence[Item], most: int, first: int = 0) -> list[Item]:
    """Return about `most` of the items, evenly chosen, the first and last among them.

    Parameters
    ----------
    items : sequence
    most : int
        If there are more items than that, every second, third, ... one is taken.
    first : int
        The number of the first item: of items numbered from 1, taking every 25th
        gives 1, 25, 50, ...
    """
    every = -(-len(items) // most)
    last = len(items) - 1
    return [
        item
        for place, item in enumerate(items)
        if (place + first) % every == 0 or place in (0, last)
    ]
