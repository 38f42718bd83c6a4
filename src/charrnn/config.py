"""The values of params.yaml, checked: one frozen model a section.

Nothing has a default here: a value stands in params.yaml or it is an error.  What each
one means, with its unit and the report's value, is said there and not repeated here.

YAML has two readings.  DVC reads and writes version 1.2, in which ``1e-08`` is a number;
PyYAML reads 1.1, in which it is a string, and ``yes`` is true.  ``_Loader`` gives PyYAML
the scalars of 1.2 (its "core schema"), so that DVC and the stages see the same values.
"""

import difflib
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from charrnn.errors import ConfigError

PARAMS = Path("params.yaml")

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """What all sections share: strict types, no unknown keys, no NaN, frozen."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False
    )
    section: ClassVar[str]


class FetchConfig(Section):
    """Which part of the packaged Bible is the default book."""

    section = "fetch"
    first_book: str
    last_book: str


class PrepareConfig(Section):
    """Which book is learned, and how it is split."""

    section = "prepare"
    book: Annotated[str, Field(min_length=1)]
    validation_fraction: Fraction
    test_fraction: Fraction

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> Self:
        held_out = self.validation_fraction + self.test_fraction
        if held_out >= 1:
            message = f"validation_fraction + test_fraction is {held_out}, not below 1"
            raise ValueError(message)
        return self


class ModelConfig(Section):
    """The network's size and its initial weights."""

    section = "model"
    hidden_size: Count
    sigma: Positive
    seed: Seed


class GradcheckConfig(Section):
    """How the gradients are verified."""

    section = "gradcheck"
    sequence_length: Count
    step: Positive
    fourth_order_step: Positive
    l2: Positive
    floor: Positive
    tolerance: Positive
    fourth_order_tolerance: Positive
    element_tolerance: Positive
    seed: Seed


class TrainConfig(Section):
    """How the network learns, and what is looked at meanwhile."""

    section = "train"
    epochs: Count
    sequence_length: Count
    learning_rate: Positive
    epsilon: Positive
    clip: Positive
    l2: NotNegative
    warmup_updates: Annotated[int, Field(ge=0)]
    precision: Literal["float32", "float64"]
    rows_per_epoch: Annotated[int, Field(ge=1, le=500)]
    validate_every: Count
    text_every: Count
    text_length: Count
    seed: Seed


class EvaluateConfig(Section):
    """How the best weights are measured on the test part."""

    section = "evaluate"
    blocks: Annotated[int, Field(ge=2)]


class PlotConfig(Section):
    """How the curves are drawn."""

    section = "plot"
    width: Annotated[float, Field(ge=3, le=40)]
    height: Annotated[float, Field(ge=2, le=40)]
    highest_loss: Positive | None


class SampleConfig(Section):
    """What the best weights write at the end."""

    section = "sample"
    prime: Annotated[str, Field(min_length=1)]
    length: Count
    temperature: NotNegative
    seed: Seed


AnySection = TypeVar("AnySection", bound=Section)


def load_section(kind: type[AnySection], path: Path = PARAMS) -> AnySection:
    """Read one section of params.yaml and check it.

    Raises
    ------
    ConfigError
        If the file cannot be read or is no YAML, or if the section or one of its
        values is missing, unknown, of the wrong type or out of range.  The message
        names file, section, key, value and rule.
    """
    sections = _load(path)
    if kind.section not in sections:
        message = f"{path}: the section '{kind.section}' is missing"
        raise ConfigError(message)
    values = sections[kind.section]
    if not isinstance(values, dict):
        message = f"{path}: {kind.section} is {values!r}, not a section of 'key: value'"
        raise ConfigError(message)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        rules = "; ".join(_rule(kind, one) for one in error.errors())
        message = f"{path}: {rules}"
        raise ConfigError(message) from None


def _rule(kind: type[Section], error: Any) -> str:
    """Say in one clause what is wrong: key, value and rule."""
    key = ".".join([kind.section, *(str(part) for part in error["loc"][:1])])
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][0]), kind.model_fields, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"{key} is not a known key{hint}"
    rule = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if not error["loc"]:
        return f"{key}: {rule}"
    return f"{key} is {error['input']!r}: it {rule}"


class _Loader(yaml.SafeLoader):
    """Reads the scalars of YAML 1.2 as DVC does; refuses a key that stands twice."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as in PyYAML

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                problem = f"the key {key!r} is not a word"
            elif key in seen:
                problem = f"the key '{key}' stands twice"
            else:
                seen.add(key)
                continue
            raise yaml.constructor.ConstructorError(
                problem=problem, problem_mark=key_node.start_mark
            )
        return super().construct_mapping(node, deep)

    def _integer(self, node: yaml.ScalarNode) -> int:
        return int(node.value, 0 if "x" in node.value or "o" in node.value else 10)


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


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(message) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        message = f"{path}{where}: not valid YAML: {problem}"
        raise ConfigError(message) from None
    if not isinstance(content, dict):
        message = f"{path}: holds {type(content).__name__}, not sections"
        raise ConfigError(message)
    return content
