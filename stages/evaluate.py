"""Measure the best weights on the test part, beside what counting alone achieves."""

from pathlib import Path
from typing import Any

from charrnn.arrays import read_ids
from charrnn.artifacts import write_json
from charrnn.config import EvaluateConfig, load_section
from charrnn.errors import BookError
from charrnn.evaluation import network_scores
from charrnn.measures import measure, spread
from charrnn.ngrams import NGram, Uniform
from charrnn.saving import check_ids, load_model, load_vocabulary
from stages.inputs import Inputs
from stages.running import log, run

TRAINING = Path("data/prepared/training.npy")
TEST = Path("data/prepared/test.npy")
VOCABULARY = Path("data/prepared/vocabulary.json")
BEST = Path("data/model/best.safetensors")
METRICS = Path("metrics/evaluation.json")

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3}


def main() -> None:
    """Run the stage ``evaluate``."""
    inputs = Inputs([EvaluateConfig], [TRAINING, TEST, VOCABULARY, BEST])
    config = load_section(EvaluateConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    weights = load_model(BEST, vocabulary)
    training, test = read_ids(TRAINING), read_ids(TEST)
    for path, ids in ((TRAINING, training), (TEST, test)):
        check_ids(path, ids, vocabulary)
    if len(training) < max(ORDERS.values()):
        message = f"{TRAINING}: has {len(training)} characters: too few to count"
        raise BookError(message)
    if len(test) < 2:
        log.info("nothing to evaluate on: the test part has %d characters", len(test))
        with inputs.written():
            write_json(METRICS, {"test_characters": len(test)})
        return
    network = network_scores(weights, test)
    figures: dict[str, Any] = {
        "test_characters": len(test),
        "network": measure(network)._asdict(),
        "blocks": spread(network, config.blocks)._asdict(),
        "uniform": measure(Uniform(vocabulary.size).scores(test))._asdict(),
    }
    for name, order in ORDERS.items():
        model = NGram.fit(training, vocabulary.size, order)
        figures[name] = measure(model.scores(test))._asdict()
    with inputs.written():
        write_json(METRICS, figures)
    for name in ("uniform", *ORDERS, "network"):
        log.info(
            "%-8s %.4f nats, %.4f bits a character, perplexity %6.2f, right %4.1f %%",
            name,
            figures[name]["nats_per_character"],
            figures[name]["bits_per_character"],
            figures[name]["perplexity"],
            100 * figures[name]["accuracy"],
        )


if __name__ == "__main__":
    run("evaluate", main)
