"""The oracle, judged by a loop over everything and by complex steps."""

import math

import numpy as np
import pytest
from hypothesis import given

from charrnn.network import reference
from charrnn.network.model import Weights, zeros_like
from tests.problems import Window, make_window, windows


def naive_losses(window: Window) -> list[float]:
    """Do as the equations of the docstring say, one number at a time."""
    (b, c, U, W, V), inputs, targets, hidden = window
    m, K = len(b), len(c)
    losses, h = [], hidden.tolist()
    for x, y in zip(inputs, targets, strict=True):
        a = [sum(W[i, j] * h[j] for j in range(m)) + U[i, x] + b[i] for i in range(m)]
        h = [math.tanh(z) for z in a]
        o = [sum(V[k, i] * h[i] for i in range(m)) + c[k] for k in range(K)]
        total = sum(math.exp(z) for z in o)
        losses.append(-math.log(math.exp(o[y]) / total))
    return losses


@given(window=windows)
def test_losses_are_those_of_the_equations(window: Window) -> None:
    losses, _ = reference.losses(*window)
    np.testing.assert_allclose(losses, naive_losses(window), rtol=1e-9, atol=1e-12)


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
            assert gradient[at] == pytest.approx(J.imag / step, rel=1e-10, abs=1e-13), (
                name,
                at,
            )


@given(window=windows)
def test_probabilities_sum_to_one_and_ignore_a_shift(window: Window) -> None:
    weights, inputs, _, hidden = window
    _, log_p = reference.forward(weights, inputs, hidden)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    shifted = weights._replace(c=weights.c + 700)
    np.testing.assert_allclose(
        reference.forward(shifted, inputs, hidden)[1], log_p, atol=1e-10
    )


@given(window=windows)
def test_a_text_can_be_read_in_two_pieces(window: Window) -> None:
    weights, inputs, targets, hidden = window
    whole, last = reference.losses(weights, inputs, targets, hidden)
    cut = len(inputs) // 2
    first, between = reference.losses(weights, inputs[:cut], targets[:cut], hidden)
    second, end = reference.losses(weights, inputs[cut:], targets[cut:], between)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-12)
    np.testing.assert_allclose(end, last, rtol=1e-12)


def test_adagrad_takes_the_whole_learning_rate_first() -> None:
    # G = g^2 after the first step, so that eta g / sqrt(G) is eta with the sign of g.
    weights = Weights(*(np.array([1.0, 1.0, 1.0]) for _ in Weights._fields))
    squares = zeros_like(weights)
    gradient = Weights(*(np.array([3.0, -0.5, 0.0]) for _ in Weights._fields))
    settings = {"learning_rate": 0.1, "epsilon": 1e-20, "clip": 2.0}
    reference.adagrad_step(weights, squares, gradient, **settings)
    np.testing.assert_allclose(weights.W, [0.9, 1.1, 1.0])
    np.testing.assert_allclose(squares.W, [4.0, 0.25, 0.0])  # 3 was clipped to 2
