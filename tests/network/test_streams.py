"""The random streams differ, and they never change."""

import itertools

from hypothesis import assume, given
from hypothesis import strategies as st

from charrnn.network.streams import Purpose, stream

SEEDS = st.integers(0, 2**32 - 1)  # all that params.yaml takes
# The first number of each stream of seed 1, and of that of the text at update 10,000.
STREAMS = [
    0.5118216247002567, 0.33187239186810047, 0.44841514333227195, 0.01406863877696618,
    0.39482515435746646,
    0.9327264389078297,
]  # fmt: skip


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


def test_purposes_keep_their_numbers_and_streams_their_beginnings_for_ever() -> None:
    assert [(purpose.name, purpose.value) for purpose in Purpose] == [
        ("INITIAL_WEIGHTS", 0),
        ("GRADIENT_CHECK", 1),
        ("TRAINING_TEXT", 2),
        ("SAMPLE", 3),
        ("ITEMS", 4),
    ]
    found = [stream(purpose, 1).random() for purpose in Purpose]
    found.append(stream(Purpose.TRAINING_TEXT, 1, 10_000).random())
    assert found == STREAMS
