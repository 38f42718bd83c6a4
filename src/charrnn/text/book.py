"""Decoding a book: from bytes to text."""

import codecs
from typing import NamedTuple

from charrnn.errors import BookError

# The control characters of ASCII, except tab and newline.
_CONTROLS = bytes([*range(9), *range(11, 32), 127])


class Book(NamedTuple):
    """A decoded book, and notes on what was changed or looks wrong."""

    text: str
    notes: tuple[str, ...]


def decode_book(content: bytes) -> Book:
    r"""Decode UTF-8 strictly; drop a byte order mark, turn all line ends into \n.

    Raises
    ------
    BookError
        If the bytes are not UTF-8 (the message gives the offset) or are empty.
    """
    notes = []
    skipped = 0
    if content.startswith(codecs.BOM_UTF8):
        skipped = len(codecs.BOM_UTF8)
        content = content[skipped:]
        notes.append("dropped the byte order mark at its start")
    if b"\r" in content:
        _decode(content, skipped)  # so that an offset in an error is one in the file
        ends = content.count(b"\r")
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        notes.append(f"turned {ends:,} line ends with \\r into \\n")
    text = _decode(content, skipped)
    odd = len(content) - len(content.translate(None, _CONTROLS))
    if odd:
        notes.append(f"kept {odd:,} control characters, such as NUL")
    if content.count(0) > len(content) // 5:
        notes.append("much of it is NUL: is it UTF-16? Save it as UTF-8")
    if not text:
        message = "the book is empty"
        raise BookError(message)
    return Book(text, tuple(notes))


def _decode(content: bytes, skipped: int) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        bad, offset = content[error.start], error.start + skipped
        message = f"not UTF-8: byte 0x{bad:02x} at offset {offset}"
        if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            message += " (it looks like UTF-16; save it as UTF-8)"
        raise BookError(message) from None
