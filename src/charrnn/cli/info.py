"""``charrnn info``: what this model is."""

import argparse
import hashlib
from typing import Any

from charrnn.cli.loading import load
from charrnn.cli.output import write_aligned, write_json
from charrnn.cli.provenance import Provenance, provenance
from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes
from charrnn.text.vocabulary import Vocabulary

# Characters of the vocabulary, in a line and in all.
_LINE, _MOST = 64, 256
_PARTS = {"training": "learn", "validation": "validate", "test": "test"}


def run(options: argparse.Namespace) -> int:
    """Tell all that is known of the model."""
    vocabulary, weights = load(options)
    known = provenance(options.model)
    facts: dict[str, Any] = {
        "model": str(options.model),
        "sha256": hashlib.sha256(read_bytes(options.model)).hexdigest(),
        "hidden_size": weights.hidden_size,
        "weights": sum(array.size for array in weights),
        "precision": str(weights.b.dtype),
        "vocabulary": str(options.vocabulary),
        "vocabulary_sha256": vocabulary.digest,
        "distinct_characters": vocabulary.size,
        "characters": vocabulary.characters,
    }
    if options.json:
        write_json(facts | known._asdict())
        return 0
    rows = [
        ("model", facts["model"]),
        ("sha256", facts["sha256"]),
        ("hidden units", f"{weights.hidden_size:,}"),
        ("weights", f"{facts['weights']:,}, {facts['precision']}"),
        ("vocabulary", facts["vocabulary"]),
        ("characters", _characters(vocabulary)),
    ]
    try:
        rows += _origin(known)
    except (AttributeError, KeyError, TypeError, ValueError):
        message = "metrics: damaged: its files are as dvc.lock says, but not a run's"
        raise ArtifactError(message) from None
    write_aligned(rows)
    return 0


def _characters(vocabulary: Vocabulary) -> str:
    """Show the characters, each as it is or as Python would write it."""
    shown = [repr(character)[1:-1] for character in vocabulary.characters[:_MOST]]
    lines = [f"{vocabulary.size:,} distinct ones", ""]
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
        rows.append(("test", _test(known.evaluation)))
    return rows or [("origin", "not known: no dvc.lock here names this model")]


def _book(path: str, corpus: dict[str, Any] | None) -> str:
    name = path if path.isprintable() else repr(path)
    if corpus is None:
        return name
    parts = ", ".join(
        f"{corpus[f'{part}_characters']:,} to {verb}" for part, verb in _PARTS.items()
    )
    return f"{name}\n{corpus['characters']:,} characters: {parts}"


def _training(figures: dict[str, Any], is_best: bool) -> str:
    epochs, first = figures["epochs"], figures["first_loss"]
    last = epochs[str(len(epochs))]["last_smooth_loss"]
    best = figures["best"]["update"]
    which = f"the best, after update {best:,}" if is_best else "the last"
    return (
        f"{figures['updates']:,} updates, {len(epochs)} epochs; these weights: {which}\n"
        f"smooth loss {first:.2f} at first, {last:.2f} at the end, nats per window"
    )


def _validation(figures: dict[str, Any], is_best: bool) -> str:
    epochs = figures["epochs"]
    of = figures["best"] if is_best else epochs[str(len(epochs))]
    nats = of.get("validation_nats_per_character")
    return "none" if nats is None else f"{nats:.4f} nats per character"


def _test(figures: dict[str, Any]) -> str:
    network = figures.get("network")
    if network is None:
        return f"none: the test part has {figures['test_characters']:,} characters"
    return (
        f"{network['nats_per_character']:.4f} nats, "
        f"{network['bits_per_character']:.4f} bits per character, "
        f"perplexity {network['perplexity']:.3f}, "
        f"{100 * network['accuracy']:.2f} % accuracy"
    )
