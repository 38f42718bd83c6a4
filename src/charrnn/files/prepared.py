"""The files of a prepared book: its vocabulary, its ids, and the bounds of its parts."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charrnn.errors import ArtifactError, VocabularyError
from charrnn.files.arrays import read_ids
from charrnn.files.artifacts import read_json
from charrnn.files.checks import check_version
from charrnn.text.parts import Corpus, Parts, Piece
from charrnn.text.vocabulary import Vocabulary, check_ids

# Increased when the meaning of vocabulary.json changes.
VOCABULARY_VERSION = 1


def vocabulary_content(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return what the JSON file of a vocabulary holds: its characters and their digest."""
    return {
        "characters": vocabulary.characters,
        "sha256": vocabulary.digest,
        "version": VOCABULARY_VERSION,
    }


def load_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary.

    Raises
    ------
    ArtifactError
        If the file cannot be read, is damaged, or is of another version.
    """
    content = read_json(path)
    if "characters" not in content:
        message = f"{path}: is not a vocabulary: it has no 'characters'"
        raise ArtifactError(message)
    check_version(path, content.get("version"), VOCABULARY_VERSION)
    characters, digest = content.get("characters"), content.get("sha256")
    if not isinstance(characters, str):
        message = f"{path}: damaged: its 'characters' are not a text"
        raise ArtifactError(message)
    try:
        vocabulary = Vocabulary(characters)
        is_whole = vocabulary.digest == digest
    except (VocabularyError, UnicodeEncodeError) as error:
        message = f"{path}: damaged: {error}"
        raise ArtifactError(message) from None
    if not is_whole:
        message = f"{path}: damaged: its characters do not have the sha256 it names"
        raise ArtifactError(message)
    return vocabulary


def parts_content(parts: Parts, **items: Sequence[int]) -> dict[str, Any]:
    """Return what the JSON file of the parts holds.

    Parameters
    ----------
    parts : Parts
        The bounds of their pieces.
    **items : sequence of int
        The numbers of the held-out items of a list.
    """
    drawn = {f"{name}_items": list(numbers) for name, numbers in items.items()}
    return drawn | {
        name: [list(piece) for piece in part] for name, part in parts._asdict().items()
    }


def load_book(ids_path: Path, parts_path: Path, vocabulary: Vocabulary) -> Corpus:
    """Memory-map the ids of a book, read-only, and read the bounds of its parts.

    Raises
    ------
    ArtifactError
        If a file cannot be read or is damaged, if an id is not below K, or if the pieces
        are not in the book or overlap.
    """
    ids, content = read_ids(ids_path), read_json(parts_path)
    try:
        check_ids(ids, vocabulary.size)
    except VocabularyError as error:
        message = f"{ids_path}: {error}"
        raise ArtifactError(message) from None
    try:
        parts = Parts(
            *(tuple(Piece(*piece) for piece in content[name]) for name in Parts._fields)
        )
        pieces = sorted(itertools.chain(*parts))
        bounds = list(itertools.chain(*pieces))
        is_right = (
            all(type(bound) is int for bound in bounds)
            and all(start < end for start, end in pieces)
            and bounds == sorted(bounds)
            and all(list(part) == sorted(part) for part in parts)
            and bounds[0] >= 0
            and bounds[-1] <= len(ids)
            and pieces[0] in parts.training
        )
    except (KeyError, IndexError, TypeError):
        is_right = False
    if not is_right:
        message = (
            f"{parts_path}: damaged: not the bounds of pieces of {len(ids)} characters"
        )
        raise ArtifactError(message)
    return Corpus(ids, *parts)
