"""NumPy as the course teaches it: columns, one-hot inputs, one time step after another.

Everything of a step is a column: x_t and y_t are one-hot, (K, 1), h_t is (m, 1).  The
gradients of the matrices are sums of outer products, a step's at a time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.learning import Block, Learn, smoothed, windows_for_ever
from charrnn.network.model import Weights, zeros_like
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


def _one_hot(k: int, like: Array) -> Array:
    column = np.zeros_like(like)
    column[k] = 1
    return column


def _softmax(o: Array) -> Array:
    e: Array = np.exp(o - np.max(o))
    e /= np.sum(e)
    return e


def _gradients(
    weights: Weights, x: Ids, y: Ids, h0: Array
) -> tuple[float, Weights, Array]:
    """Return the loss, its gradients and the last state; columns throughout."""
    b, c, U, W, V = weights
    xs, hs, ps = {}, {-1: h0}, {}
    loss = 0.0
    for t in range(len(x)):
        xs[t] = _one_hot(x[t], c)
        hs[t] = np.tanh(W @ hs[t - 1] + U @ xs[t] + b)
        ps[t] = _softmax(V @ hs[t] + c)
        loss -= np.log(ps[t][y[t], 0])
    d = zeros_like(weights)
    d_a = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        d_o = ps[t] - _one_hot(y[t], c)
        d_h = V.T @ d_o + W.T @ d_a
        d_a = d_h * (1 - hs[t] ** 2)
        d.b[:] += d_a
        d.c[:] += d_o
        d.U[:] += np.outer(d_a, xs[t])
        d.W[:] += np.outer(d_a, hs[t - 1])
        d.V[:] += np.outer(d_o, hs[t])
    return float(loss), d, hs[len(x) - 1]


def prepare(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates."""
    b, c, U, W, V = weights.copy()
    columns = Weights(b[:, np.newaxis], c[:, np.newaxis], U, W, V)
    squares = zeros_like(columns)
    windows = windows_for_ever(ids, recipe.sequence_length)
    hidden = np.zeros_like(columns.b)
    smooth_loss: float | None = None

    def learn(updates: int) -> Block:
        nonlocal hidden, smooth_loss
        smooth_losses = np.empty(updates)
        for n in range(updates):
            first, x, y = next(windows)
            if first:
                hidden = np.zeros_like(hidden)
            loss, gradients, hidden = _gradients(columns, x, y, hidden)
            for theta, G, g in zip(columns, squares, gradients, strict=True):
                np.clip(g, -recipe.clip, recipe.clip, out=g)
                G += g**2
                theta -= recipe.learning_rate * g / np.sqrt(G + recipe.epsilon)
            smooth_losses[n] = smooth_loss = smoothed(smooth_loss, loss)
        return Block(updates, smooth_losses)

    return learn
