"""Train; write the best and the last weights, the loss curve and the sampled texts."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("train")

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path

from tqdm.contrib.logging import logging_redirect_tqdm

from charrnn.errors import ArtifactError, GradientError
from charrnn.files.checkpoints import FOLDER, Checkpoints
from charrnn.files.growing import SUFFIX, GrowingCurve
from charrnn.files.lock import entry_digest, is_noted
from charrnn.files.metrics.schema import GradientCheckVerdict, read_metrics
from charrnn.files.metrics.train_metrics import TrainingTexts, TrainMetrics
from charrnn.files.models import first_model, model_bytes
from charrnn.files.params import load_section
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.files.start import PATTERN_OF_MODELS
from charrnn.network.streams import Purpose, stream
from charrnn.settings import ModelConfig, TrainConfig
from charrnn.text.parts import Windows
from charrnn.training.loop import check_corpus, start, train
from charrnn.training.state import Row, Run, Validation
from stages.runtime.inputs import Inputs
from stages.runtime.paths import (
    BEST,
    IDS,
    LAST,
    LOSS,
    PARTS,
    READABLE_TEXTS,
    SUMMARY,
    TEXTS,
    VALIDATIONS,
    VERDICT,
    VOCABULARY,
)
from stages.runtime.progress import Progress
from stages.runtime.running import log, run
from stages.runtime.signals import Stop, Stopped

# With fewer, books of 5 kB to 1 MB were learned less well (docs/experiments.md).
_FEW = 5_000


def main() -> None:
    """Run the stage ``train``."""
    inputs = Inputs([TrainConfig, ModelConfig], [IDS, PARTS, VOCABULARY, VERDICT])
    config, model = load_section(TrainConfig), load_section(ModelConfig)
    inputs.add(Path(config.start), PATTERN_OF_MODELS)
    if not read_metrics(GradientCheckVerdict, VERDICT).passed:
        message = f"{VERDICT}: the gradient check has not passed"
        raise GradientError(message)
    vocabulary = load_vocabulary(VOCABULARY)
    book = load_book(IDS, PARTS, vocabulary)
    check_corpus(book, config)
    windows = Windows(book.training, config.sequence_length).count
    checkpoints = Checkpoints(inputs.fingerprint)
    with checkpoints.one_writer():
        if "DVC_STAGE" in os.environ:
            noted = is_noted("train", [BEST, LAST])
            checkpoints.reopen(entry_digest("train"), is_noted=noted)
        state = checkpoints.load()
        checkpoints.remove_stale()
        if state is None:
            state = start(first_model(vocabulary, config, model), book, config)
        log.info(
            "m = %d, %d characters, %s; %d epochs of %s updates; smooth loss in nats per "
            "window of %d, first loss %.2f%s",
            model.hidden_size,
            vocabulary.size,
            config.precision,
            config.epochs,
            f"{windows:,}",
            config.sequence_length,
            state.first_loss,
            "; validation in nats per character" if book.validation else "",
        )
        if state.update:
            log.info("resuming from update %s", f"{state.update:,}")
        text_rng = functools.partial(stream, Purpose.TRAINING_TEXT, config.seed)
        progress = Progress(
            state,
            windows=windows,
            epochs=config.epochs,
            book=book,
            text_rng=text_rng,
            vocabulary=vocabulary,
        )
        steps = train(state, book, config, config, text_rng)
        growing = GrowingCurve(
            checkpoints.path.with_suffix(SUFFIX),
            state,
            sequence_length=config.sequence_length,
            updates=progress.total,
        )
        with (
            logging_redirect_tqdm([log.parent or log]),
            contextlib.closing(progress),
            contextlib.closing(growing),
        ):
            _follow(state, steps, progress, growing, checkpoints)
        if state.update < _FEW:
            log.warning(
                "%s updates are few: a network of fewer than %s has learned little; "
                "raise train.epochs: dvc exp run -S train.epochs=%d",
                f"{state.update:,}",
                f"{_FEW:,}",
                -(-_FEW // windows),
            )
        checkpoints.save_if_possible(state)
        assert state.best is not None
        texts = TrainingTexts.of(state, vocabulary)
        with inputs.outputs() as out:
            out.write(BEST, model_bytes(state.best.model, vocabulary, config))
            out.write(LAST, model_bytes(state.model, vocabulary, config))
            out.table(LOSS, Row._fields, state.rows)
            out.table(VALIDATIONS, Validation._fields, state.validations)
            out.json(TEXTS, texts.content())
            out.text(READABLE_TEXTS, texts.as_text())
            out.json(SUMMARY, TrainMetrics.of(state, windows).content())
        if "DVC_STAGE" in os.environ:  # which may be killed before it notes the run
            checkpoints.finish(entry_digest("train"))
        else:
            checkpoints.remove()


def _follow(
    state: Run,
    steps: Iterator[Run],
    progress: Progress,
    growing: GrowingCurve,
    checkpoints: Checkpoints,
) -> None:
    """Run the training; show the progress and save checkpoints."""
    with contextlib.closing(Stop()) as stop:
        for _ in steps:
            stop.hold()
            progress.show()
            growing.show()
            if stop.is_requested:
                message = (
                    f"{stop.reason} at update {state.update:,} of {progress.total:,}; "
                    f"{_save(state, checkpoints)}"
                )
                raise Stopped(message, stop.code)
            checkpoints.save_if_due(state)
    progress.show()


def _save(state: Run, checkpoints: Checkpoints) -> str:
    """Save a run; return what to tell the user."""
    try:
        checkpoints.save(state)
    except ArtifactError as error:
        saved = (
            f"not saved: {error}; to resume from an older checkpoint, if there is one"
        )
    else:
        saved = f"saved in {checkpoints.folder}; to resume"
    command = "repro" if checkpoints.folder == FOLDER else "exp run with these values"
    return f"{saved}, type: dvc {command}"


if __name__ == "__main__":
    run("train", main)
