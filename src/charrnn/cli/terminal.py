"""Whether a stream is a terminal, and text styles for a terminal."""

import os
from typing import TextIO

_STYLES = {"bold": 1, "red": 31, "green": 32}


def is_terminal(stream: TextIO) -> bool:
    """Return whether the stream is an open terminal."""
    return not stream.closed and stream.isatty()


def styled(text: str, style: str, stream: TextIO) -> str:
    """Return the text for the stream: bold, red or green in a terminal.

    The text stays plain in a pipe or a file, with NO_COLOR (no-color.org), in a terminal
    whose TERM is dumb, and in a console of Windows that may not know the codes.
    """
    knows_codes = (
        "WT_SESSION" in os.environ
        if os.name == "nt"
        else os.environ.get("TERM", "dumb") != "dumb"
    )
    if not is_terminal(stream) or os.environ.get("NO_COLOR") or not knows_codes:
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"
