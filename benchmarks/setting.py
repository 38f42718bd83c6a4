"""What all contestants learn: the default book, from the same weights, by one recipe."""

import os
from typing import NamedTuple

from numpy.typing import DTypeLike

from charrnn.files.bible import bible_source, verses
from charrnn.network.model import Weights, initial_weights
from charrnn.network.streams import Purpose, stream
from charrnn.settings import Recipe
from charrnn.text.parts import joined, split
from charrnn.text.vocabulary import Ids, Vocabulary

HIDDEN_SIZE = 100
# Without a penalty and a warm-up, as in the report; epochs until one stops looking.
RECIPE = Recipe(
    epochs=1_000_000,
    sequence_length=25,
    learning_rate=0.1,
    epsilon=1e-8,
    clip=5.0,
    l2=0.0,
    warmup_updates=0,
)


class Text(NamedTuple):
    """The training part of a book.

    Attributes
    ----------
    ids : (N,) unsigned integer
    vocabulary_size : int
        K, of the whole book.
    """

    ids: Ids
    vocabulary_size: int


def default_book() -> Text:
    """Return the training part that the pipeline makes with `prepare.blocks` 1.

    It comes from the installed package, so that neither the pipeline needs to have run
    nor another book in params.yaml can stand in for it.
    """
    book = verses(bible_source(), "Matthew", "Revelation")
    vocabulary = Vocabulary.of(book)
    ids = vocabulary.encode(book)
    parts = split(len(ids), blocks=1, validation_fraction=0.05, test_fraction=0.05)
    return Text(joined(ids, parts.training), vocabulary.size)


def weights_for(hidden_size: int, vocabulary_size: int, dtype: DTypeLike) -> Weights:
    """Return the weights that training starts from."""
    return initial_weights(
        hidden_size,
        vocabulary_size,
        sigma=0.1,
        dtype=dtype,
        rng=stream(Purpose.INITIAL_WEIGHTS, 1),
    )


def stay_on_one_processor() -> None:
    """Let this process use one processor only, where the system can be told so.

    XLA has no setting that keeps all of its work on one thread; it makes as many as
    there are processors to use when it is loaded.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
