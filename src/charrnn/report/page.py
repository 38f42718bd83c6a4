"""The report: one page of HTML that a run writes about itself.

It needs no script and loads nothing.  The templates and the style sheets in
``templates/`` hold its words and its looks; the only importer of jinja2 is here.
"""

from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ArtifactError
from charrnn.inspection.surprise import Surprise
from charrnn.inspection.units import Units
from charrnn.report import formats
from charrnn.report.data import (
    Check,
    Copying,
    Corpus,
    Epoch,
    Errors,
    Evaluation,
    Gradients,
    Sample,
    Training,
    Written,
)
from charrnn.report.figures import Chart, charts
from charrnn.report.params import Section
from charrnn.report.shapes import ramp

TEMPLATES = Path(__file__).parent / "templates"

_MOST_EPOCHS = 24
_MOST_TEXTS = 12
_PANELS, _OVERLAID = "metrics/loss_by_epoch.svg", "metrics/loss_overlaid.svg"
_LOSS, _TRAINING = "metrics/loss.csv", "metrics/train.json"
_PANEL_SIZE, _OVERLAID_SIZE = 4.6, 3.2  # the greatest in report.css
_PARTS = ("training", "validation", "test")
_BASELINES = {
    "uniform": "uniform",
    "unigram": "unigram",
    "bigram": "bigram",
    "trigram": "trigram",
    "fourgram": "4-gram",
    "fivegram": "5-gram",
}


class Report(NamedTuple):
    """All that a run's report is made of.

    Attributes
    ----------
    params : dict
        params.yaml: each section's values by their names.
    sections : list of Section
        The same, with its comments.
    corpus, gradients, training, evaluation, copying
        The metrics of the stages.
    curve : (rows, 4) float64
        The fields of `charrnn.training.state.Row`.
    validations : (n, 3) float64
        The fields of `charrnn.training.state.Validation`; n may be 0.
    panels, overlaid : bytes
        The figures of stage plot, SVG.
    texts : list of Written
        What the network wrote while it learned.
    sample : Sample
        What it wrote in the end.
    model_digest : str
        The sha256 of the file of the best weights.
    surprise : Surprise or None
        What surprised the network on a page of the test part.
    units : Units or None
        What some of its hidden units follow.
    """

    params: dict[str, dict[str, Any]]
    sections: list[Section]
    corpus: Corpus
    gradients: Gradients
    training: Training
    curve: NDArray[np.float64]
    validations: NDArray[np.float64]
    panels: bytes
    overlaid: bytes
    texts: list[Written]
    evaluation: Evaluation
    sample: Sample
    copying: Copying
    model_digest: str
    surprise: Surprise | None
    units: Units | None


class EpochRow(NamedTuple):
    """A row of the table of epochs; `lowest_at` is the update of the lowest point."""

    number: int
    figures: Epoch
    lowest_at: int


def render(report: Report) -> bytes:
    """Return the page; the same report gives the same bytes.

    Raises
    ------
    ArtifactError
        If two parts of the report are not of the same run, or a figure is damaged.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_something,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
    )
    for name in (
        "count",
        "fixed",
        "percent",
        "scientific",
        "power",
        "value",
        "visible",
    ):
        environment.filters[name] = getattr(formats, name)
    page = environment.get_template("report.html").render(_context(report))
    return page.encode("utf-8")


def _something(content: Any) -> Any:
    """Refuse to print a value that is not there."""
    assert content is not None
    return content


def _context(report: Report) -> dict[str, Any]:
    best = report.training.best
    if best.validation_nats_per_character is None and best.smooth_loss is None:
        message = f"{_TRAINING}: damaged: best has no loss"
        raise ArtifactError(message)
    overlaid, colours = charts(
        report.overlaid, "overlaid", _OVERLAID, size=_OVERLAID_SIZE
    )
    epochs = _epochs(report)
    models = _models(report.evaluation)
    checks = report.gradients.checks
    return report._asdict() | {
        "ramp": ramp(colours),
        "panels": _panels(report, epochs),
        "overlaid": overlaid[0],
        "parts": [
            (part, getattr(report.corpus, f"{part}_characters")) for part in _PARTS
        ],
        "largest": _largest(list(checks.values())),
        "zero_state": checks["zero_state"],
        "epochs": epochs,
        "last": epochs[-1].figures,
        "lowest": min(epochs, key=lambda row: row.figures.lowest_smooth_loss),
        "epoch_rows": formats.evenly(epochs, _MOST_EPOCHS, first=1),
        "text_rows": formats.evenly(report.texts, _MOST_TEXTS),
        "models": models,
        "counting": min(
            models[:-1], key=lambda model: model[1].bits_per_character, default=None
        ),
    }


def _epochs(report: Report) -> list[EpochRow]:
    curve = report.curve
    if sorted(set(curve[:, 0].tolist())) != sorted(report.training.epochs):
        raise _other_epochs(_LOSS)
    rows = []
    for number, figures in sorted(report.training.epochs.items()):
        points = curve[curve[:, 0] == number]
        lowest_at = int(points[points[:, 2].argmin(), 1])
        rows.append(EpochRow(number, figures, lowest_at))
    return rows


def _panels(report: Report, epochs: list[EpochRow]) -> list[tuple[Chart, EpochRow]]:
    panels, _ = charts(report.panels, "panel", _PANELS, size=_PANEL_SIZE)
    rows = {f"epoch {row.number}": row for row in epochs}
    if not all(panel.title in rows for panel in panels):
        raise _other_epochs(_PANELS)
    return [(panel, rows[panel.title]) for panel in panels]


def _other_epochs(where: str) -> ArtifactError:
    message = f"{where}: its epochs are not those of {_TRAINING}: run dvc repro"
    return ArtifactError(message)


def _largest(checks: list[Check]) -> Check:
    """Return the largest error of each kind and each gradient over all checks."""
    return Check(
        *(
            Errors(*(max(values) for values in zip(*errors, strict=True)))
            for errors in zip(*checks, strict=True)
        )
    )


def _models(evaluation: Evaluation) -> list[tuple[str, Any]]:
    """Return the models and their measures, the network last; none if not measured."""
    if evaluation.network is None:
        return []
    found = [(name, getattr(evaluation, key)) for key, name in _BASELINES.items()]
    models = [(name, measures) for name, measures in found if measures is not None]
    return [*models, ("network", evaluation.network)]
