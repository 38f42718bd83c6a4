"""The readable version, `charrnn.network.reference`: NumPy with its matrix products."""

import numpy as np

from benchmarks.peers.learning import Block, Learn
from charrnn.network.model import Weights
from charrnn.network.reference import training_loop
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids


def prepare(weights: Weights, ids: Ids, recipe: Recipe) -> Learn:
    """Return a function that makes updates."""
    smooth_losses = training_loop(weights.copy(), ids, recipe)

    def learn(updates: int) -> Block:
        return Block(updates, np.fromiter(smooth_losses, float, updates))

    return learn
