"""What the trials of a sweep say: the best point of a book, and what that is worth."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from charrnn.exact import bits, mean
from charrnn.settings import PrepareConfig
from charrnn.sweep.plan import Phase, Plan, Trial
from charrnn.sweep.statistics import (
    PointDifference,
    SeedSpread,
    difference,
    spread_of,
)
from charrnn.sweep.trial import OK, Outcome

Results: TypeAlias = Sequence[tuple[Trial, Outcome]]

_LEAST_AXIS = 3  # values: of two, each is an edge


class Confirmation(NamedTuple):
    """The best point and the baseline on fresh seeds.

    Attributes
    ----------
    part : str
        ``test``, or ``validation`` if the book has no test part.
    best, baseline : SeedSpread or None
        Bits per character; None if a trial is not ok.
    difference : PointDifference or None
        None if one of the two is missing, or if they are the same point.
    """

    part: str
    best: SeedSpread | None
    baseline: SeedSpread | None
    difference: PointDifference | None


class Judgement(NamedTuple):
    """What is known of the points of one prepared book; points are numbers of the plan.

    Attributes
    ----------
    book : PrepareConfig
    baseline : int
    spreads : dict
        The validation losses of each point, bits per character; None if one of its
        trials is not ok: such a point cannot be best.
    best : int or None
        The point of the lowest mean.
    difference : PointDifference or None
        Of the best from the baseline, if these are two.
    alike : list of int
        The points that cannot be told from the best: Welch's interval of the difference
        includes 0.  Nothing corrects for the number of comparisons.
    edges : dict
        The swept keys of which the best has the least or the greatest value.
    confirmation : Confirmation or None
        None if nothing was confirmed.
    """

    book: PrepareConfig
    baseline: int
    spreads: dict[int, SeedSpread | None]
    best: int | None
    difference: PointDifference | None
    alike: list[int]
    edges: dict[str, Any]
    confirmation: Confirmation | None


def judge_books(plan: Plan, results: Results) -> list[Judgement]:
    """Return what is known of each book, in the order of the plan.

    Parameters
    ----------
    plan : Plan
    results : sequence of (Trial, Outcome)
        All trials that select; those that confirm may be missing.
    """
    return [
        _judge_book(plan, results, book, baseline)
        for book, baseline in plan.baselines.items()
    ]


def point_losses(
    results: Results, point: int, phase: Phase, part: str = "validation"
) -> list[float] | None:
    """Return the losses of a point, bits per character by seed; None if not all are there."""
    outcomes = [
        outcome
        for trial, outcome in results
        if (trial.point, trial.phase) == (point, phase)
    ]
    found = [getattr(outcome, f"{part}_nats") for outcome in outcomes]
    if not found or any(outcome.status != OK for outcome in outcomes) or None in found:
        return None
    return [bits(nats) for nats in found]


def _judge_book(
    plan: Plan, results: Results, book: PrepareConfig, baseline: int
) -> Judgement:
    found = {n: point_losses(results, n, "select") for n in plan.members(book)}
    spreads = {n: spread_of(values) if values else None for n, values in found.items()}
    whole = {n: values for n, values in found.items() if values}
    best = min(whole, key=lambda n: mean(whole[n]), default=None)
    judged = Judgement(book, baseline, spreads, best, None, [], {}, None)
    if best is None:
        return judged
    apart = {n: difference(whole[best], whole[n]) for n in whole if n != best}
    values = plan.points[best - 1]
    return judged._replace(
        difference=apart.get(baseline),
        alike=[n for n, one in apart.items() if not one.is_clear],
        edges={
            key: values.at(key)
            for key, axis in plan.axes.items()
            if len(set(axis)) >= _LEAST_AXIS
            and all(type(value) in (int, float) for value in axis)
            and values.at(key) in (min(axis), max(axis))
        },
        confirmation=_confirmation(results, best, baseline),
    )


def _confirmation(results: Results, best: int, baseline: int) -> Confirmation | None:
    both = [
        outcome
        for trial, outcome in results
        if trial.phase == "confirm" and trial.point in (best, baseline)
    ]
    if not both:
        return None
    is_test = any(outcome.test_nats is not None for outcome in both)
    part = "test" if is_test else "validation"
    first, second = (
        point_losses(results, n, "confirm", part) for n in (best, baseline)
    )
    return Confirmation(
        part,
        spread_of(first) if first else None,
        spread_of(second) if second else None,
        difference(first, second) if first and second and best != baseline else None,
    )
