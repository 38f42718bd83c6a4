"""The evaluation's file: how well the network and simple models predict the test part."""

from charrnn.evaluation.measures import Measures, Spread
from charrnn.files.metrics.schema import Metrics


class EvaluationMetrics(Metrics):
    """metrics/evaluation.json; the first figure alone if there was no text to measure."""

    test_characters: int
    uniform: Measures | None = None
    unigram: Measures | None = None
    bigram: Measures | None = None
    trigram: Measures | None = None
    fourgram: Measures | None = None
    fivegram: Measures | None = None
    network: Measures | None = None
    blocks: Spread | None = None
