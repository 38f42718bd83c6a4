"""Tests of the surprise and of the units, and of their templates."""

import re
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import write_json
from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import read_metrics
from charrnn.html import formats
from charrnn.html.rendering import rendered
from charrnn.inspection.findings import (
    LEAST_PLACES,
    auc_or_correlation,
    find,
    half_of,
    is_enough,
)
from charrnn.inspection.passages import coloured, spans
from charrnn.inspection.properties import Places, Property, properties
from charrnn.inspection.ranks import (
    rank_biserial,
    rank_correlation,
    strengths,
    twice_ranks,
)
from charrnn.inspection.results import (
    Guess,
    Level,
    Moment,
    Passage,
    Picture,
    Surprise,
    Units,
)
from charrnn.inspection.surprise import (
    LEAST_PAGE,
    MOST_PAGE,
    probabilities,
    surprise,
)
from charrnn.inspection.units import (
    EDGES,
    LEAST_PASSAGE,
    MOST_PASSAGE,
    picture,
    units,
)
from charrnn.network import reference
from charrnn.network.model import Model, initial_weights
from charrnn.report.content import TEMPLATES
from charrnn.text.parts import Piece, Pieces, size
from charrnn.text.vocabulary import Ids, Vocabulary

Array = NDArray[Any]

WORDS = (
    'In the beginning God (created) heaven, and 12 earths; <b>&amp; \x00is\' "good".'
)
# Few different values, so that there are many ties.
PAIRS = st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), min_size=1)
PART_BITS = 6.13


def make_book(lines: int) -> str:
    """Make lines of random words; the first begins with a letter that occurs only there."""
    rng, words = np.random.default_rng(0), WORDS.split()
    return "Q" + "".join(
        " ".join(rng.choice(words, rng.integers(3, 12)).tolist())
        + (" zz\n" if line % 25 == 0 else "\n")
        for line in range(lines)
    )


def make_network(
    text: str, dtype: DTypeLike = np.float64
) -> tuple[Model, Ids, Pieces, Vocabulary]:
    """Make a model, the ids of a text, all but its first character, and its vocabulary.

    Unit 2 is high after a letter; unit 0 is 0 before the letter Q and high from there on;
    z always has a great surprise.
    """
    vocabulary, rng = Vocabulary.of(text), np.random.default_rng(0)
    weights = initial_weights(6, vocabulary.size, sigma=0.4, dtype=dtype, rng=rng)
    weights.U[2] = [0.9 if one.isalpha() else -0.9 for one in vocabulary.characters]
    weights.W[[0, 2]], weights.b[0], weights.U[0] = 0, 0, 0
    weights.W[0, 0] = weights.U[0, vocabulary.characters.index("Q")] = 3
    weights.V[:, 0] *= 3
    weights.c[vocabulary.characters.index("z")] = -8
    model = Model(weights, weights.zero_state(), weights)
    return model, vocabulary.encode(text), (Piece(1, len(text)),), vocabulary


@cache
def inspected() -> tuple[str, Array, Array, Surprise, Units]:
    """Return a text, the reference's states and log p, and the results of the inspection."""
    text = make_book(120)
    model, ids, part, vocabulary = make_network(text)
    states, log_p = reference.forward(model.weights, ids, np.zeros(6))
    of_page = surprise(model, ids, part, vocabulary, part_bits=PART_BITS)
    of_units = units(model, ids, part, vocabulary)
    assert of_units is not None
    return text, states, log_p, of_page, of_units


@given(PAIRS)
def test_the_area_is_the_share_of_pairs_that_are_told(
    pairs: list[tuple[int, int]],
) -> None:
    ones = [value for value, mark in pairs if mark]
    others = [value for value, mark in pairs if not mark]
    told = [
        Fraction(1, 2) if one == other else Fraction(one > other)
        for one in ones
        for other in others
    ]
    area = sum(told, Fraction(0)) / len(told) if told else Fraction(1, 2)
    ranks = twice_ranks(np.array([[value for value, _ in pairs]]))
    has = np.array([mark > 0 for _, mark in pairs])
    # One whole number divided by another: no float is nearer.
    assert rank_biserial(ranks, has).tolist() == [float(2 * area - 1)]


