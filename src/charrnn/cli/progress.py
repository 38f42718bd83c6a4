"""What is said while trials are done: how many, how many failed, the best, the time left."""

import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from charrnn.exact import bits, mean
from charrnn.sweep.engine import Books
from charrnn.sweep.plan import Plan, Trial
from charrnn.sweep.trial import OK, Outcome

_SECONDS = 30.0  # between two lines, without a terminal


class Progress:
    """A bar on a terminal; elsewhere a line now and then, and one at the end.

    Parameters
    ----------
    trials : sequence of Trial
        Of one phase.
    plan : Plan
    books : Books
    """

    def __init__(self, trials: Sequence[Trial], plan: Plan, books: Books) -> None:
        self._all, self._seeds = len(trials), len(plan.seeds)
        self._work = {trial: books.work(trial.values) for trial in trials}
        self._left = sum(int(work) for work in self._work.values())
        self._new = 0
        self._done = self._failed = 0
        self._losses: dict[int, list[float]] = {}
        self._best: tuple[float, int] | None = None
        self._began = self._said = time.monotonic()
        self._bar = tqdm(
            total=self._all,
            disable=None,
            leave=False,
            dynamic_ncols=True,
            bar_format="{bar} {n_fmt} of {total_fmt} trials{postfix}",
        )

    def show(self, trial: Trial, outcome: Outcome, *, is_new: bool) -> None:
        """Take note of a trial, as `charrnn.sweep.engine.Show` says."""
        work = self._work[trial]
        self._left -= work
        self._new += work if is_new else 0
        self._done += 1
        self._failed += outcome.status != OK
        if trial.phase == "select" and outcome.validation_nats is not None:
            losses = self._losses.setdefault(trial.point, [])
            losses.append(bits(outcome.validation_nats))
            if len(losses) == self._seeds:
                point = mean(losses), trial.point
                self._best = point if self._best is None else min(self._best, point)
        self._bar.update()
        if is_new:
            self._say()

    def _say(self) -> None:
        now = time.monotonic()
        said = f"{self._failed} failed"
        if self._best is not None:
            said += f", best so far {self._best[0]:.4f} bits (point {self._best[1]})"
        if self._left:
            seconds = (now - self._began) * self._left / self._new
            said += f", {duration(seconds)} left"
        self._bar.set_postfix_str(said)
        is_due = now - self._said > _SECONDS or not self._left
        if self._bar.disable and is_due:
            self._said = now
            sys.stderr.write(f"charrnn: {self._done} of {self._all} trials, {said}\n")

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def duration(seconds: float) -> str:
    """Return a duration in the unit that suits it: 45 s, 12 min, 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
