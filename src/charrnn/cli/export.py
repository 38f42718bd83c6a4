"""``charrnn export``: write the weights for PyTorch or NumPy."""

import argparse
import sys
from pathlib import Path

from charrnn.cli import interrupts
from charrnn.cli.exporting import npz, state_arrays, state_dict_file
from charrnn.cli.loading import load_vocabulary_and_weights
from charrnn.cli.output import safe_to_show
from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes, write_bytes
from charrnn.files.checks import reading


def run(options: argparse.Namespace) -> int:
    """Write the file, and print the names and shapes of its arrays."""
    vocabulary, weights = load_vocabulary_and_weights(options)
    is_torch = options.to == "torch"
    path = options.output or Path("char-rnn.pt" if is_torch else "char-rnn.npz")
    content = state_dict_file(weights) if is_torch else npz(weights, vocabulary)
    with reading(path):
        exists = path.exists()
    if exists and not options.force and read_bytes(path) != content:
        message = f"{path}: exists and differs; --force overwrites the file"
        raise ArtifactError(message)
    with interrupts.as_exception():
        write_bytes(path, content)
    if is_torch:
        arrays = [(name, array.shape) for name, array in state_arrays(weights).items()]
    else:
        arrays = [(name, array.shape) for name, array in weights.named()]
        arrays.append(("characters", (vocabulary.size,)))
    listed = ", ".join(f"{name} {shape}" for name, shape in arrays)
    sys.stdout.write(safe_to_show(f"{path}: {listed}\n"))
    return 0
