"""The files of results: a row for each trial, and the summary."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from charrnn.exact import bits
from charrnn.sweep.judgement import Judgement, Results
from charrnn.sweep.plan import SEED, Plan, Trial
from charrnn.sweep.trial import LOST, NOT_FINITE, OK, Outcome

# The files in the folder of a sweep.
PLAN, ROWS, SUMMARY = "plan.yaml", "results.csv", "summary.json"
PAGE = "report.html"

_FIGURES = (
    "status",
    "reason",
    "updates",
    "best_update",
    "smooth_loss_nats_per_window",
    "validation_nats_per_character",
    "validation_bits_per_character",
    "test_nats_per_character",
    "test_bits_per_character",
    "weights_sha256",
)


def columns(plan: Plan) -> list[str]:
    """Return the names of the columns of results.csv."""
    return ["point", "phase", *plan.axes, SEED, *_FIGURES]


def identity_of(plan: Plan, trial: Trial) -> list[str]:
    """Return the first cells of a row, which say what the trial is."""
    swept = [cell(trial.values.at(key)) for key in plan.axes]
    return [str(trial.point), trial.phase, *swept, str(trial.seed)]


def row_of(plan: Plan, trial: Trial, outcome: Outcome) -> list[str]:
    """Return the cells of a row; a figure that there is not is empty."""
    validation, test = outcome.validation_nats, outcome.test_nats
    figures = [
        outcome.updates,
        outcome.best_update,
        outcome.smooth_loss,
        validation,
        None if validation is None else bits(validation),
        test,
        None if test is None else bits(test),
        outcome.sha256,
    ]
    return [
        *identity_of(plan, trial),
        outcome.status,
        outcome.reason,
        *("" if figure is None else cell(figure) for figure in figures),
    ]


def swept_values(plan: Plan, number: int) -> str:
    """Return the swept values of a point as text."""
    values = plan.points[number - 1]
    return " ".join(f"{key}={cell(values.at(key))}" for key in plan.axes)


def cell(value: Any) -> str:
    """Return a value as a text: a number by its shortest repr, null, true, a text itself."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Digests(NamedTuple):
    """What the results came from: the sha256 of plan and code, and of each book's text."""

    plan: str
    code: str
    texts: dict[str, str]


def summary(
    plan: Plan, results: Results, judgements: Sequence[Judgement], digests: Digests
) -> dict[str, Any]:
    """Return the content of summary.json; losses are bits per character."""
    counts = Counter(outcome.status for _, outcome in results)
    return {
        "plan_sha256": digests.plan,
        "code_sha256": digests.code,
        "text_sha256": digests.texts,
        "trials": {status: counts[status] for status in (OK, NOT_FINITE, LOST)},
        "updates": sum(int(outcome.updates or 0) for _, outcome in results),
        "seeds": plan.seeds,
        "confirm_seeds": plan.confirm_seeds,
        "books": [_book(plan, judged) for judged in judgements],
    }


def _book(plan: Plan, judged: Judgement) -> dict[str, Any]:
    def swept(number: int) -> Mapping[str, Any]:
        return {key: plan.points[number - 1].at(key) for key in plan.axes}

    confirmation = judged.confirmation
    return {
        "book": judged.book.book,
        "points": {
            str(number): {"values": swept(number), "validation": _plain(spread)}
            for number, spread in judged.spreads.items()
        },
        "baseline": judged.baseline,
        "best": judged.best,
        "baseline_minus_best": _plain(judged.difference),
        "cannot_be_told_from_best": judged.alike,
        "edges": judged.edges,
        "confirmation": confirmation
        and {
            "part": confirmation.part,
            "best": _plain(confirmation.best),
            "baseline": _plain(confirmation.baseline),
            "baseline_minus_best": _plain(confirmation.difference),
        },
    }


def _plain(figures: Any) -> dict[str, Any] | None:
    return None if figures is None else figures._asdict()
