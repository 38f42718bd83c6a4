"""``charrnn sweep``: do many trainings, and say what their differences mean."""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from charrnn.cli import interrupts
from charrnn.cli.output import safe_to_show
from charrnn.cli.progress import Progress
from charrnn.cli.sweep_modes import check_rows, dry_run, status
from charrnn.cli.workers import engine_of, workers_of
from charrnn.errors import CharRnnError
from charrnn.files.artifacts import Outputs
from charrnn.files.params import PARAMS
from charrnn.html import formats
from charrnn.report.sweep_page import book_figures, render_sweep
from charrnn.settings import Section
from charrnn.sweep.engine import Books, Engine, complete
from charrnn.sweep.judgement import Judgement, Results, judge_books
from charrnn.sweep.plan import Plan, Trial, Values
from charrnn.sweep.specification import base_values, load_plan
from charrnn.sweep.statistics import PointDifference, SeedSpread
from charrnn.sweep.table import (
    PAGE,
    PLAN,
    ROWS,
    SUMMARY,
    Digests,
    cell,
    columns,
    row_of,
    summary,
    swept_values,
)
from charrnn.sweep.trial import LOST, OK, Outcome, code_digest


def run(options: argparse.Namespace) -> int:
    """Do the trials that the journal does not have; write and print the results."""
    plan = load_plan(options.folder / PLAN)
    if options.status:
        return status(options.folder, plan)
    books = Books(plan)
    if options.dry_run:
        return dry_run(plan, books, workers_of(options))
    with engine_of(options, plan) as engine:
        if options.check is not None:
            return check_rows(options.folder, plan, books, engine, options.check)
        results = _results(plan, books, engine)
    judgements = judge_books(plan, results)
    _write(options.folder, plan, books, results, judgements)
    _tell(plan, results, judgements)
    if lost := _count(results, LOST):
        message = f"{lost} trials were lost; run the command again to try them again"
        raise CharRnnError(message)
    return 0


def _results(plan: Plan, books: Books, engine: Engine) -> Results:
    """Do all trials of a plan; return them with what came of each, in the plan's order."""
    results = _phase(plan.selecting(), plan, books, engine)
    best = [judged.best for judged in judge_books(plan, results) if judged.best]
    return results + _phase(plan.confirming(best), plan, books, engine)


def _phase(
    trials: Sequence[Trial], plan: Plan, books: Books, engine: Engine
) -> list[tuple[Trial, Outcome]]:
    with contextlib.closing(Progress(trials, plan, books)) as progress:
        outcomes = complete(trials, books, engine, progress.show)
    return list(zip(trials, outcomes, strict=True))


def _write(
    folder: Path,
    plan: Plan,
    books: Books,
    results: Results,
    judgements: Sequence[Judgement],
) -> None:
    digests = Digests(plan.digest, code_digest(), books.digests)
    figures = [book_figures(plan, results, judged) for judged in judgements]
    commands = [
        command(plan.points[judged.best - 1]) if judged.best else ""
        for judged in judgements
    ]
    page = render_sweep(folder.as_posix(), plan, results, judgements, figures, commands)
    with interrupts.as_exception(), Outputs() as out:
        rows = [row_of(plan, trial, outcome) for trial, outcome in results]
        out.table(folder / ROWS, columns(plan), rows)
        out.json(folder / SUMMARY, summary(plan, results, judgements, digests))
        out.write(folder / PAGE, page)
        for number, drawn in enumerate(figures, 1):
            suffix = f"-{number}" if len(figures) > 1 else ""
            if drawn is not None:
                out.write(folder / f"trials{suffix}.svg", drawn.trials)
                out.write(folder / f"means{suffix}.svg", drawn.means)


def _count(results: Results, status: str) -> int:
    return len([outcome for _, outcome in results if outcome.status == status])


def _tell(plan: Plan, results: Results, judgements: Sequence[Judgement]) -> None:
    """Print what was found, for each book; last, how to make the best point the run."""
    failed = len(results) - _count(results, OK)
    updates = sum(int(outcome.updates or 0) for _, outcome in results)
    lines = [f"{len(results):,} trials, {failed} failed, {updates:,} updates"]
    for judged in judgements:
        if len(judgements) > 1:
            lines.append(f"{judged.book.book}:")
        lines += _found(plan, judged)
    sys.stdout.write("".join(f"{safe_to_show(line)}\n" for line in lines))


def _found(plan: Plan, judged: Judgement) -> list[str]:
    spread = judged.best and judged.spreads[judged.best]
    if not judged.best or not spread:
        return ["no point has trials that are all ok"]
    lines = [
        f"best         point {judged.best}: {swept_values(plan, judged.best)}",
        f"             validation {_mean(spread)}",
    ]
    if judged.best == judged.baseline:
        lines.append("             which is the baseline, params.yaml")
    else:
        lines += [
            f"baseline     point {judged.baseline}: {swept_values(plan, judged.baseline)}",
            f"             validation {_mean(judged.spreads[judged.baseline])}",
            f"difference   {_difference(judged.difference)}",
        ]
    if judged.confirmation is not None:
        part, best, baseline, difference = judged.confirmation
        lines.append(f"fresh seeds  {part} {_mean(best)}; baseline {_mean(baseline)}")
        if difference is not None:
            lines.append(f"             difference {_difference(difference)}")
    if judged.alike:
        lines.append(
            f"{len(judged.alike)} of the {len(judged.spreads) - 1} other points cannot be "
            f"told from the best (nothing corrects for so many comparisons)"
        )
    if judged.edges:
        edges = ", ".join(f"{key}={cell(value)}" for key, value in judged.edges.items())
        lines.append(f"the best lies on an edge of the grid: {edges}")
    return [*lines, command(plan.points[judged.best - 1])]


def _mean(spread: SeedSpread | None) -> str:
    if spread is None:
        return "not all trials are ok"
    deviation = spread.standard_deviation
    apart = "" if deviation is None else f" ± {deviation:.4f}"
    return f"{spread.mean:.4f}{apart} bits per character (n = {spread.n})"


def _difference(difference: PointDifference | None) -> str:
    if difference is None:
        return "not known: not all trials are ok"
    text = f"{difference.mean:.4f} bits"
    if difference.low is not None and difference.high is not None:
        text += f", 95 % interval {difference.low:.4f} to {difference.high:.4f}"
    return f"{text}; lower in {100 * difference.wins:.0f} % of the pairs of trials"


def command(point: Values) -> str:
    """Return the command that makes a point the run of the working folder."""
    words = ["dvc", "exp", "run"]
    for now, then in zip(point, base_values(PARAMS), strict=True):
        section: type[Section] = type(now)
        for name, value in vars(now).items():
            if value != getattr(then, name):
                typed = formats.override(f"{section.section}.{name}", value)
                words += ["-S", typed or f"{section.section}.{name}=?"]
    return " ".join(words)
