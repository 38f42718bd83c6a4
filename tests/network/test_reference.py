"""The oracle, judged by a loop over everything and by complex steps."""

import math

import numpy as np
import pytest
from hypothesis import given

from charrnn.network import reference
from charrnn.network.model import Weights, zeros_like
from tests.problems import Window, make_window, windows


def naive(window: Window) -> tuple[list[float], list[float]]:
    """Follow the equations of the docstring, one number at a time."""
    (b, c, U, W, V), inputs, targets, hidden = window
    m, K = len(b), len(c)
    losses, h = [], hidden.tolist()
    for x, y in zip(inputs, targets, strict=True):
        a = [sum(W[i, j] * h[j] for j in range(m)) + U[i, x] + b[i] for i in range(m)]
        h = [math.tanh(z) for z in a]
        o = [sum(V[k, i] * h[i] for i in range(m)) + c[k] for k in range(K)]
        total = sum(math.exp(z) for z in o)
        losses.append(-math.log(math.exp(o[y]) / total))
    return losses, h


@given(window=windows)
def test_losses_and_the_last_state_are_those_of_the_equations(window: Window) -> None:
    for found, expected in zip(reference.losses(*window), naive(window), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_every_gradient_agrees_with_complex_steps(l2: float) -> None:
    # J(theta + ih) = J(theta) + ih J'(theta) + ...: no difference, so no cancellation.
    step = 1e-30
    window = make_window(K=5, m=4, T=6, seed=1)
    analytic = reference.loss_and_gradients(*window, l2=l2).gradients
    for name, gradient in analytic.named():
        for at in np.ndindex(gradient.shape):
            weights = window.weights.astype(complex)
            getattr(weights, name)[at] += 1j * step
            losses, _ = reference.losses(weights, *window[1:])
            J = losses.sum() + reference.penalty(weights, l2)
            expected = pytest.approx(J.imag / step, rel=1e-10, abs=1e-13)
            assert gradient[at] == expected, (name, at)


@given(window=windows)
def test_probabilities_sum_to_one_and_ignore_a_shift(window: Window) -> None:
    weights, inputs, _, hidden = window
    _, log_p = reference.forward(weights, inputs, hidden)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    shifted = weights._replace(c=weights.c + 700)
    _, same = reference.forward(shifted, inputs, hidden)
    np.testing.assert_allclose(same, log_p, atol=1e-10)


def test_adagrad_takes_the_whole_learning_rate_first() -> None:
    # G = g^2 after the first step, so that eta g / sqrt(G) is eta with the sign of g.
    weights = Weights(*(np.ones(3) for _ in Weights._fields))
    d, squares = Weights(*[np.array([3.0, -0.5, 0.0])] * 5), zeros_like(weights)
    settings = {"learning_rate": 0.1, "epsilon": 1e-20, "clip": 2.0}
    reference.adagrad_step(weights, squares, d, **settings)
    np.testing.assert_allclose(weights.W, [0.9, 1.1, 1.0])
    np.testing.assert_allclose(squares.W, [4.0, 0.25, 0.0])  # 3 was clipped to 2
