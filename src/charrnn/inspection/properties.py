"""Properties of the positions in a text that a hidden unit may track.

The properties are defined by Unicode's properties of characters, so that they apply to any
script; a property that a text lacks is not tested.  The position is that of the last
character read.  A word is an unbroken run of letters and of the marks that combine with
them; a line ends with a newline, a paragraph with an empty line.

Python 3.11 does not know the characters that Unicode added after its version 14.
"""

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Unicode has no property for vowels: those of three scripts, without accents.
_VOWELS = frozenset("aeiouαεηιουωаеиоуыэюяі")  # noqa: RUF001 Greek and Cyrillic letters
_QUOTATION = frozenset('"“”„«»')


class Places(NamedTuple):
    """Some of the positions in a text of N characters.

    Attributes
    ----------
    name : str
        Such as "letters".
    chosen : (N,) bool
    """

    name: str
    chosen: NDArray[np.bool_]


class Property(NamedTuple):
    """A property of the positions in a text of N characters.

    Attributes
    ----------
    name : str
    meaning : str
        When a position has the property, or what the property counts.
    is_graded : bool
        Whether the property is a count, and not binary.
    values : (N,) int64
        0 or 1, or the count.
    among : Places
        The positions at which the property is defined.
    """

    name: str
    meaning: str
    is_graded: bool
    values: NDArray[np.int64]
    among: Places


def properties(text: str) -> list[Property]:
    """Return the values of each property at each position of a text, in a fixed order."""
    is_letter = [_is_letter(character) for character in text]
    is_mark = [unicodedata.category(character)[0] == "P" for character in text]
    # 1 at the first letter of a word, 0 outside of words.
    nth = _counts_since([not letter for letter in is_letter], first=1)
    characters = Places("characters", np.ones(len(text), np.bool_))
    letters = Places("letters", np.array(is_letter, np.bool_))
    later = Places("letters except the first of a word", np.array(nth) > 1)
    return [
        _yes_or_no(
            "inside a word",
            "the character is a letter",
            is_letter,
            characters,
        ),
        _yes_or_no(
            "a word begins",
            "the letter is the first of its word",
            [n == 1 for n in nth],
            letters,
        ),
        _graded(
            "position in the word",
            "letters of the word before this letter",
            [max(0, n - 1) for n in nth],
            letters,
        ),
        _yes_or_no(
            "a word is about to end",
            "the next character is not a letter",
            [not letter for letter in is_letter[1:]] + [False],
            letters,
        ),
        _yes_or_no(
            "in a capitalised word",
            "the word began with a capital letter",
            _through_words(nth, lambda at: text[at].isupper()),
            later,
        ),
        _yes_or_no(
            "vowel",
            "the letter is a, e, i, o or u, or a Greek or Cyrillic vowel",
            [_is_vowel(character) for character in text],
            letters,
        ),
        _yes_or_no(
            "first word after punctuation",
            "a punctuation mark separates the word from the previous word",
            _through_words(nth, lambda at: _has_before(is_mark, is_letter, at)),
            letters,
        ),
        _graded(
            "distance from punctuation",
            "characters since the last punctuation mark",
            _counts_since(is_mark),
            characters,
        ),
        _graded(
            "distance from the start of the line",
            "characters of the line up to this character",
            _counts_since([character == "\n" for character in text]),
            characters,
        ),
        _yes_or_no(
            "in a number",
            "the character is a digit",
            [character.isdecimal() for character in text],
            characters,
        ),
        _yes_or_no(
            "in brackets",
            "a bracket is open in this paragraph",
            _in_brackets(text),
            characters,
        ),
        _yes_or_no(
            "in quotation marks",
            "the number of quotation marks so far in this paragraph is odd",
            _in_quotation(text),
            characters,
        ),
    ]


def _yes_or_no(name: str, meaning: str, has: list[bool], among: Places) -> Property:
    return Property(name, meaning, False, np.array(has, np.int64), among)


def _graded(name: str, meaning: str, counts: list[int], among: Places) -> Property:
    return Property(name, meaning, True, np.array(counts, np.int64), among)


def _is_letter(character: str) -> bool:
    return character.isalpha() or unicodedata.category(character)[0] == "M"


def _is_vowel(character: str) -> bool:
    lower = character.lower()
    return lower != "й" and unicodedata.normalize("NFD", lower)[0] in _VOWELS


def _counts_since(is_start: list[bool], *, first: int = 0) -> list[int]:
    """Count the characters since the last start, which counts 0; the text begins at `first`."""
    counts, count = [], first - 1
    for start in is_start:
        count = 0 if start else count + 1
        counts.append(count)
    return counts


def _through_words(nth: list[int], has: Callable[[int], bool]) -> list[bool]:
    """Return for each letter the value of `has` at the start of its word."""
    found, word_has = [], False
    for at, n in enumerate(nth):
        if n == 1:
            word_has = has(at)
        found.append(word_has and n > 0)
    return found


def _has_before(is_mark: list[bool], is_letter: list[bool], at: int) -> bool:
    """Return whether a mark stands between `at` and the previous letter."""
    while at > 0 and not is_letter[at - 1]:
        at -= 1
        if is_mark[at]:
            return True
    return False


def _ends_paragraph(text: str, at: int) -> bool:
    return text[at] == "\n" and text[at - 1 : at] == "\n"


def _in_brackets(text: str) -> list[bool]:
    # Brackets are mirrored in right-to-left text; «» are quotation marks.
    found, depth = [], 0
    for at, character in enumerate(text):
        category = unicodedata.category(character)
        if _ends_paragraph(text, at):
            depth = 0
        elif unicodedata.mirrored(character) and character not in _QUOTATION:
            depth = max(0, depth + (category == "Ps") - (category == "Pe"))
        found.append(depth > 0)
    return found


def _in_quotation(text: str) -> list[bool]:
    found, is_in = [], False
    for at, character in enumerate(text):
        if _ends_paragraph(text, at):
            is_in = False
        elif character in _QUOTATION:
            is_in = not is_in
        found.append(is_in)
    return found
