"""``charrnn export``: the weights for PyTorch or NumPy."""

import argparse
import sys
from pathlib import Path

from charrnn.cli import interrupts
from charrnn.cli.exporting import npz, state_arrays, state_dict_file
from charrnn.cli.loading import load
from charrnn.cli.output import visible
from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes, write_bytes


def run(options: argparse.Namespace) -> int:
    """Write the file, and tell what is in it."""
    vocabulary, weights = load(options)
    is_torch = options.to == "torch"
    path = options.output or Path("char-rnn.pt" if is_torch else "char-rnn.npz")
    content = state_dict_file(weights) if is_torch else npz(weights, vocabulary)
    if path.exists() and not options.force and read_bytes(path) != content:
        message = f"{path}: is there already and another file; --force overwrites it"
        raise ArtifactError(message)
    with interrupts.tidily():
        write_bytes(path, content)
    if is_torch:
        arrays = [(name, array.shape) for name, array in state_arrays(weights).items()]
    else:
        arrays = [(name, array.shape) for name, array in weights.named()]
        arrays.append(("characters", (vocabulary.size,)))
    told = ", ".join(f"{name} {shape}" for name, shape in arrays)
    sys.stdout.write(visible(f"{path}: {told}\n"))
    return 0
