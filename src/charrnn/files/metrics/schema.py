"""The files of metrics/: one model for each JSON file, to write and to read it.

A figure that a run does not have (no validation part, too short a test part) is None in
the model and missing in the file.  A model that uses types of another package has a
module of its own, so that each stage imports only the packages that it needs.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes


class Metrics(BaseModel):
    """The base of all these models: strict types, no other key, no NaN, frozen."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False
    )

    def content(self) -> dict[str, Any]:
        """Return the content of the file."""
        return self.model_dump(mode="json", exclude_none=True)


class CorpusMetrics(Metrics):
    """metrics/corpus.json: the book and its parts, in characters.

    Attributes
    ----------
    blocks : int
        Of each held-out part.
    items : int or None
        Of a list, whose held-out items were drawn.
    """

    characters: int
    distinct_characters: int
    training_characters: int
    validation_characters: int
    test_characters: int
    blocks: int
    items: int | None = None
    unigram_entropy_bits: float


class SampleMetrics(Metrics):
    """metrics/sample.json: how much of the sampled text is copied from the book."""

    longest_copy_characters: int
    share_of_new_10_character_strings: float | None = None


class GradientCheckVerdict(Metrics):
    """metrics/gradient_check_passed.json, which the stage train depends on."""

    passed: bool


# Every whole number up to here is a float, too; no count of characters or updates is larger.
_MOST = 2**53


def _whole(digits: str) -> int:
    """Return a whole number, unless Python cannot print it or divide by it."""
    if len(digits) > len(str(_MOST)) or abs(int(digits)) > _MOST:
        message = f"a whole number of {len(digits):,} digits, beyond {_MOST:,}"
        raise OverflowError(message)
    return int(digits)


AnyMetrics = TypeVar("AnyMetrics", bound=Metrics)


def read_metrics(kind: type[AnyMetrics], path: Path) -> AnyMetrics:
    """Read a JSON file of metrics/.

    Raises
    ------
    ArtifactError
        If the file cannot be read or does not fit the model: the message names the key
        and the rule.
    """
    content = read_bytes(path)
    try:
        json.loads(content, parse_int=_whole)
    except OverflowError as error:
        message = f"{path}: damaged: {error}"
        raise ArtifactError(message) from None
    except (ValueError, RecursionError):
        message = f"{path}: damaged: not valid JSON"
        raise ArtifactError(message) from None
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        rule = first["msg"].removeprefix("Value error, ")
        message = ": ".join([str(path), "damaged", *([key] if key else []), rule])
        raise ArtifactError(message) from None
