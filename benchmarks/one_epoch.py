"""Learn a text for one epoch, in a process of its own: how long, and how much memory.

    python -m benchmarks.one_epoch IDS.npy DISTINCT_CHARACTERS

Prints JSON: the updates, the seconds they took, and in MB the peaks of the process.
`anonymous` is what the process holds for itself, looked at each time that training
yields; `all` adds the pages of files that it has mapped, which the
system may drop at any time: libraries, and the text as it is read.
"""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.peers.ours import SCHEDULE
from benchmarks.setting import HIDDEN_SIZE, RECIPE, weights_for
from charrnn.files.arrays import read_ids
from charrnn.text.parts import Corpus
from charrnn.training.loop import start, train


def main(path: Path, vocabulary_size: int) -> None:
    """Learn and tell."""
    ids = read_ids(path)
    weights = weights_for(HIDDEN_SIZE, vocabulary_size, np.float32)
    recipe = replace(RECIPE, epochs=1)
    few, corpus = Corpus.whole(ids[:1000]), Corpus.whole(ids)
    first = start(weights, few, recipe)
    for _ in train(first, few, recipe, SCHEDULE, np.random.default_rng):
        pass  # now all is compiled
    run = start(weights, corpus, recipe)
    before, peak = _anonymous(), 0.0
    begin = time.perf_counter()
    for _ in train(run, corpus, recipe, SCHEDULE, np.random.default_rng):
        peak = max(peak, _anonymous())
    seconds = time.perf_counter() - begin
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, bytes
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    figures = {
        "updates": run.update,
        "seconds": seconds,
        "anonymous_before": before,
        "anonymous": peak,
        "all": highest,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _anonymous() -> float:
    """Return the memory held that no file stands behind, MB; 0 if it is not told."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
