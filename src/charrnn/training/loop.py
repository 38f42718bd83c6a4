"""Training: epochs of consecutive windows, validations and texts on the way."""

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import BookError, TrainingError
from charrnn.exact import mean
from charrnn.network.kernels import forward, learning
from charrnn.network.model import Weights, zeros_like
from charrnn.network.sampling import stream_text
from charrnn.network.scoring import pieces_of_scores, steps_at_once
from charrnn.settings import Choice, Recipe, Schedule
from charrnn.text.parts import window_count
from charrnn.text.vocabulary import Ids, check_ids
from charrnn.training.state import SATURATED, Best, Epoch, Row, Run, Text, Validation

TextRng: TypeAlias = Callable[[int], np.random.Generator]


def learn(weights: Weights, ids: Ids, recipe: Recipe) -> Run:
    """Train on all of a text to the end, with the default schedule.

    There is no validation part, so the best weights are those with the lowest smooth
    loss; no texts are written.

    Parameters
    ----------
    weights : Weights
        The initial weights; not changed.
    ids : (N,) unsigned integer
    recipe : Recipe

    Raises
    ------
    BookError, TrainingError, VocabularyError
        As for `train`.
    """
    run = start(weights, ids, recipe)
    for _ in train(run, ids, ids[:0], recipe, Schedule()):
        pass
    return run


def check_lengths(training: Ids, validation: Ids, recipe: Recipe) -> None:
    """Refuse a training or validation part that is too short.

    Raises
    ------
    BookError
        If the training part, or a validation part that is not empty, is shorter than
        one window.
    """
    T = recipe.sequence_length
    parts = {"training": training, "validation": validation}
    for name, part in parts.items():
        if len(part) <= T and (name == "training" or len(part) > 0):
            message = (
                f"the {name} part has {len(part)} characters, but one window of "
                f"train.sequence_length {T} needs {T + 1}"
            )
            raise BookError(message)


def start(weights: Weights, training: Ids, recipe: Recipe) -> Run:
    """Return a run before its first update.

    Raises
    ------
    BookError
        If the training part is too short for one window.
    VocabularyError
        If an id is not below K.
    """
    check_lengths(training, training[:0], recipe)
    check_ids(training, weights.vocabulary_size)
    T = recipe.sequence_length
    hidden = weights.zero_state()
    scores = forward.score_ids(weights, training[:T], training[1 : T + 1], hidden)
    first_loss = float(np.cumsum(scores.nats)[-1])
    return Run(
        weights=weights.copy(),
        squares=zeros_like(weights),
        hidden=hidden,
        first_loss=first_loss,
        smooth_loss=first_loss,
    )


