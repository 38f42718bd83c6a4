"""Tests of the n-gram models, against the formula in plain Python, and in fractions."""

import itertools
import math
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charrnn.errors import BookError, VocabularyError
from charrnn.evaluation.ngrams import ngram_scores, uniform
from charrnn.network.kernels import counting
from charrnn.network.model import Scores
from charrnn.text.parts import Piece
from charrnn.text.vocabulary import Ids

Number = TypeVar("Number", float, Fraction)
ORDERS = st.integers(1, 5)
# (K, text to count, text to score)
CASES = st.integers(2, 6).flatmap(
    lambda K: st.tuples(
        st.just(K),
        st.lists(st.integers(0, K - 1), min_size=5, max_size=40),
        st.lists(st.integers(0, K - 1), min_size=2, max_size=20),
    )
)
# After 0 come three ids, but 1, never seen there, is as likely as they, or likelier.
TIE = (6, [0, 4, 0, 5, 0, 2, *[1] * 7], [0, 1, 0, 2, 0, 4])
UNSEEN = (6, [0, 4, 0, 5, 0, 2, *[1] * 30], [0, 1, 0, 2, 0, 4])


def naive(text: list[int], context: list[int], x: int, uniform: Number) -> Number:
    """Return p(x | context) by Witten and Bell, with `uniform` = 1 / K below."""
    below = naive(text, context[1:], x, uniform) if context else uniform
    length = len(context)
    places = range(len(text) - length)
    after = [text[i + length] for i in places if text[i : i + length] == context]
    n, r = len(after), len(set(after))
    return (after.count(x) + r * below) / (n + r) if n else below


def array(ids: list[int]) -> Any:
    """Return ids as a model gets them."""
    return np.array(ids, np.uint8)


def context_of(text: list[int], scored: list[int], t: int, order: int) -> list[int]:
    """Return what stands before a character in a book of both texts."""
    at = len(text) + t
    return [*text, *scored][max(0, at - order + 1) : at]


def scores(text: Ids, scored: Ids, K: int, order: int) -> Scores:
    """Return the scores of one order."""
    ids = np.concatenate([text, scored])
    training, block = Piece(0, len(text)), Piece(len(text), len(ids))
    found = ngram_scores(ids, (training,), (block,), K, order)
    pieces = [list(pieces) for pieces in found][-1]
    nats, hits = (np.concatenate(piece) for piece in zip(*pieces, strict=True))
    return Scores(nats, hits)


@given(CASES, ORDERS)
def test_scores_are_those_of_the_formula(
    case: tuple[int, list[int], list[int]], order: int
) -> None:
    K, text, scored = case
    found = scores(array(text), array(scored), K, order)
    assert len(found.nats) == len(found.hits) == len(scored)
    for t in range(len(scored)):
        context = context_of(text, scored, t, order)
        p = naive(text, context, scored[t], Fraction(1, K))
        assert math.isclose(found.nats[t], -math.log(p), rel_tol=1e-12, abs_tol=1e-14)


@given(CASES, ORDERS)
@example(TIE, 2)
@example(UNSEEN, 2)
def test_a_hit_is_the_lowest_of_the_most_likely_ids(
    case: tuple[int, list[int], list[int]], order: int
) -> None:
    K, text, scored = case
    hits = scores(array(text), array(scored), K, order).hits
    for t in range(len(scored)):
        context = context_of(text, scored, t, order)
        # Fractions tell what a tie is: a hit is never less likely than another id ...
        exact = [naive(text, context, x, Fraction(1, K)) for x in range(K)]
        assert hits[t] <= (exact[scored[t]] >= max(exact) - Fraction(1, 10**12))
        # ... and of the ids that are most likely in doubles too, it is the lowest.
        doubles = [naive(text, context, x, 1 / K) for x in range(K)]
        assert hits[t] == (doubles.index(max(doubles)) == scored[t])


