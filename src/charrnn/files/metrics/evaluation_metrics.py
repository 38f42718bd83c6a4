"""The file of the stage evaluate: how well the models predict held-out text."""

from charrnn.evaluation.measures import Measures, Spread
from charrnn.files.metrics.schema import Metrics
from charrnn.text.parts import PartName


class EvaluationMetrics(Metrics):
    """metrics/evaluation.json.

    Attributes
    ----------
    part : str
        The part that was measured: the test part, or the validation part if there is no
        test part.
    characters : int
        Of that part; 0 if there is neither, and then nothing is measured.
    network_from_zero : Measures
        The network from a zero state, not from the state that training reached.
    segments : Spread
        Of the network's loss over equal segments of the part.
    """

    part: PartName
    characters: int
    uniform: Measures | None = None
    unigram: Measures | None = None
    bigram: Measures | None = None
    trigram: Measures | None = None
    fourgram: Measures | None = None
    fivegram: Measures | None = None
    network: Measures | None = None
    network_from_zero: Measures | None = None
    segments: Spread | None = None
