"""The loop over a text: every window once, everything recorded, nothing disturbed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charrnn.errors import BookError, ConfigError, TrainingError, VocabularyError
from charrnn.exact import mean
from charrnn.network import reference
from charrnn.network.kernels import learning
from charrnn.network.model import Model, Weights, initial_weights
from charrnn.network.scoring import (
    all_scores,
    block_scores,
    nats_per_character,
    read_text,
)
from charrnn.settings import Recipe, Schedule
from charrnn.text.parts import Corpus, Piece, Windows
from charrnn.text.vocabulary import Ids
from charrnn.training import between
from charrnn.training.loop import learn, start, train
from charrnn.training.state import Run
from tests.problems import RECIPE, SCHEDULE, book_of, make_text, text_rng

NONE = np.zeros(0, dtype=np.uint8)
TEXT, VALIDATION = make_text(300, 5), make_text(30, 5, seed=1)


def network() -> Weights:
    rng = np.random.default_rng(4)
    return initial_weights(7, 5, sigma=0.1, dtype=np.float64, rng=rng)


def trained(
    training: Ids,
    validation: Ids = NONE,
    recipe: Recipe = RECIPE,
    schedule: Schedule = SCHEDULE,
) -> Run:
    book = book_of(training, validation)
    run = start(network(), book, recipe)
    for _ in train(run, book, recipe, schedule, text_rng):
        pass
    return run


def assert_same(one: Weights, other: Weights) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def assert_follows_the_reference(text: Ids, recipe: Recipe) -> None:
    run, weights = trained(text, recipe=recipe), network()
    losses = list(reference.training_loop(weights, text, recipe))
    assert run.update == len(losses)
    assert run.first_loss == pytest.approx(losses[0], rel=1e-9)
    assert run.smooth_loss == pytest.approx(losses[-1], rel=1e-6)
    for (name, array), expected in zip(run.model.weights.named(), weights, strict=True):
        np.testing.assert_allclose(array, expected, 1e-4, 1e-6, err_msg=name)
    per_epoch = np.array(losses).reshape(recipe.epochs, -1)
    for epoch, values in zip(run.epochs, per_epoch, strict=True):
        found = (epoch.mean, epoch.lowest, epoch.highest, epoch.last)
        right = (values.mean(), values.min(), values.max(), values[-1])
        assert found == pytest.approx(right, rel=1e-6)


@pytest.mark.slow
@settings(max_examples=30)
@given(
    length=st.integers(7, 300),
    epochs=st.integers(1, 3),
    l2=st.sampled_from([0.0, 0.01]),
    warmup=st.sampled_from([0, 30, 1000]),
    decay=st.sampled_from([0.0, 0.01, 0.3, 1.0]),
)
def test_training_follows_the_reference_loop(
    length: int, epochs: int, l2: float, warmup: int, decay: float
) -> None:
    # A small rate: at a larger one rounding grows from update to update.
    recipe = replace(
        RECIPE,
        epochs=epochs,
        learning_rate=0.01,
        l2=l2,
        warmup_updates=warmup,
        decay_fraction=decay,
    )
    assert_follows_the_reference(make_text(length, 5), recipe)


@pytest.mark.parametrize(
    "bug",
    [
        "state not reset",
        "smooth loss from 0",
        "warm-up again",
        "early end",
        "no penalty",
        "order",
    ],
)
def test_training_that_does_not_follow_it_is_found(
    bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, carried = learning.train_windows, np.zeros(7)

    def wrong(model: Model, ids: Ids, recipe: Recipe, **values: Any) -> Any:
        if bug == "state not reset":
            model.hidden[:] = carried
        elif bug == "smooth loss from 0" and values["first_update"] == 0:
            values["smooth_loss"] = 0.0
        elif bug == "warm-up again" and values["first_update"] == 49:
            values["first_update"] = 0
        elif bug == "early end":
            values["last_update"] -= 49
        elif bug == "no penalty":
            recipe = replace(recipe, l2=0.0)
        elif bug == "order":
            ids = ids[::-1]
        losses = right(model, ids, recipe, **values)
        carried[:] = model.hidden
        return losses

    recipe = replace(
        RECIPE, learning_rate=0.01, l2=0.01, warmup_updates=70, decay_fraction=0.6
    )
    text = TEXT[: 49 * RECIPE.sequence_length + 1]
    assert_follows_the_reference(text, recipe)
    monkeypatch.setattr(learning, "train_windows", wrong)
    with pytest.raises(AssertionError):
        assert_follows_the_reference(text, recipe)


@settings(max_examples=20)
@given(
    rows=st.integers(1, 50),
    validate=st.integers(1, 60),
    text=st.integers(1, 60),
    length=st.integers(1, 30),
)
def test_the_schedule_does_not_affect_training(
    rows: int, validate: int, text: int, length: int
) -> None:
    often = Schedule(
        rows_per_epoch=rows,
        validate_every=validate,
        text_every=text,
        text_length=length,
    )
    recipe = replace(RECIPE, warmup_updates=9)
    one = trained(TEXT, recipe=recipe)
    other = trained(TEXT, VALIDATION, recipe, often)
    assert_same(one.model.weights, other.model.weights)
    assert_same(one.model.squares, other.model.squares)
    assert (one.epochs, one.smooth_loss) == (other.epochs, other.smooth_loss)


def test_a_text_does_not_depend_on_the_texts_before_it() -> None:
    often, seldom = (
        {t.update: t for t in trained(TEXT, schedule=schedule).texts}
        for schedule in (replace(SCHEDULE, text_every=n) for n in (5, 35))
    )
    assert list(seldom) == [0, 35, 70]
    for update, text in seldom.items():
        np.testing.assert_array_equal(text.ids, often[update].ids)
        assert text.smooth_loss == often[update].smooth_loss


@settings(max_examples=50)
@given(windows=st.integers(1, 60), rows=st.integers(1, 20))
def test_each_epoch_has_its_rows_and_ends_with_one_and_a_yield(
    windows: int, rows: int
) -> None:
    schedule = replace(SCHEDULE, rows_per_epoch=rows)
    text = make_text(6 * windows + 1, 5)
    book, ends = Corpus.whole(text), {}
    run = start(network(), book, RECIPE)
    for _ in train(run, book, RECIPE, schedule, text_rng):
        if len(run.epochs) * windows == run.update:
            ends[run.update] = run.smooth_loss
    assert ends == {n * windows: epoch.last for n, epoch in enumerate(run.epochs, 1)}
    for epoch in (1, 2):
        updates = [row.update for row in run.rows if row.epoch == epoch]
        assert 1 <= len(updates) <= rows
        assert updates == sorted(set(updates))
        assert updates[-1] == epoch * windows


def test_best_is_the_lowest_validation_loss_and_keeps_its_model() -> None:
    training, validation = make_text(900, 5), make_text(60, 5, seed=1)
    run = trained(training, validation, schedule=replace(SCHEDULE, validate_every=20))
    assert run.best is not None
    loss, update = min((v.nats_per_character, v.update) for v in run.validations)
    assert (run.best.update, run.best.loss) == (update, loss)
    book = book_of(training, validation)
    weights, hidden, _ = run.best.model
    scores = all_scores(block_scores(weights, hidden, book.ids, book.validation))
    assert (len(scores.nats), mean(scores.nats)) == (60, loss)
    ends = [v.update for v in run.validations if v.update % 149 == 0]
    assert ends == [149, 298]  # at the end of each epoch, whatever validate_every is


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fraction=st.sampled_from([0.05, 0.3, 0.5, 1.0]),
    every=st.integers(1, 40),
    validate=st.integers(1, 60),
)
def test_the_last_weights_are_averaged_as_in_the_reference(
    fraction: float, every: int, validate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(between, "AVERAGE_EVERY", every)
    recipe = replace(RECIPE, learning_rate=0.01, average_fraction=fraction)
    schedule = replace(SCHEDULE, validate_every=validate)
    run = trained(TEXT, VALIDATION, recipe, schedule)
    assert_same(
        run.model.weights,
        trained(TEXT, recipe=replace(recipe, average_fraction=0.0)).model.weights,
    )
    weights, kept, N = network(), [], 98
    for n, _ in enumerate(reference.training_loop(weights, TEXT, recipe), 1):
        if n > N - int(fraction * N) and n % every == 0:
            kept.append(weights.copy())
    if not kept:
        assert run.weight_sums is None
        assert all(loss == averaged for *_, loss, averaged in run.validations)
        return
    assert run.weight_sums is not None
    assert run.weight_sums.updates == len(kept)
    found = run.weight_sums.averaged(np.float64)
    for array, *arrays in zip(found, *kept, strict=True):
        np.testing.assert_allclose(array, np.mean(arrays, axis=0), 1e-4, 1e-6)


def test_best_may_be_the_averaged_weights_in_the_state_that_they_read_on_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(between, "AVERAGE_EVERY", 10)
    book = book_of(TEXT, VALIDATION)
    for fraction in (0.0, 0.8):
        recipe = replace(RECIPE, epochs=1, average_fraction=fraction)
        run = trained(TEXT, VALIDATION, recipe)
        assert run.best is not None
        assert run.best.is_averaged == (fraction > 0)
        assert run.best.loss == min(min(v[2:]) for v in run.validations)
    assert run.weight_sums is not None
    assert run.best is not None
    assert run.best.update == run.update
    weights, hidden, squares = run.best.model
    assert_same(weights, run.weight_sums.averaged(np.float64))
    assert_same(squares, run.model.squares)
    state = read_text(weights, TEXT[:294], run.model.hidden)
    np.testing.assert_array_equal(hidden, state)
    scores = all_scores(block_scores(weights, hidden, book.ids, book.validation))
    assert mean(scores.nats) == run.best.loss


def test_weights_are_not_averaged_without_a_validation_part() -> None:
    recipe = replace(RECIPE, average_fraction=0.5)
    with pytest.raises(ConfigError, match=r"^train.average_fraction is 0.5: it should"):
        trained(TEXT, recipe=recipe)


def test_without_a_validation_part_best_is_the_lowest_smooth_loss() -> None:
    text = make_text(900, 5)
    book, models = Corpus.whole(text), {}
    run = start(network(), book, RECIPE)
    every_update = replace(SCHEDULE, text_every=1)  # a yield at each of them
    for _ in train(run, book, RECIPE, every_update):
        models[run.update] = run.model.copy()
    for rows_per_epoch in (1, 7, 500):  # the curve's points do not decide it
        run = trained(text, schedule=replace(SCHEDULE, rows_per_epoch=rows_per_epoch))
        assert run.validations == []
        assert run.best is not None
        assert run.best.loss == min(epoch.lowest for epoch in run.epochs)
        best, then = run.best.model, models[run.best.update]
        assert_same(best.weights, then.weights)
        assert_same(best.squares, then.squares)
        np.testing.assert_array_equal(best.hidden, then.hidden)


def test_a_short_text_can_be_learnt_by_heart() -> None:
    text = np.array([0, 1, 2, 0, 3, 4, 1, 1, 2, 4, 0, 3, 0], dtype=np.uint8)
    run = trained(text, recipe=replace(RECIPE, epochs=300, learning_rate=0.05))
    weights = run.model.weights
    assert nats_per_character(weights, text, weights.zero_state()) < 0.1


def test_a_text_too_short_for_a_window_is_refused() -> None:
    assert trained(make_text(7, 5)).update == RECIPE.epochs
    with pytest.raises(BookError, match=r"has 6 characters.*sequence_length 6 needs 7"):
        start(network(), Corpus.whole(make_text(6, 5)), RECIPE)


def test_a_loss_that_is_not_finite_stops_the_run() -> None:
    with pytest.raises(TrainingError, match=r"not finite at update 2: lower train"):
        trained(TEXT, recipe=replace(RECIPE, learning_rate=1e308))


def test_a_run_that_is_past_its_recipe_ends() -> None:
    run = trained(TEXT)
    before, once = run.update, replace(RECIPE, epochs=1)
    assert len(list(train(run, Corpus.whole(TEXT), once, SCHEDULE, text_rng))) <= 1
    assert run.update == before


def test_ids_beyond_the_vocabulary_are_refused() -> None:
    text = TEXT.copy()
    text[290] = 5
    rule = r"^an id is 5, but the vocabulary has only 5"
    with pytest.raises(VocabularyError, match=rule):
        start(network(), Corpus.whole(text), RECIPE)
    run = start(network(), Corpus.whole(text[:100]), RECIPE)
    with pytest.raises(VocabularyError, match=rule):
        list(train(run, Corpus.whole(text), RECIPE, SCHEDULE, text_rng))


def test_learn_trains_on_all_of_a_text_with_the_default_schedule() -> None:
    weights, book = network(), Corpus.whole(TEXT)
    run, other = learn(weights, TEXT, RECIPE), start(weights, book, RECIPE)
    for _ in train(other, book, RECIPE, Schedule()):
        pass
    assert_same(run.model.weights, other.model.weights)
    assert_same(weights, network())
    assert (run.rows, run.epochs, run.texts) == (other.rows, other.epochs, [])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 20)), min_size=2))
def test_no_window_reaches_across_a_gap_and_the_state_does(
    lengths: list[tuple[int, int]],
) -> None:
    T, at, pieces = RECIPE.sequence_length, 0, []
    for length, gap in lengths:
        pieces.append(Piece(at, at + length))
        at += length + gap
    book = Corpus(make_text(at, 5), tuple(pieces))
    windows = [
        book.ids[start : start + T + 1]
        for piece in pieces
        for start in range(piece.start, piece.end - T, T)
    ]
    assert Windows(book.training, T).count == len(windows)
    if not windows:
        return
    recipe = replace(RECIPE, epochs=1, learning_rate=0.01)
    run = start(network(), book, recipe)
    for _ in train(run, book, recipe, SCHEDULE, text_rng):
        pass
    model = start(network(), book, recipe).model
    for n, window in enumerate(windows):
        learning.train_windows(model, window, recipe, first_update=n, smooth_loss=0.0)
    assert_same(run.model.weights, model.weights)
    np.testing.assert_array_equal(run.model.hidden, model.hidden)
    starts = [text.ids for text in run.texts]
    assert len(starts) == len(windows) // SCHEDULE.text_every + 1
