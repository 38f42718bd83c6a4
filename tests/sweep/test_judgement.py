"""What trials say of their points: the best, what is like it, and what confirms it."""

from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import pytest

from charrnn.settings import ModelConfig, PrepareConfig, TrainConfig
from charrnn.sweep.judgement import Judgement, judge_books
from charrnn.sweep.plan import Plan, Trial, Values
from charrnn.sweep.specification import SweepConfig, make_plan
from charrnn.sweep.table import Digests, columns, row_of, summary
from charrnn.sweep.trial import LOST, NOT_FINITE, OK, Outcome

BASE = Values(PrepareConfig(), ModelConfig(), TrainConfig())
RATES = [0.05, 0.1, 0.2]  # the baseline is the second


def plan_of(**grid: Any) -> Plan:
    grid = grid or {"train": {"learning_rate": RATES}}
    values: dict[str, Any] = {
        "set": {}, "grid": grid, "random": None, "seeds": [1, 2, 3],
        "confirm_seeds": [8, 9],
    }  # fmt: skip
    return make_plan(SweepConfig(**values), BASE, Path("plan.yaml"))


def of_bits(bits: float, test: float | None = None) -> Outcome:
    nats = None if test is None else test * log(2)
    return Outcome(OK, "", 10, 10, 1.0, bits * log(2), nats, "0")


def judged(plan: Plan, outcome: Callable[[Trial], Outcome]) -> list[Judgement]:
    trials = plan.selecting()
    results = [(trial, outcome(trial)) for trial in trials]
    best = [one.best for one in judge_books(plan, results) if one.best]
    results += [(trial, outcome(trial)) for trial in plan.confirming(best)]
    return judge_books(plan, results)


def test_the_lowest_mean_is_best_and_compared_with_the_baseline() -> None:
    means = {1: 2.0, 2: 2.5, 3: 2.001}
    [found] = judged(
        plan_of(),
        lambda trial: of_bits(
            means[trial.point] + trial.seed / 1000, trial.point * 1.0
        ),
    )
    assert (found.best, found.baseline, found.alike) == (1, 2, [3])
    assert found.difference is not None
    assert found.difference.mean == pytest.approx(0.5)
    assert found.difference.is_clear
    assert found.edges == {"train.learning_rate": 0.05}
    confirmed = found.confirmation
    assert confirmed is not None
    assert confirmed.part == "test"
    assert confirmed.best is not None
    assert confirmed.baseline is not None
    assert (confirmed.best.n, confirmed.best.mean) == (2, 1.0)
    assert (confirmed.baseline.n, confirmed.baseline.mean) == (2, 2.0)


@pytest.mark.parametrize("status", [LOST, NOT_FINITE])
def test_a_point_with_a_failed_trial_cannot_be_best(status: str) -> None:
    def outcome(trial: Trial) -> Outcome:
        failed = trial.point == 1 and trial.seed == 2
        return Outcome(status, "why") if failed else of_bits(float(trial.point))

    [found] = judged(plan_of(), outcome)
    assert (found.best, found.spreads[1]) == (2, None)
    assert found.best == found.baseline
    assert found.difference is None
    assert found.edges == {}
    assert found.confirmation is not None
    assert found.confirmation.difference is None


def test_if_every_point_failed_there_is_no_best() -> None:
    [found] = judged(plan_of(), lambda _: Outcome(NOT_FINITE, "why"))
    assert (found.best, found.difference, found.alike) == (None, None, [])


def test_a_baseline_that_failed_leaves_the_best_without_a_comparison() -> None:
    def outcome(trial: Trial) -> Outcome:
        return Outcome(LOST, "why") if trial.point == 2 else of_bits(2.0 + trial.point)

    [found] = judged(plan_of(), outcome)
    assert (found.best, found.difference) == (1, None)
    assert found.confirmation is not None
    assert found.confirmation.baseline is None


def test_points_are_compared_within_their_book() -> None:
    plan = plan_of(prepare={"book": ["a", "b"]}, train={"learning_rate": RATES})
    first, second = judged(plan, lambda trial: of_bits(10.0 - trial.point))
    assert (first.best, second.best) == (3, 6)
    assert (first.baseline, second.baseline) == (2, 5)
    assert [*first.spreads, *second.spreads] == [1, 2, 3, 4, 5, 6]


def test_without_a_test_part_the_validation_part_confirms() -> None:
    [found] = judged(plan_of(), lambda trial: of_bits(float(trial.point)))
    assert found.confirmation is not None
    assert found.confirmation.part == "validation"


def test_rows_have_what_there_is_and_no_more() -> None:
    plan = plan_of()
    trial = plan.selecting()[0]
    assert columns(plan)[:5] == [
        "point", "phase", "train.learning_rate", "model.seed", "status",
    ]  # fmt: skip
    outcome = Outcome(OK, "", 7, 5, 40.5, log(2), None, "ab")
    assert row_of(plan, trial, outcome) == [
        "1", "select", "0.05", "1", "ok", "", "7", "5", "40.5", repr(log(2)), "1.0",
        "", "", "ab",
    ]  # fmt: skip
    assert row_of(plan, trial, Outcome(LOST, "died"))[4:] == [
        "lost", "died", *[""] * 8,
    ]  # fmt: skip


def test_the_summary_counts_what_failed_and_what_was_spent() -> None:
    plan = plan_of()
    results = [
        (trial, Outcome(LOST, "died") if trial.seed == 3 else of_bits(2.0))
        for trial in plan.selecting()
    ]
    content = summary(plan, results, judge_books(plan, results), Digests("p", "c", {}))
    assert content["trials"] == {OK: 6, NOT_FINITE: 0, LOST: 3}
    assert content["updates"] == 60
    assert content["books"][0]["best"] is None
