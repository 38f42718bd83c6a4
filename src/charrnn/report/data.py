"""What the pipeline's small results hold, as the report wants it.

A tuple below is the form of one JSON file, or of a part of one: its fields are the keys,
their types the rule.  A field that may be missing has None as its default.
"""

from typing import NamedTuple

from charrnn.evaluation.measures import Measures, Spread


class Corpus(NamedTuple):
    """metrics/corpus.json."""

    characters: int
    distinct_characters: int
    training_characters: int
    validation_characters: int
    test_characters: int
    unigram_entropy_bits: float


class Settings(NamedTuple):
    """How the gradients were checked."""

    characters: int
    elements: int
    floor: float
    fourth_order_step: float
    hidden_size: int
    norm: str
    sigma: float
    step: float
    updates: int


class Errors(NamedTuple):
    """Relative errors of a gradient: of the whole twice, and of its worst element."""

    central: float
    fourth_order: float
    element: float


class Check(NamedTuple):
    """The five gradients from one state."""

    b: Errors
    c: Errors
    U: Errors
    W: Errors
    V: Errors


class Gradients(NamedTuple):
    """metrics/gradient_check.json."""

    settings: Settings
    checks: dict[str, Check]


class Best(NamedTuple):
    """When the best weights were found, and by which of the two losses."""

    update: int
    validation_nats_per_character: float | None = None
    smooth_loss: float | None = None


class Epoch(NamedTuple):
    """The smooth loss over all updates of an epoch, nats per window, and more."""

    mean_smooth_loss: float
    lowest_smooth_loss: float
    highest_smooth_loss: float
    last_smooth_loss: float
    saturated_share: float
    validation_nats_per_character: float | None = None


class Training(NamedTuple):
    """metrics/train.json."""

    updates: int
    first_loss: float
    best: Best
    epochs: dict[int, Epoch]


class Evaluation(NamedTuple):
    """metrics/evaluation.json; only the first field if there was nothing to measure."""

    test_characters: int
    uniform: Measures | None = None
    unigram: Measures | None = None
    bigram: Measures | None = None
    trigram: Measures | None = None
    fourgram: Measures | None = None
    fivegram: Measures | None = None
    network: Measures | None = None
    blocks: Spread | None = None


class Copying(NamedTuple):
    """metrics/sample.json."""

    longest_copy_characters: int
    share_of_new_10_character_strings: float | None = None


class Written(NamedTuple):
    """A text that the network wrote while it learned."""

    update: int
    smooth_loss: float
    text: str


class Sample(NamedTuple):
    """The final text: what the network was given to read, and what it wrote."""

    given: str
    text: str
