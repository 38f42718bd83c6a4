"""The page of ``charrnn compare``: two runs side by side, as HTML without scripts."""

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.exact import mean
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.gradient_metrics import GradientCheckMetrics
from charrnn.files.metrics.schema import CorpusMetrics, SampleMetrics
from charrnn.files.metrics.train_metrics import TrainMetrics
from charrnn.gradcheck.comparison import largest
from charrnn.html import formats
from charrnn.html.rendering import rendered
from charrnn.inspection.passages import coloured
from charrnn.inspection.results import Passage
from charrnn.inspection.surprise import LEVELS
from charrnn.report.charts import history
from charrnn.report.content import TEMPLATES, checks_of, models_of

_DIFFERENCES = 8  # characters at which the surprises differ most
_BEFORE, _AFTER = 24, 12  # characters shown before and after
_MISSING = "none"


class Side(NamedTuple):
    """One of the two runs.

    Attributes
    ----------
    name, commit : str
        As the user named the run, and its commit, "" for a folder.
    values : dict
        The values of params.yaml by dotted key.
    inputs : dict
        The digests in dvc.lock of code and book, by path.
    sequence_length : int
    corpus, training, evaluation, gradients, copying
        The metrics; None if missing, and so for the next three.
    curve, validations : float64 arrays
        As in `charrnn.report.content.Report`.
    written : str
        The sampled text.
    missing : list of str
        Why something is None, a line each.
    """

    name: str
    commit: str
    values: dict[str, Any]
    inputs: dict[str, str]
    sequence_length: int
    corpus: CorpusMetrics | None
    training: TrainMetrics | None
    evaluation: EvaluationMetrics | None
    gradients: GradientCheckMetrics | None
    copying: SampleMetrics | None
    curve: NDArray[np.float64] | None
    validations: NDArray[np.float64] | None
    written: str | None
    missing: list[str]


class Reading(NamedTuple):
    """How a run's model reads the passage.

    Attributes
    ----------
    bits, levels : (N,) arrays or None
        The surprise at each character, bits, and its level of colour; None if the model
        cannot read the passage.
    note : str
        Why it cannot, or to which part of that run the passage belongs.
    """

    bits: NDArray[np.float64] | None
    levels: NDArray[np.integer[Any]] | None
    note: str


class Passages(NamedTuple):
    """The same passage read by both models; `start` counts from 0 in the book."""

    text: str
    start: int
    readings: list[Reading]


class Difference(NamedTuple):
    """A character at which the surprises differ much, with the text around it."""

    before: str
    character: str
    after: str
    bits: list[float]


def render_comparison(
    sides: Sequence[Side], passages: Passages | None, *, same_text: bool
) -> bytes:
    """Return the page in UTF-8.

    Parameters
    ----------
    sides : sequence of Side
        Two.
    passages : Passages or None
        None if no run has the text of a passage.
    same_text : bool
        Whether both runs have the same book and the same parts.
    """
    drawn = [side for side in sides if _is_drawn(side)]
    curves = [
        (side.curve, side.validations, side.training.best.update, side.sequence_length)
        for side in drawn
        if side.curve is not None
        and side.validations is not None
        and side.training is not None
    ]
    context = {
        "sides": sides,
        "same_text": same_text,
        "changed": _changed([side.values for side in sides]),
        "inputs": [path for path, _, _ in _changed([side.inputs for side in sides])]
        if all(side.inputs for side in sides)
        else None,
        "whole": history(curves, highest_loss=None) if curves else None,
        "drawn": [
            (side, sides.index(side), side.training.updates, side.training.best)
            for side in drawn
            if side.training is not None
        ],
        "figures": _figures(sides),
        "checks": [_check(side) for side in sides],
        "passages": passages,
        "read": _read(passages),
        "levels": _level_names(),
        "differences": _differences(passages),
    }
    return rendered(TEMPLATES, "compare.html", context).encode("utf-8")


def _level_names() -> list[str]:
    between = [f"{least:g}–{most:g}" for least, most in itertools.pairwise(LEVELS)]  # noqa: RUF001  # a range has an en dash
    return [*between, f"over {LEVELS[-1]:g}"]


def _is_drawn(side: Side) -> bool:
    return None not in (
        side.training,
        None if side.curve is None else 0,
        None if side.validations is None else 0,
    )