@given(PAIRS)
def test_the_rank_correlation_is_that_of_the_ranks(
    pairs: list[tuple[int, int]],
) -> None:
    columns = [list(column) for column in zip(*pairs, strict=True)]
    ranks = [
        [sum(a < b for a in column) + (column.count(b) + 1) / 2 for b in column]
        for column in columns
    ]
    twice = twice_ranks(np.array(columns))
    assert twice.tolist() == [[2 * rank for rank in row] for row in ranks]
    found = rank_correlation(twice, twice[1])
    if any(len(set(row)) == 1 for row in ranks):
        assert found[0] == 0
    else:
        assert found == pytest.approx([np.corrcoef(ranks)[0, 1], 1], abs=1e-12)


def test_the_properties_are_where_they_should_be() -> None:
    text = 'Ab, "cé e"\n(F1 [g] й "(\n\nh ")i(k\u0301l'
    expected = {
        # ..........................Ab, "cé e"|(F1 [g] й "(||h ")i(k'l
        "inside a word": "1100011010001000100100000100010111",
        "a word begins": "1000010010001000100100000100010100",
        "position in the word": "0100001000000000000000000000000012",
        "a word is about to end": "0111001011101110110111110111010000",
        "in a capitalised word": "1100000000001000000000000000000000",
        "vowel": "1000001010000000000000000000010000",
        "first word after punctuation": "0000011000001000100100000100010111",
        "distance from punctuation": "0101012340101230101230012340010123",
        "distance from the start of the line": "0123456789012345678901200123456789",
        "in a number": "0000000000000100000000000000000000",
        "in brackets": "0000000000011111111111110000001111",
        "in quotation marks": "0000111110000000000001110001111111",
    }
    found = properties(text)
    assert {
        one.name: "".join(str(n % 10) for n in one.values.tolist()) for one in found
    } == expected
    places = {one.name: one.among.chosen.tolist() for one in found}
    is_letter = [one == "1" for one in expected["inside a word"]]
    assert places["a word is about to end"] == places["vowel"] == is_letter
    assert np.flatnonzero(places["in a capitalised word"]).tolist() == [1, 6, 32, 33]
    assert places["in brackets"] == [True] * len(text)


LOOKS = st.tuples(st.sampled_from("ab\n<"), st.integers(0, 2), st.booleans())


@given(st.lists(LOOKS))
def test_runs_are_the_text_cut_where_its_look_changes(
    looks: list[tuple[str, int, bool]],
) -> None:
    text = "".join(character for character, *_ in looks)
    levels = np.array([level for _, level, _ in looks], np.int64)
    marks = np.array([mark for *_, mark in looks], np.bool_)
    found = coloured(text, levels, marks)
    assert (found.text, len(found.looks)) == (text, len(text))
    assert looks == [
        (character, level, is_marked)
        for level, is_marked, part in found.runs
        for character in part
    ]
    for run, following in pairwise(found.runs):
        assert run[:2] != following[:2]


@pytest.mark.parametrize(
    ("text", "before", "last"),
    [
        ("one two ab\n" * 20, "\n", "\n"),
        ("one two three " * 20, " ", " "),
        ("onetwothree" * 20, "onetwhr", "onetwhr"),
        ("o" * 50 + "\n" + "onetwo three fo " * 6, "\n", " "),
    ],
    ids=["lines", "words", "neither", "a long line"],
)
def test_passages_begin_and_end_where_lines_do_or_else_words(
    text: str, before: str, last: str
) -> None:
    found = spans(text, 20, 30).tolist()
    assert found
    for start, end in found:
        assert 20 <= end - start <= 30
        assert end <= len(text)
        assert start == 0 or text[start - 1] in before
        assert text[end - 1] in last
    assert spans(text[:30], 20, 30).tolist() == [[0, 30]]


