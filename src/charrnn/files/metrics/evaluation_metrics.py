"""The file of the stage evaluate: how well the models predict the test part."""

from charrnn.evaluation.measures import Measures, Spread
from charrnn.files.metrics.schema import Metrics


class EvaluationMetrics(Metrics):
    """metrics/evaluation.json; only `test_characters` if the test part is too short."""

    test_characters: int
    uniform: Measures | None = None
    unigram: Measures | None = None
    bigram: Measures | None = None
    trigram: Measures | None = None
    fourgram: Measures | None = None
    fivegram: Measures | None = None
    network: Measures | None = None
    blocks: Spread | None = None
