"""Tests of the random streams: one for each purpose, none moves another."""

import itertools

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from charrnn.network.streams import Purpose, stream

SEEDS = st.integers(0, 2**32 - 1)  # all that params.yaml takes
PURPOSES = st.sampled_from(Purpose)
# The first number of each stream of seed 1, and of that of the text at update 10,000.
STREAMS = [
    0.5118216247002567,
    0.33187239186810047,
    0.44841514333227195,
    0.01406863877696618,
    0.9327264389078297,
]


@given(PURPOSES, SEEDS, st.integers(0, 10**9))
def test_purpose_seed_and_number_decide_a_stream(
    purpose: Purpose, seed: int, number: int
) -> None:
    first = stream(purpose, seed, number).random(5)
    np.testing.assert_array_equal(first, stream(purpose, seed, number).random(5))


@given(SEEDS, SEEDS, st.integers(0, 10**9))
def test_no_two_streams_are_alike(seed: int, other: int, number: int) -> None:
    assume(seed != other)
    streams = [
        stream(purpose, start, *which).random()
        for purpose, start, which in itertools.product(
            Purpose, (seed, other), ((), (number + 1,), (number + 2,))
        )
    ]
    assert len(set(streams)) == len(streams)


@given(PURPOSES, PURPOSES, SEEDS, st.integers(1, 50))
def test_drawing_from_one_stream_moves_no_other(
    drawn: Purpose, other: Purpose, seed: int, draws: int
) -> None:
    expected = stream(other, seed).random(3)
    watched = stream(other, seed)
    stream(drawn, seed).standard_normal(draws)
    np.testing.assert_array_equal(watched.random(3), expected)


def test_purposes_keep_their_numbers_for_ever() -> None:
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "INITIAL_WEIGHTS": 0,
        "GRADIENT_CHECK": 1,
        "TRAINING_TEXT": 2,
        "SAMPLE": 3,
    }


def test_the_streams_of_seed_1_begin_like_this_for_ever() -> None:
    found = [stream(purpose, 1).random() for purpose in Purpose]
    found.append(stream(Purpose.TRAINING_TEXT, 1, 10_000).random())
    assert found == STREAMS
