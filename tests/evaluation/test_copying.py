"""Tests of how much of a text is copied, against all its strings."""

from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.evaluation.copying import longest_copy, share_new

TEXTS = st.text("ab\n", max_size=12) | st.text(max_size=6)
BOOKS = st.text("ab\n", max_size=30) | st.text(max_size=6)


@given(TEXTS, BOOKS)
@example("abc", "")
@example("abxcd", "cd ab")
def test_the_longest_copy_is_the_first_of_the_longest_runs_in_both(
    text: str, book: str
) -> None:
    runs = [
        text[start:end]
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
        if text[start:end] in book
    ]
    assert longest_copy(text, book) == max(runs, key=len, default="")


@given(TEXTS, BOOKS, st.integers(1, 14))
@example("", "abc", 1)
@example("abd", "abc", 3)
@example("a", "", 1)
def test_the_share_of_new_strings_is_that_of_all_strings(
    text: str, book: str, length: int
) -> None:
    strings = [text[i:][:length] for i in range(len(text)) if i + length <= len(text)]
    there = {book[i:][:length] for i in range(len(book))}
    new = [string for string in strings if string not in there]
    expected = len(new) / len(strings) if strings else None
    assert share_new(text, book, length) == expected


@given(TEXTS, BOOKS, BOOKS)
def test_a_passage_of_the_book_is_copied_whole(
    text: str, before: str, after: str
) -> None:
    assert longest_copy(text, before + text + after) == text
    assert share_new(text, before + text + after, 1) in (0.0, None)
