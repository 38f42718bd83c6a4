"""The files of the stage train: its metrics and its texts."""

from hashlib import sha256
from typing import Any, Self

from charrnn.exact import mean
from charrnn.files.metrics.schema import Metrics
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.state import Run


class BestMetrics(Metrics):
    """The update of the best weights, and the loss by which they were chosen.

    `averaged` says whether they are the averaged weights, if there are such.
    """

    update: int
    averaged: bool | None = None
    validation_nats_per_character: float | None = None
    smooth_loss: float | None = None


class EpochMetrics(Metrics):
    """Figures of an epoch; the smooth loss over its updates, nats per window."""

    mean_smooth_loss: float
    lowest_smooth_loss: float
    highest_smooth_loss: float
    last_smooth_loss: float
    saturated_share: float
    validation_nats_per_character: float | None = None


class TrainMetrics(Metrics):
    """metrics/train.json; it contains no time.

    `averaged_sha256` is the digest of the averaged weights b, c, U, W, V at the end.
    """

    updates: int
    averaged_sha256: str | None = None
    first_loss: float
    best: BestMetrics
    epochs: dict[int, EpochMetrics]

    @classmethod
    def of(cls, run: Run, windows: int) -> Self:
        """Return the metrics of a finished run; `windows` is the number of an epoch."""
        assert run.best is not None  # set by the end of the first epoch
        validated = {v.update: v.nats_per_character for v in run.validations}
        chosen_by = "validation_nats_per_character" if validated else "smooth_loss"
        epochs = {}
        for number, epoch in enumerate(run.epochs, 1):
            shares = [row.saturated_share for row in run.rows if row.epoch == number]
            epochs[number] = EpochMetrics(
                **{
                    f"{name}_smooth_loss": loss
                    for name, loss in epoch._asdict().items()
                },
                saturated_share=mean(shares),
                validation_nats_per_character=validated.get(number * windows),
            )
        best: dict[str, Any] = {chosen_by: run.best.loss}
        digest = None
        if run.weight_sums is not None:
            best["averaged"] = run.best.is_averaged
            weights = run.weight_sums.averaged(run.model.hidden.dtype)
            digest = sha256(b"".join(array.tobytes() for array in weights)).hexdigest()
        return cls(
            updates=run.update,
            averaged_sha256=digest,
            first_loss=run.first_loss,
            best=BestMetrics(update=run.best.update, **best),
            epochs=epochs,
        )


class TrainingText(Metrics):
    """A text that was sampled during training; smooth loss in nats per window."""

    update: int
    smooth_loss: float
    text: str


class TrainingTexts(Metrics):
    """data/model/training_texts.json; `as_text` gives metrics/training_texts.txt."""

    texts: list[TrainingText]

    @classmethod
    def of(cls, run: Run, vocabulary: Vocabulary) -> Self:
        """Return the texts of a run."""
        return cls(
            texts=[
                TrainingText(
                    update=text.update,
                    smooth_loss=text.smooth_loss,
                    text=vocabulary.decode(text.ids),
                )
                for text in run.texts
            ]
        )

    def as_text(self) -> str:
        """Return all texts, each after a line with its update and smooth loss."""
        return "".join(
            f"=== update {one.update:,}, smooth loss {one.smooth_loss:.2f} nats\n"
            f"{one.text}\n\n"
            for one in self.texts
        )
