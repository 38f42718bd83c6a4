"""PyTorch, one graph an update, the time steps unrolled, all weights in place.

`torch.compile` leaves `nn.RNN` as it is, so the steps are written out.  The backward
pass is written by hand, which is faster than the one that PyTorch derives, and the
compiled code is called through C++ (`cpp_wrapper`), which saves a quarter.

On a GPU the same update is captured once as a CUDA graph, which is replayed: one call of
the driver an update, and no Python but for the place of the next window.
"""

from collections.abc import Callable
from typing import Any

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


Update = Callable[[Tensor, Tensor], Tensor]


def _prepare(
    weights: Weights,
    ids: Ids,
    recipe: Recipe,
    device: str,
    optimise: Callable[[Update, list[Tensor]], Update],
) -> Learn:
    """Return a function that makes updates by an optimised form of the update.

    `optimise` is given the update, of the inputs and the targets, and all that it
    changes.
    """
    torch.set_num_threads(1)
    thetas = [torch.tensor(array, device=device) for array in weights]
    thetas[2] = thetas[2].T.contiguous().T  # columns of U in a row: they are picked
    squares = [torch.zeros_like(theta) for theta in thetas]
    hidden = torch.zeros(weights.hidden_size, dtype=thetas[0].dtype, device=device)
    text = torch.from_numpy(ids.astype(np.int64)).to(device)
    windows = windows_for_ever(text, recipe.sequence_length)
    smooth_loss: float | None = None

    def update(x: Tensor, y: Tensor) -> Tensor:
        loss, last, gradients = _gradients(thetas, hidden, x, y)
        for theta, G, gradient in zip(thetas, squares, gradients, strict=True):
            g = gradient.clamp(-recipe.clip, recipe.clip)
            G.add_(g * g)
            theta.sub_(recipe.learning_rate * g / torch.sqrt(G + recipe.epsilon))
        hidden.copy_(last)
        return loss

    optimised = optimise(update, [*thetas, *squares, hidden])

    def learn(updates: int) -> Block:
        nonlocal smooth_loss
        losses = torch.empty(updates, device=device)
        with torch.no_grad():
            for n in range(updates):
                first, x, y = next(windows)
                if first:
                    hidden.zero_()
                losses[n] = optimised(x, y)
        smooth_losses = np.empty(updates)
        for n, value in enumerate(losses.tolist()):
            smooth_losses[n] = smooth_loss = smoothed(smooth_loss, value)
        return Block(updates, smooth_losses)

    return learn


def _compiled(update: Update, _: list[Tensor]) -> Update:
    return torch.compile(update, fullgraph=True, options={"cpp_wrapper": True})


def prepare(weights: Weights, ids: Ids, recipe: Recipe, device: str = "cpu") -> Learn:
    """Return a function that makes updates by compiled code."""
    return _prepare(weights, ids, recipe, device, _compiled)


def prepare_captured(
    weights: Weights, ids: Ids, recipe: Recipe, device: str = "cuda"
) -> Learn:
    """Return a function that makes updates by a CUDA graph; on "cpu", without one."""
    T = recipe.sequence_length

    def captured(update: Update, changed: list[Tensor]) -> Update:
        if device == "cpu":
            return update
        x, y = (torch.zeros(T, dtype=torch.int64, device=device) for _ in range(2))
        before = [tensor.clone() for tensor in changed]
        cuda: Any = torch.cuda  # its streams are not typed
        graph, side = cuda.CUDAGraph(), cuda.Stream()
        side.wait_stream(cuda.current_stream())
        with torch.no_grad():
            with cuda.stream(side):
                for _ in range(3):  # what a first call does must not be captured
                    update(x, y)
            cuda.current_stream().wait_stream(side)
            with cuda.graph(graph):
                loss = update(x, y)
            for tensor, values in zip(changed, before, strict=True):
                tensor.copy_(values)

        def replay(inputs: Tensor, targets: Tensor) -> Tensor:
            x.copy_(inputs)
            y.copy_(targets)
            graph.replay()
            return loss

        return replay

    return _prepare(weights, ids, recipe, device, captured)
