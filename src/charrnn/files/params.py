"""The values of params.yaml, checked: one frozen model a section.

Nothing has a default here: a value stands in params.yaml or it is an error.  What each
one means, with its unit and the report's value, is said there and not repeated here.
"""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from charrnn.errors import ConfigError
from charrnn.files.yaml12 import read_yaml

PARAMS = Path("params.yaml")

# Below 2^32 no two streams of `charrnn.network.streams` are alike.
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# Of a size that float32 can hold, too.
Positive = Annotated[float, Field(ge=1e-30, le=1e30)]
NotNegative = Annotated[float, Field(ge=0, le=1e30)]
Count = Annotated[int, Field(ge=1, le=10**9)]
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
    most_elements: Count
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
    prime: Annotated[str, Field(min_length=1)] | None
    length: Count
    temperature: NotNegative
    top_k: Count | None
    top_p: Annotated[float, Field(gt=0, le=1)] | None
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
    sections = read_yaml(path)
    known = [other.section for other in Section.__subclasses__()]
    unknown = [str(name) for name in sections if name not in known]
    if unknown:
        name = repr(unknown[0])[1:-1]
        message = f"{path}: {name} is not a known section{_hint(unknown[0], known)}"
        raise ConfigError(message)
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


_BOUNDS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "above {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "below {lt}",
}


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _rule(kind: type[Section], error: Any) -> str:
    """Say in one clause what is wrong: key, value and rule."""
    names = [
        repr(name)[1:-1] for name in error["loc"][:1]
    ]  # on one line, whatever it is
    key = ".".join([kind.section, *names])
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "extra_forbidden":
        hint = _hint(str(error["loc"][0]), kind.model_fields)
        return f"{key} is not a known key{hint}"
    if error["type"] in _BOUNDS:
        bounds = {
            name: bound if isinstance(bound, int) else f"{bound:g}"
            for name, bound in error["ctx"].items()
        }
        rule = _BOUNDS[error["type"]].format(**bounds)
        return f"{key} is {error['input']!r}: it should be {rule}"
    rule = re.sub(r"^Value error, |^\w+ (?=should)", "", error["msg"])
    if not error["loc"]:
        return f"{key}: {rule}"
    return f"{key} is {error['input']!r}: it {rule}"
