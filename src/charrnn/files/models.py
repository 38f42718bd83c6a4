"""A model as a file: its weights, checked as they are read."""

import hashlib
from pathlib import Path

import numpy as np

from charrnn.errors import ArtifactError
from charrnn.files.arrays import bytes_of_arrays, read_arrays
from charrnn.network.model import Weights, shapes
from charrnn.text.vocabulary import Vocabulary

# Raised when the content of these files changes its meaning.
_VERSION = 1


def model_bytes(weights: Weights, vocabulary: Vocabulary) -> bytes:
    """Return weights, their digest and that of their vocabulary, as safetensors."""
    header = {
        "version": _VERSION,
        "vocabulary_sha256": vocabulary.digest,
        "weights_sha256": _digest(weights),
    }
    return bytes_of_arrays(weights._asdict(), header)


def load_model(path: Path, vocabulary: Vocabulary) -> Weights:
    """Read weights that were learned with a vocabulary.

    Raises
    ------
    ArtifactError
        If the file cannot be read, is damaged, is of another version, or was learned
        with another vocabulary.
    """
    arrays, header = read_arrays(path)
    _check_version(path, header.get("version"))
    if header.get("vocabulary_sha256") != vocabulary.digest:
        message = f"{path}: was learned with another vocabulary"
        raise ArtifactError(message)
    if set(arrays) != set(Weights._fields):
        message = f"{path}: damaged: its arrays are not {', '.join(Weights._fields)}"
        raise ArtifactError(message)
    weights = Weights(**arrays)
    expected = shapes(weights.b.size, vocabulary.size)
    for name, array in weights.named():
        if array.shape != expected[name] or array.size == 0:
            message = (
                f"{path}: damaged: {name} has the shape {array.shape}, "
                f"not {expected[name]}"
            )
            raise ArtifactError(message)
        if (
            array.dtype not in (np.float32, np.float64)
            or array.dtype != weights.b.dtype
        ):
            message = f"{path}: damaged: {name} holds {array.dtype}"
            raise ArtifactError(message)
        if not np.isfinite(array).all():
            message = f"{path}: damaged: {name} holds a number that is not finite"
            raise ArtifactError(message)
    if "weights_sha256" not in header:
        message = f"{path}: names no sha256 of its weights: dvc repro makes another"
        raise ArtifactError(message)
    if header["weights_sha256"] != _digest(weights):
        message = f"{path}: damaged: its weights do not have the sha256 it names"
        raise ArtifactError(message)
    return weights


def _digest(weights: Weights) -> str:
    """Return the sha256 of the arrays, in their order."""
    found = hashlib.sha256()
    for array in weights:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _check_version(path: Path, version: object) -> None:
    if type(version) is not int or version != _VERSION:
        message = (
            f"{path}: is of version {str(version)[:20]}; this charrnn reads {_VERSION}"
        )
        raise ArtifactError(message)
