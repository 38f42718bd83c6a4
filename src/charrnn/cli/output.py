"""Text on the standard output: UTF-8 always, and harmless where somebody looks."""

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from charrnn.cli.terminal import is_terminal

# What a control character looks like: Unicode has pictures of ASCII's.  Newline and tab
# are no danger; the others could move the cursor or worse.
_PICTURES = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
}
# For a text in one field of a table: no tab, no line end, nothing that moves the cursor.
_ESCAPES = {
    ord("\\"): r"\\",
    ord("\t"): r"\t",
    **{
        code: f"\\x{code:02x}"
        for code in (*range(0x20), *range(0x7F, 0xA0))
        if code != ord("\t")
    },
}


def prepare_streams() -> None:
    r"""Let the standard output take any text: UTF-8 with \n, whatever the locale."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            null = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            setattr(sys, name, null)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            encoding="utf-8", errors="backslashreplace", newline="\n"
        )


def forget_output() -> None:
    """Let what nobody takes go nowhere: Python would complain when it flushes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def visible(text: str) -> str:
    """Return the text as it may go to the standard output.

    That is the text itself; but in a terminal control characters, which a hostile book
    can have brought into the vocabulary, are replaced by pictures of them.
    """
    return text.translate(_PICTURES) if is_terminal(sys.stdout) else text


def field(text: str) -> str:
    r"""Return the text as it may stand in a table: ``\\``, ``\t``, ``\x1b``."""
    return text.translate(_ESCAPES)


def write_json(content: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Write an object, pure ASCII; with no `indent` on one line."""
    text = json.dumps(content, indent=indent, sort_keys=True, allow_nan=False)
    sys.stdout.write(f"{text}\n")


def write_aligned(rows: Iterable[tuple[str, str]]) -> None:
    """Write names and what they stand for, in two columns."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        first, *more = text.split("\n")
        sys.stdout.write(f"{name:{width}}  {visible(first)}\n")
        for line in more:
            sys.stdout.write(f"{'':{width}}  {visible(line)}\n")
