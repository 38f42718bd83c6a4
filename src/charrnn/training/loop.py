"""Training: epochs of consecutive windows, validations and texts on the way."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import BookError, ConfigError, TrainingError
from charrnn.network.kernels import forward, learning
from charrnn.network.model import Model, Weights, zeros_like
from charrnn.network.scoring import steps_at_once
from charrnn.settings import Recipe, Schedule
from charrnn.text.parts import Corpus, Windows, size
from charrnn.text.vocabulary import Ids, check_ids
from charrnn.training.between import TextRng, average, look, next_due
from charrnn.training.state import (
    SATURATED,
    Best,
    Row,
    Run,
)


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
    corpus = Corpus.whole(ids)
    run = start(weights, corpus, recipe)
    for _ in train(run, corpus, recipe, Schedule()):
        pass
    return run


def check_corpus(corpus: Corpus, recipe: Recipe) -> None:
    """Refuse a book from which the network cannot be trained in this way.

    Raises
    ------
    BookError
        If no piece of the training part has a window, or a validation part that is not
        empty is shorter than one.
    ConfigError
        If weights are to be averaged and there is no validation part.
    """
    if recipe.average_fraction > 0 and not corpus.validation:
        message = (
            f"train.average_fraction is {recipe.average_fraction}: it should be 0, as "
            f"there is no validation part to choose between the averaged and other weights"
        )
        raise ConfigError(message)
    T = recipe.sequence_length
    longest = max((size([piece]) for piece in corpus.training), default=0)
    parts = {"training part has": longest}
    if len(corpus.training) > 1:
        parts = {"longest piece of the training part has": longest}
    if corpus.validation:
        parts["validation part has"] = size(corpus.validation)
    for what, length in parts.items():
        if length <= T:
            message = (
                f"the {what} {length} characters, but one window of "
                f"train.sequence_length {T} needs {T + 1}"
            )
            raise BookError(message)


def start(first: Weights | Model, corpus: Corpus, recipe: Recipe) -> Run:
    """Return a run before its first update.

    Parameters
    ----------
    first : Weights or Model
        Drawn weights; or a model, whose state and sums of squares the run goes on from.
    corpus : Corpus
    recipe : Recipe

    Raises
    ------
    BookError, ConfigError
        As for `check_corpus`.
    VocabularyError
        If an id is not below K.
    """
    if isinstance(first, Weights):
        first = Model(first, first.zero_state(), zeros_like(first))
    weights, hidden, _ = model = first.copy()
    check_corpus(corpus, recipe)
    check_ids(corpus.ids, weights.vocabulary_size)
    T = recipe.sequence_length
    at, _ = Windows(corpus.training, T).run_from(0)
    window = corpus.ids[at : at + T + 1]
    scores = forward.score_ids(weights, window[:-1], window[1:], hidden)
    first_loss = float(np.cumsum(scores.nats)[-1])
    return Run(
        model=model,
        first_loss=first_loss,
        smooth_loss=first_loss,
    )


def train(
    run: Run,
    corpus: Corpus,
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
    corpus : Corpus
        Without a validation part, the best weights are those with the lowest smooth
        loss.
    recipe : Recipe
    schedule : Schedule
    text_rng : callable, optional
        Returns the random generator of the text at a given update; None writes no
        texts.

    Raises
    ------
    BookError, ConfigError
        As for `check_corpus`.
    TrainingError
        If the loss is not finite.
    VocabularyError
        If an id is not below K.
    """
    check_corpus(corpus, recipe)
    check_ids(corpus.ids, run.model.weights.vocabulary_size)
    T = recipe.sequence_length
    windows = Windows(corpus.training, T)
    last = windows.count * recipe.epochs
    not_averaged = last - int(recipe.average_fraction * last)
    most = max(1, steps_at_once(run.model.weights) // T)
    while True:
        average(run, not_averaged)
        yield from look(run, corpus, windows, schedule, text_rng)
        if run.update >= last:
            return
        epoch, window = divmod(run.update, windows.count)
        start, gap = windows.run_from(window)
        due = next_due(run.update, schedule, not_averaged) - epoch * windows.count
        until = min(gap, window + most, due)
        if window == 0:
            if epoch > 0:  # the first one begins in the model's state
                run.model.hidden[:] = 0
            run.under_way = (0.0, math.inf, -math.inf)
        ids = corpus.ids[start : start + (until - window) * T + 1]
        updates = _learn(run, ids, recipe, last, keep_best=not corpus.validation)
        _add_points(run, *updates, windows.count, schedule)
        yield run


def _learn(
    run: Run, ids: Ids, recipe: Recipe, last_update: int, *, keep_best: bool
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Make the updates of consecutive windows; keep the weights of the lowest loss.

    Returns the smooth losses, (n,), and the states, (n, m), after the n updates.
    """
    lowest_before = math.inf if run.best is None else run.best.loss
    best = run.model.copy() if keep_best else None
    hidden = run.model.hidden
    windows = (len(ids) - 1) // recipe.sequence_length
    states = np.empty((windows, hidden.size), hidden.dtype)
    smooth_losses = learning.train_windows(
        run.model,
        ids,
        recipe,
        first_update=run.update,
        last_update=last_update,
        smooth_loss=run.smooth_loss,
        lowest=lowest_before,
        best=best,
        states=states,
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
    return smooth_losses, states


def _add_points(
    run: Run,
    smooth_losses: NDArray[np.float64],
    states: NDArray[Any],
    count: int,
    schedule: Schedule,
) -> None:
    """Add the points of the curve that are among the last updates; `count` an epoch."""
    stride = -(-count // schedule.rows_per_epoch)
    epoch, before = divmod(run.update - len(smooth_losses), count)
    for window in (*range(stride, count, stride), count):
        if 0 < window - before <= len(smooth_losses):
            loss = float(smooth_losses[window - before - 1])
            h = np.abs(states[window - before - 1])
            share = int(np.count_nonzero(h > SATURATED)) / h.size
            run.rows.append(Row(epoch + 1, epoch * count + window, loss, share))
