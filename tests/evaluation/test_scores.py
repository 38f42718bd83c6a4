"""The scores of any text are those of the evaluation, in pieces and line by line."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.evaluation.measures import measure
from charrnn.evaluation.scores import known_text, measure_text, named, score_lines
from charrnn.network.model import Scores, initial_weights
from charrnn.network.scoring import all_scores, pieces_of_scores
from charrnn.text.vocabulary import Vocabulary

KNOWN, UNKNOWN = "\n\tab é🙂", "xyzü\x1b\u2028\ud800"
VOCABULARY = Vocabulary.of(KNOWN)
WEIGHTS = initial_weights(
    4, VOCABULARY.size, sigma=1.0, dtype=np.float32, rng=np.random.default_rng(1)
)
HIDDEN = np.array([0.9, -0.2, 0.0, 1.0], np.float32)
texts = st.text(st.sampled_from(KNOWN + UNKNOWN), max_size=200)
known_texts = st.text(st.sampled_from(KNOWN), min_size=2, max_size=200)


@given(text=texts)
def test_unknown_characters_are_left_out_and_counted(text: str) -> None:
    ids, unknown = known_text(text, VOCABULARY)
    assert VOCABULARY.decode(ids) == "".join(c for c in text if c in KNOWN)
    assert unknown == {c: text.count(c) for c in UNKNOWN if c in text}
    frequencies = list(unknown.values())
    assert frequencies == sorted(frequencies, reverse=True)
    assert ids.dtype == VOCABULARY.encode("a").dtype
    with pytest.MonkeyPatch.context() as patch:  # a long text is read in pieces
        patch.setattr("charrnn.evaluation.scores._PIECE", 7)
        in_pieces = known_text(text, VOCABULARY)
    np.testing.assert_array_equal(in_pieces.ids, ids)
    assert list(in_pieces.unknown.items()) == list(unknown.items())


@given(text=known_texts)
def test_figures_are_those_of_the_evaluation(text: str) -> None:
    ids = VOCABULARY.encode(text)
    assert measure_text(pieces_of_scores(WEIGHTS, ids, HIDDEN)) == measure(
        all_scores(pieces_of_scores(WEIGHTS, ids, HIDDEN))
    )


def test_figures_of_a_long_text_are_exact_too() -> None:
    rng = np.random.default_rng(1)
    ids = rng.integers(0, VOCABULARY.size, 20_000).astype(np.uint8)
    scores = all_scores(pieces_of_scores(WEIGHTS.astype(np.float64), ids, HIDDEN))
    pieces = (  # of any length
        Scores(scores.nats[at : at + 77], scores.hits[at : at + 77])
        for at in range(0, len(scores.nats), 77)
    )
    found = measure_text(pieces)
    assert found == measure(scores)
    assert found.nats_per_character != sum(scores.nats.tolist()) / len(scores.nats)


@given(text=texts)
def test_the_lines_add_up_to_the_text(text: str) -> None:
    ids, _ = known_text(text, VOCABULARY)
    if len(ids) < 2:
        return
    lines = list(score_lines(WEIGHTS, VOCABULARY, text, ids, HIDDEN))
    assert "\n".join(line.text for line in lines) == text.removesuffix("\n")
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert sum(line.characters for line in lines) == len(ids) - 1
    nats = all_scores(pieces_of_scores(WEIGHTS, ids, HIDDEN)).nats
    assert math.fsum(line.nats for line in lines) == pytest.approx(math.fsum(nats))


@given(first=known_texts, second=known_texts)
def test_what_follows_changes_nothing_before_it(first: str, second: str) -> None:
    first += "\n"
    text = first + second
    both = list(score_lines(WEIGHTS, VOCABULARY, text, VOCABULARY.encode(text), HIDDEN))
    alone = list(
        score_lines(WEIGHTS, VOCABULARY, first, VOCABULARY.encode(first), HIDDEN)
    )
    assert both[: len(alone)] == alone


@given(line=st.text(st.sampled_from("ab é"), min_size=2, max_size=20))
def test_a_line_remembers_the_lines_before(line: str) -> None:
    text = f"{line}\n{line}\n"
    ids = VOCABULARY.encode(text)
    second = list(score_lines(WEIGHTS, VOCABULARY, text, ids, HIDDEN))[1]
    nats = all_scores(pieces_of_scores(WEIGHTS, ids, HIDDEN)).nats
    assert second.nats == math.fsum(nats[len(line) :])


def test_unknown_characters_are_named_harmlessly() -> None:
    unknown = {"\x1b": 3, "é": 2000, **{chr(0x4E00 + n): 1 for n in range(10)}}
    said = named(dict(sorted(unknown.items(), key=lambda item: -item[1])))
    assert said.startswith(r"'é' (U+00E9) 2,000, '\x1b' (U+001B) 3, '一' (U+4E00) 1, ")
    assert said.endswith(" (U+4E07) 1, and 2 more")
    assert said.isprintable()
    assert named({"a": 1}) == "'a' (U+0061) 1"
