"""The standard output: UTF-8 in every locale, no control characters to a terminal."""

import io
import json
import os
import select
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from charrnn.cli.terminal import is_terminal
from charrnn.errors import BookError, visible
from charrnn.files.checks import reading

# For a text in one field of a table: no tab, no newline, no other control character.
_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    ord("\\"): r"\\",
    ord("\t"): r"\t",
}


def prepare_streams() -> None:
    r"""Let the standard output take any text: UTF-8 with \n, whatever the locale."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the calling process closed the stream
            null = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            setattr(sys, name, null)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            encoding="utf-8", errors="backslashreplace", newline="\n"
        )


def discard_output() -> None:
    """Discard the buffered output, so that Python's own flush at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def safe_to_show(text: str) -> str:
    """Return the text as it may go to the standard output.

    A terminal gets pictures instead of control characters, which a hostile book can have
    brought into the vocabulary; a pipe or a file gets the text itself.
    """
    return visible(text) if is_terminal(sys.stdout) else text


def escaped(text: str) -> str:
    r"""Return the text as one field of a table: ``\\``, ``\t``, ``\x1b``."""
    return text.translate(_ESCAPES)


def print_json(content: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Print an object, pure ASCII; without `indent` on one line."""
    text = json.dumps(content, indent=indent, sort_keys=True, allow_nan=False)
    sys.stdout.write(f"{text}\n")


def print_aligned(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and their texts in two columns; a text may have several lines."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        for place, line in enumerate(text.split("\n")):
            label = "" if place else name
            sys.stdout.write(f"{label:{width}}  {safe_to_show(line)}\n")


def standard_input() -> bytes:
    """Return all that the standard input holds."""
    if sys.stdin is None:
        message = "is closed"
        raise BookError(message)
    typed = is_terminal(sys.stdin)
    if typed:
        end = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"
        sys.stderr.write(f"charrnn: reading the terminal; {end} ends the text\n")
    with reading(Path("the standard input")):  # which may be a folder
        if typed and sys.platform != "win32":
            return _typed()
        return sys.stdin.buffer.read()


def _typed() -> bytes:
    """Return all that is typed, and let Ctrl-C end the program.

    Python runs a handler between two steps of its own: Ctrl-C between the last step and a
    read that waits would wait for the read.
    """
    pieces = []
    while True:
        while not select.select([sys.stdin], [], [], 0.1)[0]:
            pass
        pieces.append(os.read(sys.stdin.fileno(), 1 << 20))
        if not pieces[-1]:
            return b"".join(pieces)
