"""From the values in params.yaml to what a training run starts with."""

import numpy as np
from numpy.typing import DTypeLike

from charrnn.files.params import ModelConfig, TrainConfig
from charrnn.network.model import Weights, initial_weights
from charrnn.network.streams import Purpose, stream
from charrnn.training.state import Recipe, Watch


def first_weights(
    model: ModelConfig, vocabulary_size: int, *, dtype: DTypeLike
) -> Weights:
    """Return the weights that training starts from; the gradient check takes them too."""
    return initial_weights(
        model.hidden_size,
        vocabulary_size,
        sigma=model.sigma,
        dtype=np.dtype(dtype),
        rng=stream(Purpose.INITIAL_WEIGHTS, model.seed),
    )


def recipe_of(config: TrainConfig) -> Recipe:
    """Return how the network learns."""
    return Recipe(**{name: getattr(config, name) for name in Recipe._fields})


def watch_of(config: TrainConfig) -> Watch:
    """Return what is looked at meanwhile; each text has a random stream of its own."""
    return Watch(
        rows_per_epoch=config.rows_per_epoch,
        validate_every=config.validate_every,
        text_every=config.text_every,
        text_length=config.text_length,
        text_rng=lambda update: stream(Purpose.TRAINING_TEXT, config.seed, update),
    )