@given(CASES, ORDERS, st.data())
def test_probabilities_sum_to_one_after_any_context(
    case: tuple[int, list[int], list[int]], order: int, data: st.DataObject
) -> None:
    K, text, _ = case
    ids = st.lists(st.integers(0, K - 1), min_size=order, max_size=order)
    context = data.draw(ids)  # one more than is read
    found = [scores(array(text), array([*context, x]), K, order) for x in range(K)]
    p = [math.exp(-one.nats[-1]) for one in found]
    assert math.isclose(math.fsum(p), 1, rel_tol=1e-12)
    assert [one.hits[-1] for one in found].count(True) == 1


@given(CASES, ORDERS)
def test_the_text_itself_may_be_scored_with_its_last_context(
    case: tuple[int, list[int], list[int]], order: int
) -> None:
    K, text, _ = case
    text = text[:order]  # as short as a text may be
    found = scores(array(text), array([*text, *text]), K, order)
    assert np.isfinite(found.nats).all()


@given(st.integers(1, 10**6))
def test_the_uniform_model_knows_nothing(K: int) -> None:
    found = uniform(K)
    assert math.isclose(found.nats_per_character, math.log(K), rel_tol=1e-12)
    assert math.isclose(found.perplexity, K, rel_tol=1e-9)
    assert found.accuracy == 1 / K


@given(CASES, ORDERS, st.integers(1, 7))
def test_counts_do_not_depend_on_the_pieces_they_are_made_in(
    case: tuple[int, list[int], list[int]], order: int, piece: int
) -> None:
    K, text, scored = case
    expected = scores(array(text), array(scored), K, order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_PIECE", piece)
        found = scores(array(text), array(scored), K, order)
    np.testing.assert_array_equal(found.nats, expected.nats)
    np.testing.assert_array_equal(found.hits, expected.hits)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(
        BookError, match=r"^order 3 does not fit a text of 2 characters$"
    ):
        scores(array([0, 1]), array([0, 1]), 5, 3)
    with pytest.raises(
        BookError, match=r"^K = 1114112 to the power of order 4 is beyond 2\^63$"
    ):
        scores(np.zeros(20, np.uint32), array([0, 1]), 0x110000, 4)
    for text, scored in (([0, 5, 1], [0, 1]), ([0, 1], [0, 5])):
        with pytest.raises(VocabularyError, match=r"^an id is 5, but"):
            scores(array(text), array(scored), 5, 2)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 5), min_size=3, max_size=20), st.integers(1, 3))
def test_ids_of_a_large_vocabulary_do_not_overflow(few: list[int], order: int) -> None:
    K = 0x110000  # all the characters that there are
    text = [K - 1 - i for i in few]
    found = scores(np.array(text, np.uint32), np.array(text, np.uint32), K, order)
    for t in range(len(text)):
        p = naive(text, context_of(text, text, t, order), text[t], Fraction(1, K))
        assert math.isclose(found.nats[t], -math.log(p), rel_tol=1e-12)


@given(CASES, CASES, ORDERS)
def test_no_string_is_counted_across_a_gap_and_contexts_are_the_books(
    one: tuple[int, list[int], list[int]],
    other: tuple[int, list[int], list[int]],
    order: int,
) -> None:
    K, texts = max(one[0], other[0]), [*one[1:], *other[1:]]
    ends = list(itertools.accumulate(map(len, texts)))
    pieces = [
        Piece(end - len(text), end) for text, end in zip(texts, ends, strict=True)
    ]
    book, training, blocks = [*itertools.chain(*texts)], pieces[::2], pieces[1::2]
    *_, last = ngram_scores(array(book), tuple(training), tuple(blocks), K, order)
    nats = np.concatenate([piece.nats for piece in last])

    def p(context: list[int], x: int) -> Fraction:
        below = p(context[1:], x) if context else Fraction(1, K)
        size, after = len(context), []
        for start, end in training:
            text = book[start:end]
            after += [
                text[i + size]
                for i in range(len(text) - size)
                if text[i : i + size] == context
            ]
        n, r = len(after), len(set(after))
        return (after.count(x) + r * below) / (n + r) if n else below

    places = [at for block in blocks for at in range(*block)]
    expected = [
        -math.log(p(book[max(0, at - order + 1) : at], book[at])) for at in places
    ]
    np.testing.assert_allclose(nats, expected, rtol=1e-12, atol=1e-14)
