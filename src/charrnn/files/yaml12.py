"""Reads YAML with the rules of DVC; the only importer of yaml.

DVC reads and writes version 1.2, in which ``1e-08`` is a number; PyYAML reads 1.1, in
which it is a string, and ``yes`` is true.  The loader here gives PyYAML the scalars of
1.2 (its "core schema"), so that DVC and the stages read the same values.
"""

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from charrnn.errors import ConfigError
from charrnn.files.checks import open_file

_MOST_BYTES = 1_000_000
# Python cannot print an integer of more than 4,300 decimal digits.
_MOST_DIGITS = 1_000


def _refuse(problem: str, mark: yaml.Mark) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Loader(yaml.SafeLoader):
    """Reads the scalars of YAML 1.2; refuses aliases and duplicate keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as in PyYAML

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # a few nested ones can fill the memory
            event = self.current_event  # set by the check
            _refuse(
                f"the alias *{event.anchor}: write the value itself", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        keys: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                _refuse(f"the key {key!r} is not a string", key_node.start_mark)
            if key in keys:
                _refuse(f"duplicate key {key!r}", key_node.start_mark)
            keys.add(key)
        return super().construct_mapping(node, deep)

    def _integer(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > _MOST_DIGITS:
            _refuse(f"an integer of more than {_MOST_DIGITS:,} digits", node.start_mark)
        return int(node.value, 0 if node.value[:2] in ("0o", "0x") else 10)


for _type, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        (
            r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
            r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
        ),
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_type}", re.compile(rf"^(?:{_pattern})$"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader._integer)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a file whose top level is a mapping.

    Raises
    ------
    ConfigError
        If the file cannot be read, is too large, is not valid YAML (the message names
        the line), has a duplicate key or an alias, or is not a mapping.
    """
    with open_file(path, ConfigError) as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        message = f"{path}: has more than {_MOST_BYTES:,} bytes"
        raise ConfigError(message)
    try:
        sections = yaml.load(content.decode("utf-8"), _Loader)
    except Exception as error:  # noqa: BLE001 - PyYAML raises errors of many types
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        message = f"{path}{where}: not valid YAML: {problem}"
        raise ConfigError(message) from None
    if not isinstance(sections, dict):
        message = f"{path}: holds {type(sections).__name__}, not sections"
        raise ConfigError(message)
    return sections


def value_at(content: Any, key: str) -> Any:
    """Return the value at a dotted key, or None."""
    for name in key.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content
