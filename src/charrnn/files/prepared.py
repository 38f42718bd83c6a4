"""The files of a prepared book: its vocabulary, and its parts as ids."""

from pathlib import Path
from typing import Any

from charrnn.errors import ArtifactError, VocabularyError
from charrnn.files.arrays import read_ids
from charrnn.files.artifacts import read_json
from charrnn.files.checks import check_version
from charrnn.text.vocabulary import Ids, Vocabulary, check_ids

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


def load_ids(path: Path, vocabulary: Vocabulary) -> Ids:
    """Memory-map a part of a book: ids of a vocabulary, (N,), read-only.

    Raises
    ------
    ArtifactError
        If the file cannot be read or is damaged, or if an id is not below K.
    """
    ids = read_ids(path)
    try:
        check_ids(ids, vocabulary.size)
    except VocabularyError as error:
        message = f"{path}: {error}"
        raise ArtifactError(message) from None
    return ids
