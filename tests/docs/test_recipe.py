"""The figures of docs/recipe.md: from training's first updates, and from sweep/warmup."""

from dataclasses import replace
from statistics import mean, stdev
from typing import Any

import numpy as np

from benchmarks.setting import HIDDEN_SIZE, RECIPE, default_book
from charrnn.files.artifacts import read_rows
from charrnn.network.kernels import learning
from charrnn.network.model import Weights, initial_weights
from charrnn.network.streams import Purpose, stream
from charrnn.sweep.specification import load_plan
from charrnn.sweep.table import columns
from charrnn.text.parts import Corpus
from charrnn.training.loop import start
from charrnn.training.state import SATURATED
from tests.imports import ROOT

TEXT = (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8")
FOLDER = ROOT / "sweep" / "warmup"
SEEDS = range(1, 6)
# By warm-up and learning rate, of the seeds 1 to 5, nats per window, as the study had them
# that sweep/warmup replaces: the blocks of the validation part do not matter to them.
SMOOTH_LOSSES = {
    (0, 0.1): (
        41.67116440863415, 39.64138941593351, 38.69190099930301, 40.143905797822256, 36.83070464476229,
    ),
    (1000, 0.1): (
        35.16762698851743, 35.36502579459787, 35.19541293689526, 35.40595215763743, 35.23565854128893,
    ),
    (10000, 0.2): (
        34.59890747491673, 34.385099666900715, 34.43669515859236, 34.442654074297785, 34.68223340168074,
    ),
}  # fmt: skip
BOOK = default_book()
T = RECIPE.sequence_length
REPORT, WARMED = (0, 0.1), (1000, 0.1)


def weights_of(seed: int) -> Weights:
    """Return the weights that the pipeline's training starts from."""
    return initial_weights(
        HIDDEN_SIZE,
        BOOK.vocabulary_size,
        sigma=0.1,
        dtype=np.float32,
        rng=stream(Purpose.INITIAL_WEIGHTS, seed),
    )


def smooth_losses(cell: tuple[int, float], weights: Weights, windows: int) -> Any:
    """Train on the first windows; return the smooth loss after each, nats per window."""
    text = BOOK.ids[: windows * T + 1]
    run = start(weights, Corpus.whole(text), RECIPE)
    recipe = replace(RECIPE, warmup_updates=cell[0], learning_rate=cell[1])
    return learning.train_windows(
        run.model, text, recipe, first_update=0, smooth_loss=run.smooth_loss
    )


def test_the_first_updates_are_as_told() -> None:
    told = {
        REPORT: "rises from 108 nats to 177 at the seventh window and 259 at the sixteenth",
        WARMED: "no window has a higher loss than the first",
    }
    for cell, words in told.items():
        losses, shares = first_windows(cell, 300)
        assert words in " ".join(TEXT.split())
        assert round(losses[0]) == 108
        if cell == REPORT:
            assert (round(losses[6]), round(losses[15])) == (177, 259)
            assert shares[3] == 0.59
            assert "At the end of the fourth, 59 of the 100 units are saturated" in TEXT
        else:
            assert max(losses) == losses[0]
            assert max(shares) == 0.01


def first_windows(cell: tuple[int, float], windows: int) -> tuple[Any, Any]:
    """Return the loss of each window, nats, and the saturated share at its end."""
    text = BOOK.ids[: windows * T + 1]
    run = start(weights_of(1), Corpus.whole(text), RECIPE)
    recipe = replace(RECIPE, warmup_updates=cell[0], learning_rate=cell[1])
    losses, shares = [], []
    for n in range(windows):
        ids = text[n * T : (n + 1) * T + 1]
        # From a smooth loss of 0, that after a window is a thousandth of its loss.
        [loss] = learning.train_windows(
            run.model, ids, recipe, first_update=n, smooth_loss=0.0
        )
        losses.append(1000 * loss)
        shares.append(float(np.mean(np.abs(run.model.hidden) > SATURATED)))
    return losses, shares


def test_what_one_bit_changes_is_as_told() -> None:
    cells = []
    for cell in SMOOTH_LOSSES:
        apart = []
        for seed in SEEDS:
            weights = weights_of(seed)
            once = smooth_losses(cell, weights, 600)
            largest = np.argmax(weights.W)
            weights.W.flat[largest] = np.nextafter(
                weights.W.flat[largest], np.float32(np.inf)
            )
            apart.append(abs(once[-1] - smooth_losses(cell, weights, 600)[-1]))
        cells.append(f"{min(apart):.1g} to {max(apart):.1g}")
    row = f"| difference after 600 updates, nats per 25 | {' | '.join(cells)} |"
    assert row in TEXT


def test_the_smooth_losses_are_as_told() -> None:
    cells = [f"{mean(own):.2f} ± {stdev(own):.2f}" for own in SMOOTH_LOSSES.values()]
    assert f"| smooth loss at the end, nats per 25 | {' | '.join(cells)} |" in TEXT


def rows() -> list[dict[str, str]]:
    """Return the rows of the sweep that chose."""
    path = FOLDER / "results.csv"
    names = columns(load_plan(FOLDER / "plan.yaml", ROOT / "params.yaml"))
    found = [dict(zip(names, row, strict=True)) for row in read_rows(path, names)]
    return [row for row in found if row["phase"] == "select"]


def of(cell: tuple[int, float], name: str) -> list[float]:
    """Return a figure of a recipe, by seed."""
    return [
        float(row[name])
        for row in rows()
        if (int(row["train.warmup_updates"]), float(row["train.learning_rate"])) == cell
    ]


def test_the_sweep_has_the_smooth_losses_of_the_study_bit_for_bit() -> None:
    for cell, losses in SMOOTH_LOSSES.items():
        assert tuple(of(cell, "smooth_loss_nats_per_window")) == losses


def test_the_validation_losses_are_as_told() -> None:
    found = [of(cell, "validation_nats_per_character") for cell in SMOOTH_LOSSES]
    cells = [f"{mean(own):.3f} ± {stdev(own):.3f}" for own in found]
    assert f"| best validation loss, nats per character | {' | '.join(cells)} |" in TEXT
