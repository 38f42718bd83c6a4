"""Small sweeps for tests, and what their workers do instead of training."""

import os
import signal
import threading
import time
from pathlib import Path

from charrnn.sweep.engine import Books, Task, do_task, in_process
from charrnn.sweep.plan import Plan, Trial
from charrnn.sweep.specification import load_plan
from charrnn.sweep.trial import Outcome

PLAN = """\
sweep:
  grid:
    model: {hidden_size: [4, 5]}
    train: {learning_rate: [0.1, 0.3]}
  random: null
  seeds: [1, 2, 3]
  confirm_seeds: [101, 102]
"""
FOLDER = Path("sweep/small")


def write_plan(text: str = PLAN) -> Path:
    """Write a specification into the working folder; return the folder of the sweep."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "plan.yaml").write_text(text, encoding="utf-8")
    return FOLDER


def small_plan(text: str = PLAN) -> tuple[Plan, Books]:
    """Return the plan of a specification for the project of the working folder."""
    plan = load_plan(write_plan(text) / "plan.yaml")
    return plan, Books(plan)


def unseen(_trial: Trial, _outcome: Outcome, *, is_new: bool) -> None:
    """Take no note of a trial."""
    del is_new


def tasks_of(plan: Plan, books: Books) -> list[Task]:
    """Return the tasks of the trials that select."""
    return [
        Task(str(place), trial.values, books.name(trial.values.prepare), False)
        for place, trial in enumerate(plan.selecting())
    ]


def expected(plan: Plan, books: Books) -> dict[str, Outcome]:
    """Return what comes of `tasks_of` in this process, by the names of the tasks."""
    tasks = tasks_of(plan, books)
    return {task.name: outcome for task, outcome in in_process(tasks, books.contents)}


def do_unevenly(task: Task, text: bytes) -> Outcome:
    """Train; some tasks take longer, so that they are not done in their order."""
    time.sleep(0.3 if int(task.name) % 5 == 0 else 0.0)
    return do_task(task, text)


def die_once(task: Task, text: bytes) -> Outcome:
    """Train; the first worker that does task 0 is killed in it."""
    if task.name == "0" and not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return do_task(task, text)


def die_always(task: Task, text: bytes) -> Outcome:
    """Train; each worker that does task 3 is killed in it."""
    if task.name == "3":
        os.kill(os.getpid(), signal.SIGKILL)
    return do_task(task, text)


_BEGUN = {"0": threading.Event(), "1": threading.Event()}


def die_with_neighbour(task: Task, text: bytes) -> Outcome:
    """Train task 1; task 0 kills the worker, and task 1 with it if that runs there.

    Only a task that is alone waits to the end of the time.
    """
    _BEGUN[task.name].set()
    is_with_other = _BEGUN["1" if task.name == "0" else "0"].wait(timeout=2)
    if task.name == "0":
        os.kill(os.getpid(), signal.SIGKILL)
    if is_with_other:
        threading.Event().wait()
    return do_task(task, text)


def die_with_book(_text: bytes) -> None:
    """Kill the worker that gets the book."""
    os.kill(os.getpid(), signal.SIGKILL)


def do_slowly(task: Task, text: bytes) -> Outcome:
    """Train, and take a while."""
    time.sleep(0.3)
    return do_task(task, text)


def fail(task: Task, text: bytes) -> Outcome:
    """Fail as code with a bug does."""
    message = f"a bug in task {task.name} with {len(text)} bytes"
    raise ZeroDivisionError(message)
