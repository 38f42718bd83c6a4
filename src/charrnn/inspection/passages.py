"""Passages of a text that the report colours: their bounds and their looks.

A passage begins at the start of a line and ends at the end of a line if such a passage
has the right length; else at the bounds of words; else anywhere.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.inspection.results import Passage


def coloured(
    text: str, levels: NDArray[np.integer[Any]], marks: NDArray[np.bool_]
) -> Passage:
    """Return a text with the level of colour, (N,), and the underline, (N,), of each character."""
    looks = (
        chr(ord("A" if is_marked else "a") + level)
        for level, is_marked in zip(levels.tolist(), marks.tolist(), strict=True)
    )
    return Passage(text, "".join(looks))


def spans(text: str, least: int, most: int) -> NDArray[np.int64]:
    """Return the bounds of the passages of `least` to `most` characters.

    A passage begins at the start of a line that `most` characters follow, and ends at the
    last end of a line within these, else at the last end of a word.  The start of the text
    is no start of a line: it may be the middle of one.  A text of at most `most`
    characters is one passage.

    Returns
    -------
    (n, 2) int64
        The start and the end of each passage, in order; the end is exclusive and n is at
        least 1.
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
    """Return the positions after the breaks."""
    return np.flatnonzero(is_break).astype(np.int64) + 1
