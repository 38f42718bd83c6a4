"""The network in NumPy, written to be read: the oracle of every faster version.

K distinct characters, m hidden units, T characters in a window; x_t and y_t are ids,
y is x shifted by one; d_z is the derivative of the objective J with respect to z.

Forward, for t = 1 ... T, from a given h_0::

    a_t = W h_{t-1} + U[:, x_t] + b
    h_t = tanh(a_t)
    o_t = V h_t + c
    p_t = softmax(o_t)
    loss = - sum_t log p_t[y_t]                  nats per window
    J = loss + l2 (|U|^2 + |W|^2 + |V|^2)

Backward, for t = T ... 1, with d_a_{T+1} = 0::

    d_o_t = p_t - onehot(y_t)
    d_h_t = V' d_o_t + W' d_a_{t+1}
    d_a_t = (1 - h_t^2) d_h_t                    as tanh' = 1 - tanh^2
    d_c = sum_t d_o_t            d_V = sum_t d_o_t h_t'       + 2 l2 V
    d_b = sum_t d_a_t            d_W = sum_t d_a_t h_{t-1}'   + 2 l2 W
                                 d_U = sum_t d_a_t onehot(x_t)' + 2 l2 U

AdaGrad [1]_, after every entry g of a gradient was clipped to [-clip, clip]::

    G = G + g^2        theta = theta - eta g / sqrt(G + epsilon)

Training makes one update for each window of the text, epoch after epoch, with
h_0 = 0 at the start of an epoch, else h_T of the window before, and G = 0 at the first
update.  At update n of N, from 1 on, with D = int(decay_fraction N)::

    eta = learning_rate min(1, n / warmup_updates) min(1, (N + 1 - n) / D)
    smooth = loss at n = 1, then 0.999 smooth + 0.001 loss

References
----------
.. [1] Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and
   Stochastic Optimization", JMLR 12, 2011.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.network.model import Pass, Weights, zeros_like
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


def forward(weights: Weights, inputs: Ids, hidden: Array) -> tuple[Array, Array]:
    """Return the states h_0 ... h_T, (T + 1, m), and the log p_t, (T, K)."""
    b, c, U, W, V = weights
    states = np.empty((len(inputs) + 1, len(b)), dtype=W.dtype)
    states[0] = hidden
    drive = U.T[inputs] + b
    for t in range(len(inputs)):
        states[t + 1] = np.tanh(W @ states[t] + drive[t])
    logits = states[1:] @ V.T + c
    logits -= logits.max(axis=1, keepdims=True)  # cancels; else exp could overflow
    return states, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def losses(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array
) -> tuple[Array, Array]:
    """Return -log p_t[y_t] in nats, (T,), and the last state, (m,)."""
    states, log_p = forward(weights, inputs, hidden)
    return -log_p[np.arange(len(targets)), targets], states[-1]


def penalty(weights: Weights, l2: float) -> Any:
    """Return what J adds to the loss: l2 (|U|^2 + |W|^2 + |V|^2)."""
    return l2 * sum(np.square(array).sum() for array in weights[2:])


def loss_and_gradients(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array, *, l2: float
) -> Pass:
    """Return the loss, the gradients of J before clipping, and the last state.

    Parameters
    ----------
    weights : Weights
    inputs, targets : (T,) unsigned integer
        x and y.
    hidden : (m,) float
        h_0.  It counts as a constant: the gradient stops at the window's start.
    l2 : float
        Weight of the penalty, nats.
    """
    _, _, U, W, V = weights
    states, log_p = forward(weights, inputs, hidden)
    steps = np.arange(len(inputs))
    loss = -log_p[steps, targets].sum(dtype=np.float64)

    d_o = np.exp(log_p)
    d_o[steps, targets] -= 1
    d_a = np.zeros_like(states)  # (T + 1, m): row t is d_a_{t+1}, the last one stays 0
    for t in reversed(steps):
        d_h = V.T @ d_o[t] + W.T @ d_a[t + 1]
        d_a[t] = (1 - states[t + 1] ** 2) * d_h
    d_a = d_a[:-1]
    d_U = 2 * l2 * U
    # Not d_U.T[inputs] += d_a, which adds one row only for a character that repeats.
    np.add.at(d_U.T, inputs, d_a)
    d_W = d_a.T @ states[:-1] + 2 * l2 * W
    d_V = d_o.T @ states[1:] + 2 * l2 * V
    gradients = Weights(b=d_a.sum(axis=0), c=d_o.sum(axis=0), U=d_U, W=d_W, V=d_V)
    return Pass(float(loss), gradients, states[-1])


def adagrad_step(
    weights: Weights,
    squares: Weights,
    gradients: Weights,
    *,
    learning_rate: float,
    epsilon: float,
    clip: float,
) -> None:
    """Take one step in place: `weights` moves, `squares` (G) grows."""
    for theta, G, d_theta in zip(weights, squares, gradients, strict=True):
        g = np.clip(d_theta, -clip, clip)
        G += g * g
        theta -= learning_rate * g / np.sqrt(G + epsilon)


def training_loop(weights: Weights, ids: Ids, recipe: Recipe) -> Iterator[float]:
    """Learn a text, (N,), in place; yield the smooth loss after each update.

    The unit is nats per window.  Fewer than T + 1 characters at the end are not used.
    """
    T, squares, n, smooth = recipe.sequence_length, zeros_like(weights), 0, 0.0
    N = recipe.epochs * (max(len(ids) - 1, 0) // T)
    D = max(int(recipe.decay_fraction * N), 1)
    for _ in range(recipe.epochs):
        hidden = np.zeros_like(weights.b)
        for i in range(0, len(ids) - T, T):
            x, y = ids[i : i + T], ids[i + 1 : i + 1 + T]
            loss, d, hidden = loss_and_gradients(weights, x, y, hidden, l2=recipe.l2)
            n += 1
            rise = min(1.0, n / max(recipe.warmup_updates, 1))
            eta = recipe.learning_rate * rise * min(1.0, (N + 1 - n) / D)
            settings = {"epsilon": recipe.epsilon, "clip": recipe.clip}
            adagrad_step(weights, squares, d, learning_rate=eta, **settings)
            smooth = loss if n == 1 else 0.999 * smooth + 0.001 * loss
            yield smooth
