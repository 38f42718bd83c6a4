"""A trial comes to what the pipeline comes to with the same values."""

from dataclasses import replace
from pathlib import Path

import pytest

from charrnn.files.arrays import read_arrays
from charrnn.files.artifacts import read_json
from charrnn.settings import ModelConfig, PrepareConfig, TrainConfig
from charrnn.sweep import trial
from charrnn.sweep.plan import Values
from charrnn.sweep.specification import base_values
from charrnn.sweep.trial import NOT_FINITE, OK, Outcome, known_answer, run_trial
from tests.conftest import PROSE

TEXT = PROSE.encode()


def values_of(finished: Path) -> Values:
    return base_values(finished / "params.yaml")


def test_a_trial_is_a_run_of_the_pipeline(finished: Path) -> None:
    outcome = run_trial(values_of(finished), TEXT, reads_test=True)
    training = read_json(finished / "metrics/train.json")
    evaluation = read_json(finished / "metrics/evaluation.json")
    _, header = read_arrays(finished / "data/model/best.safetensors")
    best = training["best"]
    assert outcome == Outcome(
        OK,
        updates=training["updates"],
        best_update=best["update"],
        smooth_loss=training["epochs"]["2"]["last_smooth_loss"],
        validation_nats=best["validation_nats_per_character"],
        test_nats=evaluation["network"]["nats_per_character"],
        sha256=header["sha256"],
    )


def test_the_test_part_is_read_only_to_confirm(finished: Path) -> None:
    values = values_of(finished)
    confirmed = run_trial(values, TEXT, reads_test=True)
    assert run_trial(values, TEXT, reads_test=False) == confirmed._replace(
        test_nats=None
    )
    without = values._replace(prepare=replace(values.prepare, test_fraction=0.0))
    assert run_trial(without, TEXT, reads_test=True).test_nats is None


def test_texts_and_points_of_the_curve_change_nothing(finished: Path) -> None:
    values = values_of(finished)
    other = replace(
        values.train, text_every=3, text_length=9, rows_per_epoch=7, seed=5, start="x"
    )
    expected = run_trial(values, TEXT, reads_test=True)
    assert run_trial(values._replace(train=other), TEXT, reads_test=True) == expected


def test_a_loss_that_is_not_finite_is_a_row(finished: Path) -> None:
    values = values_of(finished)
    wild = replace(values.train, learning_rate=1e308, precision="float64")
    outcome = run_trial(values._replace(train=wild), TEXT, reads_test=True)
    assert outcome.status == NOT_FINITE
    assert "loss is not finite at update" in outcome.reason
    assert "train.learning_rate" in outcome.reason
    assert outcome.updates is not None
    assert (outcome.smooth_loss, outcome.validation_nats, outcome.sha256) == (None,) * 3


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_known_answer_is_of_200_updates_and_of_all_parts(
    precision: trial.Precision,
) -> None:
    answer = known_answer(precision)
    assert (answer.status, answer.updates) == (OK, 200)
    assert None not in (answer.validation_nats, answer.test_nats, answer.sha256)


def test_the_digest_of_the_code_covers_what_a_trial_imports() -> None:
    """A source that decides the figures must change the name of a journal's entries."""
    package = Path(trial.__file__).parent.parent
    named = {package / name for name in trial._CODE}
    assert all(path.exists() for path in named)
    for used in (Values, PrepareConfig, ModelConfig, TrainConfig, run_trial):
        path = package.parent / f"{used.__module__.replace('.', '/')}.py"
        is_named = any(path == one or one in path.parents for one in named)
        assert is_named or used is Values, path
