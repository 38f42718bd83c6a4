"""The values of params.yaml with what its comments say of them, for the report."""

import re
from typing import Any, NamedTuple

from charrnn.errors import ConfigError


class Value(NamedTuple):
    """One value, and the comment on its line, or ''."""

    key: str
    value: Any
    comment: str


class Section(NamedTuple):
    """A section, and the comment on its line, or ''."""

    name: str
    comment: str
    values: list[Value]


def sections(content: dict[str, Any], text: str, where: str) -> list[Section]:
    """Put each value beside its comment.

    Parameters
    ----------
    content : dict
        What the file holds, from `charrnn.files.yaml12`.
    text : str
        The file, for its comments.
    where : str
        Its name.

    Raises
    ------
    ConfigError
        If a section is not a mapping.
    """
    comments = _comments(text)
    found = []
    for name, values in content.items():
        if not isinstance(values, dict):
            message = f"{where}: {name} is {values!r}, not a section of 'key: value'"
            raise ConfigError(message)
        rows = [
            Value(key, value, comments.get((name, key), ""))
            for key, value in values.items()
        ]
        found.append(Section(name, comments.get((name, ""), ""), rows))
    return found


# A key, a value without quotes or brackets (in which alone YAML lets " #" be no
# comment), and the comment.
_LINE = re.compile(
    r"""
    (?P<indent>[ ]*)(?P<key>\w+):
    (?:[ ]+[^\s\#'"\[{|>&*!%@`] (?:[^\#'"\[{] | (?<=\S)\#)*? )?
    [ ]+\#(?P<comment>.*)
    """,
    re.VERBOSE,
)
_SECTION = re.compile(r"(\w+):(?:\s|$)")


def _comments(text: str) -> dict[tuple[str, str], str]:
    """Return the comments by section and key, the section's own by ''.

    Only a comment on the line of a plain value is taken; of a key that seems to stand
    twice (one of them may be inside of a longer text) there is none.
    """
    found: dict[tuple[str, str], str] = {}
    twice = set()
    section, indent = "", None
    for line in text.splitlines():
        if start := _SECTION.match(line):
            section, indent = start[1], None
        if not (match := _LINE.fullmatch(line)):
            continue
        if match["indent"]:
            if indent is None:
                indent = match["indent"]
            if match["indent"] != indent:
                continue
        name = (section, match["key"] if match["indent"] else "")
        if name in found:
            twice.add(name)
        found[name] = match["comment"].strip()
    return {name: comment for name, comment in found.items() if name not in twice}
