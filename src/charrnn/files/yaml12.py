"""Reads YAML as DVC does; the only importer of yaml.

DVC reads and writes version 1.2, in which ``1e-08`` is a number; PyYAML reads 1.1, in
which it is a string, and ``yes`` is true.  The loader here gives PyYAML the scalars of
1.2 (its "core schema"), so that DVC and the stages see the same values.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from charrnn.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """Reads the scalars of YAML 1.2 as DVC does; refuses aliases, and a key that stands twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as in PyYAML

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # a few lines of them can fill the memory
            event = self.current_event  # it is there since it was checked
            raise yaml.composer.ComposerError(
                problem=f"the alias *{event.anchor}: write the value itself",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                problem = f"the key {key!r} is not a word"
            elif key in seen:
                problem = f"the key {key!r} stands twice"
            else:
                seen.add(key)
                continue
            raise yaml.constructor.ConstructorError(
                problem=problem, problem_mark=key_node.start_mark
            )
        return super().construct_mapping(node, deep)

    def _integer(self, node: yaml.ScalarNode) -> int:
        return int(node.value, 0 if "x" in node.value or "o" in node.value else 10)


_MOST_BYTES = 1_000_000
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        (
            r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
            r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
        ),
        list("-+.0123456789"),
    ),
}
for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader._integer)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a file whose outermost level is a mapping.

    Raises
    ------
    ConfigError
        If it cannot be read, is too large, is not valid YAML (the line is named), has a
        key twice or an alias, or holds something else than a mapping.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            message = f"{path}: is of more than {_MOST_BYTES:,} bytes"
            raise ConfigError(message)
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except ConfigError:
        raise
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(message) from None
    except Exception as error:  # noqa: BLE001 - PyYAML's constructors raise all sorts of things
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        message = f"{path}{where}: not valid YAML: {problem}"
        raise ConfigError(message) from None
    if not isinstance(content, dict):
        message = f"{path}: holds {type(content).__name__}, not sections"
        raise ConfigError(message)
    return content
