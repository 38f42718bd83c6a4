"""The folder of the model that training goes on from: `train.start`."""

from pathlib import Path

from charrnn.errors import ArtifactError, VocabularyError
from charrnn.files.arrays import read_arrays
from charrnn.files.checks import reading
from charrnn.text.vocabulary import Vocabulary

# The files of the folder that are models.
PATTERN_OF_MODELS = "*.safetensors"


def start_file(folder: Path) -> Path | None:
    """Return the model in a folder, or None if weights are to be drawn.

    Raises
    ------
    ArtifactError
        If the path is not a folder, or the folder has several models.
    """
    with reading(folder):
        if not folder.is_dir():
            message = f"{folder}: is not a folder; train.start names it"
            raise ArtifactError(message)
        files = sorted(folder.glob(PATTERN_OF_MODELS))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        message = f"{folder}: has several models, {names}: it should have at most one"
        raise ArtifactError(message)
    return files[0] if files else None


def start_vocabulary(file: Path, text: Vocabulary) -> Vocabulary:
    """Return the vocabulary of a model, for a text of other characters.

    Raises
    ------
    ArtifactError
        If the file cannot be read or is no model.
    VocabularyError
        If the text has a character that the model does not know.
    """
    _, header = read_arrays(file)
    try:
        known = Vocabulary(header["characters"])
    except (KeyError, TypeError, VocabularyError):
        message = f"{file}: is not a model of this charrnn: it names no characters"
        raise ArtifactError(message) from None
    missing = sorted(set(text.characters) - set(known.characters))
    if missing:
        named = ", ".join(repr(character) for character in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        message = (
            f"{len(missing)} of the text's characters are not among the {known.size} of "
            f"{file}, which training is to go on from: {named}{more}; remove them from "
            f"the text, or take the model away"
        )
        raise VocabularyError(message)
    return known
