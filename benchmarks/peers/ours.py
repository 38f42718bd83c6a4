"""Ours: `charrnn.training.loop.train`, as the pipeline's stage runs it.

Points of the curve are recorded 500 times an epoch.  Validations and texts in between are
put off, as no peer makes any: what remains is the text before the first update, and a
validation of one window at an epoch's end.
"""

import numpy as np

from benchmarks.peers.learning import Block, Learn
from charrnn.network.model import Weights
from charrnn.settings import Recipe, Schedule
from charrnn.text.parts import Corpus, Piece
from charrnn.text.vocabulary import Ids
from charrnn.training.loop import start, train

SCHEDULE = Schedule(validate_every=10**12, text_every=10**12)


def prepare(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates."""
    T = recipe.sequence_length
    corpus = Corpus.whole(ids)._replace(validation=(Piece(1, T + 2),))
    run = start(weights, corpus, recipe)
    steps = train(run, corpus, recipe, SCHEDULE, np.random.default_rng)

    def learn(updates: int) -> Block:
        before, points = run.update, len(run.rows)
        while run.update < before + updates:
            next(steps)
        smooth_losses = [row.smooth_loss for row in run.rows[points:]]
        return Block(run.update - before, np.array(smooth_losses))

    return learn
