"""The model that the options name."""

import argparse

from charrnn.errors import ArtifactError
from charrnn.files.checks import reading
from charrnn.files.models import SavedModel, load_model


def model_of_options(options: argparse.Namespace) -> SavedModel:
    """Return the model, its vocabulary and its recipe.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged.
    """
    with reading(options.model):  # a name can be too long to be looked up
        exists = options.model.exists()
    if not exists:
        message = (
            f"{options.model}: there is no such file; dvc repro makes the file, --model "
            f"names another one"
        )
        raise ArtifactError(message)
    return load_model(options.model)
