"""Texts are drawn from the distribution of the network."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import SamplingError
from charrnn.network import reference
from charrnn.network.sampling import continue_text, stream_text
from charrnn.settings import Choice
from tests.problems import Window, make_window, windows

WINDOW = make_window(K=5, m=4, T=6, seed=1)


def write(window: Window, length: int, seed: int = 0, **choice: Any) -> np.ndarray:
    return continue_text(
        window.weights,
        window.inputs,
        window.hidden,
        length=length,
        choice=Choice(**choice),
        rng=np.random.default_rng(seed),
    )


def log_probabilities(window: Window, ids: np.ndarray) -> np.ndarray:
    """Return what the reference gives at each of the drawn ids."""
    read = np.concatenate([window.inputs, ids])[:-1]
    return reference.forward(window.weights, read, window.hidden)[1][-len(ids) :]


@given(
    window=windows,
    seed=st.integers(0, 99),
    temperature=st.sampled_from([0.5, 0.7, 1.0, 2.0]),
    top_k=st.one_of(st.none(), st.integers(1, 9)),
    top_p=st.one_of(st.none(), st.floats(0.05, 1.0)),
)
def test_each_character_is_drawn_from_the_reference_probabilities_of_the_kept(
    window: Window,
    seed: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
) -> None:
    choice = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    ids = write(window, 12, seed, **choice)
    uniforms = np.random.default_rng(seed).random(12)
    most, is_cut = top_p or 2.0, bool(top_k or top_p)
    for drawn, uniform, log_p in zip(
        ids, uniforms, log_probabilities(window, ids), strict=True
    ):
        p = np.exp(log_p / temperature)
        order = np.argsort(-p, kind="stable")[:top_k]
        shares = p[order] / p[order].sum()
        before = np.cumsum(shares) - shares
        is_close = np.any(np.abs(before - most) < 1e-6) or np.any(
            np.diff(shares) > -1e-6
        )
        if is_cut and is_close:
            continue  # too close to call for another arithmetic
        kept = order[before < most]
        assert drawn in kept
        inside = np.where(np.isin(np.arange(len(p)), kept), p, 0.0)
        cumulative = np.cumsum(inside / inside.sum())
        below = cumulative[drawn - 1] if drawn else 0.0
        assert below - 1e-6 <= uniform <= cumulative[drawn] + 1e-6


@given(window=windows)
def test_at_temperature_zero_the_likeliest_character_comes(window: Window) -> None:
    ids = write(window, 12, temperature=0.0)
    log_p = log_probabilities(window, ids)
    chosen = log_p[np.arange(12), ids]
    np.testing.assert_allclose(chosen, log_p.max(axis=1), atol=1e-7)


def test_very_small_and_large_temperatures_are_no_trouble() -> None:
    cold, coldest = (write(WINDOW, 50, temperature=t) for t in (1e-30, 0.0))
    np.testing.assert_array_equal(cold, coldest)
    assert set(write(WINDOW, 500, temperature=1e30)) == set(range(5))


@given(window=windows, piece=st.integers(1, 13), cut=st.integers(0, 12))
def test_a_text_in_pieces_and_a_longer_text_begin_the_same(
    window: Window, piece: int, cut: int
) -> None:
    text, before = write(window, 12), window.hidden.copy()
    np.testing.assert_array_equal(write(window, cut), text[:cut])
    pieces = stream_text(
        window.weights,
        window.inputs,
        window.hidden,
        length=12,
        choice=Choice(),
        rng=np.random.default_rng(0),
        piece=piece,
    )
    np.testing.assert_array_equal(np.concatenate(list(pieces)), text)
    np.testing.assert_array_equal(window.hidden, before)


@pytest.mark.parametrize(
    ("window", "choice", "rule"),
    [
        (WINDOW, {"temperature": -1.0}, "temperature is -1.0: it should be"),
        (WINDOW, {"temperature": np.nan}, "temperature is nan: it should be"),
        (WINDOW, {"top_k": 0}, "top_k is 0: it should be"),
        (WINDOW, {"top_p": 0.0}, "top_p is 0.0: it should be"),
        (WINDOW, {"top_p": 1.5}, "top_p is 1.5: it should be"),
        (WINDOW, {"top_p": np.nan}, "top_p is nan: it should be"),
        (WINDOW._replace(inputs=WINDOW.inputs[:0]), {}, "the prime is empty"),
        (WINDOW._replace(hidden=np.zeros(5)), {}, r"the state is of shape \(5,\), not"),
    ],
)
def test_an_impossible_choice_prime_or_state_is_refused(
    window: Window, choice: dict[str, Any], rule: str
) -> None:
    with pytest.raises(SamplingError, match=f"^{rule}"):
        write(window, 5, **choice)