def test_probabilities_are_those_of_the_oracle() -> None:
    text = make_book(2)
    (weights, _, _), ids, _, _ = make_network(text)
    states, log_p = reference.forward(weights, ids, np.zeros(6))
    for t in (0, 7, 30):
        np.testing.assert_allclose(
            probabilities(weights, states[t + 1]), np.exp(log_p[t]), rtol=1e-9
        )


def test_the_page_is_the_one_most_like_the_whole_part() -> None:
    text, _, log_p, found, _ = inspected()
    ids = Vocabulary.of(text).encode(text)
    bits = -log_p[np.arange(len(ids) - 1), ids[1:]] / np.log(2)
    means = {
        start + 1: bits[start:end].mean()
        for start, end in spans(text[1:], LEAST_PAGE, MOST_PAGE).tolist()
    }
    assert len(means) > 20
    assert found.start == min(means, key=lambda at: abs(means[at] - PART_BITS))
    assert found.start != min(means)
    assert found.bits == pytest.approx(means[found.start])
    assert (found.read, found.part_bits) == (len(text) - 1, PART_BITS)
    end = found.start + found.characters
    assert found.page.text == text[found.start : end]
    # Each character in its level, and all of them in one.
    levels = [found.levels["abcdefg".index(look)] for look in found.page.looks]
    for level, cost in zip(levels, bits[found.start - 1 : end - 1], strict=True):
        assert level.least <= cost
        assert level.most is None or cost < level.most
    for level in found.levels:
        assert level.characters == levels.count(level)
        assert level.share == level.characters / found.characters
    assert sum(level.characters for level in found.levels) == found.characters
    assert sum(level.bits_share for level in found.levels) == pytest.approx(1)


def test_the_moments_are_the_greatest_surprises_each_in_another_word() -> None:
    text, _, log_p, found, _ = inspected()
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    words = re.split(r"\s", text)
    greatest: dict[str, tuple[float, int]] = {}
    for at in range(found.start, found.start + found.characters):
        word = words[len(re.findall(r"\s", text[: at + 1]))].strip(",.;!?").lower()
        bits = -log_p[at - 1, ids[at]] / np.log(2)
        greatest[word] = max(greatest.get(word, (0.0, 0)), (bits, at))
    expected = sorted(greatest.values(), reverse=True)[:5]
    # Two of the greatest surprises stand in one word.
    first = text.index("zz", found.start)
    for at in (first, first + 1):
        assert -log_p[at - 1, ids[at]] / np.log(2) > expected[2][0]
    for moment, (bits, at) in zip(found.moments, expected, strict=True):
        assert moment.bits == pytest.approx(bits)
        assert (moment.before + moment.character + moment.after) == (
            text[at - len(moment.before) : at + 1 + len(moment.after)]
        )
        likeliest = np.argsort(-log_p[at - 1], kind="stable")[:3]
        for guess, k in zip(moment.expected, likeliest, strict=True):
            assert guess.character == vocabulary.characters[k]
            assert guess.probability == pytest.approx(np.exp(log_p[at - 1, k]))


