"""Learning a text: epochs of consecutive windows, and what is looked at meanwhile."""

import math
from collections.abc import Iterator

import numpy as np

from charrnn.corpus import Ids, window_count
from charrnn.errors import BookError, TrainingError
from charrnn.evaluation import nats_per_character
from charrnn.kernels import compiled, reading
from charrnn.model import Weights, zeros_like
from charrnn.runs import Best, Epoch, Recipe, Row, Run, Text, Validation, Watch
from charrnn.sampling import continue_text


def start(weights: Weights, training: Ids, recipe: Recipe) -> Run:
    """Return a run that has not made an update yet.

    Raises
    ------
    BookError
        If the training part is too short for one window.
    """
    T = recipe.sequence_length
    if window_count(len(training), T) == 0:
        message = (
            f"the training part has {len(training)} characters, but one window of "
            f"train.sequence_length {T} needs {T + 1}"
        )
        raise BookError(message)
    hidden = np.zeros(weights.hidden_size, dtype=weights.b.dtype)
    scores = reading.score(weights, training[:T], training[1 : T + 1], hidden)
    first_loss = float(np.cumsum(scores.nats)[-1])
    return Run(
        weights=weights.copy(),
        squares=zeros_like(weights),
        hidden=hidden,
        first_loss=first_loss,
        smooth_loss=first_loss,
    )


def train(
    run: Run, training: Ids, validation: Ids, recipe: Recipe, watch: Watch
) -> Iterator[Run]:
    """Carry a run on to its end, in place; yield it again and again on the way.

    The consumer may stop at any yield and carry the run on later, from the same state,
    with the same result.

    Parameters
    ----------
    run : Run
        From `start`, or one that was stopped.
    training : (N,) unsigned integer
    validation : (M,) unsigned integer
        If it has fewer than two characters, the best weights are those with the lowest
        smooth loss at a point of the curve.
    recipe : Recipe
    watch : Watch

    Raises
    ------
    TrainingError
        If the loss is not finite.
    """
    T = recipe.sequence_length
    windows = window_count(len(training), T)
    stride = -(-windows // watch.rows_per_epoch)
    if run.update == 0 and not run.texts:
        _write_text(run, training, windows, recipe, watch)
    while run.update < windows * recipe.epochs:
        epoch, window = divmod(run.update, windows)
        until = min(
            windows,
            _next_multiple(window, stride),
            _next_multiple(run.update, watch.validate_every) - epoch * windows,
            _next_multiple(run.update, watch.text_every) - epoch * windows,
        )
        if window == 0:
            run.hidden[:] = 0
            run.under_way = (0.0, math.inf, -math.inf)
        _learn(run, training[window * T : until * T + 1], recipe)
        if until % stride == 0 or until == windows:
            run.rows.append(Row(epoch + 1, run.update, run.smooth_loss))
            if len(validation) < 2:
                _keep_if_best(run, run.smooth_loss)
        if until == windows:
            total, lowest, highest = run.under_way
            run.epochs.append(Epoch(total / windows, lowest, highest, run.smooth_loss))
        if until == windows or run.update % watch.validate_every == 0:
            _validate(run, validation, epoch + 1)
        if run.update % watch.text_every == 0:
            _write_text(run, training, windows, recipe, watch)
        yield run


def _next_multiple(number: int, step: int) -> int:
    return (number // step + 1) * step


def _learn(run: Run, ids: Ids, recipe: Recipe) -> None:
    """Make the updates of some windows in a row."""
    smooth_losses = compiled.train_windows(
        run.weights,
        run.squares,
        run.hidden,
        ids,
        first_update=run.update,
        smooth_loss=run.smooth_loss,
        sequence_length=recipe.sequence_length,
        learning_rate=recipe.learning_rate,
        epsilon=recipe.epsilon,
        clip=recipe.clip,
        l2=recipe.l2,
        warmup_updates=recipe.warmup_updates,
    )
    finite = np.isfinite(smooth_losses)
    if not finite.all():
        bad = run.update + int(np.argmin(finite)) + 1
        message = (
            f"the loss is not finite at update {bad}: lower train.learning_rate "
            f"({recipe.learning_rate}) or train.clip ({recipe.clip})"
        )
        raise TrainingError(message)
    run.update += len(smooth_losses)
    run.smooth_loss = float(smooth_losses[-1])
    total, lowest, highest = run.under_way
    run.under_way = (
        # added one by one, so that the sum does not hang on where the pieces end
        float(np.cumsum(np.append(total, smooth_losses))[-1]),
        min(lowest, float(smooth_losses.min())),
        max(highest, float(smooth_losses.max())),
    )


def _validate(run: Run, validation: Ids, epoch: int) -> None:
    if len(validation) < 2:
        return
    loss = nats_per_character(run.weights, validation)
    run.validations.append(Validation(epoch, run.update, loss))
    _keep_if_best(run, loss)


def _keep_if_best(run: Run, loss: float) -> None:
    if run.best is None or loss < run.best.loss:
        run.best = Best(run.update, loss, run.weights.copy())


def _write_text(
    run: Run, training: Ids, windows: int, recipe: Recipe, watch: Watch
) -> None:
    """Continue the training text from where training stands."""
    window = run.update % windows
    hidden = run.hidden if window else np.zeros_like(run.hidden)
    ids = continue_text(
        run.weights,
        training[window * recipe.sequence_length :][:1],
        hidden,
        length=watch.text_length,
        temperature=1.0,
        rng=watch.text_rng(run.update),
    )
    run.texts.append(Text(run.update, run.smooth_loss, ids))
