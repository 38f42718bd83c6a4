"""The report: one page of HTML about a run.

The page has no script and loads nothing.  ``templates/`` holds its words.
"""

import dataclasses
import inspect
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ArtifactError
from charrnn.exact import bits, log
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.gradient_metrics import GradientCheckMetrics, ParameterErrors
from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import CorpusMetrics, SampleMetrics
from charrnn.files.metrics.train_metrics import EpochMetrics, TrainingText, TrainMetrics
from charrnn.gradcheck.comparison import Errors, largest
from charrnn.html import formats
from charrnn.html.rendering import rendered
from charrnn.plots.axis import MOST_PANELS, evenly_chosen
from charrnn.report.charts import chart, history
from charrnn.settings import (
    ModelConfig,
    PrepareConfig,
    Recipe,
    TrainConfig,
    meanings,
)
from charrnn.training.state import AVERAGE_EVERY

TEMPLATES = Path(__file__).parent / "templates"

_MOST_EPOCHS = 24
_MOST_TEXTS = 12
_MOST_LABELS = 7
_LOSS, _TRAINING = "metrics/loss.csv", "metrics/train.json"
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
    """The content of a report.

    Attributes
    ----------
    params : dict
        From the name of a section of params.yaml to its values, of a type of
        `charrnn.settings`.
    book_digest : str
        DVC's digest of the book.
    start : str or None
        The path of the model from which training went on, if it did.
    corpus, gradients, training, evaluation, inspection, copying
        The metrics of the stages.
    curve : (rows, 4) float64
        The fields of `charrnn.training.state.Row`.
    validations : (n, 4) float64
        The fields of `charrnn.training.state.Validation`; n may be 0.
    texts : list of TrainingText
        The texts that the network generated during training.
    given, written : str
        The prime that the best weights read, and the text that they then generated.
    """

    params: dict[str, Any]
    book_digest: str
    start: str | None
    corpus: CorpusMetrics
    gradients: GradientCheckMetrics
    training: TrainMetrics
    curve: NDArray[np.float64]
    validations: NDArray[np.float64]
    texts: list[TrainingText]
    evaluation: EvaluationMetrics
    inspection: InspectionMetrics
    given: str
    written: str
    copying: SampleMetrics


class EpochRow(NamedTuple):
    """A row of the table of epochs; `lowest_at` is the update of the lowest smooth loss."""

    number: int
    figures: EpochMetrics
    lowest_at: int


def render(report: Report) -> bytes:
    """Return the page in UTF-8; the same report gives the same bytes.

    Raises
    ------
    ArtifactError
        If the curve and the metrics of the training have different epochs.
    """
    return rendered(TEMPLATES, "report.html", _context(report)).encode("utf-8")


def _context(report: Report) -> dict[str, Any]:
    epochs = _epochs(report)
    T = report.params["train"].sequence_length
    highest_loss = report.params["plot"].highest_loss
    axes = {"sequence_length": T, "highest_loss": highest_loss and highest_loss * T}
    overlaid = chart(report.curve, report.validations, **axes)
    models = models_of(report.evaluation)
    checks = checks_of(report.gradients)
    overrides = _overrides(report.params)
    better, worse = _standing(models)
    return report._asdict() | {
        "book_name": Path(report.params["prepare"].book).name,
        "is_reports": _is_reports_recipe(report),
        "is_default_book": report.params["prepare"].book == PrepareConfig().book,
        "is_default": not overrides and report.start is None,
        "differing": len(overrides),
        "typed": [one for one in overrides if one is not None],
        "better": better,
        "worse": worse,
        "beats_unigram": "unigram" in better,
        "beats_trigram": "trigram" in better,
        "largest_bits": bits(float(log(float(report.corpus.distinct_characters)))),
        "average_every": AVERAGE_EVERY,
        "overlaid": overlaid,
        "legend": formats.evenly(overlaid.curves, _MOST_LABELS, first=1),
        "apart": chart(report.curve, report.validations[:0], **axes, most=MOST_PANELS),
        "whole": history(
            [(report.curve, report.validations, report.training.best.update, T)],
            highest_loss=highest_loss,
        ),
        "panels": evenly_chosen(epochs, MOST_PANELS),
        "parts": [
            (part, getattr(report.corpus, f"{part}_characters")) for part in _PARTS
        ],
        "sections": [_section(config) for config in report.params.values()],
        "checks": checks,
        "largest": dict(largest(checks.values())),
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


def _is_reports_recipe(report: Report) -> bool:
    """Whether the network and its recipe are the original report's; any epochs and seed."""
    model, train = report.params["model"], report.params["train"]
    recipe = {field.name for field in dataclasses.fields(Recipe)} - {"epochs"}
    values: list[tuple[Any, Any, set[str]]] = [
        (model, ModelConfig(), {"hidden_size", "sigma"}),
        (train, TrainConfig(), recipe),
    ]
    return report.start is None and all(
        getattr(config, name) == getattr(default, name)
        for config, default, names in values
        for name in names
    )


def _overrides(params: dict[str, Any]) -> list[str | None]:
    """Return each value that differs from its default as ``dvc exp run -S`` reads it.

    None stands for a text with a character that a command line does not show.
    """
    found = []
    for config in params.values():
        default = type(config)()
        for key in meanings(type(config)):
            value = getattr(config, key)
            if value != getattr(default, key):
                found.append(formats.override(f"{config.section}.{key}", value))
    return found


def _standing(models: list[tuple[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the names of the baselines that the network beats, and of the others."""
    better: list[str] = []
    worse: list[str] = []
    for name, measures in models[:-1]:
        is_beaten = models[-1][1].nats_per_character < measures.nats_per_character
        (better if is_beaten else worse).append(name)
    return better, worse


def _epochs(report: Report) -> list[EpochRow]:
    curve = report.curve
    if sorted(set(curve[:, 0].tolist())) != sorted(report.training.epochs):
        message = f"{_LOSS}: its epochs are not those of {_TRAINING}: run dvc repro"
        raise ArtifactError(message)
    rows = []
    for number, figures in sorted(report.training.epochs.items()):
        points = curve[curve[:, 0] == number]
        lowest_at = int(points[points[:, 2].argmin(), 1])
        rows.append(EpochRow(number, figures, lowest_at))
    return rows


def checks_of(gradients: GradientCheckMetrics) -> dict[str, dict[str, Errors]]:
    """Return the errors of each check, by its name, and of each parameter, by its name."""
    return {
        name: dict(check)
        for name, check in gradients
        if isinstance(check, ParameterErrors)
    }


def _section(config: Any) -> dict[str, Any]:
    """Return the name and meaning of a section, and the value and meaning of each key."""
    rows = [
        (key, getattr(config, key), str(meaning))
        for key, meaning in meanings(type(config)).items()
    ]
    about = inspect.getdoc(type(config)) or ""
    return {"name": config.section, "about": about.partition("\n")[0], "rows": rows}


def models_of(evaluation: EvaluationMetrics) -> list[tuple[str, Any]]:
    """Return the names and measures of the models, the network last; [] without a network."""
    if evaluation.network is None:
        return []
    found = [(name, getattr(evaluation, key)) for key, name in _BASELINES.items()]
    models = [(name, measures) for name, measures in found if measures is not None]
    return [*models, ("network", evaluation.network)]
