"""JAX: the whole loop jitted, `lax.scan` over windows and, inside, over time steps.

Two of them: `prepare` has its backward pass written by hand, which gives d_W by one
product after the scan; `prepare_autodiff` lets `jax.value_and_grad` derive it, which
adds an outer product to d_W at each step.

Tried and slower, with either: unrolling the time steps by 2, 5 or 25 or the windows by
2, one-hot products for picking and adding columns, sums instead of products, a
transposed copy of W.  U and V are kept transposed, and the state is donated.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from benchmarks.peers.learning import Block, Learn
from charrnn.network.model import Weights
from charrnn.settings import Recipe
from charrnn.text.parts import window_count
from charrnn.text.vocabulary import Ids

UNROLL = 1
# The loss, the last state and the gradients, from weights, h_0, x and y.
Gradients = Callable[[Weights, Any, Any, Any], tuple[Array, Array, Weights]]


def _derived(
    weights: Weights, h0: Array, x: Array, y: Array
) -> tuple[Array, Array, Weights]:
    def loss_of(weights: Weights) -> tuple[Array, Array]:
        b, c, UT, W_right, VT = weights

        def step(h: Array, drive: Array) -> tuple[Array, Array]:
            h = jnp.tanh(h @ W_right + drive)
            return h, h

        last, H = lax.scan(step, h0, UT[x] + b, unroll=UNROLL)
        log_p = jax.nn.log_softmax(H @ VT + c)
        return -log_p[jnp.arange(x.size), y].sum(), last

    (loss, last), d = jax.value_and_grad(loss_of, has_aux=True)(weights)
    return loss, last, d


def _by_hand(
    weights: Weights, h0: Array, x: Array, y: Array
) -> tuple[Array, Array, Weights]:
    b, c, UT, W, VT = weights

    def step(h: Array, drive: Array) -> tuple[Array, Array]:
        h = jnp.tanh(W @ h + drive)
        return h, h

    last, H = lax.scan(step, h0, UT[x] + b, unroll=UNROLL)
    log_p = jax.nn.log_softmax(H @ VT + c)
    loss = -log_p[jnp.arange(x.size), y].sum()

    def back(d_a: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        d_h, slope = step
        d_a = (d_h + d_a @ W) * slope
        return d_a, d_a

    d_o = jnp.exp(log_p) - jax.nn.one_hot(y, c.size, dtype=c.dtype)
    steps = (d_o @ VT.T, 1 - H * H)
    _, D = lax.scan(back, jnp.zeros_like(b), steps, reverse=True, unroll=UNROLL)
    d: Any = (
        D.sum(0),
        d_o.sum(0),
        jnp.zeros_like(UT).at[x].add(D),
        D.T @ jnp.concatenate([h0[np.newaxis], H[:-1]]),
        H.T @ d_o,
    )
    return loss, last, Weights(*d)


def _prepare(
    gradients: Gradients,
    transposes: tuple[str, ...],
    weights: Weights,
    ids: Ids,
    recipe: Recipe,
) -> Learn:
    T = recipe.sequence_length
    windows = window_count(len(ids), T)
    inputs = jnp.asarray(ids[: windows * T].reshape(-1, T).astype(np.int32))
    targets = jnp.asarray(ids[1 : windows * T + 1].reshape(-1, T).astype(np.int32))

    def update(state: Any, window: Array) -> tuple[Any, Array]:
        thetas, squares, hidden, smooth_loss = state
        hidden = jnp.where(window == 0, 0, hidden)
        loss, hidden, d = gradients(thetas, hidden, inputs[window], targets[window])
        d = jax.tree.map(lambda g: jnp.clip(g, -recipe.clip, recipe.clip), d)
        squares = jax.tree.map(lambda G, g: G + g * g, squares, d)
        thetas = jax.tree.map(
            lambda theta, G, g: (
                theta - recipe.learning_rate * g / jnp.sqrt(G + recipe.epsilon)
            ),
            thetas,
            squares,
            d,
        )
        # NaN until there is one.
        before = jnp.where(jnp.isnan(smooth_loss), loss, smooth_loss)
        smooth_loss = 0.999 * before + 0.001 * loss
        return (thetas, squares, hidden, smooth_loss), smooth_loss

    @partial(jax.jit, static_argnames="updates", donate_argnums=0)
    def scan(state: Any, first: int, updates: int) -> tuple[Any, Array]:
        numbers = (first + jnp.arange(updates)) % windows
        after: tuple[Any, Array] = lax.scan(update, state, numbers)
        return after

    start: Any = (
        jnp.array(array.T if name in transposes else array)
        for name, array in weights.named()
    )
    thetas = Weights(*start)
    state: Any = (
        thetas,
        jax.tree.map(jnp.zeros_like, thetas),
        jnp.zeros_like(thetas.b),
        jnp.array(np.nan, thetas.b.dtype),
    )
    made = 0

    def learn(updates: int) -> Block:
        nonlocal state, made
        state, smooth_losses = scan(state, made % windows, updates)
        made += updates
        return Block(updates, np.asarray(smooth_losses, np.float64))

    return learn


def prepare(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates; the backward pass is written by hand."""
    return _prepare(_by_hand, ("U", "V"), weights, ids, recipe)


def prepare_autodiff(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates; JAX derives the backward pass."""
    return _prepare(_derived, ("U", "W", "V"), weights, ids, recipe)
