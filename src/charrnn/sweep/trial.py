"""One trial: from values and the text of a book to the figures of a training."""

import functools
import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from charrnn.errors import TrainingError
from charrnn.exact import mean
from charrnn.files.models import drawn_weights, model_digest
from charrnn.files.preparing import prepare_book, text_vocabulary
from charrnn.network.scoring import all_scores, block_scores
from charrnn.settings import ModelConfig, PrepareConfig, TrainConfig
from charrnn.sweep.plan import Values
from charrnn.text.parts import Corpus
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.loop import start, train

Precision: TypeAlias = Literal["float32", "float64"]

OK, NOT_FINITE, LOST = "ok", "not_finite", "lost"

# The sources that the figures of a trial depend on.
_CODE = (
    "errors.py",
    "exact.py",
    "settings.py",
    "text",
    "network",
    "training",
    "files/models.py",
    "files/preparing.py",
    "sweep/trial.py",
)
_NEVER = 10**9


class Outcome(NamedTuple):
    """What came of a trial; None is what there is not.

    Attributes
    ----------
    status : str
        `OK`; `NOT_FINITE`, a loss was not; `LOST`, the worker died in it.
    reason : str
        Why it is not `OK`.
    updates, best_update : int or None
    smooth_loss : float or None
        At the end, nats per window.
    validation_nats, test_nats : float or None
        Of the best model, per character.
    sha256 : str or None
        Of the best model, as `charrnn.files.models.model_digest` gives it.
    """

    status: str
    reason: str = ""
    updates: int | None = None
    best_update: int | None = None
    smooth_loss: float | None = None
    validation_nats: float | None = None
    test_nats: float | None = None
    sha256: str | None = None


def run_trial(values: Values, text: bytes, *, reads_test: bool) -> Outcome:
    """Train, and measure the best model from the state that training reached.

    Parameters
    ----------
    values : Values
    text : bytes
        The decoded book in UTF-8.
    reads_test : bool
        Whether the best model reads the test part, if there is one.

    Raises
    ------
    BookError
        If the book is too short for the values, as `prepared` says.
    """
    vocabulary, corpus = prepared(text, values.prepare)
    # No figure depends on points of the curve and on texts.
    config = replace(values.train, rows_per_epoch=1, text_every=_NEVER)
    run = start(drawn_weights(vocabulary, config, values.model), corpus, config)
    try:
        for _ in train(run, corpus, config, config):
            pass
        assert run.best is not None
        best, test = run.best.model, None
        if reads_test and corpus.test:
            pieces = block_scores(best.weights, best.hidden, corpus.ids, corpus.test)
            test = mean(all_scores(pieces).nats)
            if not math.isfinite(test):
                message = "the test loss is not finite: lower train.learning_rate"
                raise TrainingError(message)
    except TrainingError as error:
        return Outcome(NOT_FINITE, str(error), updates=run.update)
    return Outcome(
        OK,
        updates=run.update,
        best_update=run.best.update,
        smooth_loss=run.smooth_loss,
        validation_nats=run.best.loss if corpus.validation else None,
        test_nats=test,
        sha256=model_digest(best, vocabulary),
    )


@functools.lru_cache(maxsize=4)
def prepared(text: bytes, config: PrepareConfig) -> tuple[Vocabulary, Corpus]:
    """Return the vocabulary and the parts of a decoded book in UTF-8; keep the last few.

    Raises
    ------
    BookError
        If the text is too short.
    """
    decoded = text.decode("utf-8")
    book = prepare_book(decoded, config, text_vocabulary(decoded, config))
    return book.vocabulary, book.corpus


def known_answer(precision: Precision) -> Outcome:
    """Return the outcome of 200 updates on a text of squares.

    It is the same wherever the code is, and compiles what a trial needs.
    """
    text = "".join(f"{n * n} " for n in range(2000))[:5570].encode()
    train = TrainConfig(epochs=1, precision=precision)
    return run_trial(
        Values(PrepareConfig(), ModelConfig(), train), text, reads_test=True
    )


@functools.cache
def code_digest() -> str:
    """Return the sha256 of the sources that a trial's figures depend on."""
    package, found = Path(__file__).parent.parent, hashlib.sha256()
    for name in _CODE:
        path = package / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            content = file.read_bytes()
            where = file.relative_to(package).as_posix()
            found.update(f"{where} {len(content)}\n".encode() + content)
    return found.hexdigest()
