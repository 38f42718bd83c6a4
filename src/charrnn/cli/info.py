"""``charrnn info``: show the model's sizes and digest, its book and its losses."""

import argparse
import hashlib

from charrnn.cli.loading import model_of_options
from charrnn.cli.output import print_aligned, print_json
from charrnn.cli.provenance import Provenance, provenance
from charrnn.files.artifacts import read_bytes
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.schema import CorpusMetrics, Metrics
from charrnn.files.metrics.train_metrics import TrainMetrics
from charrnn.text.vocabulary import Vocabulary

# Characters of the vocabulary that are shown: on one line and in all.
_LINE, _MOST = 64, 256


def run(options: argparse.Namespace) -> int:
    """Show all that is known of the model."""
    model, vocabulary, recipe = model_of_options(options)
    weights = model.weights
    known = provenance(options.model)
    size, precision = sum(array.size for array in weights), str(weights.b.dtype)
    digest = hashlib.sha256(read_bytes(options.model)).hexdigest()
    if options.json:
        origin = {
            name: value.content() if isinstance(value, Metrics) else value
            for name, value in known._asdict().items()
        }
        print_json(
            {
                "model": str(options.model),
                "sha256": digest,
                "hidden_size": weights.hidden_size,
                "weights": size,
                "precision": precision,
                "recipe": recipe,
                "vocabulary_sha256": vocabulary.digest,
                "distinct_characters": vocabulary.size,
                "characters": vocabulary.characters,
                **origin,
            }
        )
        return 0
    print_aligned(
        [
            ("model", str(options.model)),
            ("sha256", digest),
            ("hidden units", f"{weights.hidden_size:,}"),
            ("weights", f"{size:,}, {precision}"),
            ("recipe", ", ".join(f"{name} {value}" for name, value in recipe.items())),
            ("characters", _characters(vocabulary)),
            *_origin(known),
        ]
    )
    return 0


def _characters(vocabulary: Vocabulary) -> str:
    """Return the characters on lines, those that cannot be printed escaped."""
    shown = [repr(character)[1:-1] for character in vocabulary.characters[:_MOST]]
    lines = [f"{vocabulary.size:,} distinct", ""]
    for character in shown:
        if len(lines[-1]) + len(character) > _LINE:
            lines.append("")
        lines[-1] += character
    more = vocabulary.size - len(shown)
    return "\n".join([*lines, f"and {more:,} more"] if more else lines)


def _origin(known: Provenance) -> list[tuple[str, str]]:
    rows = []
    if known.book is not None:
        rows.append(("book", _book(known.book, known.corpus)))
    if known.training is not None:
        rows.append(("training", _training(known.training, known.is_best)))
        rows.append(("validation", _validation(known.training, known.is_best)))
    if known.evaluation is not None:
        rows.append((known.evaluation.part, _measured(known.evaluation)))
    return rows or [("origin", "unknown: dvc.lock here does not name this model")]


def _book(path: str, corpus: CorpusMetrics | None) -> str:
    name = path if path.isprintable() else repr(path)
    if corpus is None:
        return name
    return (
        f"{name}\n{corpus.characters:,} characters: "
        f"{corpus.training_characters:,} training, "
        f"{corpus.validation_characters:,} validation, "
        f"{corpus.test_characters:,} test"
        + (f", in {corpus.blocks} blocks each" if corpus.blocks > 1 else "")
        + (f"; drawn from a list of {corpus.items:,} items" if corpus.items else "")
    )


def _training(figures: TrainMetrics, is_best: bool) -> str:
    last = figures.epochs[len(figures.epochs)].last_smooth_loss
    best = f"the best, after update {figures.best.update:,}"
    return (
        f"{figures.updates:,} updates, {len(figures.epochs)} epochs; "
        f"these weights: {best if is_best else 'the last'}\n"
        f"smooth loss {figures.first_loss:.2f} at first, {last:.2f} at the end, "
        f"nats per window"
    )


def _validation(figures: TrainMetrics, is_best: bool) -> str:
    of = figures.best if is_best else figures.epochs[len(figures.epochs)]
    nats = of.validation_nats_per_character
    return "none" if nats is None else f"{nats:.4f} nats per character"


def _measured(figures: EvaluationMetrics) -> str:
    network = figures.network
    if network is None:
        return "none: nothing was held out"
    return (
        f"{network.nats_per_character:.4f} nats, "
        f"{network.bits_per_character:.4f} bits per character, "
        f"perplexity {network.perplexity:.3f}, {100 * network.accuracy:.2f} % accuracy"
    )
