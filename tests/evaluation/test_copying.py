"""Tests of how much of a text is copied, against all its strings."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.errors import VocabularyError
from charrnn.evaluation.copying import Copying, compare_with_book
from charrnn.network.kernels import matching
from charrnn.text.parts import Piece

K = 300
IDS = (*(0, 1) * 5, *range(2, 7), K - 1)  # mostly two, so that strings are long
TEXTS = st.lists(st.sampled_from(IDS), max_size=12) | st.lists(
    st.sampled_from(IDS[:2]), max_size=40
)
BOOKS = st.lists(st.sampled_from(IDS), max_size=30) | st.lists(
    st.sampled_from(IDS[:2]), max_size=90
)


def naive(text: list[int], book: list[int], length: int) -> tuple[list[int], object]:
    """Return the same from all strings of both, one by one."""

    def strings(ids: list[int], n: int) -> list[list[int]]:
        return [ids[start : start + n] for start in range(len(ids) - n + 1)]

    longest = next(
        string
        for n in range(len(text), -1, -1)
        for string in strings(text, n)
        if string in strings(book, n)
    )
    new = [string not in strings(book, length) for string in strings(text, length)]
    return longest, sum(new) / len(new) if new else None


@pytest.fixture(params=[0, 1 << 20], ids=["edges", "steps"], autouse=True)
def _reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MOST_STEPS", request.param)


def found(text: list[int], *pieces: list[int], length: int = 1) -> Copying:
    ids, read = (
        np.array(text, np.uint16),
        np.array([*itertools.chain(*pieces)], np.uint16),
    )
    ends = itertools.accumulate(map(len, pieces))
    places = [Piece(end - len(one), end) for one, end in zip(pieces, ends, strict=True)]
    return compare_with_book(ids, read, tuple(places), K, length=length)


@given(TEXTS, BOOKS, st.integers(1, 14))
@example([], [0, 1], 1)
@example([0, 1, 2], [], 2)
@example([0], [0], 2)
@example([0, 1, 5, 2, 3], [2, 3, 6, 0, 1], 3)  # of two longest the first
def test_figures_are_those_of_all_strings(
    text: list[int], book: list[int], length: int
) -> None:
    longest, new = found(text, book, length=length)
    assert (longest.tolist(), new) == naive(text, book, length)


@given(TEXTS, BOOKS, BOOKS, st.integers(1, 9))
def test_a_passage_of_the_book_is_copied_whole_in_whatever_pieces_it_is_read(
    text: list[int], before: list[int], after: list[int], piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_PIECE", piece)
        longest, new = found(text, before + text + after, length=len(text) or 1)
    assert (longest.tolist(), new) == (text, 0.0 if text else None)


def test_no_string_reaches_across_a_gap() -> None:
    longest, new = found([0, 1, 2, 3], [5, 0, 1], [2, 3, 4], length=2)
    assert (longest.tolist(), new) == ([0, 1], 1 / 3)


def test_ids_beyond_the_vocabulary_are_refused() -> None:
    for text, book in (([K], [0]), ([0], [K])):
        with pytest.raises(VocabularyError, match=f"^an id is {K}, but"):
            found(text, book)
