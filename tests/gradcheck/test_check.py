"""The check passes right gradients, and finds each of the bugs that people make."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

from charrnn.errors import GradientError
from charrnn.gradcheck.check import affordable, calm_sigma, problems
from charrnn.gradcheck.check import check as check_all
from charrnn.gradcheck.comparison import Errors, compare
from charrnn.gradcheck.differences import (
    Problem,
    choose_elements,
    numerical_derivatives,
    with_penalty,
)
from charrnn.network import reference
from charrnn.network.model import Weights, initial_weights
from charrnn.settings import GradcheckConfig, Limits, Steps
from tests.problems import Window, make_text, make_window, windows

H = 1e-4
LIMITS = Limits()
STEPS = Steps(step=H, fourth_order_step=10 * H)
WINDOW = make_window(K=5, m=4, T=6, seed=1)

Gradients = Callable[[Window, float], Weights]


def check(window: Window, gradients: Gradients, *l2: float) -> dict[str, Errors]:
    """Check gradients by the losses of the reference, for each l2; return the last."""
    weights = window.weights.copy()
    problem = Problem(
        weights,
        losses=lambda: reference.losses(weights, *window[1:])[0],
        gradients=lambda l2: gradients(window, l2),
    )
    return check_problem(problem, weights, *l2)


def check_problem(problem: Problem, weights: Weights, *l2: float) -> dict[str, Errors]:
    chosen = Weights(*(np.ones(array.shape, np.bool_) for array in weights))
    numerical = numerical_derivatives(problem, chosen, STEPS)
    for weight in l2:
        expected = with_penalty(numerical, weights, l2=weight, steps=STEPS)
        errors = compare(problem.gradients(weight), expected, chosen, LIMITS)
    return errors


def right(window: Window, l2: float) -> Weights:
    return reference.loss_and_gradients(*window, l2=l2).gradients


@pytest.mark.slow
@settings(max_examples=20)
@given(window=windows)
def test_right_gradients_pass(window: Window) -> None:
    # Weights of a middling size: small ones have gradients near the rounding error,
    # large ones make the network chaotic, and its differences mean nothing.
    rng = np.random.default_rng(len(window.inputs))
    scale = 0.3 / np.sqrt(window.weights.hidden_size)
    drawn = (scale * rng.standard_normal(a.shape) for a in window.weights)
    calm = window._replace(weights=Weights(*drawn))
    assert set(check(calm, right, 0.0, 0.1)) == set(Weights._fields)


def passes(window: Window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the states, d_o and d_a of a window, as the reference has them."""
    weights, inputs, targets, hidden = window
    states, log_p = reference.forward(weights, inputs, hidden)
    d_o = np.exp(log_p)
    d_o[np.arange(len(targets)), targets] -= 1
    d_a, later = np.empty((len(inputs), len(hidden))), np.zeros(len(hidden))
    for t in reversed(range(len(inputs))):
        d_h = weights.V.T @ d_o[t] + weights.W.T @ later
        later = d_a[t] = (1 - states[t + 1] ** 2) * d_h
    return states, d_o, d_a


def state_before_the_window_dropped(window: Window, l2: float) -> Weights:
    states, _, d_a = passes(window)
    states[0] = 0
    return right(window, l2)._replace(W=d_a.T @ states[:-1])


def last_state_before_the_window(window: Window, l2: float) -> Weights:
    states, _, d_a = passes(window)
    before = np.roll(states[1:], 1, axis=0)  # what states[t - 1] gives at t = 0
    return right(window, l2)._replace(W=d_a.T @ before)


def clipped(window: Window, l2: float) -> Weights:
    return Weights(*(np.clip(d, -0.1, 0.1) for d in right(window, l2)))


def recurrence_transposed(window: Window, l2: float) -> Weights:
    weights = window.weights._replace(W=window.weights.W.T)
    _, _, d_a = passes(window._replace(weights=weights))
    return right(window, l2)._replace(b=d_a.sum(axis=0))


def no_slope_of_tanh(window: Window, l2: float) -> Weights:
    _, d_o, _ = passes(window)
    return right(window, l2)._replace(b=(d_o @ window.weights.V).sum(axis=0))


def mean_instead_of_sum(window: Window, l2: float) -> Weights:
    return Weights(*(d / len(window.inputs) for d in right(window, l2)))


def half_a_penalty(window: Window, l2: float) -> Weights:
    return right(window, l2 / 2)


def penalised_bias(window: Window, l2: float) -> Weights:
    gradients = right(window, l2)
    return gradients._replace(c=gradients.c + 2 * l2 * window.weights.c)


def one_element_off(window: Window, l2: float) -> Weights:
    gradients = right(window, l2)
    gradients.U[3, window.inputs[0]] *= 1 + 1e-5
    return gradients


def one_element(value: float) -> Gradients:
    def set_to(window: Window, l2: float) -> Weights:
        gradients = right(window, l2)
        gradients.V[2, 1] = value
        return gradients

    return set_to


