"""params.yaml: its sections are validated and read into the types of `charrnn.settings`.

params.yaml must have every key of the schema, with a value of its type and within its
bounds, and no other key.
"""

import difflib
import functools
import re
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from charrnn.errors import ConfigError
from charrnn.files.yaml12 import read_yaml
from charrnn.settings import SECTIONS, Section, meanings

PARAMS = Path("params.yaml")

AnySection = TypeVar("AnySection", bound=Section)


@functools.cache
def _validator(kind: type[Section]) -> type[BaseModel]:
    """Return the model of a section: strict types, no default, no other key, no NaN."""
    hints = typing.get_type_hints(kind, include_extras=True)
    required: Any = {name: (hints[name], ...) for name in meanings(kind)}
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    model: type[BaseModel] = create_model(kind.__name__, __config__=config, **required)
    return model


def load_section(kind: type[AnySection], path: Path = PARAMS) -> AnySection:
    """Read and validate one section of params.yaml.

    Parameters
    ----------
    kind : type
        One of `charrnn.settings.SECTIONS`.
    path : Path

    Raises
    ------
    ConfigError
        If the file cannot be read or is not YAML, or if the section or one of its
        values is missing, unknown, of the wrong type or out of range.  The message
        names file, section, key, value, rule and meaning.
    """
    sections = read_yaml(path)
    known = [other.section for other in SECTIONS]
    for unknown in (str(name) for name in sections if name not in known):
        name = repr(unknown)[1:-1]
        message = f"{path}: {name} is not a known section{_hint(unknown, known)}"
        raise ConfigError(message)
    name = kind.section
    if name not in sections:
        message = f"{path}: the section '{name}' is missing"
        raise ConfigError(message)
    values = sections[name]
    if not isinstance(values, dict):
        message = f"{path}: {name} is {values!r}, not a section of 'key: value'"
        raise ConfigError(message)
    return section_of(kind, values, path)


def section_of(
    kind: type[AnySection], values: dict[str, Any], path: Path
) -> AnySection:
    """Validate the values of a section, which stand in the file `path`.

    Raises
    ------
    ConfigError
        As `load_section`.
    """
    name = kind.section
    try:
        validator = _validator(kind)  # type: ignore[arg-type]  # classes are hashable
        return kind(**dict(validator.model_validate(values)))
    except ValidationError as error:
        rules = "; ".join(_rule(kind, name, one) for one in error.errors())
        message = f"{path}: {rules}"
        raise ConfigError(message) from None
    except ConfigError as error:
        message = f"{path}: {error}"
        raise ConfigError(message) from None


_BOUNDS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "above {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "below {lt}",
}


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _rule(kind: type[Section], section: str, error: Any) -> str:
    """Return a clause with the key, its value, the rule and the meaning of the value."""
    name = repr(error["loc"][0])[1:-1]  # on one line
    key, meaning = f"{section}.{name}", meanings(kind).get(name)
    if error["type"] == "extra_forbidden":
        return f"{key} is not a known key{_hint(name, meanings(kind))}"
    if error["type"] == "missing":
        return f"{key} is missing ({meaning})"
    if error["type"] in _BOUNDS:
        bounds = {
            name: bound if isinstance(bound, int) else f"{bound:g}"
            for name, bound in error["ctx"].items()
        }
        rule = f"it should be {_BOUNDS[error['type']].format(**bounds)}"
    else:
        rule = "it " + re.sub(r"^\w+ (?=should)", "", error["msg"])
    return f"{key} is {error['input']!r}: {rule} ({meaning})"
