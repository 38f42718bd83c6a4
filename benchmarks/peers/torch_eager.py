"""PyTorch, eager: `nn.RNN`, `nn.Linear` and `torch.optim.Adagrad`.

* Of `nn.RNN`'s two biases one is frozen at zero.
* `Adagrad` adds its `eps` outside the root.  With `eps` at 0 and its accumulators
  starting at epsilon the root is that of G + epsilon: the same step.
* Inputs are one-hot rows, picked from an identity matrix; `F.one_hot`, `F.embedding`
  and the other forms of the optimiser (`foreach`, plain) were tried: none is faster.
* On a GPU (`device` "cuda") `nn.RNN` is cuDNN's, the form of the optimiser is PyTorch's
  choice, the text lies there, and losses are fetched once in many updates.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.peers.learning import Block, Learn, smoothed, windows_for_ever
from charrnn.network.model import Weights
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids


def prepare(weights: Weights, ids: Ids, recipe: Recipe, device: str = "cpu") -> Learn:
    """Return a function that makes updates."""
    torch.set_num_threads(1)
    m, K = weights.hidden_size, weights.vocabulary_size
    rnn, scores = nn.RNN(K, m, device=device), nn.Linear(m, K, device=device)
    start = (weights.U, weights.W, weights.b, np.zeros_like(weights.b))
    with torch.no_grad():
        for parameter, array in zip(
            (*rnn.parameters(), *scores.parameters()),
            (*start, weights.V, weights.c),
            strict=True,
        ):
            parameter.copy_(torch.tensor(array))
    rnn.bias_hh_l0.requires_grad_(False)
    learned = [p for p in (*rnn.parameters(), *scores.parameters()) if p.requires_grad]
    optimiser = torch.optim.Adagrad(
        learned,
        lr=recipe.learning_rate,
        initial_accumulator_value=recipe.epsilon,
        eps=0.0,
        fused=True if device == "cpu" else None,
    )
    identity = torch.eye(K, device=device)
    text = torch.from_numpy(ids.astype(np.int64)).to(device)
    windows = windows_for_ever(text, recipe.sequence_length)
    zero = hidden = torch.zeros(1, m, device=device)
    smooth_loss: float | None = None

    def learn(updates: int) -> Block:
        nonlocal hidden, smooth_loss
        losses = torch.empty(updates, device=device)
        for n in range(updates):
            first, x, y = next(windows)
            if first:
                hidden = zero
            states, last = rnn(identity[x], hidden)
            hidden = last.detach()
            loss = cross_entropy(scores(states), y, reduction="sum")
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            for parameter in learned:
                assert parameter.grad is not None
                parameter.grad.clamp_(-recipe.clip, recipe.clip)
            optimiser.step()
            losses[n] = loss.detach()
        smooth_losses = np.empty(updates)
        for n, value in enumerate(losses.tolist()):
            smooth_losses[n] = smooth_loss = smoothed(smooth_loss, value)
        return Block(updates, smooth_losses)

    return learn
