"""``charrnn export``: write the weights for PyTorch or NumPy."""

import argparse
import sys
from pathlib import Path

import numpy as np

from charrnn.cli import interrupts
from charrnn.cli.exporting import npz, npz_arrays, state_arrays, torch_file
from charrnn.cli.loading import model_of_options
from charrnn.cli.output import safe_to_show
from charrnn.cli.writing import check_new
from charrnn.files.artifacts import write_bytes


def run(options: argparse.Namespace) -> int:
    """Write the file, and print the names and shapes of its arrays."""
    model, vocabulary, _ = model_of_options(options)
    if options.to == "torch":
        path = options.output or Path("char-rnn.pt")
        arrays, state = state_arrays(model.weights), {"h_0": model.hidden[np.newaxis]}
        beside = path.with_name(f"{path.stem}.h.pt") if path.name else path
        contents = {
            path: (torch_file(arrays), arrays),
            beside: (torch_file(state["h_0"]), state),
        }
    else:
        path = options.output or Path("char-rnn.npz")
        arrays = npz_arrays(model, vocabulary)
        contents = {path: (npz(arrays), arrays)}
    for path, (content, _) in contents.items():
        check_new(path, content, force=options.force)
    for path, (content, arrays) in contents.items():
        with interrupts.as_exception():
            write_bytes(path, content)
        listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        sys.stdout.write(safe_to_show(f"{path}: {listed}\n"))
    return 0
