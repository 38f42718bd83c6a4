"""The readable version, `charrnn.network.reference`: NumPy with its matrix products."""

import numpy as np

from benchmarks.peers.learning import Block, Learn, smoothed, windows_for_ever
from charrnn.network.model import Weights, zeros_like
from charrnn.network.reference import adagrad_step, loss_and_gradients
from charrnn.text.vocabulary import Ids
from charrnn.training.state import Recipe


def prepare(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates."""
    weights, squares = weights.copy(), zeros_like(weights)
    windows = windows_for_ever(ids, recipe.sequence_length)
    hidden = np.zeros_like(weights.b)
    smooth_loss: float | None = None

    def learn(updates: int) -> Block:
        nonlocal hidden, smooth_loss
        smooth_losses = np.empty(updates)
        for n in range(updates):
            first, x, y = next(windows)
            if first:
                hidden = np.zeros_like(hidden)
            loss, gradients, hidden = loss_and_gradients(
                weights, x, y, hidden, l2=recipe.l2
            )
            adagrad_step(
                weights,
                squares,
                gradients,
                learning_rate=recipe.learning_rate,
                epsilon=recipe.epsilon,
                clip=recipe.clip,
            )
            smooth_losses[n] = smooth_loss = smoothed(smooth_loss, loss)
        return Block(updates, smooth_losses)

    return learn
