"""Time how an update grows with m, T and K, and an epoch with the book's length.

    python -m benchmarks.scaling [--save]

With --save the results and their charts are written to `results/`.
Ours alone, float32, one thread, on random text: m hidden units, T characters a window,
K distinct characters.  Each length is learned in a process of its own, from a file in a
temporary folder, so that each has its own peak of memory.  Takes about two minutes.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chart import Panel, draw_panels
from benchmarks.machine import processor
from benchmarks.peers import ours
from benchmarks.setting import (
    HIDDEN_SIZE,
    RECIPE,
    stay_on_one_processor,
    weights_for,
)
from charrnn.files.artifacts import write_json

RESULTS = Path(__file__).parent / "results"
VOCABULARY_SIZE = 65
HIDDEN_SIZES = (32, 64, 100, 128, 256, 512, 1024)
SEQUENCE_LENGTHS = (5, 10, 25, 50, 100, 200)
VOCABULARY_SIZES = (26, 65, 256, 1000, 5000)
MEGABYTES = (0.1, 1, 10, 50)  # a character is a byte
ROUNDS = 3
SECONDS = 0.3  # that one timing lasts, at least

Figures = dict[str, Any]


def main() -> None:
    """Time, print, write."""
    stay_on_one_processor()
    updates = {
        "m": [{"m": m, "microseconds": _microseconds(m=m)} for m in HIDDEN_SIZES],
        "T": [{"T": T, "microseconds": _microseconds(T=T)} for T in SEQUENCE_LENGTHS],
        "K": [{"K": K, "microseconds": _microseconds(K=K)} for K in VOCABULARY_SIZES],
    }
    epochs = [_epoch(megabytes) for megabytes in MEGABYTES]
    lines = [f"{processor()}, one thread, float32"]
    for name, rows in updates.items():
        lines += ["", f"| {name} | microseconds per update |", "| ---: | ---: |"]
        lines += [f"| {row[name]} | {row['microseconds']:,.1f} |" for row in rows]
    lines += [
        "",
        "| characters | epoch, s | update, us | own MB, before | own, peak | all, peak |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['characters']:,} | {row['seconds']:.2f} "
        f"| {row['seconds'] / row['updates'] * 1e6:.1f} "
        f"| {row['anonymous_before']:.1f} | {row['anonymous']:.1f} | {row['all']:.1f} |"
        for row in epochs
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if "--save" not in sys.argv[1:]:
        return
    content = {"processor": processor(), "updates": updates, "epochs": epochs}
    write_json(RESULTS / "scaling.json", _rounded(content))
    draw_panels(
        RESULTS / "scaling.svg",
        [
            _update_panel("m, hidden units", "m", updates["m"]),
            _update_panel("T, characters a window", "T", updates["T"]),
            _update_panel("K, distinct characters", "K", updates["K"]),
            Panel(
                "characters, millions",
                "an epoch, seconds",
                [row["characters"] / 1e6 for row in epochs],
                [row["seconds"] for row in epochs],
                log=True,
            ),
            Panel(
                "characters, millions",
                "memory of its own, peak, MB",
                [row["characters"] / 1e6 for row in epochs],
                [row["anonymous"] for row in epochs],
                log=False,
            ),
        ],
    )


def _microseconds(
    m: int = HIDDEN_SIZE, T: int = RECIPE.sequence_length, K: int = VOCABULARY_SIZE
) -> float:
    """Return the least time of an update, in the best of some rounds."""
    # As many windows as the default book has, so that as many points are recorded.
    ids = np.random.default_rng(1).integers(0, K, 34_000 * T + 1, dtype=np.uint16)
    # A rate at which a network of any size keeps finite.
    recipe = replace(RECIPE, sequence_length=T, learning_rate=0.01)
    learn = ours.prepare(weights_for(m, K, np.float32), ids, recipe)
    learn(1)
    best = float("inf")
    for _ in range(ROUNDS):
        updates, start = 0, time.perf_counter()
        while (seconds := time.perf_counter() - start) < SECONDS:
            updates += learn(1).updates
        best = min(best, seconds / updates)
    return best * 1e6


def _epoch(megabytes: float) -> Figures:
    """Learn a random text of a length for an epoch, mapped from disk."""
    characters = int(megabytes * 1e6)
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ids.npy"
        np.save(path, rng.integers(0, VOCABULARY_SIZE, characters, dtype=np.uint8))
        command = ["-m", "benchmarks.one_epoch", str(path), str(VOCABULARY_SIZE)]
        told = subprocess.run(
            [sys.executable, *command], check=True, capture_output=True, text=True
        ).stdout
    figures: Figures = json.loads(told)
    return {"characters": characters, **figures}


def _update_panel(x_label: str, name: str, rows: list[Figures]) -> Panel:
    return Panel(
        x_label,
        "an update, microseconds",
        [row[name] for row in rows],
        [row["microseconds"] for row in rows],
        log=True,
    )


def _rounded(content: Any) -> Any:
    """Return the same with its numbers cut to three decimals."""
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return round(content, 3) if isinstance(content, float) else content


if __name__ == "__main__":
    main()
