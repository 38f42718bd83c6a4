"""Write the report: one page of HTML about this run."""

from stages.runtime import signals

if __name__ == "__main__":  # before the imports that take long
    signals.end_at_once("report")

from pathlib import Path
from typing import Any

from charrnn.files.artifacts import read_table
from charrnn.files.books import PATTERN
from charrnn.files.lock import md5
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.gradient_metrics import GradientCheckMetrics
from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import CorpusMetrics, SampleMetrics, read_metrics
from charrnn.files.metrics.train_metrics import TrainingTexts, TrainMetrics
from charrnn.files.params import PARAMS, load_section
from charrnn.files.start import PATTERN_OF_MODELS, start_file
from charrnn.html.rendering import SHARED
from charrnn.report.content import TEMPLATES, Report, render
from charrnn.settings import SECTIONS
from charrnn.training.state import Row, Validation
from stages.runtime.inputs import Inputs
from stages.runtime.paths import (
    COPYING,
    CORPUS,
    EVALUATION,
    GRADIENTS,
    INSPECTION,
    LOSS,
    REPORT,
    SAMPLE,
    SUMMARY,
    TEXTS,
    VALIDATIONS,
)
from stages.runtime.running import log, run
from stages.runtime.texts import read_text


def main() -> None:
    """Run the stage ``report``."""
    files = [CORPUS, GRADIENTS, SUMMARY, LOSS, VALIDATIONS, TEXTS]
    files += [EVALUATION, INSPECTION, SAMPLE, COPYING, PARAMS]
    inputs = Inputs([], files, code=sorted([*TEMPLATES.iterdir(), *SHARED.iterdir()]))
    params: dict[str, Any] = {kind.section: load_section(kind) for kind in SECTIONS}
    book, start = Path(params["prepare"].book), Path(params["train"].start)
    inputs.add(book, PATTERN)
    inputs.add(start, PATTERN_OF_MODELS)
    model = start_file(start)
    given = params["sample"].prime or ""
    page = render(
        Report(
            params=params,
            book_digest=md5(book),
            start=None if model is None else model.as_posix(),
            corpus=read_metrics(CorpusMetrics, CORPUS),
            gradients=read_metrics(GradientCheckMetrics, GRADIENTS),
            training=read_metrics(TrainMetrics, SUMMARY),
            curve=read_table(LOSS, Row._fields),
            validations=read_table(VALIDATIONS, Validation._fields, may_be_empty=True),
            texts=read_metrics(TrainingTexts, TEXTS).texts,
            evaluation=read_metrics(EvaluationMetrics, EVALUATION),
            inspection=read_metrics(InspectionMetrics, INSPECTION),
            given=given,
            written=read_text(SAMPLE).removeprefix(given).removesuffix("\n"),
            copying=read_metrics(SampleMetrics, COPYING),
        )
    )
    with inputs.outputs() as out:
        out.write(REPORT, page)
    log.info("%s bytes", f"{len(page):,}")


if __name__ == "__main__":
    run("report", main)
