"""Tests of books, vocabularies, ids and parts."""

import codecs
import io
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.errors import BookError, VocabularyError
from charrnn.text import vocabulary
from charrnn.text.book import decode_book
from charrnn.text.parts import split, window_count
from charrnn.text.vocabulary import Vocabulary, counts

CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, min_size=1)
LINES = st.text(st.sampled_from("\r\na\ufeff"), min_size=1)
ASTRAL = "a\x00é\u2028ἀ\ufeff🙂\U0010ffff"


@given(TEXTS | LINES)
def test_a_book_is_its_text_with_unified_line_ends(text: str) -> None:
    book = decode_book(codecs.BOM_UTF8 + text.encode())
    assert book.text == io.StringIO(text, newline=None).read()
    if not text.startswith("\ufeff"):
        assert decode_book(text.encode()).text == book.text


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (b"a\nb\n", ()),
        (b"\xef\xbb\xbfa", ("dropped the byte order mark at its start",)),
        (b"a\r\nb\rc\n", (r"turned 2 line ends with \r into \n",)),
        (
            b"\xef\xbb\xbfa\r\n",
            (
                "dropped the byte order mark at its start",
                r"turned 1 line ends with \r into \n",
            ),
        ),
    ],
)
def test_what_was_changed_in_a_book_is_noted(
    content: bytes, notes: tuple[str, ...]
) -> None:
    assert decode_book(content).notes == notes


@given(st.booleans(), st.text(CHARACTERS), st.binary())
def test_the_first_byte_that_is_not_utf8_is_named(
    mark: bool, before: str, after: bytes
) -> None:
    content = codecs.BOM_UTF8 * mark + before.encode()
    rule = rf"^not UTF-8: byte 0xff at offset {len(content)}( |$)"
    with pytest.raises(BookError, match=rule):
        decode_book(content + b"\xff" + after)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_recognised(encoding: str) -> None:
    with pytest.raises(BookError, match=r"\(it looks like UTF-16; save it as UTF-8\)$"):
        decode_book("\ufeffIn the beginning".encode(encoding))


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF8])
def test_an_empty_book_is_refused(content: bytes) -> None:
    with pytest.raises(BookError, match=r"^the book is empty$"):
        decode_book(content)


@given(TEXTS)
def test_a_vocabulary_is_the_sorted_set_of_a_texts_characters(text: str) -> None:
    vocabulary = Vocabulary.of(text)
    assert vocabulary.characters == "".join(sorted(set(text)))
    assert vocabulary.size == len(set(text))


@given(TEXTS, st.integers(1, 5))
@example(ASTRAL, 2)
def test_ids_stand_for_the_text_that_they_came_from(text: str, piece: int) -> None:
    vocabulary = Vocabulary.of(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charrnn.text.vocabulary._PIECE", piece)
        assert Vocabulary.of(text) == vocabulary
        ids = vocabulary.encode(text)
    assert ids.tolist() == [vocabulary.characters.index(a) for a in text]
    assert vocabulary.decode(ids) == text


@pytest.mark.parametrize(
    ("size", "dtype"),
    [
        (1, np.uint8),
        (2, np.uint8),
        (256, np.uint8),
        (257, np.uint16),
        (65536, np.uint16),
        (65537, np.uint32),
    ],
)
def test_ids_have_the_smallest_type(size: int, dtype: type[np.generic]) -> None:
    text = "".join(chr(0xE000 + i) for i in range(size))
    vocabulary = Vocabulary.of(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == dtype
    assert ids.tolist() == list(range(size))
    assert vocabulary.decode(ids) == text
    unknown = rf"^character 'b' \(U\+0062\) at position 1 is not among the {size} of"
    with pytest.raises(VocabularyError, match=unknown):
        vocabulary.encode("\ue000b")


@given(TEXTS, st.text(CHARACTERS), CHARACTERS, st.integers(1, 5))
def test_the_first_unknown_character_is_named(
    known: str, after: str, unknown: str, piece: int
) -> None:
    vocabulary = Vocabulary("".join(sorted(set(known) - {unknown}) or "\x00"))
    before = "".join(a for a in known if a in vocabulary.characters)
    if unknown in vocabulary.characters:
        return
    rule = (
        f"character {unknown!r} (U+{ord(unknown):04X}) at position {len(before)} "
        f"is not among the {vocabulary.size} of the vocabulary"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charrnn.text.vocabulary._PIECE", piece)
        with pytest.raises(VocabularyError, match=f"^{re.escape(rule)}$"):
            vocabulary.encode(before + unknown + after)


def test_an_unknown_character_far_on_is_named_with_its_position() -> None:
    text = "a" * (vocabulary._PIECE + 5)
    with pytest.raises(VocabularyError, match=f"'b' .* position {len(text)} is not"):
        Vocabulary("a").encode(text + "b" + text)


def test_a_lone_surrogate_is_named() -> None:
    with pytest.raises(VocabularyError, match=r"'\\ud800' \(U\+D800\) at position 1 "):
        Vocabulary("a").encode("a\ud800")


@pytest.mark.parametrize("ids", [[0, 3], [-1, 0], [2**40]])
def test_ids_outside_the_vocabulary_are_not_decoded(ids: list[int]) -> None:
    with pytest.raises(VocabularyError, match=r"^an id lies outside 0 to 2$"):
        Vocabulary("abc").decode(np.array(ids))


def test_no_ids_are_the_empty_text() -> None:
    assert Vocabulary("a").decode(np.array([], np.uint8)) == ""
    assert len(Vocabulary("a").encode("")) == 0


@pytest.mark.parametrize(
    ("characters", "rule"),
    [
        ("", "a vocabulary needs at least one character"),
        ("ba", "the characters of a vocabulary must be distinct and sorted"),
        ("aab", "the characters of a vocabulary must be distinct and sorted"),
    ],
)
def test_a_vocabulary_is_not_empty_and_sorted(characters: str, rule: str) -> None:
    with pytest.raises(VocabularyError, match=f"^{rule}$"):
        Vocabulary(characters)


@given(st.integers(0, 300), st.floats(0, 1), st.floats(0, 1))
def test_the_parts_of_a_book_make_up_the_whole(
    length: int, validation: float, test: float
) -> None:
    held_out = {
        "validation_fraction": validation,
        "test_fraction": (1 - validation) * test,
    }
    ids = np.arange(length, dtype=np.uint16)
    parts = split(ids, **held_out)
    np.testing.assert_array_equal(np.concatenate(parts), ids)
    assert len(parts.validation) == int(validation * length)
    assert len(parts.test) == int(held_out["test_fraction"] * length)
    assert all(np.shares_memory(part, ids) for part in parts if len(part))


@given(st.lists(st.integers(0, 9)), st.integers(10, 12), st.integers(1, 5))
def test_every_id_is_counted(ids: list[int], size: int, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charrnn.text.vocabulary._PIECE", piece)
        found = counts(np.array(ids, np.uint8), size)
    assert found.tolist() == [Counter(ids)[i] for i in range(size)]
    assert found.dtype == np.int64


@given(st.integers(1, 30), st.integers(0, 5), st.data())
def test_a_text_has_as_many_windows_as_fit(
    T: int, windows: int, data: st.DataObject
) -> None:
    rest = data.draw(st.integers(1, T))  # every remainder, T + 1 exactly, and fewer
    assert window_count(windows * T + rest, T) == windows
    assert window_count(0, T) == 0