def train(
    run: Run,
    training: Ids,
    validation: Ids,
    recipe: Recipe,
    schedule: Schedule,
    text_rng: TextRng | None = None,
) -> Iterator[Run]:
    """Continue a run to its end, in place; yield the run after each step on the way.

    The caller may stop at any yield and resume later, by another call with the same
    run: the result is the same.

    Parameters
    ----------
    run : Run
        From `start`, or a run that was stopped.
    training : (N,) unsigned integer
    validation : (M,) unsigned integer
        If it is empty, the best weights are those with the lowest smooth loss.
    recipe : Recipe
    schedule : Schedule
    text_rng : callable, optional
        Returns the random generator of the text at a given update; None writes no
        texts.

    Raises
    ------
    BookError
        If a part is too short.
    TrainingError
        If the loss is not finite.
    VocabularyError
        If an id is not below K.
    """
    check_lengths(training, validation, recipe)
    check_ids(training, run.weights.vocabulary_size)
    T = recipe.sequence_length
    windows = window_count(len(training), T)
    most = max(1, steps_at_once(run.weights) // T)
    while True:
        yield from _look(run, training, validation, windows, recipe, schedule, text_rng)
        if run.update >= windows * recipe.epochs:
            return
        epoch, window = divmod(run.update, windows)
        until = min(
            windows,
            window + most,
            _next_multiple(window, _stride(windows, schedule)),
            _next_multiple(run.update, schedule.validate_every) - epoch * windows,
            _next_multiple(run.update, schedule.text_every) - epoch * windows,
        )
        if window == 0:
            run.hidden[:] = 0
            run.under_way = (0.0, math.inf, -math.inf)
        _learn(
            run,
            training[window * T : until * T + 1],
            recipe,
            keep_best=len(validation) == 0,
        )
        yield run


def _stride(windows: int, schedule: Schedule) -> int:
    """Return the number of updates from one point of the curve to the next."""
    return -(-windows // schedule.rows_per_epoch)


def _next_multiple(number: int, step: int) -> int:
    return (number // step + 1) * step


def _learn(run: Run, ids: Ids, recipe: Recipe, *, keep_best: bool) -> None:
    """Make the updates of consecutive windows; keep the weights of the lowest loss."""
    lowest_before = math.inf if run.best is None else run.best.loss
    best = zeros_like(run.weights) if keep_best else None
    smooth_losses = learning.train_windows(
        run.weights,
        run.squares,
        run.hidden,
        ids,
        recipe,
        first_update=run.update,
        smooth_loss=run.smooth_loss,
        lowest=lowest_before,
        best=best,
    )
    finite = np.isfinite(smooth_losses)
    if not finite.all():
        bad = run.update + int(np.argmin(finite)) + 1
        message = (
            f"the loss is not finite at update {bad}: lower train.learning_rate "
            f"({recipe.learning_rate}) or train.clip ({recipe.clip})"
        )
        raise TrainingError(message)
    lowest_at, lowest_loss = int(np.argmin(smooth_losses)), float(smooth_losses.min())
    if best is not None and lowest_loss < lowest_before:
        run.best = Best(run.update + lowest_at + 1, lowest_loss, best)
    run.update += len(smooth_losses)
    run.smooth_loss = float(smooth_losses[-1])
    total, lowest, highest = run.under_way
    run.under_way = (
        # added one by one, so that the sum does not depend on where the pieces end
        float(np.cumsum(np.append(total, smooth_losses))[-1]),
        min(lowest, lowest_loss),
        max(highest, float(smooth_losses.max())),
    )


def _look(
    run: Run,
    training: Ids,
    validation: Ids,
    windows: int,
    recipe: Recipe,
    schedule: Schedule,
    text_rng: TextRng | None,
) -> Iterator[Run]:
    """Do what is due at this update, unless it was done before the run was stopped."""
    n = run.update
    if n > 0:
        epoch, window = (n - 1) // windows + 1, (n - 1) % windows + 1
        is_point = window % _stride(windows, schedule) == 0 or window == windows
        if is_point and (not run.rows or run.rows[-1].update < n):
            saturated = int(np.count_nonzero(np.abs(run.hidden) > SATURATED))
            share = saturated / len(run.hidden)
            run.rows.append(Row(epoch, n, run.smooth_loss, share))
        if window == windows and len(run.epochs) < epoch:
            total, lowest, highest = run.under_way
            run.epochs.append(Epoch(total / windows, lowest, highest, run.smooth_loss))
            yield run
        is_due = window == windows or n % schedule.validate_every == 0
        is_new = not run.validations or run.validations[-1].update < n
        if len(validation) > 0 and is_due and is_new:
            yield from _validate(run, validation, epoch)
    is_due = n % schedule.text_every == 0
    if is_due and text_rng and (not run.texts or run.texts[-1].update < n):
        yield from _write(run, training, windows, recipe, schedule, text_rng)


def _validate(run: Run, validation: Ids, epoch: int) -> Iterator[Run]:
    nats: list[NDArray[np.float64]] = []
    for piece in pieces_of_scores(run.weights, validation):
        if nats:
            yield run  # a run that is stopped here starts this validation again
        nats.append(piece.nats)
    loss = mean(np.concatenate(nats))
    if not math.isfinite(loss):
        message = (
            f"the validation loss is not finite at update {run.update}: lower "
            f"train.learning_rate or train.clip"
        )
        raise TrainingError(message)
    run.validations.append(Validation(epoch, run.update, loss))
    if run.best is None or loss < run.best.loss:
        run.best = Best(run.update, loss, run.weights.copy())
    yield run


def _write(
    run: Run,
    training: Ids,
    windows: int,
    recipe: Recipe,
    schedule: Schedule,
    text_rng: TextRng,
) -> Iterator[Run]:
    """Sample a text that continues the training text at the next window."""
    window = run.update % windows
    hidden = run.hidden if window else np.zeros_like(run.hidden)
    ids: list[Ids] = []
    for piece in stream_text(
        run.weights,
        training[window * recipe.sequence_length :][:1],
        hidden,
        length=schedule.text_length,
        choice=Choice(),
        rng=text_rng(run.update),
    ):
        if ids:
            yield run  # a run that is stopped here starts this text again
        ids.append(piece)
    run.texts.append(Text(run.update, run.smooth_loss, np.concatenate(ids)))
