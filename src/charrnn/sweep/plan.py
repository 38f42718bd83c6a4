"""The plan of a sweep: its points, and the trials of each, in their order."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypeAlias

from charrnn.settings import (
    ModelConfig,
    PrepareConfig,
    TrainConfig,
)

Phase: TypeAlias = Literal["select", "confirm"]

SEED = "model.seed"
# What no figure of a trial depends on, and the seed, of which a plan has a list.
NOT_SWEPT = {
    SEED,
    "train.rows_per_epoch",
    "train.seed",
    "train.start",
    "train.text_every",
    "train.text_length",
}


class Values(NamedTuple):
    """The values of params.yaml on which a trial depends."""

    prepare: PrepareConfig
    model: ModelConfig
    train: TrainConfig

    def at(self, key: str) -> Any:
        """Return the value at a key such as ``train.learning_rate``."""
        section, _, name = key.partition(".")
        return getattr(getattr(self, section), name)

    def content(self) -> dict[str, dict[str, Any]]:
        """Return what matters, by section and key, without `model.seed`."""
        return {
            section: {
                name: value
                for name, value in dataclasses.asdict(config).items()
                if f"{section}.{name}" not in NOT_SWEPT
            }
            for section, config in self._asdict().items()
        }


class Trial(NamedTuple):
    """One training of a plan.

    Attributes
    ----------
    point : int
        The number of its point, from 1.
    phase : str
        A trial that confirms reads the test part.
    values : Values
    """

    point: int
    phase: Phase
    values: Values

    @property
    def seed(self) -> int:
        """Of the initial weights."""
        return self.values.model.seed

    @property
    def reads_test(self) -> bool:
        """Whether the best model reads the test part: only to confirm a choice."""
        return self.phase == "confirm"


class Plan(NamedTuple):
    """What a sweep tries.

    Points are compared with those of the same book, prepared in the same way; each such
    book has a baseline, the values of params.yaml.

    Attributes
    ----------
    axes : dict
        The values of each swept key, in the order of the specification.
    points : tuple of Values
        Those of the grid, then the baselines that are not among them; numbered from 1.
    baselines : dict
        From a prepared book to the number of its baseline.
    seeds, confirm_seeds : tuple of int
    """

    axes: dict[str, tuple[Any, ...]]
    points: tuple[Values, ...]
    baselines: dict[PrepareConfig, int]
    seeds: tuple[int, ...]
    confirm_seeds: tuple[int, ...]

    def selecting(self) -> list[Trial]:
        """Return the trials that choose the best point, point by point."""
        numbers = range(1, len(self.points) + 1)
        return self._trials(numbers, "select", self.seeds)

    def confirming(self, best: Iterable[int]) -> list[Trial]:
        """Return the trials of the best points, by number, and of the baselines."""
        numbers = sorted({*best, *self.baselines.values()})
        return self._trials(numbers, "confirm", self.confirm_seeds)

    def all_trials(self) -> list[Trial]:
        """Return all trials that there may be, whichever points are best."""
        return [*self.selecting(), *self.confirming(range(1, len(self.points) + 1))]

    def _trials(
        self, numbers: Iterable[int], phase: Phase, seeds: Sequence[int]
    ) -> list[Trial]:
        return [
            Trial(
                number, phase, values._replace(model=replace(values.model, seed=seed))
            )
            for number in numbers
            for values in [self.points[number - 1]]
            for seed in seeds
        ]

    def members(self, book: PrepareConfig) -> list[int]:
        """Return the numbers of the points that read a prepared book."""
        return [n for n, point in enumerate(self.points, 1) if point.prepare == book]

    @property
    def digest(self) -> str:
        """The sha256 of all that the plan says."""
        content = {
            "points": [point.content() for point in self.points],
            "baselines": sorted(self.baselines.values()),
            "seeds": self.seeds,
            "confirm_seeds": self.confirm_seeds,
        }
        return digest_of(content)


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the sha256 of an object as JSON with sorted keys."""
    text = json.dumps(content, sort_keys=True, allow_nan=False, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
