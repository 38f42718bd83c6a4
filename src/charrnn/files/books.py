"""A book on disk: a file, or a folder of files."""

from pathlib import Path

from charrnn.errors import BookError
from charrnn.files.artifacts import read_bytes
from charrnn.files.checks import reading
from charrnn.text.book import Book, decode_book

# The files of a folder that are the book.
PATTERN = "*.txt"


def read_book(path: Path, encoding: str) -> Book:
    """Read a file, or the .txt files of a folder, joined in the order of their names.

    A newline is put between two files where the first does not end with one, so that a
    folder of lists has no empty item.

    Raises
    ------
    ArtifactError
        If a file cannot be read.
    BookError
        If a file is not of the encoding or is empty, or the folder has no .txt file.
    """
    with reading(path):
        files = sorted(path.glob(PATTERN)) if path.is_dir() else [path]
    if not files:
        message = f"{path}: the folder has no file {PATTERN}"
        raise BookError(message)
    texts: list[str] = []
    notes: list[str] = []
    for file in files:
        try:
            text, changed = decode_book(
                read_bytes(file), encoding, advice="-S prepare.encoding={}"
            )
        except BookError as error:
            message = f"{file}: {error}"
            raise BookError(message) from None
        if texts and not texts[-1].endswith("\n"):
            texts.append("\n")
        texts.append(text)
        notes += [f"{file}: {note}" for note in changed]
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        notes.append(f"{path}: joined {len(files)} files: {names}")
    return Book("".join(texts), tuple(notes))
