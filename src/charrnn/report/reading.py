"""Reads the pipeline's small results into the tuples of `charrnn.report.data`."""

import math
import re
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from charrnn.errors import ArtifactError
from charrnn.report.data import Gradients, Sample, Written

T = TypeVar("T")


def figures(kind: type[T], content: Any, where: str) -> T:
    """Read a JSON object into a tuple by its fields; unknown keys are passed over.

    Raises
    ------
    ArtifactError
        If a value is missing or of another type: the message has `where`, the key, the
        value and the rule.
    """
    try:
        value: T = _value(kind, content, "")
    except ValueError as error:
        message = f"{where}: damaged: {error}"
        raise ArtifactError(message) from None
    return value


def gradients(content: dict[str, Any], where: str) -> Gradients:
    """Read the gradient check: its settings, and the checks beside them.

    Raises
    ------
    ArtifactError
        As for `figures`, or if the check from a zero state is missing.
    """
    checks = {name: check for name, check in content.items() if name != "settings"}
    parts = {name: content[name] for name in content if name == "settings"}
    read = figures(Gradients, {**parts, "checks": checks}, where)
    if "zero_state" not in read.checks:
        message = f"{where}: damaged: zero_state is missing"
        raise ArtifactError(message)
    return read


def texts(content: str, length: int, where: str) -> list[Written]:
    """Take the texts out of metrics/training_texts.txt.

    A text may hold anything, a line like a header's too: what tells where it ends is
    its length.

    Parameters
    ----------
    content : str
        The file.
    length : int
        Characters of each text.
    where : str
        The file's name.

    Raises
    ------
    ArtifactError
        If something else stands where a header, or the end of a text, should be.
    """
    header = re.compile(
        r"=== update ([0-9]+(?:,[0-9]{3})*), smooth loss ([0-9]+\.[0-9]+) nats\n"
    )
    found: list[Written] = []
    place = 0
    while place < len(content):
        match = header.match(content, place)
        end = match.end() + length if match else place
        if match is None or content[end : end + 2] != "\n\n":
            message = (
                f"{where}: damaged: text {len(found) + 1} is not a line '=== update ...' "
                f"and then {length:,} characters, as train.text_length says"
            )
            raise ArtifactError(message)
        update, smooth_loss = int(match[1].replace(",", "")), float(match[2])
        found.append(Written(update, smooth_loss, content[match.end() : end]))
        place = end + 2
    return found


def sample(content: str, length: int, where: str) -> Sample:
    """Part metrics/sample.txt into what was given and what was written.

    Parameters as for `texts`.

    Raises
    ------
    ArtifactError
        If the file is too short, or does not end with a newline.
    """
    given = len(content) - 1 - length
    if given < 0 or not content.endswith("\n"):
        message = (
            f"{where}: damaged: it is not a beginning, {length:,} characters as "
            f"sample.length says, and a newline"
        )
        raise ArtifactError(message)
    return Sample(content[:given], content[given:-1])


def _value(kind: Any, content: Any, key: str) -> Any:
    if kind in _PLAIN:
        rule, fits = _PLAIN[kind]
        if not fits(content):
            message = f"{key} is {content!r}, not {rule}"
            raise ValueError(message)
        return kind(content)
    if isinstance(kind, types.UnionType):  # that is, X | None; a null is not written
        return _value(typing.get_args(kind)[0], content, key)
    if not isinstance(content, dict):
        message = f"{key or 'it'} is {content!r}, not an object"
        raise ValueError(message)  # noqa: TRY004 - caught above, with all the others
    prefix = f"{key}." if key else ""
    if typing.get_origin(kind) is dict:
        key_kind, value_kind = typing.get_args(kind)
        keys = {_key(key_kind, name, key): name for name in content}
        return {
            read: _value(value_kind, content[name], f"{prefix}{name}")
            for read, name in sorted(keys.items())
        }
    fields = {}
    for name, field in typing.get_type_hints(kind).items():
        if name in content:
            fields[name] = _value(field, content[name], f"{prefix}{name}")
        elif name not in kind._field_defaults:
            message = f"{prefix}{name} is missing"
            raise ValueError(message)
    return kind(**fields)


def _key(kind: type, name: str, key: str) -> Any:
    if kind is int and not re.fullmatch("[0-9]{1,18}", name):
        message = f"{key} has the key {name!r}, not a whole number"
        raise ValueError(message)
    return kind(name)


def _is_number(content: Any) -> bool:
    return type(content) in (int, float) and math.isfinite(content)


_PLAIN: dict[type, tuple[str, Callable[[Any], bool]]] = {
    int: ("a whole number", lambda content: type(content) is int),
    float: ("a number", _is_number),
    str: ("a text", lambda content: isinstance(content, str)),
}
