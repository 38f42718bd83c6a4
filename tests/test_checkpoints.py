"""A run kept on disk is the run, to the bit, at whatever moment it was kept."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charrnn import evaluation
from charrnn import training as trainings
from charrnn.checkpoints import bytes_of, run_from
from charrnn.corpus import Ids
from charrnn.errors import CheckpointError
from charrnn.model import initial_weights
from charrnn.runs import Run
from charrnn.training import start, train
from tests.problems import RECIPE, make_text, watch

K, M = 5, 7
TRAINING = make_text(100, K)  # 2 epochs of 16 windows
VALIDATION = make_text(40, K, seed=1)
NONE = np.zeros(0, dtype=np.uint8)
LOOKED_AT = watch(rows_per_epoch=6, validate_every=5, text_every=7, text_length=4)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    # A yield after every window, and three more inside each validation.
    monkeypatch.setattr(evaluation, "steps_at_once", lambda _: 10)
    monkeypatch.setattr(trainings, "steps_at_once", lambda _: 10)


def bits(value: Any) -> object:
    """Return something that is equal only where every bit is."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return type(value), [bits(one) for one in value]
    return float(value).hex() if isinstance(value, float) else (type(value), value)


def state(run: Run) -> dict[str, object]:
    """Return all that a run has."""
    return {
        field.name: bits(getattr(run, field.name)) for field in dataclasses.fields(run)
    }


def begin(precision: str) -> Run:
    weights = initial_weights(
        M, K, sigma=0.3, dtype=np.dtype(precision), rng=np.random.default_rng(4)
    )
    return start(weights, TRAINING, RECIPE)


def carry_on(run: Run, validation: Ids) -> Iterator[Run]:
    return train(run, TRAINING, validation, RECIPE, LOOKED_AT)


def ended(run: Run, validation: Ids) -> dict[str, object]:
    """Return the state at the end of a run."""
    for _ in carry_on(run, validation):
        pass
    return state(run)


cases = pytest.mark.parametrize("precision", ["float32", "float64"])
books = pytest.mark.parametrize("validation", [VALIDATION, NONE], ids=["parts", "whole"])


@cases
@books
def test_a_run_comes_back_from_bytes_at_every_moment(
    precision: str, validation: Ids
) -> None:
    run = begin(precision)
    assert state(run_from(bytes_of(run))) == state(run)  # no best, no text, infinities
    moments = 0
    for _ in carry_on(run, validation):
        assert state(run_from(bytes_of(run))) == state(run)
        moments += 1
    assert moments == (93 if len(validation) else 32)
    assert len(run.epochs) == 2
    assert len(run.texts) == 5


@cases
@books
def test_a_run_carried_on_from_any_moment_ends_the_same(
    precision: str, validation: Ids
) -> None:
    expected = ended(begin(precision), validation)
    run = begin(precision)
    assert ended(run_from(bytes_of(run)), validation) == expected
    for _ in carry_on(run, validation):
        assert ended(run_from(bytes_of(run)), validation) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(stops=st.lists(st.integers(1, 20), max_size=40), whole=st.booleans())
@example(stops=[2] * 200, whole=False)  # each time one yield after the first
def test_a_run_stopped_again_and_again_ends_the_same(
    stops: list[int], whole: bool
) -> None:
    validation = NONE if whole else VALIDATION
    expected = ended(begin("float32"), validation)
    run = begin("float32")
    for stop in stops:
        for _, _ in zip(range(stop), carry_on(run, validation), strict=False):
            pass
        run = run_from(bytes_of(run))
    assert ended(run, validation) == expected


def test_the_same_run_gives_the_same_bytes() -> None:
    run = begin("float32")
    for _ in carry_on(run, VALIDATION):
        pass
    assert bytes_of(run_from(bytes_of(run))) == bytes_of(run)


def test_any_damaged_byte_and_any_lost_end_is_noticed() -> None:
    run = begin("float32")
    for _, _ in zip(range(40), carry_on(run, VALIDATION), strict=False):
        pass
    content = bytes_of(run)
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
            run_from(bytes(damaged))
        with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
            run_from(content[:place])
    with pytest.raises(CheckpointError, match=r"^the checkpoint is damaged$"):
        run_from(content + b"\0")
