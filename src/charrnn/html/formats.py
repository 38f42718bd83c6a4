"""The formats of numbers and of untrusted text in the report.

Python's formatting rounds numbers correctly, so the digits are the same everywhere.
"""

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any, TypeVar

from markupsafe import Markup

from charrnn import errors

Item = TypeVar("Item")
visible = errors.visible

_WORDS = ("null", "true", "false", "nan", "inf")  # which Hydra takes for values
_MINUS, _THIN = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"


def count(number: int) -> str:
    """Return a whole number with separators: 205,080."""
    return f"{number:,}".replace("-", _MINUS)


def fixed(number: float, digits: int) -> str:
    """Return a number with `digits` decimals: 1.671."""
    return f"{number:,.{digits}f}".replace("-", _MINUS)


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage: 0.519 as 51.9 %."""
    return fixed(100 * share, digits) + _THIN + "%"


def scientific(number: float, digits: int = 2) -> Markup:
    """Return a number in scientific notation: 1.75·10 and a superscript exponent."""
    mantissa, _, exponent = f"{number:.{digits}e}".replace("-", _MINUS).partition("e")
    sign, power = exponent[0].replace("+", ""), exponent[1:].lstrip("0") or "0"
    return Markup("{}·10<sup>{}</sup>").format(mantissa, sign + power)


def power(number: float) -> Markup:
    """Return a power of ten such as 0.0001 as 10 and an exponent, else the decimal digits."""
    mantissa, _, exponent = f"{number:e}".partition("e")
    if float(mantissa) != 1 or -2 < int(exponent) < 3:
        return Markup("{}").format(f"{number:.12g}".replace("-", _MINUS))
    return Markup("10<sup>{}</sup>").format(str(int(exponent)).replace("-", _MINUS))


def value(content: Any) -> str:
    """Return a value as params.yaml spells it."""
    text = json.dumps(content, ensure_ascii=False, default=str)
    if isinstance(content, float):
        text = re.sub(r"e([-+])0*", r"e\1", text).replace("e+", "e")
    return visible(text)


def override(name: str, content: Any) -> str | None:
    """Return a value as ``dvc exp run -S`` reads it, quoted for a shell.

    None stands for a text with a character that a command line does not show.
    """
    if not isinstance(content, str):
        return shlex.quote(f"{name}={value(content)}")
    if not content.isprintable():
        return None
    is_plain = re.fullmatch(r"[A-Za-z_./][\w./-]*", content, re.ASCII)
    if not is_plain or content.lower() in _WORDS:
        # Hydra's quotes: a backslash counts before a quote only.
        content = re.sub(r'(\\*)"', r'\1\1\\"', content)
        content = re.sub(r"(\\+)$", r"\1\1", content)
        content = f'"{content}"'
    return shlex.quote(f"{name}={content}")


def evenly(items: Sequence[Item], most: int, first: int = 0) -> list[Item]:
    """Return about `most` of the items, evenly spaced, with the first and the last.

    Parameters
    ----------
    items : sequence
    most : int
        If there are more items, every second, third, ... one is taken.
    first : int
        The number of the first item: taking every 25th of items numbered from 1 gives
        1, 25, 50, ...
    """
    every = -(-len(items) // most)
    last = len(items) - 1
    return [
        item
        for place, item in enumerate(items)
        if (place + first) % every == 0 or place in (0, last)
    ]
