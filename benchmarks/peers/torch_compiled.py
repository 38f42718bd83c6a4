"""PyTorch, compiled: one graph an update, the time steps unrolled, all weights in place.

`torch.compile` leaves `nn.RNN` as it is, so the steps are written out.  The backward
pass is written by hand, which is faster than the one that PyTorch derives, and the
compiled code is called through C++ (`cpp_wrapper`), which saves a quarter.
"""

import numpy as np
import torch
from torch import Tensor

from benchmarks.peers.learning import Block, Learn, smoothed, windows_for_ever
from charrnn.network.model import Weights
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids


def _gradients(
    weights: list[Tensor], h0: Tensor, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return the loss, the last state and the gradients."""
    b, c, U, W, V = weights
    T = x.shape[0]
    drive = U.T[x] + b
    states = [h0]
    for t in range(T):
        states.append(torch.tanh(torch.mv(W, states[t]) + drive[t]))
    H = torch.stack(states[1:])
    log_p = torch.log_softmax(H @ V.T + c, 1)
    loss = -log_p.gather(1, y[:, None]).sum()
    d_o = torch.exp(log_p) - torch.nn.functional.one_hot(y, c.shape[0])
    d_h, slope = d_o @ V, 1 - H * H
    d_a = [d_h[T - 1] * slope[T - 1]]
    for t in reversed(range(T - 1)):
        d_a.append((d_h[t] + torch.mv(W.T, d_a[-1])) * slope[t])
    D = torch.stack(d_a[::-1])
    d_U = torch.zeros_like(U.T).index_add(0, x, D).T
    d_W = D.T @ torch.stack(states[:-1])
    return loss, states[T], [D.sum(0), d_o.sum(0), d_U, d_W, d_o.T @ H]


def prepare(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates."""
    torch.set_num_threads(1)
    thetas = [torch.tensor(array) for array in weights]
    thetas[2] = thetas[2].T.contiguous().T  # columns of U in a row: they are picked
    squares = [torch.zeros_like(theta) for theta in thetas]
    hidden = torch.zeros(weights.hidden_size)
    windows = windows_for_ever(ids.astype(np.int64), recipe.sequence_length)
    smooth_loss: float | None = None

    def update(x: Tensor, y: Tensor) -> Tensor:
        loss, last, gradients = _gradients(thetas, hidden, x, y)
        for theta, G, gradient in zip(thetas, squares, gradients, strict=True):
            g = gradient.clamp(-recipe.clip, recipe.clip)
            G.add_(g * g)
            theta.sub_(recipe.learning_rate * g / torch.sqrt(G + recipe.epsilon))
        hidden.copy_(last)
        return loss

    compiled = torch.compile(update, fullgraph=True, options={"cpp_wrapper": True})

    def learn(updates: int) -> Block:
        nonlocal smooth_loss
        smooth_losses = np.empty(updates)
        with torch.no_grad():
            for n in range(updates):
                first, x, y = next(windows)
                if first:
                    hidden.zero_()
                loss = compiled(torch.from_numpy(x), torch.from_numpy(y)).item()
                smooth_losses[n] = smooth_loss = smoothed(smooth_loss, loss)
        return Block(updates, smooth_losses)

    return learn
