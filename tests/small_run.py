"""Run the stages of the pipeline in one process, on a small synthetic book.

``python -m tests.small_run`` in an empty folder runs them and prints the sha256 of each
output; with ``--inspect`` also the fused operations and the calls of a
math library in the compiled code.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network.kernels import drawing, forward, learning
from tests.pipeline import STAGES

PARAMS = """\
fetch: {first_book: Jude, last_book: Jude}
prepare: {book: book.txt, encoding: utf-8, validation_fraction: 0.1, test_fraction: 0.1, blocks: 2,
  items: null, seed: 1}
model: {hidden_size: 37, sigma: 0.1, seed: 1}
gradcheck:
  {sequence_length: 7, step: 1.0e-4, fourth_order_step: 1.0e-3, l2: 0.01, floor: 1.0e-4,
   tolerance: 1.0e-7, fourth_order_tolerance: 1.0e-9, element_tolerance: 1.0e-6,
   most_elements: 500, seed: 1}
train:
  {epochs: 2, sequence_length: 11, learning_rate: 0.1, epsilon: 1.0e-8, clip: 5.0,
   l2: 0.0, warmup_updates: 0, decay_fraction: 0.0, average_fraction: 0.0,
   precision: float32, rows_per_epoch: 50,
   validate_every: 100, text_every: 100, text_length: 30, seed: 1,
   start: data/start}
evaluate: {segments: 5}
plot: {width: 8.0, height: 5.0, highest_loss: null}
sample:
  {prime: the, length: 200, temperature: 1.0, top_k: null, top_p: null, seed: 1}
"""
SENTENCE = "the lamb and a lion of every tongue came unto them; so it was. Behold,"


def make_book(words: int, seed: int = 0) -> str:
    """Make a book of random words of `SENTENCE`, ten per line."""
    choice = np.array(SENTENCE.split(" "))
    drawn = np.random.default_rng(seed).integers(0, len(choice), words)
    lines = choice[drawn].reshape(-1, 10)
    return "\n".join(" ".join(line) for line in lines)


def run() -> dict[str, str]:
    """Run the stages in the working folder; return the sha256 of each file in it."""
    Path("params.yaml").write_text(PARAMS, encoding="utf-8")
    Path("data/start").mkdir(parents=True)
    Path("book.txt").write_text(make_book(1500), encoding="utf-8")
    for stage in STAGES.values():
        if stage.name != "fetch":
            stage.module.main()
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path().rglob("*"))
        if path.is_file() and ".checkpoints" not in path.parts
    }


FUSED = r"\bv?fn?m(?:add|sub)\w*|\bfml[as]\b"
NAMES = "exp|log|tanh|pow|floor|ceil|rint|round|fma|fmod|sqrt|ldexp"
CALLED = rf"(?:\$|\bbl\s+_?|\bcallq?\s+_?)(?:{NAMES})[f12]?\b|\b(?:{NAMES})[f12]?@"


def unwanted(assembly: str) -> list[str]:
    """Return the fused operations and the calls of a math library in assembly."""
    return re.findall(f"{FUSED}|{CALLED}", assembly)


def inspect() -> list[str]:
    """Return the `unwanted` code of the compiled kernels."""
    found = []
    kernels: list[Any] = [learning._make_updates]
    kernels += [forward._score_blocks, drawing._draw_one_by_one]
    for function in kernels:
        assemblies = function.inspect_asm()
        if not assemblies:
            found.append(f"{function.__name__} was not compiled")
        for assembly in assemblies.values():
            found += unwanted(assembly)
    return found


if __name__ == "__main__":
    digests = run()
    print(json.dumps([digests, inspect() if "--inspect" in sys.argv else []]))  # noqa: T201
