"""Compiled learning, judged by the oracle."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.network import reference
from charrnn.network.kernels import learning
from charrnn.network.model import Model, Weights, initial_weights, zeros_like
from charrnn.settings import Recipe
from tests.problems import RECIPE, Window, make_text, make_window, windows


def assert_close(one: Weights, other: Weights, rtol: float, atol: float) -> None:
    for (name, array), expected in zip(one.named(), other, strict=True):
        np.testing.assert_allclose(array, expected, rtol, atol, err_msg=name)


@given(window=windows, l2=st.sampled_from([0.0, 0.1]))
def test_a_pass_agrees_with_the_reference(window: Window, l2: float) -> None:
    ours = learning.window_gradients(*window, l2=l2)
    oracle = reference.loss_and_gradients(*window, l2=l2)
    assert ours.loss == pytest.approx(oracle.loss, rel=1e-11)
    assert_close(ours.gradients, oracle.gradients, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.hidden, oracle.hidden, rtol=1e-9, atol=1e-9)


@given(window=windows)
def test_single_precision_is_near_double_precision(window: Window) -> None:
    # A calm network: in a chaotic one a rounding grows without bound.
    calm = window.weights._replace(W=window.weights.W * 0.1)
    single = learning.window_gradients(
        calm.astype(np.float32), *window[1:3], window.hidden.astype(np.float32), l2=0.1
    )
    double = learning.window_gradients(calm, *window[1:], l2=0.1)
    assert single.gradients.W.dtype == np.float32
    assert single.loss == pytest.approx(double.loss, rel=1e-5)
    assert_close(single.gradients, double.gradients, rtol=1e-3, atol=1e-4)


@given(
    K=st.integers(2, 20),
    m=st.integers(1, 20),
    T=st.integers(1, 12),
    seed=st.integers(0, 2**32),
    l2=st.sampled_from([0.0, 0.01]),
    warmup=st.sampled_from([0, 3, 100]),
    clip=st.sampled_from([0.01, 5.0]),
)
def test_training_agrees_with_the_reference(
    K: int, m: int, T: int, seed: int, l2: float, warmup: int, clip: float
) -> None:
    updates = 6  # few: rounding grows from update to update
    recipe = Recipe(
        sequence_length=T,
        learning_rate=0.01,
        epsilon=1e-6,
        clip=clip,
        l2=l2,
        warmup_updates=warmup,
    )
    weights, _, _, hidden = make_window(K=K, m=m, T=T, seed=seed, sigma=0.1)
    text = np.random.default_rng(seed).integers(0, K, updates * T + 1, dtype=np.uint8)
    start = weights.copy()
    model = Model(weights, hidden.copy(), zeros_like(weights))
    smooth_losses = learning.train_windows(
        model, text, recipe, first_update=0, smooth_loss=3.0
    )

    G, smooth = zeros_like(start), 3.0
    for n in range(updates):
        x, y = text[n * T : n * T + T], text[n * T + 1 : n * T + T + 1]
        loss, d, hidden = reference.loss_and_gradients(start, x, y, hidden, l2=l2)
        rate = 0.01 * (min(1, (n + 1) / warmup) if warmup else 1)
        reference.adagrad_step(start, G, d, learning_rate=rate, epsilon=1e-6, clip=clip)
        smooth = 0.999 * smooth + 0.001 * loss
        assert smooth_losses[n] == pytest.approx(smooth, rel=1e-9)
    assert_close(weights, start, rtol=1e-6, atol=1e-8)
    assert_close(model.squares, G, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(model.hidden, hidden, rtol=1e-6, atol=1e-8)


def test_a_loss_that_is_not_finite_ends_the_updates() -> None:
    weights, _, _, hidden = make_window(K=5, m=4, T=6, seed=2)
    weights.c[2] = np.nan
    smooth_losses = learning.train_windows(
        Model(weights, hidden, zeros_like(weights)), make_text(31, 5), RECIPE,
        first_update=0, smooth_loss=9.0,
    )  # fmt: skip
    assert np.isnan(smooth_losses).all()


# The promise: these bytes on every platform, and with every version of the packages.
DIGESTS = {
    "float32": "0b9a566947b01c31b9f6098576889a3c2cfbdb4120361d282a3d7101be160d7c",
    "float64": "f5b80a05ab4840bccc09c4d06141ae2b7f7d41820733f44f410e2ec0dab12aa4",
}


@pytest.mark.parametrize("dtype", DIGESTS)
def test_weights_after_many_updates_are_the_promised_bytes(dtype: str) -> None:
    rng = np.random.default_rng(1)
    weights = initial_weights(37, 19, sigma=0.1, dtype=dtype, rng=rng)
    model = Model(weights, np.zeros(37, dtype), zeros_like(weights))
    smooth_losses = learning.train_windows(
        model, make_text(300 * 11 + 1, 19),
        replace(RECIPE, sequence_length=11), first_update=0, smooth_loss=32.0,
    )  # fmt: skip
    found = hashlib.sha256()
    for array in (*weights, *model.squares, model.hidden, smooth_losses):
        found.update(np.ascontiguousarray(array).tobytes())
    assert found.hexdigest() == DIGESTS[dtype]
