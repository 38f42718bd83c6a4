"""Nothing is trained twice: whatever the journal has is read, and nothing else is."""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from charrnn.sweep import journal
from charrnn.sweep.engine import Task, complete, in_process
from charrnn.sweep.journal import Entry, load_outcome, save_outcome
from charrnn.sweep.plan import Trial
from charrnn.sweep.trial import LOST, NOT_FINITE, Outcome
from tests.sweeping import PLAN, small_plan, unseen

pytestmark = pytest.mark.usefixtures("project")


class Counting:
    """An engine that does the tasks in a drawn order, and counts them."""

    def __init__(self, seed: int = 1) -> None:
        """Draw the order with a seed."""
        self.count, self._random = 0, random.Random(seed)

    def __call__(
        self, tasks: Sequence[Task], texts: Mapping[str, bytes]
    ) -> Iterator[tuple[Task, Outcome]]:
        """Do the tasks."""
        self.count += len(tasks)
        yield from in_process(self._random.sample(tasks, len(tasks)), texts)


def done(engine: Counting, text: str = PLAN) -> list[Outcome]:
    plan, books = small_plan(text)
    return complete(plan.selecting(), books, engine, unseen)


def test_a_second_time_nothing_is_trained_in_any_order() -> None:
    engine = Counting()
    first = done(engine)
    assert engine.count == len(first) == 12
    assert done(engine) == first
    assert engine.count == 12
    for path in Path(".sweep").iterdir():
        path.unlink()
    assert done(Counting(seed=2)) == first


def test_more_seeds_and_a_wider_grid_train_only_what_is_new() -> None:
    engine = Counting()
    done(engine)
    done(engine, PLAN.replace("[1, 2, 3]", "[1, 2, 3, 4]"))
    assert engine.count == 16
    done(engine, PLAN.replace("[4, 5]", "[3, 4, 5]"))
    assert engine.count == 22


def test_equal_trials_of_a_book_under_two_names_are_done_once() -> None:
    book = Path("data/raw/book.txt")
    Path("data/raw/other.txt").write_bytes(book.read_bytes())
    grid = "grid:\n    prepare: {book: [data/raw/book.txt, data/raw/other.txt]}"
    engine = Counting()
    outcomes = done(engine, PLAN.replace("grid:", grid))
    assert engine.count == 12
    assert outcomes[:12] == outcomes[12:]


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"about": 1}', None])
def test_a_damaged_entry_is_done_again(
    damage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Counting()
    first = done(engine)
    path = min(Path(".sweep").iterdir())
    whole = path.read_text()
    path.write_bytes(whole.replace("ok", "no").encode() if damage is None else damage)
    with caplog.at_level(logging.WARNING, "charrnn"):
        assert done(engine) == first
    assert engine.count == 13
    assert caplog.messages == [f"{path}: damaged; the trial is done again"]
    assert path.read_text() == whole


def test_an_entry_is_named_by_all_that_decides_it() -> None:
    plan, _ = small_plan()
    trial = plan.selecting()[0]
    others = [
        Entry.of(trial, "text", "code"),
        Entry.of(trial, "text", "other"),
        Entry.of(trial, "other", "code"),
        Entry.of(Trial(trial.point, "confirm", trial.values), "text", "code"),
        *(Entry.of(one, "text", "code") for one in plan.selecting()[1:]),
    ]
    assert len({entry.name for entry in others}) == len(others) == 15
    # The number of a point says nothing: a grid may grow.
    assert Entry.of(trial._replace(point=9), "text", "code") == others[0]


def test_what_was_lost_is_not_kept() -> None:
    plan, _ = small_plan()
    entry = Entry.of(plan.selecting()[0], "text", "code")
    save_outcome(entry, Outcome(LOST, "died"))
    assert load_outcome(entry) is None
    save_outcome(entry, Outcome(NOT_FINITE, "why", updates=3))
    assert load_outcome(entry) == Outcome(NOT_FINITE, "why", updates=3)
    assert Path(".sweep") == journal.FOLDER