# In the first half unit 3 of 7 is higher by `first` inside words, in the second by `second`.
# A difference of 1 in noise that is uniform over 2 distinguishes 1 - 1/8 of the pairs.
@pytest.mark.parametrize(
    ("first", "second", "share"),
    [(1, 1, 7 / 8), (-1, -1, 7 / 8), (1, -1, 1 / 8), (1, 0, 1 / 2)],
)
def test_a_planted_unit_is_found_and_measured_where_it_was_not_chosen(
    first: int, second: int, share: float
) -> None:
    text, rng = make_book(60), np.random.default_rng(1)
    inside = np.array([character.isalpha() for character in text])
    states = rng.uniform(-1, 1, (7, len(text))).astype(np.float32)
    parts = slice(0, len(text) // 2), slice(len(text) // 2, len(text))
    for sign, part in zip((first, second), parts, strict=True):
        states[3, part] += sign * inside[part]
    ids, one = Vocabulary.of(text).encode(text), properties(text)[0]
    found = find(one, *(half_of(ids, states, part, [one]) for part in parts))
    assert (found.name, found.unit, found.is_higher) == ("inside a word", 3, first > 0)
    assert found.chosen_by == pytest.approx(7 / 8, abs=0.03)
    assert found.measure == pytest.approx(share, abs=0.05)
    assert found.of_median == pytest.approx(1 / 2, abs=0.05)
    assert found.of_character == 1  # a character is a letter or is not


def test_the_last_character_alone_tells_what_it_told_in_the_first_half() -> None:
    # After a the property holds in one of two, after b in none, then the other way.
    ids = np.array([0, 1, 0, 1] * 2, np.uint8)
    values = np.array([1, 0, 0, 0, 0, 1, 0, 0])
    one = Property("p", "", False, values, Places("all", np.ones(8, np.bool_)))
    states = np.zeros((1, 8), np.float32)
    first, second = (half_of(ids, states, at, [one]) for at in (slice(4), slice(4, 8)))
    found = find(one, first, second)
    # Of the second half's pairs (b; a), (b; a), (b; b) the first two are told wrong.
    assert found.of_character == pytest.approx(1 / 6)
    assert (found.unit, found.measure, found.of_median) == (0, 0.5, 0.5)


@pytest.mark.parametrize(("is_graded", "least"), [(False, LEAST_PLACES), (True, 10)])
def test_a_property_needs_places_with_and_without_it(
    is_graded: bool, least: int
) -> None:
    def enough(having: int, lacking: int) -> bool:
        values = np.array([1] * having + [0] * lacking)
        places = Places("all", np.ones(len(values), np.bool_))
        return is_enough(slice(None), Property("p", "", is_graded, values, places))

    assert enough(LEAST_PLACES, least)
    assert not enough(LEAST_PLACES - 1, 10**3)
    assert not enough(10**3, least - 1)


def test_no_measure_is_a_negative_zero() -> None:
    zeros = [auc_or_correlation(zero, is_graded=True) for zero in (0.0, -0.0)]
    assert [str(zero) for zero in zeros] == ["0.0", "0.0"]


def test_units_are_found_in_a_network_that_reads() -> None:
    text, states, _, _, found = inspected()
    inside = next(one for one in found.findings if one.name == "inside a word")
    assert (inside.unit, inside.measure, inside.is_higher) == (2, 1.0, True)
    strengths = [finding.strength for finding in found.findings]
    assert strengths == sorted(strengths, reverse=True)
    assert {one.name for one in found.findings}.isdisjoint(found.skipped)
    assert len(found.findings) + len(found.skipped) == len(properties(text))
    assert found.read == len(text) - 2
    shown = [one.finding.unit for one in found.pictures]
    assert len(set(shown)) == len(shown) >= 3
    assert {one.finding for one in found.pictures} <= set(found.findings)
    for one in found.pictures:
        passage = one.passage.text
        assert text[one.start :].startswith(passage)
        assert one.start >= found.read // 2
        h = states[1 + one.start :, one.finding.unit]
        levels = ["abcdefg".index(look) for look in one.passage.looks.lower()]
        assert levels == [
            sum(edge <= h[t] for edge in EDGES) for t in range(len(passage))
        ]


def test_a_picture_is_the_passage_most_like_the_half() -> None:
    text, rng = make_book(60), np.random.default_rng(1)
    ids, asked = Vocabulary.of(text).encode(text), properties(text)
    states = rng.uniform(-1, 1, (3, len(text))).astype(np.float32)
    parts = slice(0, len(text) // 2), slice(len(text) // 2, len(text))
    first, second = (half_of(ids, states, part, asked) for part in parts)
    for one in asked:
        finding = find(one, first, second)
        found = picture(finding, one, second, [(second.at.start, text[second.at])])
        apart: dict[tuple[int, int], tuple[int, float]] = {}
        values, chosen = one.values, one.among.chosen
        for span in (second.at.start + spans(text[second.at], 280, 400)).tolist():
            at = slice(*span)
            here = values[at][chosen[at]]
            ranks = twice_ranks(
                states[finding.unit : finding.unit + 1, at][:, chosen[at]]
            )
            sign = 1 if finding.is_higher else -1
            strength = sign * strengths(ranks, here, is_graded=one.is_graded)[0]
            having = int(np.count_nonzero(here))
            rarer = min(having, len(here) - having, 10)
            measured = auc_or_correlation(strength, is_graded=one.is_graded)
            apart[span[0], span[1]] = (-rarer, abs(measured - finding.measure))
        passage = found.passage.text
        start, end = min(apart, key=lambda span: apart[span])
        assert (found.start, passage) == (start, text[start:end])
        assert LEAST_PASSAGE <= len(passage) <= MOST_PASSAGE
        marks = [look.isupper() for look in found.passage.looks]
        holds = (values > 0) & chosen & (not one.is_graded)
        assert marks == holds[start:end].tolist()


def test_reading_in_pieces_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    book = make_network(make_book(120), np.float32)

    def both() -> tuple[Surprise, Units | None]:
        return surprise(*book, part_bits=PART_BITS), units(*book)

    at_once = both()
    assert at_once[0].read == len(book[1]) - 1 > 2_100
    for where in ("network.scoring", "inspection.units"):
        monkeypatch.setattr(f"charrnn.{where}.steps_at_once", lambda _: 100)
    monkeypatch.setattr("charrnn.inspection.findings._BLOCK", 4)
    assert both() == at_once


@pytest.mark.parametrize("length", [1, 2, 3, 90])
def test_a_short_part_shows_what_there_is(length: int) -> None:
    model, ids, _, vocabulary = make_network(make_book(10))
    part = (Piece(5, 5 + length),)
    assert units(model, ids, part, vocabulary) is None
    found = surprise(model, ids, part, vocabulary, part_bits=PART_BITS)
    assert (found.start, found.characters) == (5, length)
    assert surprise(model, ids, part, vocabulary).part_bits == found.bits


def test_the_blocks_of_a_part_are_read_like_one_text_each() -> None:
    model, ids, (whole,), vocabulary = make_network(make_book(400), np.float32)
    third = whole.end // 3
    blocks = (Piece(1, 2000), Piece(third, third + 3000), Piece(2 * third, whole.end))
    page = surprise(model, ids, blocks, vocabulary, part_bits=PART_BITS)
    one_by_one = [
        surprise(model, ids, (block,), vocabulary, part_bits=PART_BITS)
        for block in blocks
    ]
    best = min(one_by_one, key=lambda one: abs(one.bits - PART_BITS))
    assert page == best._replace(read=size(blocks))
    found = units(model, ids, blocks, vocabulary)
    assert found is not None
    assert found.read == size(blocks) - 1
    text = vocabulary.decode(ids)
    for one in found.pictures:
        start, end = one.start, one.start + len(one.passage.text)
        assert text[start:end] == one.passage.text
        assert any(block.start <= start and end <= block.end for block in blocks)


def test_no_more_is_read_than_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids, _, vocabulary = make_network(make_book(200), np.float32)
    monkeypatch.setattr("charrnn.inspection.surprise.MOST_READ", 5_000)
    monkeypatch.setattr("charrnn.inspection.units.MOST_READ", 5_000)
    few = (Piece(1, 5_002),)
    for part in (few, (Piece(1, len(ids)),), (*few, Piece(5_100, len(ids)))):
        page = surprise(model, ids, part, vocabulary, part_bits=PART_BITS)
        found = units(model, ids, part, vocabulary)
        assert page == surprise(model, ids, few, vocabulary, part_bits=PART_BITS)
        assert found == units(model, ids, few, vocabulary)
        assert found is not None
        assert (page.read, found.read) == (5_000, 5_000)


def test_what_is_found_goes_through_a_file(scratch: Path) -> None:
    _, _, _, of_page, of_units = inspected()
    both = InspectionMetrics(
        weights_file_sha256="0f", part="test", surprise=of_page, units=of_units
    )
    for found in (both, both.model_copy(update={"units": None})):
        write_json(scratch, found.content())
        assert read_metrics(InspectionMetrics, scratch) == found
    damaged = both.content()
    damaged["surprise"]["page"]["looks"] += "a"
    write_json(scratch, damaged)
    with pytest.raises(ArtifactError, match=r"damaged: a passage has .* looks"):
        read_metrics(InspectionMetrics, scratch)


def test_the_page_shows_the_text_whatever_is_in_it() -> None:
    _, _, _, of_page, of_units = inspected()
    hostile = '<script>alert("&amp;\'")</script>\n\t\x00\u202e{{ 7 }}'
    shown = formats.visible(hostile).replace("\n", "↵\n")
    assert "\x00" not in shown
    looks = "aAbBcCdDeEfFgG"
    every = Passage(
        hostile * len(looks), "".join(look * len(hostile) for look in looks)
    )
    moment = Moment("<i>\n", "<", "&lt;", 9.5, (Guess("<", 0.5), Guess("\n", 0.25)))
    page = of_page._replace(page=every, moments=(moment,))
    finding = of_units.findings[0]._replace(name="<b>", meaning="<u>", among="<s>")
    pictures = (Picture(finding, every, 7, 0.75),)
    units = of_units._replace(findings=(finding,), pictures=pictures)
    of_page_html = rendered(
        TEMPLATES, "surprise.html", {"surprise": page, "read_part": "the test part"}
    )
    of_units_html = rendered(
        TEMPLATES, "units.html", {"units": units, "read_part": "the test part"}
    )
    for html, texts in (
        (of_page_html, [shown * 14, "…<i>↵ <&lt;…"]),
        (of_units_html, [shown * 14]),
    ):
        # The parser refuses an element that does not end where it should.
        found = ElementTree.fromstring(f"<main>{html}</main>").iterfind(
            ".//*[@class='text']"
        )
        assert ["".join(one.itertext()) for one in found] == texts
        assert not re.search("<(script|i|s)>|\x00", html)
    assert "<b>&lt;</b>” 50" in of_page_html
    assert "a newline 25" in of_page_html
    assert "&lt;b&gt; <small>&lt;u&gt;" in of_units_html


@pytest.mark.parametrize("graded", [False, True])
def test_one_finding_makes_a_page_too(graded: bool) -> None:
    _, _, _, _, of_units = inspected()
    findings = tuple(one for one in of_units.findings if one.is_graded == graded)[:1]
    pictures = (Picture(findings[0], Passage("a", "a"), 7, 0.75),)
    few = of_units._replace(
        findings=findings, pictures=pictures, skipped=(), hidden_size=1
    )
    html = rendered(
        TEMPLATES, "units.html", {"units": few, "read_part": "the test part"}
    )
    assert html.count("<table") == 1
    assert "the only hidden unit was" in html
    assert "1 property" in html
    assert "Not tested" not in html


def test_an_even_choice_costs_one_bit_everywhere() -> None:
    vocabulary = Vocabulary("ab")
    weights = initial_weights(3, 2, sigma=0, dtype=float, rng=np.random.default_rng(0))
    model, ids = Model(weights, weights.b, weights), vocabulary.encode("abba" * 9)
    found = surprise(model, ids, (Piece(1, 36),), vocabulary, part_bits=1.0)
    assert found.page == (("abba" * 9)[1:], "c" * 35)
    assert found.levels[2] == Level(1.0, 2.0, 35, 1.0, 1.0)
    assert found.moments[0].expected == (Guess("a", 0.5), Guess("b", 0.5))
