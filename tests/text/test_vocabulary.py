"""Books, vocabularies and ids."""

import codecs
import io
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.errors import BookError, VocabularyError
from charrnn.text.book import decode_book
from charrnn.text.vocabulary import Vocabulary, counts

BOM = codecs.BOM_UTF8
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, min_size=1)
LINES = st.text(st.sampled_from("\r\na\ufeff"), min_size=1)
ASTRAL = "a\x00é\u2028ἀ\ufeff🙂\U0010ffff"
PIECE = "charrnn.text.vocabulary._PIECE"


@given(TEXTS | LINES)
def test_a_book_is_its_text_with_unified_line_ends(text: str) -> None:
    book = decode_book(BOM + text.encode())
    assert book.text == io.StringIO(text, newline=None).read()
    if not text.startswith("\ufeff"):
        assert decode_book(text.encode()).text == book.text


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (b"a\nb\n", []),
        (BOM + b"a", ["dropped the byte order mark at its start"]),
        (b"a\r\nb\rc\n", [r"turned 2 line ends with \r into \n"]),
        (b"aaaa\t\x00", ["kept 1 control characters, such as NUL"]),
        (
            BOM + b"a\r\n\x00",
            [
                "dropped the byte order mark at its start",
                r"turned 1 line ends with \r into \n",
                "kept 1 control characters, such as NUL",
                "much of it is NUL: if it is UTF-16, type iconv -f utf-16-le -t UTF-8",
            ],
        ),
    ],
)
def test_what_was_changed_or_looks_wrong_is_noted(
    content: bytes, notes: list[str]
) -> None:
    assert decode_book(content).notes == tuple(notes)


@given(st.booleans(), st.text(CHARACTERS), st.binary())
def test_the_first_byte_that_is_not_utf8_is_named(
    mark: bool, before: str, after: bytes
) -> None:
    content = BOM * mark + before.encode()
    rule = rf"^not UTF-8: byte 0xff at offset {len(content)}(;|$)"
    with pytest.raises(BookError, match=rule):
        decode_book(content + b"\xff" + after)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (
            "\ufeffIn".encode("utf-16-le"),
            r"; it looks like utf-16: type iconv -f utf-16 -t UTF-8$",
        ),
        (
            "\ufeffIn".encode("utf-16-be"),
            r"; it looks like utf-16: type iconv -f utf-16 -t UTF-8$",
        ),
        (b"\x1f\x8b\x08\x00", "^is compressed by gzip: unpack it with gunzip$"),
        (b"", "^the book is empty$"),
        (BOM, "^the book is empty$"),
    ],
)
def test_utf_16_gzip_and_an_empty_book_are_refused(content: bytes, rule: str) -> None:
    with pytest.raises(BookError, match=rule):
        decode_book(content)


FRENCH = "Il était une fois, où l'été « dure », une jeune fille gelée. " * 3
GERMAN = "Über die Größe der Bäume, der schönen Töchter und Flüsse. " * 3
RUSSIAN = "Жил-был старик со своею старухой у самого синего моря. " * 3  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(FRENCH, "cp1252"), (GERMAN, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "utf-16")],
)
def test_another_encoding_is_proposed_and_then_read(text: str, encoding: str) -> None:
    content = text.replace("\n", "\r\n").encode(encoding)
    with pytest.raises(
        BookError, match=f"; it looks like {encoding}: type {encoding}!$"
    ):
        decode_book(content, advice="{}!")
    assert decode_book(content, encoding).text == text


@given(LINES.map("a{}".format), st.sampled_from(["utf-16", "utf-32-be", "gb18030"]))
def test_a_book_is_the_same_in_every_encoding(text: str, encoding: str) -> None:
    book = decode_book(text.encode(encoding), encoding)
    assert book == decode_book(text.encode())


def test_a_byte_that_is_not_of_the_encoding_is_named() -> None:
    with pytest.raises(
        BookError, match=r"^not ascii: byte 0xe9 at offset 1; it looks "
    ):
        decode_book(b"t\xe9t\xe9", "ascii")


@given(TEXTS, st.integers(1, 5))
@example(ASTRAL, 2)
def test_ids_are_places_among_the_sorted_characters_and_are_counted(
    text: str, piece: int
) -> None:
    vocabulary = Vocabulary.of(text)
    assert vocabulary.characters == "".join(sorted(set(text)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PIECE, piece)
        assert Vocabulary.of(text) == vocabulary
        ids = vocabulary.encode(text)
        found = counts(ids, vocabulary.size + 1)
    assert found.dtype == np.int64
    assert found.tolist() == [*map(text.count, vocabulary.characters), 0]
    assert ids.tolist() == [vocabulary.characters.index(a) for a in text]
    assert vocabulary.decode(ids) == text
    assert len(vocabulary.encode("")) == 0
    assert vocabulary.decode(ids[:0]) == ""


@pytest.mark.parametrize(
    ("size", "dtype"),
    [
        (1, np.uint8),
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
    with pytest.raises(VocabularyError, match=rf"1 is not among the {size} of"):
        vocabulary.encode("\ue000b")


@given(TEXTS, st.text(CHARACTERS), CHARACTERS, st.integers(1, 5))
@example("a", "a", "\ud800", 1)  # a lone surrogate, as an argument may have
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
        patch.setattr(PIECE, piece)
        with pytest.raises(VocabularyError, match=f"^{re.escape(rule)}$"):
            vocabulary.encode(before + unknown + after)


@pytest.mark.parametrize("ids", [[0, 3], [-1, 0], [2**40]])
def test_ids_outside_the_vocabulary_are_not_decoded(ids: list[int]) -> None:
    with pytest.raises(VocabularyError, match=r"^an id lies outside 0 to 2$"):
        Vocabulary("abc").decode(np.array(ids))


@pytest.mark.parametrize("characters", ["", "ba", "aab"])
def test_a_vocabulary_is_not_empty_and_sorted(characters: str) -> None:
    rules = ("needs at least one character$", "must be distinct and sorted$")
    with pytest.raises(VocabularyError, match=rules[len(characters) > 0]):
        Vocabulary(characters)
