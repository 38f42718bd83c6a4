"""The model file: weights, validated when they are read."""

import hashlib
from pathlib import Path

import numpy as np

from charrnn.errors import ArtifactError
from charrnn.files.arrays import bytes_of_arrays, read_arrays
from charrnn.files.checks import check_version
from charrnn.network.model import Weights, shapes
from charrnn.text.vocabulary import Vocabulary

# Increased when the meaning of the file changes.
MODEL_VERSION = 1


def model_bytes(weights: Weights, vocabulary: Vocabulary) -> bytes:
    """Return weights, their digest and the digest of their vocabulary, as safetensors."""
    header = {
        "version": MODEL_VERSION,
        "vocabulary_sha256": vocabulary.digest,
        "weights_sha256": _digest(weights),
    }
    return bytes_of_arrays(weights._asdict(), header)


def load_model(path: Path, vocabulary: Vocabulary) -> Weights:
    """Read weights that were trained with a vocabulary.

    Raises
    ------
    ArtifactError
        If the file cannot be read, is damaged, is of another version, or was trained
        with another vocabulary.
    """
    arrays, header = read_arrays(path)
    check_version(path, header.get("version"), MODEL_VERSION)
    if header.get("vocabulary_sha256") != vocabulary.digest:
        message = f"{path}: was trained with another vocabulary"
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
        dtype = array.dtype
        if dtype not in (np.float32, np.float64) or dtype != weights.b.dtype:
            message = f"{path}: damaged: {name} holds {dtype}"
            raise ArtifactError(message)
        if not np.isfinite(array).all():
            message = f"{path}: damaged: {name} holds a number that is not finite"
            raise ArtifactError(message)
    if "weights_sha256" not in header:
        message = (
            f"{path}: names no sha256 of its weights: run dvc repro to make a new one"
        )
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
