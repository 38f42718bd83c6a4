"""Compare the time of an update, ours and the peers', in one run, on one thread.

    python -m benchmarks.compare [--gpu] [--save]

With --gpu JAX and PyTorch run on a GPU, too, where one is found.  With --save the results
and their chart are written to `results/`.
Before anything is timed, all contestants must lose the same on the first windows.  Then
each is timed in turn, round by round, so that a busy machine slows all of them alike;
ratios are taken within a round.  Compiling, and whatever else a first call does, is
timed apart.
"""

import importlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import floor
from benchmarks.chart import draw_bars
from benchmarks.peers import reference
from benchmarks.peers.learning import Learn
from benchmarks.reporting import OURS, Timing, content_of, say, tell
from benchmarks.setting import (
    HIDDEN_SIZE,
    RECIPE,
    Text,
    default_book,
    stay_on_one_processor,
    weights_for,
)
from charrnn.files.artifacts import write_json
from charrnn.network.model import Weights

RESULTS = Path(__file__).parent / "results"
ROUNDS = 9
SECONDS = 0.25  # that one timing lasts, at least
# Training at the real learning rate is chaotic: after a few windows float32 rounding
# alone makes losses differ by a half. Here it is small, and clip and epsilon are such
# that both bite, so that a peer without them would show.
CHECKED_RECIPE = replace(RECIPE, learning_rate=1e-3, clip=0.1, epsilon=1e-3)
CHECKED_WINDOWS = 20
TOLERANCE = 1e-3  # of a window's loss; float32 carries the smooth loss in JAX


class Contestant(NamedTuple):
    """Who is timed: `function` of a module of `benchmarks.peers`, and how it is called."""

    name: str
    module: str
    function: str = "prepare"
    dtype: str = "float32"
    device: str | None = None  # as the peer names it; None: the only one it knows
    models: int = 1  # trained side by side


Prepare = Callable[..., Learn]
CONTESTANTS = (
    Contestant(OURS, "ours"),
    Contestant("ours, float64", "ours", dtype="float64"),
    Contestant("JAX, hand-written backward", "jax_scan"),
    Contestant("JAX, autodiff", "jax_scan", "prepare_autodiff"),
    Contestant("PyTorch, torch.compile", "torch_compiled"),
    Contestant("NumPy, our reference", "reference"),
    Contestant("PyTorch, eager", "torch_eager"),
    Contestant("NumPy, per step as in the course", "course"),
)
ON_GPU = (
    Contestant("JAX on a GPU, hand-written backward", "jax_scan", device="gpu"),
    Contestant("JAX on a GPU, autodiff", "jax_scan", "prepare_autodiff", device="gpu"),
    Contestant("PyTorch on a GPU, eager", "torch_eager", device="cuda"),
    Contestant(
        "PyTorch on a GPU, captured graph",
        "torch_compiled",
        "prepare_captured",
        device="cuda",
    ),
    *(
        Contestant(
            f"JAX on a GPU, {models:,} models at once",
            "jax_scan",
            device="gpu",
            models=models,
        )
        for models in (132, 4096)
    ),
)


def prepare_of(contestant: Contestant) -> Prepare:
    """Return the contestant's `prepare`; a package that it needs may be missing."""
    module = importlib.import_module(f"benchmarks.peers.{contestant.module}")
    prepare: Prepare = getattr(module, contestant.function)
    options: dict[str, Any] = {}
    if contestant.device is not None:
        options["device"] = contestant.device
    if contestant.models > 1:
        options["models"] = contestant.models
    return partial(prepare, **options)


def _gpu_is_found(module: str) -> bool:
    """Return whether the package of a peer finds a GPU."""
    if module == "jax_scan":
        import jax

        return any(device.platform == "gpu" for device in jax.devices())
    import torch

    return torch.cuda.is_available()


def main() -> None:
    """Check, time, print, write."""
    stay_on_one_processor()
    text = default_book()
    weights = weights_for(HIDDEN_SIZE, text.vocabulary_size, np.float64)
    prepared = _installed()
    timings = _check(prepared, text, weights)
    _time(timings, prepared, text, weights)
    floors = {name: floor.floor_of_book(text, name) for name in ("float32", "float64")}
    tell(timings, floors)
    if "--save" not in sys.argv[1:]:
        return
    write_json(RESULTS / "compare.json", content_of(text, timings, floors))
    draw_bars(
        RESULTS / "compare.svg",
        {name: statistics.median(t.microseconds) for name, t in timings.items()},
        floors["float32"][1].total,
        "ours",
    )


def _installed() -> dict[Contestant, Prepare]:
    """Return the contestants whose packages are installed; name the others' packages."""
    prepared = {}
    for contestant in CONTESTANTS + (ON_GPU if "--gpu" in sys.argv[1:] else ()):
        try:
            prepare = prepare_of(contestant)
            if contestant in ON_GPU and not _gpu_is_found(contestant.module):
                say(f"left out: {contestant.name} (no GPU is found)")
                continue
            prepared[contestant] = prepare
        except ModuleNotFoundError as error:
            say(f"left out: {contestant.name} ({error.name} is not installed)")
    return prepared


def _check(
    prepared: dict[Contestant, Prepare], text: Text, weights: Weights
) -> dict[str, Timing]:
    """Refuse to go on if one does not lose what the reference does in float64."""
    ids = text.ids[: CHECKED_WINDOWS * CHECKED_RECIPE.sequence_length + 1]

    def losses(prepare: Prepare, dtype: str, models: int) -> NDArray[np.float64]:
        learn = prepare(weights.astype(dtype), ids, CHECKED_RECIPE)
        smooth = learn(CHECKED_WINDOWS * models).smooth_losses
        return np.append(smooth[0], (smooth[1:] - 0.999 * smooth[:-1]) / 0.001)

    expected, timings = losses(reference.prepare, "float64", 1), {}
    for contestant, prepare in prepared.items():
        start = time.perf_counter()
        found = losses(prepare, contestant.dtype, contestant.models)
        timings[contestant.name] = Timing(time.perf_counter() - start, [])
        error = float(np.max(np.abs(found / expected - 1)))
        if not error <= TOLERANCE:
            sys.exit(
                f"{contestant.name}: the losses of the first {CHECKED_WINDOWS} windows "
                f"differ by {error:.1e} of them, more than {TOLERANCE}: not the same work"
            )
    return timings


def _time(
    timings: dict[str, Timing],
    prepared: dict[Contestant, Prepare],
    text: Text,
    weights: Weights,
) -> None:
    """Add the rounds to `timings`."""
    learners: list[tuple[Learn, int, Timing]] = []
    for contestant, prepare in prepared.items():
        learn = prepare(weights.astype(contestant.dtype), text.ids, RECIPE)
        learners.append((learn, _enough(learn), timings[contestant.name]))
    for _ in range(ROUNDS):
        for learn, updates, timing in learners:
            start = time.perf_counter()
            made = learn(updates).updates
            timing.microseconds.append((time.perf_counter() - start) / made * 1e6)


def _enough(learn: Learn) -> int:
    """Return how many updates take `SECONDS`; that many were made when it returns.

    A contestant that compiles for a number of updates is so compiled for this one.
    """
    updates = 100
    while True:
        learn(updates)
        start = time.perf_counter()
        made = learn(updates).updates
        seconds = time.perf_counter() - start
        if seconds >= SECONDS:
            return updates
        updates = int(1.2 * SECONDS / seconds * made) + 1


if __name__ == "__main__":
    main()
