"""Measure the best model on the test part, and simple models for comparison."""

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
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.network.scoring import all_scores, block_scores
from charrnn.settings import EvaluateConfig
from charrnn.text.parts import size
from stages.runtime.inputs import Inputs
from stages.runtime.paths import BEST, EVALUATION, IDS, PARTS, VOCABULARY
from stages.runtime.running import log, run

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "fourgram": 4, "fivegram": 5}
_APART = 0.1  # nats per character between the losses from two states


def main() -> None:
    """Run the stage ``evaluate``."""
    inputs = Inputs([EvaluateConfig], [IDS, PARTS, VOCABULARY, BEST])
    config = load_section(EvaluateConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    model = load_model(BEST, vocabulary).model
    book = load_book(IDS, PARTS, vocabulary)
    part, blocks = book.held_out
    if not blocks:
        log.info("nothing to evaluate on: there is no test part and no validation part")
        with inputs.outputs() as out:
            out.json(EVALUATION, EvaluationMetrics(part=part, characters=0).content())
        return
    K, most = vocabulary.size, size(book.training)
    names = [name for name, n in ORDERS.items() if fits(K, n) and n <= most]
    for name in list(ORDERS)[len(names) :]:
        log.info("no %s: too many distinct characters, or the text is too short", name)
    models = {"uniform": uniform(K)}
    with ThreadPoolExecutor() as beside:  # compiled code releases the GIL
        weights, zero = model.weights, model.weights.zero_state()
        of_state = block_scores(weights, model.hidden, book.ids, blocks)
        of_zero = block_scores(weights, zero, book.ids, blocks)
        scored = beside.submit(all_scores, of_state)
        from_zero = beside.submit(measure_text, of_zero)
        orders = ngram_scores(book.ids, book.training, blocks, K, len(names))
        for name, pieces in zip(names, orders, strict=True):
            models[name] = measure_text(pieces)
    network = scored.result()
    models |= {
        "network": measure(network),
        "network_from_zero": from_zero.result(),
    }
    metrics = EvaluationMetrics(
        part=part,
        characters=size(blocks),
        segments=spread(network, config.segments),
        **models,
    )
    with inputs.outputs() as out:
        out.json(EVALUATION, metrics.content())
    log.info("%s characters of the %s part:", f"{size(blocks):,}", part)
    for name, measures in models.items():
        log.info(
            "%-17s %.4f nats, %.4f bits per character, perplexity %6.2f, accuracy %4.1f %%",
            name,
            measures.nats_per_character,
            measures.bits_per_character,
            measures.perplexity,
            100 * measures.accuracy,
        )
    from_state, from_zero_state = (
        models[name].nats_per_character for name in ("network", "network_from_zero")
    )
    if abs(from_zero_state - from_state) > _APART:
        log.warning(
            "the loss depends on the state from which the network reads: %.2f nats per "
            "character from the state that training reached, %.2f from a zero state, which "
            "can leave the units saturated for good; texts begin from training's state. A "
            "warm-up cures it: dvc exp run -S train.warmup_updates=1000",
            from_state,
            from_zero_state,
        )


if __name__ == "__main__":
    run("evaluate", main)
