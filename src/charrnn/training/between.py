"""What is due between updates: averaging, validations and texts.

Each function does what is due at the present update, unless it was done before the run
was stopped there.
"""

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import TrainingError
from charrnn.exact import mean
from charrnn.network.model import Model
from charrnn.network.sampling import stream_text
from charrnn.network.scoring import CONTEXT, block_scores, read_text
from charrnn.settings import Choice, Schedule
from charrnn.text.parts import Corpus, Windows, joined
from charrnn.text.vocabulary import Ids
from charrnn.training.state import (
    AVERAGE_EVERY,
    Best,
    Epoch,
    Run,
    Text,
    Validation,
    WeightSums,
)

TextRng: TypeAlias = Callable[[int], np.random.Generator]


def next_due(update: int, schedule: Schedule, not_averaged: int) -> int:
    """Return the next update at which something may be due, an epoch's end apart."""
    return min(
        _next_multiple(update, schedule.validate_every),
        _next_multiple(update, schedule.text_every),
        max(not_averaged, _next_multiple(update, AVERAGE_EVERY)),
    )


def _next_multiple(number: int, step: int) -> int:
    return (number // step + 1) * step


def average(run: Run, not_averaged: int) -> None:
    """Add the weights to the sums if that is due, unless it was done before."""
    n = run.update
    if n > not_averaged and n % AVERAGE_EVERY == 0:
        place = n // AVERAGE_EVERY - not_averaged // AVERAGE_EVERY
        weights = run.model.weights
        if run.weight_sums is None:
            run.weight_sums = WeightSums(weights.astype(np.float64), 1)
        elif run.weight_sums.updates < place:
            for total, array in zip(run.weight_sums.sums, weights, strict=True):
                total += array
            run.weight_sums = run.weight_sums._replace(updates=place)


def look(
    run: Run,
    corpus: Corpus,
    windows: Windows,
    schedule: Schedule,
    text_rng: TextRng | None,
) -> Iterator[Run]:
    """Do what is due at this update, unless it was done before the run was stopped."""
    n, count = run.update, windows.count
    if n > 0:
        epoch, window = (n - 1) // count + 1, (n - 1) % count + 1
        if window == count and len(run.epochs) < epoch:
            total, lowest, highest = run.under_way
            run.epochs.append(Epoch(total / count, lowest, highest, run.smooth_loss))
            yield run
        is_due = window == count or n % schedule.validate_every == 0
        is_new = not run.validations or run.validations[-1].update < n
        if corpus.validation and is_due and is_new:
            yield from _validate(run, corpus, windows, epoch)
    is_due = n % schedule.text_every == 0
    if is_due and text_rng and (not run.texts or run.texts[-1].update < n):
        at, _ = windows.run_from(n % count)
        yield from _write(run, corpus.ids[at : at + 1], schedule, text_rng)


def _validate(run: Run, corpus: Corpus, windows: Windows, epoch: int) -> Iterator[Run]:
    """Validate the weights, and the averaged ones; keep the better ones if best."""
    candidates = [run.model]
    if run.weight_sums is not None:
        weights = run.weight_sums.averaged(run.model.hidden.dtype)
        before = windows.read_before((run.update - 1) % windows.count + 1, CONTEXT)
        hidden = read_text(weights, joined(corpus.ids, [before]), run.model.hidden)
        candidates.append(Model(weights, hidden, run.model.squares))
    losses: list[float] = []
    for model in candidates:
        nats: list[NDArray[np.float64]] = []
        for piece in block_scores(
            model.weights, model.hidden, corpus.ids, corpus.validation
        ):
            if nats or losses:
                yield run  # a run that is stopped here starts this validation again
            nats.append(piece.nats)
        losses.append(mean(np.concatenate(nats)))
    if not all(map(math.isfinite, losses)):
        message = (
            f"the validation loss is not finite at update {run.update}: lower "
            f"train.learning_rate or train.clip"
        )
        raise TrainingError(message)
    run.validations.append(Validation(epoch, run.update, losses[0], losses[-1]))
    for model, loss in zip(candidates, losses, strict=True):
        if run.best is None or loss < run.best.loss:
            is_averaged = model is not run.model
            run.best = Best(run.update, loss, model.copy(), is_averaged)
    yield run


def _write(
    run: Run, first: Ids, schedule: Schedule, text_rng: TextRng
) -> Iterator[Run]:
    """Sample a text that continues the first character, (1,), of the next window."""
    ids: list[Ids] = []
    for piece in stream_text(
        run.model.weights,
        first,
        run.model.hidden,
        length=schedule.text_length,
        choice=Choice(),
        rng=text_rng(run.update),
    ):
        if ids:
            yield run  # a run that is stopped here starts this text again
        ids.append(piece)
    run.texts.append(Text(run.update, run.smooth_loss, np.concatenate(ids)))
