"""The model file: a model with its vocabulary and its recipe, validated when read."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ArtifactError, VocabularyError
from charrnn.files.arrays import bytes_of_arrays, read_arrays
from charrnn.files.checks import check_version
from charrnn.files.start import start_file
from charrnn.network.model import Model, Weights, initial_weights, shapes
from charrnn.network.streams import Purpose, stream
from charrnn.settings import ModelConfig, Recipe, TrainConfig
from charrnn.text.vocabulary import Vocabulary

# Increased when the meaning of the file changes.
MODEL_VERSION = 2


class SavedModel(NamedTuple):
    """The content of a model file.

    Attributes
    ----------
    model : Model
    vocabulary : Vocabulary
    recipe : dict
        How the model was trained: the values of `charrnn.settings.Recipe`, by name.
    """

    model: Model
    vocabulary: Vocabulary
    recipe: dict[str, Any]


def arrays_of(model: Model) -> dict[str, NDArray[Any]]:
    """Return the arrays of a model by their names in files: b ... V, h, G_b ... G_V."""
    squares = {f"G_{name}": array for name, array in model.squares.named()}
    return model.weights._asdict() | {"h": model.hidden} | squares


def model_of(arrays: Mapping[str, NDArray[Any]]) -> Model:
    """Return the model of the arrays that `arrays_of` named.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    weights = Weights(*(arrays[name] for name in Weights._fields))
    squares = Weights(*(arrays[f"G_{name}"] for name in Weights._fields))
    return Model(weights, arrays["h"], squares)


def model_bytes(model: Model, vocabulary: Vocabulary, recipe: Recipe) -> bytes:
    """Return a model, its vocabulary, its recipe and their digest, as safetensors."""
    names = [field.name for field in dataclasses.fields(Recipe)]
    header = {
        "version": MODEL_VERSION,
        "characters": vocabulary.characters,
        "recipe": {name: getattr(recipe, name) for name in names},
        "sha256": model_digest(model, vocabulary),
    }
    return bytes_of_arrays(arrays_of(model), header)


def load_model(path: Path, vocabulary: Vocabulary | None = None) -> SavedModel:
    """Read a model.

    Parameters
    ----------
    path : Path
    vocabulary : Vocabulary, optional
        The one that the model has to have.

    Raises
    ------
    ArtifactError
        If the file cannot be read, is damaged, is of another version, or was trained
        with another vocabulary.
    """
    arrays, header = read_arrays(path)
    check_version(path, header.get("version"), MODEL_VERSION)
    try:
        known = Vocabulary(header["characters"])
        recipe, model = dict(header["recipe"]), model_of(arrays)
        digest = model_digest(model, known)  # a lone surrogate has none
    except (AttributeError, KeyError, TypeError, ValueError, VocabularyError) as error:
        message = f"{path}: damaged: {error!r}"
        raise ArtifactError(message) from None
    if vocabulary is not None and known != vocabulary:
        message = f"{path}: was trained with another vocabulary"
        raise ArtifactError(message)
    dtype, m = model.hidden.dtype, model.hidden.size
    expected: dict[str, tuple[int, ...]] = {"h": (m,)}
    for name, shape in shapes(m, known.size).items():
        expected |= {name: shape, f"G_{name}": shape}
    if arrays.keys() != expected.keys():
        message = f"{path}: damaged: its arrays are not {', '.join(expected)}"
        raise ArtifactError(message)
    for name, shape in expected.items():
        array = arrays[name]
        rules = (
            (
                array.shape == shape and array.size > 0,
                f"has the shape {array.shape}, not {shape}",
            ),
            (
                array.dtype == dtype and dtype in (np.float32, np.float64),
                f"holds {array.dtype}",
            ),
            (
                # A sum of squares may overflow: then its element learns no more.
                not np.count_nonzero(np.isnan(array))
                if name.startswith("G_")
                else bool(np.isfinite(array).all()),
                "holds a number that is not finite",
            ),
        )
        for holds, what in rules:
            if not holds:
                message = f"{path}: damaged: {name} {what}"
                raise ArtifactError(message)
    if header.get("sha256") != digest:
        message = f"{path}: damaged: its content does not have the sha256 it names"
        raise ArtifactError(message)
    return SavedModel(model, known, recipe)


def first_model(
    vocabulary: Vocabulary, train: TrainConfig, model: ModelConfig
) -> Weights | Model:
    """Return what training starts from: the model in `train.start`, or drawn weights.

    Raises
    ------
    ArtifactError
        If the model cannot be read, or differs in vocabulary, size or precision.
    """
    file = start_file(Path(train.start))
    if file is None:
        return drawn_weights(vocabulary, train, model)
    found = load_model(file, vocabulary).model
    for name, here, there in (
        ("model.hidden_size", model.hidden_size, found.weights.hidden_size),
        ("train.precision", train.precision, str(found.hidden.dtype)),
    ):
        if here != there:
            message = f"{file}: has {name} {there}, but params.yaml has {here}"
            raise ArtifactError(message)
    return found


def drawn_weights(
    vocabulary: Vocabulary, train: TrainConfig, model: ModelConfig
) -> Weights:
    """Return the initial weights of a network that learns from the beginning."""
    return initial_weights(
        model.hidden_size,
        vocabulary.size,
        sigma=model.sigma,
        dtype=train.precision,
        rng=stream(Purpose.INITIAL_WEIGHTS, model.seed),
    )


def model_digest(model: Model, vocabulary: Vocabulary) -> str:
    """Return the sha256 of the characters' own digest and the arrays, in their order."""
    found = hashlib.sha256(vocabulary.digest.encode("ascii"))
    for array in arrays_of(model).values():
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
