"""Study the warm-up: what the first updates do, and which values learn best.

    python -m benchmarks.warmup

The default book, split as in the pipeline, and the report's network: 100 hidden units,
six epochs, float32.  Values are chosen by the validation part; the test part is read at
the very end, by the recipes that are compared.  Writes `results/warmup.json` after each
run and goes on from it when started again: remove it to begin anew (172 trainings).
Then draws the figures of docs/recipe.md.  The numbers are exact, so they are the
same on every machine.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.ours import SCHEDULE
from benchmarks.reporting import say
from benchmarks.setting import HIDDEN_SIZE, RECIPE
from benchmarks.warmup_chart import draw_first_updates, draw_grid, draw_seeds
from benchmarks.warmup_results import (
    LEARNING_RATES,
    REPORT,
    WARMED,
    WARMUPS,
    Cell,
    Figures,
    losses_of,
    name_of,
)
from charrnn.files.artifacts import read_json, write_json
from charrnn.files.bible import bible_source, verses
from charrnn.network.kernels import learning
from charrnn.network.model import Model, Weights, initial_weights
from charrnn.network.scoring import all_scores, block_scores
from charrnn.network.streams import Purpose, stream
from charrnn.settings import Recipe
from charrnn.text.parts import Corpus, joined, split
from charrnn.text.vocabulary import Ids, Vocabulary
from charrnn.training.loop import start, train
from charrnn.training.state import SATURATED, Run

RESULTS = Path(__file__).parent / "results" / "warmup.json"
EPOCHS = 6
VALIDATE_EVERY = 10_000  # updates, as in params.yaml
GRID_SEEDS = (1, 2, 3)
SEEDS = (1, 2, 3, 4, 5)
FINALISTS = 5  # cells of the grid that get all seeds
FIRST = 300  # updates that are looked at one by one
APART_AFTER = (600, 20_000)  # updates

DIGITS = {  # what is compared, and the decimals that are printed
    "last_smooth_loss": 2,
    "mean_smooth_loss": 2,
    "saturated_share": 2,
    "validation": 3,
    "test": 3,
}


class Book:
    """The default book, as the stages `fetch` and `prepare` make it.

    Attributes
    ----------
    corpus : Corpus
        Its held-out parts are at its end.
    training : (N,) unsigned integer
    vocabulary_size : int
    """

    def __init__(self) -> None:
        """Take it out of its package, so that no params.yaml matters."""
        text = verses(bible_source(), "Matthew", "Revelation")
        vocabulary = Vocabulary.of(text)
        ids = vocabulary.encode(text)
        parts = split(len(ids), blocks=1, validation_fraction=0.05, test_fraction=0.05)
        self.corpus = Corpus(ids, *parts)
        self.training = joined(ids, parts.training)
        self.vocabulary_size = vocabulary.size

    def first_weights(self, seed: int) -> Weights:
        """Return the weights that training starts from."""
        return initial_weights(
            HIDDEN_SIZE,
            self.vocabulary_size,
            sigma=0.1,
            dtype=np.float32,
            rng=stream(Purpose.INITIAL_WEIGHTS, seed),
        )


def main() -> None:
    """Do what is not done yet, print the tables, draw the figures."""
    book = Book()
    done: Figures = read_json(RESULTS) if RESULTS.exists() else {}
    fill_grid(book, done)
    best = choose(book, done)
    done["best"] = {"warmup_updates": best[0], "learning_rate": best[1]}
    for cell in (REPORT, WARMED, best):
        compared = done.setdefault("compared", {}).setdefault(name_of(cell), {})
        for seed in SEEDS:
            if str(seed) not in compared:
                compared[str(seed)] = one_run(book, cell, seed)
                write_json(RESULTS, done)
    done["first_updates"] = {
        name_of(cell): first_updates(book, cell) for cell in (REPORT, WARMED)
    }
    write_json(RESULTS, done)
    tell(done)
    draw_first_updates(done)
    draw_seeds(done)
    draw_grid(done)


def recipe(cell: Cell) -> Recipe:
    """Return the report's recipe but for two values."""
    return replace(RECIPE, epochs=EPOCHS, warmup_updates=cell[0], learning_rate=cell[1])


def learn(book: Book, cell: Cell, seed: int) -> Run:
    """Train as the pipeline does; return the run at its end."""
    run = start(book.first_weights(seed), book.corpus, recipe(cell))
    schedule = replace(SCHEDULE, validate_every=VALIDATE_EVERY)
    for _ in train(run, book.corpus, recipe(cell), schedule):
        pass
    return run


def fill_grid(book: Book, done: Figures) -> None:
    """Measure each cell of the grid with a few seeds."""
    for rate in LEARNING_RATES:
        for warmup in WARMUPS:
            measure(book, done, (warmup, rate), GRID_SEEDS)


