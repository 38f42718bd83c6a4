"""The specification of a sweep, plan.yaml, and the plan that it becomes."""

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import MinLen

from charrnn.errors import ConfigError
from charrnn.files.params import PARAMS, load_section, section_of
from charrnn.files.yaml12 import read_yaml
from charrnn.settings import (
    Meaning,
    ModelConfig,
    PrepareConfig,
    Section,
    Seed,
    TrainConfig,
)
from charrnn.sweep.plan import NOT_SWEPT, SEED, Plan, Values

_MOST_TRIALS = 100_000


@dataclass(frozen=True, kw_only=True)
class SweepConfig(Section):
    """The specification of a sweep."""

    section = "sweep"
    set: Annotated[
        dict[str, dict[str, Any]],
        Meaning("values of all trials, the baseline's too, by section and key"),
    ]
    grid: Annotated[
        dict[str, dict[str, Annotated[list[Any], MinLen(1)]]],
        Meaning("lists of values to combine, by section and key"),
    ]
    random: Annotated[
        dict[Literal["points", "seed"], int] | None,
        Meaning("how many points of the grid are drawn, and a seed; null: all"),
    ]
    seeds: Annotated[
        list[Seed], MinLen(1), Meaning("the model.seed of a point's trials")
    ]
    confirm_seeds: Annotated[
        list[Seed], Meaning("fresh seeds for the best point and the baseline")
    ]


def load_plan(path: Path, params: Path = PARAMS) -> Plan:
    """Read a specification, and plan its trials.

    Parameters
    ----------
    path : Path
        The specification, YAML.
    params : Path
        The baseline, and the values of all points that the specification does not name.

    Raises
    ------
    ConfigError
        If a file cannot be read, or a value of the specification or of a point is
        wrong.  The message names file, key, value and rule.
    """
    content = read_yaml(path)
    if content.keys() != {"sweep"} or not isinstance(content["sweep"], dict):
        message = f"{path}: should hold one section, sweep"
        raise ConfigError(message)
    specification = section_of(SweepConfig, {"set": {}} | content["sweep"], path)
    return make_plan(specification, base_values(params), path)


def base_values(params: Path = PARAMS) -> Values:
    """Return the values of params.yaml on which a trial depends; errors as there."""
    return Values(
        load_section(PrepareConfig, params),
        load_section(ModelConfig, params),
        load_section(TrainConfig, params),
    )


def make_plan(specification: SweepConfig, base: Values, path: Path) -> Plan:
    """Plan the trials of a specification; parameters and errors as for `load_plan`."""
    fixed, axes = _flat(specification.set), _flat(specification.grid)
    for part, keys in (("set", fixed), ("grid", axes)):
        for key in keys:
            _check_key(key, f"{path}: sweep.{part}")
    if both := fixed.keys() & axes.keys():
        message = f"{path}: {min(both)} is in sweep.set and in sweep.grid: remove one"
        raise ConfigError(message)
    _check_seeds(specification, path)
    base = _changed(base, fixed, path)
    chosen = _choice(specification, math.prod(map(len, axes.values())), path)
    points = [_changed(base, _combination(axes, index), path) for index in chosen]
    if len(set(points)) < len(points):
        message = (
            f"{path}: sweep.grid: a value is listed twice, so that points are equal"
        )
        raise ConfigError(message)
    baselines = {}
    for book in dict.fromkeys(point.prepare for point in points):
        baseline = base._replace(prepare=book)
        if baseline not in points:
            points.append(baseline)
        baselines[book] = points.index(baseline) + 1
    return Plan(
        {key: tuple(values) for key, values in axes.items()},
        tuple(points),
        baselines,
        tuple(specification.seeds),
        tuple(specification.confirm_seeds),
    )


def _flat(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        f"{section}.{name}": value
        for section, values in sections.items()
        for name, value in values.items()
    }


def _check_key(key: str, where: str) -> None:
    section = key.partition(".")[0]
    if key in NOT_SWEPT or section not in Values._fields:
        hint = "sweep.seeds lists its values; " if key == SEED else ""
        message = (
            f"{where}: {key} cannot be swept: {hint}it should be a value of "
            f"{', '.join(Values._fields)} on which a trial's figures depend"
        )
        raise ConfigError(message)


def _check_seeds(specification: SweepConfig, path: Path) -> None:
    seeds = [*specification.seeds, *specification.confirm_seeds]
    if twice := [seed for seed in seeds if seeds.count(seed) > 1]:
        message = (
            f"{path}: the seed {twice[0]} is listed twice: sweep.seeds and "
            f"sweep.confirm_seeds should be distinct"
        )
        raise ConfigError(message)


def _choice(specification: SweepConfig, size: int, path: Path) -> Sequence[int]:
    """Return the places in the grid of the points to try, ascending."""
    random, points = specification.random, size
    if random is not None:
        if random.keys() != {"points", "seed"} or not 1 <= random["points"] <= size:
            message = (
                f"{path}: sweep.random is {random}: it should have points, from 1 to "
                f"the {size:,} of the grid, and seed"
            )
            raise ConfigError(message)
        points = random["points"]
    trials = points * len(specification.seeds)
    if trials > _MOST_TRIALS:
        message = (
            f"{path}: {trials:,} trials are more than {_MOST_TRIALS:,}: sweep.random "
            f"draws points"
        )
        raise ConfigError(message)
    if random is None:
        return range(size)
    found: set[int] = set()
    for draw in itertools.count():
        if len(found) == points:
            break
        # Whole numbers, which no version of a generator changes.
        mixed = hashlib.sha256(f"{random['seed']} {draw}".encode()).digest()
        found.add(int.from_bytes(mixed, "big") % size)
    return sorted(found)


def _combination(axes: Mapping[str, Sequence[Any]], index: int) -> dict[str, Any]:
    """Return a point by its place in the grid, of which the last key changes fastest."""
    found = {}
    for key, values in reversed([*axes.items()]):
        index, place = divmod(index, len(values))
        found[key] = values[place]
    return found


def _changed(base: Values, changes: Mapping[str, Any], path: Path) -> Values:
    """Return the values with some changed, by key, after the checks of params.yaml."""
    sections = {name: vars(config).copy() for name, config in base._asdict().items()}
    for key, value in changes.items():
        section, _, name = key.partition(".")
        sections[section][name] = value
    return Values(
        section_of(PrepareConfig, sections["prepare"], path),
        section_of(ModelConfig, sections["model"], path),
        section_of(TrainConfig, sections["train"], path),
    )
