"""Options that take their type, bounds, default and help from `charrnn.settings`."""

import argparse
import operator
import typing
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any

from charrnn.settings import Section, meanings

_KINDS = {int: "a whole number", float: "a number", str: "a text"}
_METAVARS = {int: "N", float: "X", str: "TEXT"}
_RULES: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("ge", "at least {}", operator.ge),
    ("gt", "above {}", operator.gt),
    ("le", "at most {}", operator.le),
    ("lt", "below {}", operator.lt),
    ("min_length", "of at least {} character", lambda text, least: len(text) >= least),
)


def add_section(
    command: argparse.ArgumentParser, section: type[Section], **others: Any
) -> None:
    """Add an option for each value of a section; `others` are types of other bounds."""
    hints = typing.get_type_hints(section, include_extras=True) | others
    for name, meaning in meanings(section).items():
        default = getattr(section, name)
        text, _, unset = meaning.text.partition("; null: ")
        shown = f"{default:,g}" if default is not None else unset
        command.add_argument(
            f"--{name.replace('_', '-')}",
            type=value_of(hints[name]),
            default=default,
            metavar=_METAVARS[_unwrapped(hints[name])[0]],
            help=f"{text} (default: {shown})".replace("%", "%%"),
        )


def value_of(hint: Any) -> Callable[[str], Any]:
    """Return a function that reads a value of an annotated type and checks its bounds.

    In a whole number commas are ignored: `20,000` is 20000.
    """
    kind, notes = _unwrapped(hint)
    rules = [
        (
            words.format(f"{bound:,}" if type(bound) is int else f"{bound:g}"),
            holds,
            bound,
        )
        for note in notes
        for name, words, holds in _RULES
        if (bound := getattr(note, name, None)) is not None
    ]
    rule = f"{_KINDS[kind]}, {' and '.join(words for words, _, _ in rules)}"

    def read(text: str) -> Any:
        try:
            value = kind(text.replace(",", "") if kind is int else text)
            fits = all(holds(value, bound) for _, holds, bound in rules)
        except ValueError:
            fits = False
        if not fits:
            message = f"{text!r} should be {rule}"
            raise argparse.ArgumentTypeError(message)
        return value

    return read


def _unwrapped(hint: Any) -> tuple[type, list[Any]]:
    """Return the plain type of `Annotated[X, ...]` or `X | None`, and the annotations."""
    notes: list[Any] = []
    while (origin := typing.get_origin(hint)) is not None:
        hint, *more = (one for one in typing.get_args(hint) if one is not NoneType)
        notes += more if origin is Annotated else []
    return hint, notes
