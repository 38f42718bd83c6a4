"""Passages of a text that are to be coloured: where they may begin, and how they look.

A passage begins where a line begins and ends where one ends, if the text has lines of
such a length; else the same with words; else anywhere.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.inspection.results import Passage


def coloured(
    text: str, levels: NDArray[np.integer[Any]], marks: NDArray[np.bool_]
) -> Passage:
    """Return a text with its levels of colour, (N,), and where it is underlined, (N,)."""
    looks = (
        chr(ord("A" if is_marked else "a") + level)
        for level, is_marked in zip(levels.tolist(), marks.tolist(), strict=True)
    )
    return Passage(text, "".join(looks))


def spans(text: str, least: int, most: int) -> NDArray[np.int64]:
    """Say from where to where passages of `least` to `most` characters may go.

    They begin at a line's start behind which there are `most` characters, and end with
    the last line that does, or else with the last word.  The start of the text counts
    as none: it may be the middle of a line.  A text of `most` characters or fewer is
    one passage.

    Returns
    -------
    (n, 2) int64
        Of each, in their order, where its first character is and where the one after
        its last would be; n is at least 1.
    """
    if len(text) <= most:
        return np.array([[0, len(text)]])
    after_lines = _after([character == "\n" for character in text])
    after_words = _after([character.isspace() for character in text])
    anywhere = np.arange(len(text) - most + 1)
    for starts in (after_lines, after_words, anywhere):
        first = starts[starts + most <= len(text)]
        if len(first):
            break
    end = first + most
    for breaks in (after_words, after_lines):
        if len(breaks):
            last = breaks[np.searchsorted(breaks, first + most, side="right") - 1]
            end = np.where(last >= first + least, last, end)
    return np.stack([first, end], axis=1)


def _after(is_break: Sequence[bool]) -> NDArray[np.int64]:
    """Return the places behind the breaks."""
    return np.flatnonzero(is_break).astype(np.int64) + 1
