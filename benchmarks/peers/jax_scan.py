"""JAX: the whole loop jitted, `lax.scan` over windows and, inside, over time steps.

Two backward passes: `prepare` has its backward pass written by hand, which gives d_W by one
product after the scan; `prepare_autodiff` lets `jax.value_and_grad` derive it, which
adds an outer product to d_W at each step.

Tried and slower, with either: unrolling the time steps by 2, 5 or 25 or the windows by
2, one-hot products for picking and adding columns, sums instead of products, a
transposed copy of W.  U and V are kept transposed, and the state is donated.

`device` is a platform of JAX, "cpu" or "gpu"; `models` trains so many networks side by
side (`jax.vmap`), each of which reads the same windows: an update is one of one network.
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
    device: str,
    models: int,
) -> Learn:
    place = jax.devices(device)[0]
    T = recipe.sequence_length
    windows = window_count(len(ids), T)
    inputs, targets = (
        jax.device_put(part[: windows * T].reshape(-1, T).astype(np.int32), place)
        for part in (ids, ids[1:])
    )

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
        after: tuple[Any, Array] = lax.scan(many, state, numbers)
        return after

    many = update if models == 1 else jax.vmap(update, in_axes=(0, None))
    start: Any = (
        np.array(array.T if name in transposes else array)
        for name, array in weights.named()
    )
    thetas = Weights(*start)
    zeros = jax.tree.map(np.zeros_like, thetas)
    one = (thetas, zeros, np.zeros_like(thetas.b), np.array(np.nan, thetas.b.dtype))
    if models > 1:
        one = jax.tree.map(lambda array: np.stack([array] * models), one)
    state: Any = jax.device_put(one, place)
    made = 0

    def learn(updates: int) -> Block:
        nonlocal state, made
        scans = -(-updates // models)
        state, smooth_losses = scan(state, made % windows, scans)
        made += scans
        smooth_losses = np.asarray(smooth_losses, np.float64).reshape(scans, models)
        return Block(scans * models, smooth_losses[:, 0])

    return learn


def prepare(
    weights: Weights, ids: Ids, recipe: Recipe, device: str = "cpu", models: int = 1
) -> Learn:
    """Return a function that makes updates; the backward pass is written by hand."""
    transposes = ("U", "V")
    return _prepare(_by_hand, transposes, weights, ids, recipe, device, models)


def prepare_autodiff(
    weights: Weights, ids: Ids, recipe: Recipe, device: str = "cpu", models: int = 1
) -> Learn:
    """Return a function that makes updates; JAX derives the backward pass."""
    transposes = ("U", "W", "V")
    return _prepare(_derived, transposes, weights, ids, recipe, device, models)
