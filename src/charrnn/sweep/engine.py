"""Doing the trials of a plan: what the journal has is read, the rest is trained."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from charrnn.errors import BookError, ConfigError
from charrnn.files.books import read_book
from charrnn.files.models import drawn_weights
from charrnn.files.start import start_file
from charrnn.settings import PrepareConfig
from charrnn.sweep.journal import Entry, load_outcome, save_outcome
from charrnn.sweep.plan import Plan, Trial, Values
from charrnn.sweep.trial import Outcome, code_digest, prepared, run_trial
from charrnn.text.parts import Windows
from charrnn.training.loop import check_corpus, start, train

_MEASURED_SECONDS = 0.2  # of training, for an estimate


class Task(NamedTuple):
    """A trial to be done: a name, its values, the name of its text; no files."""

    name: str
    values: Values
    text: str
    reads_test: bool


# From tasks and texts, by name, to tasks and what came of each, in any order.
Engine: TypeAlias = Callable[
    [Sequence[Task], Mapping[str, bytes]], Iterator[tuple[Task, Outcome]]
]


class Show(Protocol):
    """Is told of a trial and what came of it; `is_new` if it was not in the journal."""

    def __call__(self, trial: Trial, outcome: Outcome, /, *, is_new: bool) -> None:
        """Take note of a trial."""


def do_task(task: Task, text: bytes) -> Outcome:
    """Return what comes of a task with its text in UTF-8."""
    return run_trial(task.values, text, reads_test=task.reads_test)


def in_process(
    tasks: Sequence[Task], texts: Mapping[str, bytes]
) -> Iterator[tuple[Task, Outcome]]:
    """Do the tasks one after the other, in this process."""
    for task in tasks:
        yield task, do_task(task, texts[task.text])


class Books:
    """The books of a plan, decoded.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    contents : dict
        The text in UTF-8 by its sha256.

    Raises
    ------
    CharRnnError
        If a book cannot be read, is too short for a point, or has no validation part;
        or if a model is there to go on from.
    """

    def __init__(self, plan: Plan) -> None:
        self.contents: dict[str, bytes] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._sizes: dict[tuple[PrepareConfig, int], tuple[int, int]] = {}
        for values in plan.points:
            _refuse_start(Path(values.train.start))
            book, source = values.prepare, _source(values.prepare)
            if source not in self._names:
                content = read_book(Path(book.book), book.encoding).text.encode("utf-8")
                name = hashlib.sha256(content).hexdigest()
                self.contents[name], self._names[source] = content, name
            key = book, values.train.sequence_length
            if key not in self._sizes:
                self._sizes[key] = _sizes(self.text(book), values)

    def name(self, book: PrepareConfig) -> str:
        """Return the sha256 of the text of a book."""
        return self._names[_source(book)]

    def text(self, book: PrepareConfig) -> bytes:
        """Return the text of a book in UTF-8."""
        return self.contents[self.name(book)]

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of each text, by the path of the book."""
        return {path: name for (path, _), name in self._names.items()}

    def updates(self, values: Values) -> int:
        """Return the number of updates of a training."""
        windows, _ = self._sizes[values.prepare, values.train.sequence_length]
        return windows * values.train.epochs

    def work(self, values: Values) -> int:
        """Return about how many multiplications a training takes."""
        m, T = values.model.hidden_size, values.train.sequence_length
        _, K = self._sizes[values.prepare, T]
        return self.updates(values) * T * m * (m + K)


def _source(book: PrepareConfig) -> tuple[str, str]:
    return book.book, book.encoding


def _refuse_start(folder: Path) -> None:
    if (file := start_file(folder)) is not None:
        message = (
            f"{file}: is a model to go on from, but a sweep trains from drawn weights: "
            f"take the model away"
        )
        raise ConfigError(message)


def _sizes(text: bytes, values: Values) -> tuple[int, int]:
    """Return the number of windows of an epoch, and that of distinct characters."""
    vocabulary, corpus = prepared(text, values.prepare)
    try:
        check_corpus(corpus, values.train)
    except BookError as error:
        message = f"{values.prepare.book}: {error}"
        raise BookError(message) from None
    if not corpus.validation:
        message = (
            f"{values.prepare.book}: has no validation part, by which points are "
            f"compared: prepare.validation_fraction is "
            f"{values.prepare.validation_fraction}, and should hold out some characters"
        )
        raise ConfigError(message)
    windows = Windows(corpus.training, values.train.sequence_length).count
    return windows, vocabulary.size


def known(trials: Sequence[Trial], books: Books) -> list[Outcome | None]:
    """Return what the journal has of some trials, in their order; None if nothing."""
    return [load_outcome(_entry(trial, books)) for trial in trials]


def complete(
    trials: Sequence[Trial], books: Books, engine: Engine, show: Show
) -> list[Outcome]:
    """Do the trials that the journal does not have, and keep what comes of each.

    Parameters
    ----------
    trials : sequence of Trial
    books : Books
    engine : Engine
    show : Show
        Is told of each trial: first of those in the journal, then of each that is done,
        in any order.

    Returns
    -------
    list of Outcome
        In the order of the trials.
    """
    entries = [_entry(trial, books) for trial in trials]
    found: dict[str, Outcome] = {}
    missing: dict[str, tuple[Entry, list[Trial]]] = {}
    for trial, entry in zip(trials, entries, strict=True):
        outcome = found.get(entry.name) or load_outcome(entry)
        if outcome is None:
            missing.setdefault(entry.name, (entry, []))[1].append(trial)
        else:
            found[entry.name] = outcome
            show(trial, outcome, is_new=False)
    tasks = [
        Task(
            entry.name, first.values, books.name(first.values.prepare), first.reads_test
        )
        for entry, (first, *_) in missing.values()
    ]
    for task, outcome in engine(tasks, books.contents) if tasks else ():
        entry, equal = missing[task.name]
        save_outcome(entry, outcome)
        found[task.name] = outcome
        for trial in equal:
            show(trial, outcome, is_new=True)
    return [found[entry.name] for entry in entries]


def seconds_per_update(values: Values, text: bytes) -> float:
    """Train for a moment, and return how long an update takes."""
    vocabulary, corpus = prepared(text, values.prepare)
    weights = drawn_weights(vocabulary, values.train, values.model)
    run = start(weights, corpus, values.train)
    steps = train(run, corpus, values.train, values.train)
    next(steps)  # compiles
    first, began = run.update, time.perf_counter()
    for _ in steps:
        if time.perf_counter() - began > _MEASURED_SECONDS:
            break
    return (time.perf_counter() - began) / max(run.update - first, 1)


def _entry(trial: Trial, books: Books) -> Entry:
    return Entry.of(trial, books.name(trial.values.prepare), code_digest())