V_2_1 = f"numerical {right(WINDOW, 0.1).V[2, 1]:.9f}"[:-3]


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        (state_before_the_window_dropped, "W is wrong"),
        (last_state_before_the_window, "W is wrong"),
        (clipped, "b is wrong"),
        (recurrence_transposed, "b is wrong"),
        (no_slope_of_tanh, "b is wrong"),
        (mean_instead_of_sum, "b is wrong"),
        (half_a_penalty, "U is wrong"),
        (penalised_bias, "c is wrong"),
        (one_element_off, "U is wrong"),
        (one_element(np.nan), rf"V is .* worst at V\[2, 1\]: analytic nan, {V_2_1}"),
        (one_element(7.5), rf"V is .* worst at V\[2, 1\]: analytic 7\.5, {V_2_1}"),
    ],
)
def test_planted_bugs_are_found_and_the_message_says_where(
    bug: Gradients, said: str
) -> None:
    with pytest.raises(GradientError, match=f"the gradient of {said}"):
        check(WINDOW, bug, 0.1)


def test_a_zero_state_would_hide_the_commonest_bug() -> None:
    blind = WINDOW._replace(hidden=np.zeros(4))
    check(blind, state_before_the_window_dropped, 0.0)


@pytest.mark.slow
def test_the_compiled_kernel_is_checked_from_three_states() -> None:
    weights, _, _, hidden = make_window(K=5, m=4, T=6, seed=1, sigma=0.1)
    text = make_text(13, 5)
    before = weights.copy()
    found = problems(weights, text, hidden, 6)
    assert list(found) == ["zero", "random", "carried"]
    _, carried = reference.losses(weights, text[:6], text[1:7], hidden)
    expected = {
        "zero": (text[:6], text[1:7], np.zeros(4)),
        "random": (text[:6], text[1:7], hidden),
        "carried": (text[6:12], text[7:13], carried),
    }
    for name, problem in found.items():
        losses, _ = reference.losses(weights, *expected[name])
        np.testing.assert_allclose(problem.losses(), losses, rtol=1e-10)
        check_problem(problem, weights, 0.0, 0.1)
        for one, other in zip(problem.weights, before, strict=True):
            np.testing.assert_array_equal(one, other)  # each element was put back


def test_of_a_large_network_some_elements_are_chosen() -> None:
    weights = WINDOW.weights
    chosen = choose_elements(weights, WINDOW.inputs, 10, rng=np.random.default_rng(0))
    assert [which.sum() for which in chosen] == [4, 5, 10, 10, 10]
    one = WINDOW.inputs[:1]  # of a large U the columns of the text's characters
    few = choose_elements(weights, one, 3, rng=np.random.default_rng(0))
    assert [which.sum() for which in few] == [3] * 5
    assert few.U[:, one].sum() == 3
    problem = Problem(
        weights.copy(), lambda: reference.losses(*WINDOW)[0], lambda _: weights
    )
    derivatives = numerical_derivatives(problem, chosen, STEPS)
    for array, which in zip(derivatives.central, chosen, strict=True):
        assert not array[~which].any()


@pytest.mark.parametrize(
    ("m", "K", "T", "most"),
    [
        *((100, 65, 25, 10_000), (1, 2, 1, 10_000), (1, 8000, 25, 1_074)),
        *((1024, 65, 25, 36), (100, 2216, 25, 296), (1024, 8000, 25, 10)),
        *((100, 65, 100, 2_064), (1024, 8000, 250, 10)),
    ],
)
def test_a_large_network_has_fewer_elements_checked(
    m: int, K: int, T: int, most: int
) -> None:
    shapes = ((m,), (K,), (m, K), (m, m), (K, m))
    weights = Weights(*(np.broadcast_to(0.0, shape) for shape in shapes))
    assert affordable(10_000, weights, T) == most
    assert affordable(5, weights, T) == 5


def test_a_large_network_has_a_calm_sigma() -> None:
    assert [calm_sigma(0.1, 100), calm_sigma(0.01, 1000)] == [0.1, 0.01]
    assert calm_sigma(0.1, 400) == 0.05


@pytest.mark.slow
def test_a_large_network_passes_at_its_calm_sigma_else_the_check_is_named() -> None:
    K, m, T = 6, 300, 25
    text, rng = make_text(2 * T + 1, K), np.random.default_rng(5)

    def run(sigma: float, tolerance: float) -> dict[str, dict[str, Errors]]:
        weights = initial_weights(m, K, sigma=sigma, dtype=float, rng=rng)
        chosen = choose_elements(weights, text, 10, rng=rng)
        config = GradcheckConfig(sequence_length=T, tolerance=tolerance)
        return check_all(weights, text, rng.uniform(-1, 1, m), chosen, config)

    assert len(run(calm_sigma(0.5, m), 1e-6)) == 6
    with pytest.raises(GradientError, match=r"\(check zero_state, l2 = 0\)$"):
        run(0.05, 1e-30)
