"""Inspect the best model: the surprise at each character, and what the units track."""

from stages.runtime import signals

if __name__ == "__main__":  # before the imports that take long
    signals.end_at_once("inspect")

import hashlib

from charrnn.files.artifacts import read_bytes
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import read_metrics
from charrnn.files.models import load_model
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.inspection.surprise import MOST_READ, surprise
from charrnn.inspection.units import units
from stages.runtime.inputs import Inputs
from stages.runtime.paths import BEST, EVALUATION, IDS, INSPECTION, PARTS, VOCABULARY
from stages.runtime.running import log, run


def main() -> None:
    """Run the stage ``inspect``."""
    inputs = Inputs([], [IDS, PARTS, VOCABULARY, BEST, EVALUATION])
    vocabulary = load_vocabulary(VOCABULARY)
    model = load_model(BEST, vocabulary).model
    book = load_book(IDS, PARTS, vocabulary)
    network = read_metrics(EvaluationMetrics, EVALUATION).network
    part, blocks = book.inspected(MOST_READ)
    metrics = InspectionMetrics(
        weights_file_sha256=hashlib.sha256(read_bytes(BEST)).hexdigest(),
        part=part,
        surprise=surprise(
            model,
            book.ids,
            blocks,
            vocabulary,
            part_bits=network.bits_per_character if network else None,
        ),
        units=units(model, book.ids, blocks, vocabulary),
    )
    with inputs.outputs() as out:
        out.json(INSPECTION, metrics.content())
    for one in metrics.units.findings if metrics.units else ():
        log.info("unit %d: %s, %.3f", one.unit, one.name, one.measure)


if __name__ == "__main__":
    run("inspect", main)
