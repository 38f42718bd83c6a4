"""The page of ``charrnn sweep``: what was found, with figures, as HTML without scripts."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from charrnn.exact import bits
from charrnn.html.inline import as_is
from charrnn.html.rendering import rendered
from charrnn.plots.trials import Axis, PointFigures, mean_maps, trial_strips
from charrnn.report.content import TEMPLATES
from charrnn.sweep.judgement import Judgement, Results
from charrnn.sweep.plan import SEED, Plan
from charrnn.sweep.statistics import PointDifference, SeedSpread
from charrnn.sweep.table import cell
from charrnn.sweep.trial import OK

_MOST_POINTS = 60  # in the table
# From the colours of the figures to those of the page, which knows light and dark.
_COLOURS = {
    "#ffffff": "none",  # behind the axes
    "#333333": "var(--ink)",
    "#555555": "var(--label)",
    "#888888": "var(--axis)",
    "#e4e4e4": "var(--grid)",
    "#9aa0a8": "var(--other)",
    "#1f5fa8": "var(--accent)",
    "#b8501c": "var(--warm)",
}


class BookFigures(NamedTuple):
    """The figures of a book, SVG.

    Attributes
    ----------
    trials, means : bytes
    """

    trials: bytes
    means: bytes


class PointRow(NamedTuple):
    """A row of the table of points."""

    number: int
    values: list[str]
    spread: SeedSpread | None
    failed: int
    is_best: bool
    is_baseline: bool
    is_alike: bool


def book_figures(plan: Plan, results: Results, judged: Judgement) -> BookFigures | None:
    """Draw the figures of a book; None if no value is swept, or no trial is ok.

    Only axes of several values are drawn.
    """
    keys = [key for key, values in plan.axes.items() if len(values) > 1]
    keys = [key for key in keys if not key.startswith("prepare.")]
    points = [_point(plan, results, judged, number, keys) for number in judged.spreads]
    if not keys or all(point.loss is None for point in points):
        return None
    axes = [Axis(key, tuple(map(cell, plan.axes[key]))) for key in keys]
    with_baseline = [
        Axis(key, tuple(map(cell, _with(plan.axes[key], plan, judged.baseline, key))))
        for key in keys
    ]
    return BookFigures(trial_strips(with_baseline, points), mean_maps(axes, points))


def _with(values: Sequence[Any], plan: Plan, baseline: int, key: str) -> Sequence[Any]:
    """Return the values of an axis with that of the baseline."""
    value = plan.points[baseline - 1].at(key)
    if value in values:
        return values
    both = [*values, value]
    return sorted(both) if all(type(one) in (int, float) for one in both) else both


def _point(
    plan: Plan, results: Results, judged: Judgement, number: int, keys: Sequence[str]
) -> PointFigures:
    spread = judged.spreads[number]
    return PointFigures(
        values=tuple(cell(plan.points[number - 1].at(key)) for key in keys),
        losses=tuple(
            bits(outcome.validation_nats)
            for trial, outcome in results
            if (trial.point, trial.phase) == (number, "select")
            and outcome.validation_nats is not None
        ),
        loss=None if spread is None else spread.mean,
        deviation=None if spread is None else spread.standard_deviation,
        is_best=number == judged.best,
        is_baseline=number == judged.baseline,
    )


def render_sweep(
    name: str,
    plan: Plan,
    results: Results,
    judgements: Sequence[Judgement],
    figures: Sequence[BookFigures | None],
    commands: Sequence[str],
) -> bytes:
    """Return the page in UTF-8.

    Parameters
    ----------
    name : str
        Of the sweep.
    plan : Plan
    results : sequence of (Trial, Outcome)
    judgements : sequence of Judgement
    figures : sequence of BookFigures or None
        For each judgement, as the next.
    commands : sequence of str
        Which make the best point the run of the working folder; "" without one.
    """
    said = f"Losses of {len(results)} trials"
    context = {
        "name": name,
        "plan": plan,
        "trials": len(results),
        "failed": [
            (trial, outcome) for trial, outcome in results if outcome.status != OK
        ],
        "updates": sum(int(outcome.updates or 0) for _, outcome in results),
        "keys": list(plan.axes),
        "seed_key": SEED,
        "books": [
            {
                "judged": judged,
                "best_values": judged.best and _values(plan, judged.best),
                "baseline_values": _values(plan, judged.baseline),
                "differences": _differences(judged),
                "is_framed": all(
                    plan.points[judged.baseline - 1].at(key) in axis
                    for key, axis in plan.axes.items()
                ),
                "spread": judged.best and judged.spreads[judged.best],
                "of_baseline": judged.spreads[judged.baseline],
                "rows": _rows(plan, results, judged)[:_MOST_POINTS],
                "trials_figure": drawn
                and _inlined(drawn.trials, f"trials-{place}", f"{said}: every trial"),
                "means_figure": drawn
                and _inlined(drawn.means, f"means-{place}", f"{said}: the means"),
                "command": command,
            }
            for place, (judged, drawn, command) in enumerate(
                zip(judgements, figures, commands, strict=True)
            )
        ],
    }
    return rendered(TEMPLATES, "sweep.html", context).encode("utf-8")


def _values(plan: Plan, number: int) -> list[str]:
    return [cell(plan.points[number - 1].at(key)) for key in plan.axes]


def _differences(judged: Judgement) -> list[tuple[str, PointDifference]]:
    """Return what is compared of the best and the baseline, and the comparison."""
    found = [("On the validation part", judged.difference)]
    if judged.confirmation is not None:
        part = judged.confirmation.part
        found.append(
            (f"With fresh seeds, on the {part} part,", judged.confirmation.difference)
        )
    return [(what, one) for what, one in found if one is not None]


def _rows(plan: Plan, results: Results, judged: Judgement) -> list[PointRow]:
    """Return the points by their means, the best first, those without a mean last."""
    rows = [
        PointRow(
            number,
            _values(plan, number),
            spread,
            len(
                [
                    trial
                    for trial, outcome in results
                    if trial.point == number and outcome.status != OK
                ]
            ),
            number == judged.best,
            number == judged.baseline,
            number in judged.alike,
        )
        for number, spread in judged.spreads.items()
    ]
    return sorted(rows, key=lambda row: (row.spread is None, row.spread or ()))


def _inlined(svg: bytes, name: str, title: str) -> str:
    """Return a figure as a part of the page: in its colours, with ids of its own."""
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL
    )
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{name}-", text)
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, variable)
    named = f'<svg role="img" aria-labelledby="{name}-title"'
    text = text.replace("<svg", named, 1)
    text = text.replace(">", f'><title id="{name}-title">{title}</title>', 1)
    return as_is(text)  # matplotlib escapes the texts
