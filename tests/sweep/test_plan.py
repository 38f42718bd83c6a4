"""A specification becomes an ordered list of trials, or an error of one line."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import ConfigError
from charrnn.settings import ModelConfig, PrepareConfig, TrainConfig
from charrnn.sweep.plan import Plan, Values
from charrnn.sweep.specification import SweepConfig, load_plan, make_plan
from tests.conftest import Project
from tests.imports import ROOT
from tests.sweeping import PLAN, small_plan, write_plan

BASE = Values(PrepareConfig(), ModelConfig(), TrainConfig())
RATES, SIZES = [0.05, 0.1, 0.2], [50, 100]


def plan_of(grid: dict[str, Any], **changes: Any) -> Plan:
    """Return the plan of a grid for the default values."""
    values: dict[str, Any] = {
        "set": {}, "grid": grid, "random": None, "seeds": [1, 2], "confirm_seeds": [9],
    }  # fmt: skip
    return make_plan(SweepConfig(**values | changes), BASE, Path("plan.yaml"))


def swept(plan: Plan) -> list[tuple[Any, ...]]:
    return [tuple(point.at(key) for key in plan.axes) for point in plan.points]


GRID = {"model": {"hidden_size": SIZES}, "train": {"learning_rate": RATES}}


def test_the_last_key_changes_fastest_and_seeds_change_faster() -> None:
    plan = plan_of(GRID)
    assert swept(plan) == list(itertools.product(SIZES, RATES))
    trials = plan.selecting()
    assert [(trial.point, trial.seed) for trial in trials[:3]] == [
        (1, 1),
        (1, 2),
        (2, 1),
    ]
    assert {trial.phase for trial in trials} == {"select"}
    assert not any(trial.reads_test for trial in trials)


def test_a_baseline_in_the_grid_costs_nothing_and_another_one_comes_last() -> None:
    inside = plan_of(GRID)
    assert inside.baselines == {PrepareConfig(): 5}
    assert inside.points[4] == BASE
    outside = plan_of({"train": {"learning_rate": [0.3, 0.4]}})
    assert outside.baselines == {PrepareConfig(): 3}
    assert swept(outside) == [(0.3,), (0.4,), (0.1,)]


def test_the_best_and_the_baseline_are_confirmed_with_the_test_part() -> None:
    trials = plan_of(GRID).confirming([2])
    assert [(trial.point, trial.seed) for trial in trials] == [(2, 9), (5, 9)]
    assert all(trial.reads_test for trial in trials)
    assert len(plan_of(GRID).confirming([5])) == 1


def test_each_book_has_its_baseline() -> None:
    grid = {"prepare": {"book": ["a.txt", "b.txt"]}, "train": {"learning_rate": RATES}}
    plan = plan_of(grid)
    assert [book.book for book in plan.baselines] == ["a.txt", "b.txt"]
    assert list(plan.baselines.values()) == [2, 5]
    for book in plan.baselines:
        assert len(plan.members(book)) == len(RATES)


def test_what_is_set_is_so_in_all_points_and_the_baseline() -> None:
    plan = plan_of(GRID, set={"prepare": {"blocks": 1}, "train": {"epochs": 2}})
    assert {(point.prepare.blocks, point.train.epochs) for point in plan.points} == {
        (1, 2)
    }
    assert list(plan.baselines.values()) == [5]


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_points_of_the_grid_are_drawn_once_in_its_order(points: int, seed: int) -> None:
    whole = swept(plan_of(GRID))
    plan = plan_of(GRID, random={"points": points, "seed": seed})
    drawn = swept(plan)[:points]
    assert len(set(drawn)) == points
    assert drawn == [one for one in whole if one in drawn]
    assert plan == plan_of(GRID, random={"points": points, "seed": seed})


def test_the_draws_never_change() -> None:
    grid = {
        "train": {"warmup_updates": list(range(1000)), "epochs": list(range(1, 100))}
    }
    plan = plan_of(grid, random={"points": 4, "seed": 1})
    assert swept(plan)[:4] == [(251, 8), (279, 53), (293, 44), (706, 53)]


def test_the_digest_is_of_what_matters(project: Project) -> None:
    plan, _ = small_plan()
    project.configure(sample={"length": 61}, train={"text_every": 7, "seed": 3})
    assert small_plan()[0].digest == plan.digest
    project.configure(train={"epochs": 3})
    assert small_plan()[0].digest != plan.digest
    assert small_plan(PLAN.replace("[1, 2, 3]", "[1, 2]"))[0].digest != plan.digest


def test_an_integer_for_a_float_is_the_float() -> None:
    plan = plan_of({"train": {"clip": [5, 1]}})
    assert repr(plan.points[0].train.clip) == "5.0"
    assert plan.points[0] == BASE


WRONG = {
    "[1, 2, 3]=[]": "sweep.seeds is []: it should have at least 1 item after validation, "
    "not 0 (the model.seed of a point's trials)",
    "seeds: [1, 2, 3]=seeds: [1, 1]": "the seed 1 is listed twice: sweep.seeds and "
    "sweep.confirm_seeds should be distinct",
    "[101, 102]=[3]": "the seed 3 is listed twice: sweep.seeds and sweep.confirm_seeds "
    "should be distinct",
    "random: null=random: {points: 5, seed: 1}": "sweep.random is {'points': 5, 'seed': "
    "1}: it should have points, from 1 to the 4 of the grid, and seed",
    "random: null=random: {points: 2}": "sweep.random is {'points': 2}: it should have "
    "points, from 1 to the 4 of the grid, and seed",
    "hidden_size: [4, 5]=seed: [4, 5]": "sweep.grid: model.seed cannot be swept: "
    "sweep.seeds lists its values; it should be a value of prepare, model, train on "
    "which a trial's figures depend",
    "learning_rate:=text_length:": "sweep.grid: train.text_length cannot be swept: it "
    "should be a value of prepare, model, train on which a trial's figures depend",
    "train: {learning_rate: [0.1, 0.3]}=sample: {length: [1]}": "sweep.grid: "
    "sample.length cannot be swept: it should be a value of prepare, model, train on "
    "which a trial's figures depend",
    "[4, 5]=[0]": "model.hidden_size is 0: it should be at least 1 (hidden units, m; "
    "report: 100)",
    "[4, 5]=[]": "sweep.grid is []: it should have at least 1 item after validation, "
    "not 0 (lists of values to combine, by section and key)",
    "[4, 5]=[4, 4]": "sweep.grid: a value is listed twice, so that points are equal",
    "hidden_size=hiden_size": "model.hiden_size is not a known key; did you mean "
    "'hidden_size'?",
    "  random: null\n=": "sweep.random is missing (how many points of the grid are "
    "drawn, and a seed; null: all)",
    "sweep:\n=sweep:\n  set: {model: {hidden_size: 7}}\n": "model.hidden_size is in "
    "sweep.set and in sweep.grid: remove one",
    "sweep:=swept:": "should hold one section, sweep",
    "[0.1, 0.3]=0.1": "sweep.grid is 0.1: it should be a valid list (lists of values to "
    "combine, by section and key)",
}


@pytest.mark.parametrize("change", WRONG)
def test_what_is_wrong_is_one_line(project: Project, change: str) -> None:
    del project
    old, _, new = change.partition("=")
    assert old in PLAN
    path = write_plan(PLAN.replace(old, new)) / "plan.yaml"
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    assert str(caught.value) == f"{path}: {WRONG[change]}"


def test_a_huge_grid_is_refused_unless_points_are_drawn() -> None:
    grid = {
        "train": {"warmup_updates": list(range(10_000)), "epochs": list(range(1, 1000))}
    }
    with pytest.raises(ConfigError, match=r"19,980,000 trials are more than 100,000"):
        plan_of(grid)
    assert len(plan_of(grid, random={"points": 3, "seed": 1}).points) == 4


@pytest.mark.parametrize("folder", sorted((ROOT / "sweep").iterdir(), key=str))
def test_the_committed_plans_can_be_read(folder: Path) -> None:
    plan = load_plan(folder / "plan.yaml", ROOT / "params.yaml")
    assert len(plan.baselines) == 1
    assert yaml.safe_load((folder / "plan.yaml").read_text())