def measure(book: Book, done: Figures, cell: Cell, seeds: Iterable[int]) -> None:
    """Note the best validation loss of a recipe, nats per character, for each seed."""
    rates = done.setdefault("grid", {}).setdefault(str(cell[0]), {})
    losses = rates.setdefault(str(cell[1]), {})
    for seed in seeds:
        if str(seed) not in losses:
            run = learn(book, cell, seed)
            assert run.best is not None
            losses[str(seed)] = run.best.loss
            write_json(RESULTS, done)
            say(f"{name_of(cell)}, seed {seed}: {run.best.loss:.4f}")


def choose(book: Book, done: Figures) -> Cell:
    """Measure the best cells with all seeds; return the best of them."""

    def few(cell: Cell) -> float:
        return mean(losses_of(done, cell)[: len(GRID_SEEDS)])

    cells = [(warmup, rate) for rate in LEARNING_RATES for warmup in WARMUPS]
    finalists = sorted(cells, key=few)[:FINALISTS]
    for cell in finalists:
        measure(book, done, cell, SEEDS)
    return min(finalists, key=lambda cell: mean(losses_of(done, cell)))


def one_run(book: Book, cell: Cell, seed: int) -> Figures:
    """Return what a run came to; its best weights read the test part."""
    run = learn(book, cell, seed)
    assert run.best is not None
    last = [row.saturated_share for row in run.rows if row.epoch == EPOCHS]
    return {
        "last_smooth_loss": run.smooth_loss,
        "mean_smooth_loss": run.epochs[-1].mean,
        "saturated_share": mean(last),
        "validation": run.best.loss,
        "validations": [[v.update, v.nats_per_character] for v in run.validations],
        "test": test_loss(run.best.model, book.corpus),
        "apart": apart(book, cell, seed),
    }


def test_loss(model: Model, corpus: Corpus) -> float:
    """Return the loss of the test part, nats per character."""
    weights, hidden, _ = model
    scores = all_scores(block_scores(weights, hidden, corpus.ids, corpus.test))
    return float(scores.nats.mean())


def first_updates(book: Book, cell: Cell) -> Figures:
    """Return the loss of each of the first windows, and the saturated share after it."""
    T = RECIPE.sequence_length
    run = start(book.first_weights(1), book.corpus, recipe(cell))
    losses, shares = [], []
    for n in range(FIRST):
        ids = book.training[n * T : (n + 1) * T + 1]
        # from a smooth loss of 0, that after one window is a thousandth of its loss
        losses.append(round(1000 * float(update(run, ids, cell, n, 0.0)[0]), 3))
        shares.append(float(np.mean(np.abs(run.model.hidden) > SATURATED)))
    return {"losses": losses, "saturated_shares": shares}


def update(
    run: Run, ids: Ids, cell: Cell, first_update: int, smooth_loss: float
) -> NDArray[np.float64]:
    """Make an update for each window of `ids`, in place; return the smooth losses."""
    return learning.train_windows(
        run.model,
        ids,
        recipe(cell),
        first_update=first_update,
        smooth_loss=smooth_loss,
    )


def apart(book: Book, cell: Cell, seed: int) -> Figures:
    """Return how far two runs part when a last bit of one weight differs.

    Returns
    -------
    dict
        The absolute difference of the smooth losses, nats per window, after some
        updates, and the largest until the last of these.
    """
    ids = book.training[: APART_AFTER[-1] * RECIPE.sequence_length + 1]
    curves = []
    for nudged in (False, True):
        weights = book.first_weights(seed)
        if nudged:
            W = weights.W.reshape(-1)
            # the largest: a smaller one's last bit is lost in the sum with the first step
            i = np.argmax(W)
            W[i] = np.nextafter(W[i], np.float32(np.inf))
        run = start(weights, Corpus.whole(ids), recipe(cell))
        curves.append(update(run, ids, cell, 0, run.smooth_loss))
    difference = np.abs(curves[0] - curves[1])
    figures = {str(n): float(difference[n - 1]) for n in APART_AFTER}
    return {**figures, "largest": float(difference.max())}


def tell(done: Figures) -> None:
    """Print what was compared, over the seeds."""
    recipes = done["compared"]
    say("\n| | " + " | ".join(recipes) + " |\n|---|" + "---:|" * len(recipes))
    for what, digits in DIGITS.items():
        columns = (spread(runs, what, digits) for runs in recipes.values())
        say(f"| {what} | " + " | ".join(columns) + " |")
    for n in APART_AFTER:
        columns = (reach(runs, n) for runs in recipes.values())
        say(f"| apart after {n:,} | " + " | ".join(columns) + " |")


def spread(runs: Figures, what: str, digits: int) -> str:
    """Return mean and standard deviation over the seeds, such as ``1.483 ± 0.002``."""
    values = [run[what] for run in runs.values()]
    return f"{mean(values):.{digits}f} ± {stdev(values):.{digits}f}"


def reach(runs: Figures, updates: int) -> str:
    """Return the least and the greatest distance over the seeds."""
    values = [run["apart"][str(updates)] for run in runs.values()]
    return f"{min(values):.1g} to {max(values):.1g}"


if __name__ == "__main__":
    main()
