"""Decoding a book: from bytes to text."""

import codecs
from typing import NamedTuple

from charrnn.errors import BookError

# The control characters of ASCII, except tab and newline.
_CONTROLS = bytes([*range(9), *range(11, 32), 127])
_GZIP = b"\x1f\x8b"
# Bytes before and after a bad one whose encoding is guessed.
_AROUND = 1 << 15


class Book(NamedTuple):
    """A decoded book, and notes on what was changed or looks wrong."""

    text: str
    notes: tuple[str, ...]


def decode_book(
    content: bytes, encoding: str = "utf-8", *, advice: str = "iconv -f {} -t UTF-8"
) -> Book:
    r"""Decode strictly; drop a byte order mark, turn all line ends into \n.

    Parameters
    ----------
    content : bytes
    encoding : str
        Any text encoding that Python knows.
    advice : str
        What to type if the text looks like another encoding, with {} for its name.

    Raises
    ------
    BookError
        If the bytes are not of the encoding (the message gives the offset, and the
        encoding that they look like) or are empty.
    """
    if content.startswith(_GZIP):
        message = "is compressed by gzip: unpack it with gunzip"
        raise BookError(message)
    notes = []
    skipped = 0
    if codecs.lookup(encoding).name != "utf-8":
        try:
            content = _decode(content, encoding, 0, advice).encode("utf-8")
        except UnicodeEncodeError:
            message = f"not {encoding}: it has half of a surrogate pair"
            raise BookError(message) from None
    if content.startswith(codecs.BOM_UTF8):
        skipped = len(codecs.BOM_UTF8)
        content = content[skipped:]
        notes.append("dropped the byte order mark at its start")
    if b"\r" in content:
        _decode(
            content, "utf-8", skipped, advice
        )  # so that an offset is one in the file
        ends = content.count(b"\r")
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        notes.append(f"turned {ends:,} line ends with \\r into \\n")
    text = _decode(content, "utf-8", skipped, advice)
    odd = len(content) - len(content.translate(None, _CONTROLS))
    if odd:
        notes.append(f"kept {odd:,} control characters, such as NUL")
    if content.count(0) > len(content) // 5:
        notes.append(
            "much of it is NUL: if it is UTF-16, type " + advice.format("utf-16-le")
        )
    if not text:
        message = "the book is empty"
        raise BookError(message)
    return Book(text, tuple(notes))


def _decode(content: bytes, encoding: str, skipped: int, advice: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        bad, offset = content[error.start], error.start + skipped
        name = encoding.upper() if encoding == "utf-8" else encoding
        message = f"not {name}: byte 0x{bad:02x} at offset {offset}"
        if found := _looks_like(content, error.start):
            message += f"; it looks like {found}: type {advice.format(found)}"
        raise BookError(message) from None


def _looks_like(content: bytes, at: int) -> str | None:
    """Return the likeliest encoding of the bytes around an offset, if one is likely."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    from charset_normalizer import from_bytes

    found = [
        name
        for match in from_bytes(
            content[max(0, at - _AROUND) : at + _AROUND], threshold=0.5
        )
        for name in (match.encoding, *match.could_be_from_charset)
        if _can_decode(content, name)
    ]
    # Of the code pages that share most letters, the one of Western Europe.
    return "cp1252" if "cp1252" in found else found[0] if found else None


def _can_decode(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