def _changed(contents: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return the keys whose values differ, and both values as params.yaml spells them."""
    first, second = (
        {key: formats.value(value) for key, value in content.items()}
        for content in contents
    )
    keys = [*first, *(key for key in second if key not in first)]
    return [
        (key, first.get(key, _MISSING), second.get(key, _MISSING))
        for key in keys
        if first.get(key) != second.get(key)
    ]


def flat(params: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested mappings by dotted key."""
    found: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = json.loads(json.dumps(value, default=str))
    return found


class _Figure(NamedTuple):
    """A row of the table: its name, its value in a run, and its format."""

    name: str
    of: Callable[[Any], Any]
    form: Callable[[Any], str]


def _fixed(digits: int) -> Callable[[Any], str]:
    return lambda number: formats.fixed(number, digits)


def _best_baseline(side: Any) -> Any:
    baselines = models_of(side.evaluation)[:-1]
    return min(measures.nats_per_character for _, measures in baselines)


_FIGURES = (
    _Figure("test: nats per character", lambda s: s.evaluation.network.nats_per_character, _fixed(4)),
    _Figure("test: bits per character", lambda s: s.evaluation.network.bits_per_character, _fixed(4)),
    _Figure("test: perplexity", lambda s: s.evaluation.network.perplexity, _fixed(3)),
    _Figure("test: accuracy", lambda s: s.evaluation.network.accuracy, formats.percent),
    _Figure("test: nats from a zero state", lambda s: s.evaluation.network_from_zero.nats_per_character, _fixed(4)),
    _Figure("test: nats of the best n-gram model", _best_baseline, _fixed(4)),
    _Figure("characters of that part", lambda s: s.evaluation.characters, formats.count),
    _Figure("characters of the training part", lambda s: s.corpus.training_characters, formats.count),
    _Figure("distinct characters", lambda s: s.corpus.distinct_characters, formats.count),
    _Figure("updates", lambda s: s.training.updates, formats.count),
    _Figure("update of the best weights", lambda s: s.training.best.update, formats.count),
    _Figure("validation: nats per character", lambda s: s.training.best.validation_nats_per_character, _fixed(4)),
    _Figure("mean smooth loss of the last epoch, nats per character", lambda s: _last(s).mean_smooth_loss / s.sequence_length, _fixed(4)),
    _Figure("saturated units in the last epoch", lambda s: _last(s).saturated_share, formats.percent),
    _Figure("longest copy in the sample, characters", lambda s: s.copying.longest_copy_characters, formats.count),
    _Figure("new strings of ten characters in the sample", lambda s: s.copying.share_of_new_10_character_strings, formats.percent),
)  # fmt: skip


def _last(side: Any) -> Any:
    return side.training.epochs[max(side.training.epochs)]


def _figures(sides: Sequence[Side]) -> list[tuple[str, list[str], str]]:
    """Return the name of each figure, its value in both runs, and the change."""
    rows = []
    for name, of, form in _FIGURES:
        found = [_value(of, side) for side in sides]
        shown = [_MISSING if value is None else form(value) for value in found]
        change = ""
        if None not in found:
            apart = found[1] - found[0]
            shown_apart = (
                f"{formats.fixed(100 * apart, 1)} points"
                if form is formats.percent
                else form(apart)
            )
            change = ("+" if apart > 0 else "") + shown_apart if apart else "0"
        rows.append((name, shown, change))
    return rows


def _value(of: Callable[[Side], Any], side: Side) -> Any:
    try:
        return of(side)
    except (AttributeError, ValueError):  # something is None, or empty
        return None


def _check(side: Side) -> tuple[int, float] | None:
    """Return the number of gradient checks and their largest error, by 2-norm."""
    if side.gradients is None:
        return None
    checks = checks_of(side.gradients)
    errors = dict(largest(checks.values()))
    return len(checks), max(one.fourth_order for one in errors.values())


def _read(passages: Passages | None) -> list[tuple[Passage, float] | None]:
    """Return the coloured passage of each model and its mean, bits per character."""
    found: list[tuple[Passage, float] | None] = []
    for bits, levels, _ in passages.readings if passages else ():
        if passages is None or bits is None or levels is None:
            found.append(None)
            continue
        marks = np.zeros(len(bits), np.bool_)
        found.append((coloured(passages.text, levels, marks), mean(bits)))
    return found


def _differences(passages: Passages | None) -> list[Difference]:
    """Return where the surprises differ most, at most one character a word."""
    if passages is None:
        return []
    first, second = (reading.bits for reading in passages.readings)
    if first is None or second is None:
        return []
    text = passages.text
    words = np.cumsum([character.isspace() for character in text])
    places: dict[int, int] = {}
    for at in np.argsort(-np.abs(first - second), kind="stable").tolist():
        if len(places) == _DIFFERENCES or first[at] == second[at]:
            break
        places.setdefault(int(words[at]), at)
    return [
        Difference(
            text[max(0, at - _BEFORE) : at],
            text[at],
            text[at + 1 : at + 1 + _AFTER],
            [float(first[at]), float(second[at])],
        )
        for at in places.values()
    ]
