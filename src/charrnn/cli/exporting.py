"""The weights as files of other programs: an .npz file, a ``state_dict`` of PyTorch.

Names and shapes are documented in docs/command-line.md; K characters, m hidden units.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import CharRnnError
from charrnn.network.model import Model, Weights
from charrnn.text.vocabulary import Vocabulary

# The earliest time that a zip archive can hold: an artifact holds no clock time.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o644 << 16


def npz_arrays(model: Model, vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
    """Return b, c, U, W, V, h, (m,), and `characters`, (K,)."""
    characters = np.array(list(vocabulary.characters), dtype="<U1")
    return model.weights._asdict() | {"h": model.hidden, "characters": characters}


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the bytes of an .npz file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _NO_TIME)
            entry.create_system, entry.external_attr = _UNIX, _MODE
            file = io.BytesIO()
            contiguous = np.ascontiguousarray(array)
            np.lib.format.write_array(file, contiguous, allow_pickle=False)
            archive.writestr(entry, file.getvalue())
    return content.getvalue()


def state_arrays(weights: Weights) -> dict[str, NDArray[Any]]:
    """Return the weights under PyTorch's names, for ``nn.RNN`` and ``nn.Linear``.

    PyTorch adds two biases of the hidden units; the second one is 0.
    """
    b, c, U, W, V = weights
    return {
        "rnn.weight_ih_l0": U,
        "rnn.weight_hh_l0": W,
        "rnn.bias_ih_l0": b,
        "rnn.bias_hh_l0": np.zeros_like(b),
        "linear.weight": V,
        "linear.bias": c,
    }


def torch_file(arrays: Mapping[str, NDArray[Any]] | NDArray[Any]) -> bytes:
    """Return one array or a ``state_dict`` as the bytes that ``torch.save`` writes.

    Raises
    ------
    CharRnnError
        If PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        message = "PyTorch, which writes this file, is not installed: pip install torch"
        raise CharRnnError(message) from None

    def tensor(array: NDArray[Any]) -> Any:
        return torch.from_numpy(np.array(array, order="C"))

    content = io.BytesIO()
    torch.save(
        {name: tensor(array) for name, array in arrays.items()}
        if isinstance(arrays, Mapping)
        else tensor(arrays),
        content,
    )
    return content.getvalue()
