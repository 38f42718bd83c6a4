"""``charrnn sweep`` with --dry-run, --check and --status, which write no results."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charrnn.cli.output import safe_to_show
from charrnn.cli.progress import duration
from charrnn.errors import CharRnnError, one_line
from charrnn.exact import mean, total
from charrnn.files.artifacts import read_json, read_rows
from charrnn.sweep.engine import Books, Engine, Task, known, seconds_per_update
from charrnn.sweep.plan import Plan, Trial
from charrnn.sweep.table import (
    ROWS,
    SUMMARY,
    columns,
    identity_of,
    row_of,
    swept_values,
)
from charrnn.sweep.trial import OK, code_digest


def dry_run(plan: Plan, books: Books, workers: int | None) -> int:
    """Print the points, how many of their trials are kept, and the time of the rest."""
    trials = plan.selecting()
    kept = [outcome is not None for outcome in known(trials, books)]
    speeds: dict[object, float] = {}
    seconds = []
    for number, values in enumerate(plan.points, 1):
        size = values.model.hidden_size, values.train.sequence_length
        key = *size, values.train.precision, values.prepare.book
        if key not in speeds:
            speeds[key] = seconds_per_update(values, books.text(values.prepare))
        updates = books.updates(values)
        seconds.append(updates * speeds[key])
        first = (number - 1) * len(plan.seeds)
        done = kept[first : first + len(plan.seeds)].count(True)
        _print(
            f"point {number}: {swept_values(plan, number)}; {len(plan.seeds)} trials of "
            f"{updates:,} updates, {done} kept"
        )
    left = total(
        seconds[trial.point - 1]
        for trial, is_kept in zip(trials, kept, strict=True)
        if not is_kept
    )
    most = len(plan.confirm_seeds) * (
        len(plan.baselines) * mean(seconds)
        + total(seconds[number - 1] for number in plan.baselines.values())
    )
    _print(
        f"{len(trials):,} trials, {kept.count(True):,} kept, and at most "
        f"{2 * len(plan.baselines) * len(plan.confirm_seeds)} that confirm"
    )
    shared = f", {duration((left + most) / workers)} with {workers}" if workers else ""
    _print(f"about {duration(left + most)} with one worker{shared}")
    return 0


def check_rows(
    folder: Path, plan: Plan, books: Books, engine: Engine, number: int
) -> int:
    """Train some rows of results.csv again; return 1 if one of them differs."""
    rows = read_rows(folder / ROWS, columns(plan))
    trials = {tuple(identity_of(plan, trial)): trial for trial in plan.all_trials()}
    status = columns(plan).index("status")
    chosen: dict[str, tuple[Trial, list[str]]] = {}
    rows = [row for row in rows if row[status] == OK]
    number = min(number, len(rows))
    # The middles of equal stretches.
    for row in (rows[(2 * i + 1) * len(rows) // (2 * number)] for i in range(number)):
        trial = trials.get(tuple(row[:status]))
        if trial is None:
            message = f"{folder / ROWS}: is not of this plan: {', '.join(row[:status])}"
            raise CharRnnError(message)
        chosen[str(len(chosen))] = trial, row
    tasks = [
        Task(name, trial.values, books.name(trial.values.prepare), trial.reads_test)
        for name, (trial, _) in chosen.items()
    ]
    failed = 0
    for task, outcome in engine(tasks, books.contents):
        trial, row = chosen[task.name]
        found = row_of(plan, trial, outcome)
        differing = [
            f"{name} is {now}, not {then}"
            for name, now, then in zip(columns(plan), found, row, strict=True)
            if now != then
        ]
        failed += bool(differing)
        what = f"point {trial.point}, {trial.phase}, seed {trial.seed}"
        _print(f"FAIL {what}: {'; '.join(differing)}" if differing else f"ok   {what}")
    same = f"{len(tasks)} rows again: the same bits"
    _print(f"{failed} of {len(tasks)} rows differ" if failed else same)
    return 1 if failed else 0


def status(folder: Path, plan: Plan) -> int:
    """Say whether what the results came from has changed; return 1 if so."""
    summary = read_json(folder / SUMMARY)
    changed = False
    for what, then, now in (
        ("the plan", summary.get("plan_sha256"), plan.digest),
        ("the training code", summary.get("code_sha256"), code_digest()),
        *_books(plan, summary.get("text_sha256")),
    ):
        changed |= then != now
        _print(f"{what}: {'has changed since' if then != now else 'as then'}")
    return 1 if changed else 0


def _books(plan: Plan, then: Any) -> Iterator[tuple[str, str | None, str]]:
    for path, now in Books(plan).digests.items():
        yield path, then.get(path) if isinstance(then, dict) else None, now


def _print(line: str) -> None:
    sys.stdout.write(f"{safe_to_show(one_line(line))}\n")
    sys.stdout.flush()
