"""Tests of the usual figures, against plain Python."""

import math
import statistics
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import BookError
from charrnn.evaluation.measures import measure, spread
from charrnn.exact import mean
from charrnn.network.model import Scores
from charrnn.text.vocabulary import entropy_bits

NATS = st.lists(st.floats(0, 20), min_size=1, max_size=50)
IDS = st.lists(st.integers(0, 6), min_size=1, max_size=50)


def close(value: float) -> object:
    """Return what equals a number up to 1e-12 of it."""
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def scores(nats: list[float], hits: int = 0) -> Scores:
    """Return scores of which the first few hit."""
    return Scores(np.array(nats), np.arange(len(nats)) < hits)


@given(NATS, st.integers(0, 50))
def test_the_figures_are_those_of_plain_python(nats: list[float], hits: int) -> None:
    hits = min(hits, len(nats))
    found = measure(scores(nats, hits))
    middle = math.fsum(nats) / len(nats)
    assert found.nats_per_character == close(middle)
    assert found.bits_per_character == close(middle / math.log(2))
    assert found.perplexity == close(math.exp(middle))
    assert found.accuracy == hits / len(nats)


@given(st.integers(2, 100_000))
def test_a_uniform_model_needs_log2_of_its_size_in_bits(size: int) -> None:
    found = measure(scores([math.log(size)] * 7))
    assert found.bits_per_character == close(math.log2(size))
    assert found.perplexity == close(size)


@given(st.lists(st.floats(0, 20), min_size=2, max_size=50), st.data())
def test_the_spread_is_that_of_equal_segments(
    nats: list[float], data: st.DataObject
) -> None:
    segments = data.draw(st.integers(2, len(nats)))
    size = len(nats) // segments
    means = [statistics.fmean(nats[i * size : (i + 1) * size]) for i in range(segments)]
    found = spread(scores(nats), segments)
    assert found.mean == close(statistics.fmean(means))
    assert found.standard_deviation == pytest.approx(statistics.stdev(means), abs=1e-9)
    assert found.lowest == close(min(means))
    assert found.highest == close(max(means))


def test_too_few_characters_for_the_segments_are_refused() -> None:
    rule = r"^the test part has 2 characters: too short for evaluate\.segments 3$"
    with pytest.raises(BookError, match=rule):
        spread(scores([1.0, 2.0]), 3)


@given(IDS, st.integers(7, 9))
def test_the_entropy_is_that_of_the_frequencies(ids: list[int], size: int) -> None:
    shares = [count / len(ids) for count in Counter(ids).values()]
    expected = -math.fsum(p * math.log2(p) for p in shares)
    assert entropy_bits(np.array(ids, np.uint8), size) == close(expected)


@given(st.integers(1, 8), st.integers(1, 20))
def test_equally_frequent_characters_have_log2_of_their_number(
    size: int, times: int
) -> None:
    ids = np.tile(np.arange(size, dtype=np.uint8), times)
    assert entropy_bits(ids, size) == close(math.log2(size))


def test_one_character_has_no_entropy_and_that_is_not_negative() -> None:
    assert str(entropy_bits(np.zeros(9, np.uint8), 1)) == "0.0"


@given(NATS)
def test_the_mean_does_not_depend_on_the_order(nats: list[float]) -> None:
    assert mean(np.array(nats)) == mean(np.array(sorted(nats)))
