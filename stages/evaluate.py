"""Measure the best weights on the test part, and simple models for comparison."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("evaluate")

from concurrent.futures import ThreadPoolExecutor

from charrnn.evaluation.measures import measure, spread
from charrnn.evaluation.ngrams import fits, ngram_scores, uniform
from charrnn.evaluation.scores import measure_text
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.models import load_model
from charrnn.files.params import load_section
from charrnn.files.prepared import load_ids, load_vocabulary
from charrnn.network.scoring import network_scores
from charrnn.settings import EvaluateConfig
from stages.runtime.inputs import Inputs
from stages.runtime.paths import BEST, EVALUATION, TEST, TRAINING, VOCABULARY
from stages.runtime.running import log, run

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "fourgram": 4, "fivegram": 5}


def main() -> None:
    """Run the stage ``evaluate``."""
    inputs = Inputs([EvaluateConfig], [TRAINING, TEST, VOCABULARY, BEST])
    config = load_section(EvaluateConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    weights = load_model(BEST, vocabulary)
    training, test = load_ids(TRAINING, vocabulary), load_ids(TEST, vocabulary)
    if len(test) < 2:
        log.info("nothing to evaluate on: the test part has %d characters", len(test))
        metrics = EvaluationMetrics(test_characters=len(test))
        with inputs.outputs() as out:
            out.json(EVALUATION, metrics.content())
        return
    K = vocabulary.size
    names = [name for name, n in ORDERS.items() if fits(K, n) and n <= len(training)]
    for name in list(ORDERS)[len(names) :]:
        log.info("no %s: too many distinct characters, or the text is too short", name)
    models = {"uniform": uniform(K)}
    with ThreadPoolExecutor() as beside:  # compiled code releases the GIL
        scored = beside.submit(network_scores, weights, test)
        orders = ngram_scores(training, test, K, len(names))
        for name, pieces in zip(names, orders, strict=True):
            models[name] = measure_text(pieces)
    network = scored.result()
    blocks, models["network"] = spread(network, config.blocks), measure(network)
    metrics = EvaluationMetrics(test_characters=len(test), blocks=blocks, **models)
    with inputs.outputs() as out:
        out.json(EVALUATION, metrics.content())
    for name, measures in models.items():
        log.info(
            "%-8s %.4f nats, %.4f bits per character, perplexity %6.2f, accuracy %4.1f %%",
            name,
            measures.nats_per_character,
            measures.bits_per_character,
            measures.perplexity,
            100 * measures.accuracy,
        )


if __name__ == "__main__":
    run("evaluate", main)
