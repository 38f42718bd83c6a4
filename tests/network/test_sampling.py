"""Texts are drawn from the distribution of the network."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import SamplingError
from charrnn.network import reference
from charrnn.network.kernels import forward
from charrnn.network.sampling import continue_text, stream_text
from charrnn.settings import Choice
from tests.problems import Window, make_window, windows


def write(
    window: Window, length: int, temperature: float, seed: int, **others: Any
) -> np.ndarray:
    return continue_text(
        window.weights,
        window.inputs,
        window.hidden,
        length=length,
        choice=Choice(temperature=temperature, **others),
        rng=np.random.default_rng(seed),
    )


@pytest.mark.slow
@given(
    window=windows,
    seed=st.integers(0, 99),
    temperature=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_each_character_is_drawn_from_the_reference_probabilities(
    window: Window, seed: int, temperature: float
) -> None:
    length = 12
    ids = write(window, length, temperature, seed)
    uniforms = np.random.default_rng(seed).random(length)
    read = np.concatenate([window.inputs, ids])[:-1]
    _, log_p = reference.forward(window.weights, read, window.hidden)
    for drawn, uniform, one in zip(ids, uniforms, log_p[-length:], strict=True):
        p = np.exp(one / temperature)
        cumulative = np.cumsum(p / p.sum())
        below = cumulative[drawn - 1] if drawn else 0.0
        assert below - 1e-6 <= uniform <= cumulative[drawn] + 1e-6


@given(window=windows)
def test_at_temperature_zero_the_likeliest_character_comes(window: Window) -> None:
    ids = write(window, 12, 0.0, seed=0)
    read = np.concatenate([window.inputs, ids])[:-1]
    _, log_p = reference.forward(window.weights, read, window.hidden)
    chosen = log_p[-12:][np.arange(12), ids]
    np.testing.assert_allclose(chosen, log_p[-12:].max(axis=1), atol=1e-7)


@given(window=windows, cut=st.integers(0, 12))
def test_a_text_is_the_beginning_of_a_longer_one(window: Window, cut: int) -> None:
    long = write(window, 12, 1.0, seed=3)
    np.testing.assert_array_equal(write(window, cut, 1.0, seed=3), long[:cut])


def test_the_state_given_is_not_changed() -> None:
    window = make_window(K=5, m=4, T=6, seed=1)
    before = window.hidden.copy()
    write(window, 12, 1.0, seed=0)
    np.testing.assert_array_equal(window.hidden, before)


def test_very_small_and_large_temperatures_are_no_trouble() -> None:
    window = make_window(K=5, m=4, T=6, seed=1)
    cold, coldest = (write(window, 50, t, seed=0) for t in (1e-30, 0.0))
    np.testing.assert_array_equal(cold, coldest)
    assert set(write(window, 500, 1e30, seed=0)) == set(range(5))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", -1.0),
        ("temperature", float("nan")),
        ("top_k", 0),
        ("top_p", 0.0),
        ("top_p", 1.5),
        ("top_p", float("nan")),
    ],
)
def test_an_impossible_choice_is_refused(key: str, value: float) -> None:
    window = make_window(K=5, m=4, T=6, seed=1)
    with pytest.raises(SamplingError, match=f"{key} is {value}: it should be"):
        write(window, 5, **{"temperature": 1.0, key: value}, seed=0)


def test_an_empty_prime_is_refused() -> None:
    window = make_window(K=5, m=4, T=6, seed=1)
    with pytest.raises(SamplingError, match="the prime is empty"):
        write(window._replace(inputs=window.inputs[:0]), 5, 1.0, seed=0)


@given(window=windows, piece=st.integers(1, 13))
def test_a_text_in_pieces_is_the_same_text(window: Window, piece: int) -> None:
    pieces = stream_text(
        window.weights,
        window.inputs,
        window.hidden,
        length=12,
        choice=Choice(),
        rng=np.random.default_rng(3),
        piece=piece,
    )
    np.testing.assert_array_equal(
        np.concatenate(list(pieces)), write(window, 12, 1.0, seed=3)
    )


@given(
    window=windows,
    seed=st.integers(0, 99),
    top_k=st.one_of(st.none(), st.integers(1, 9)),
    top_p=st.one_of(st.none(), st.floats(0.05, 1.0)),
)
def test_only_the_likeliest_are_drawn_with_their_proportions(
    window: Window, seed: int, top_k: int | None, top_p: float | None
) -> None:
    length, temperature = 12, 0.7
    ids = write(window, length, temperature, seed, top_k=top_k, top_p=top_p)
    uniforms = np.random.default_rng(seed).random(length)
    read = np.concatenate([window.inputs, ids])[:-1]
    _, log_p = reference.forward(window.weights, read, window.hidden)
    for drawn, uniform, one in zip(ids, uniforms, log_p[-length:], strict=True):
        p = np.exp(one / temperature)
        order = np.argsort(-p, kind="stable")[:top_k]
        shares = p[order] / p[order].sum()
        before = np.cumsum(shares) - shares
        if np.any(np.abs(before - (top_p or 2.0)) < 1e-6) or np.any(
            np.diff(shares) > -1e-6
        ):
            continue  # too close to call for another arithmetic
        kept = order[before < (top_p or 2.0)]
        assert drawn in kept
        inside = np.where(np.isin(np.arange(len(p)), kept), p, 0.0)
        cumulative = np.cumsum(inside / inside.sum())
        below = cumulative[drawn - 1] if drawn else 0.0
        assert below - 1e-6 <= uniform <= cumulative[drawn] + 1e-6


def test_states_are_the_references() -> None:
    window = make_window(K=5, m=4, T=150, seed=1)
    H, _ = reference.forward(window.weights, window.inputs, window.hidden)
    states = forward.states_after(window.weights, window.inputs, window.hidden)
    np.testing.assert_allclose(states, H[-len(states) :], rtol=1e-10)
