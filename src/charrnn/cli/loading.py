"""The model and the vocabulary that the options name."""

import argparse

from charrnn.errors import ArtifactError
from charrnn.files.checks import reading
from charrnn.files.models import load_model
from charrnn.files.prepared import load_vocabulary
from charrnn.network.model import Weights
from charrnn.text.vocabulary import Vocabulary


def load_vocabulary_and_weights(
    options: argparse.Namespace,
) -> tuple[Vocabulary, Weights]:
    """Return the vocabulary and the weights.

    Raises
    ------
    ArtifactError
        If one of the files is missing or damaged, or if the model was trained with
        another vocabulary.
    """
    for name in ("model", "vocabulary"):
        path = getattr(options, name)
        with reading(path):  # a name can be too long to be looked up
            exists = path.exists()
        if not exists:
            message = (
                f"{path}: there is no such file; dvc repro makes the file, --{name} "
                f"names another one"
            )
            raise ArtifactError(message)
    vocabulary = load_vocabulary(options.vocabulary)
    return vocabulary, load_model(options.model, vocabulary)
