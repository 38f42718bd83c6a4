"""Training's files: its figures and its texts."""

from typing import Self

from charrnn.exact import mean
from charrnn.files.metrics.schema import Metrics
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.state import Run


class BestMetrics(Metrics):
    """When the best weights were found, and by which of the two losses."""

    update: int
    validation_nats_per_character: float | None = None
    smooth_loss: float | None = None


class EpochMetrics(Metrics):
    """The smooth loss over the updates of an epoch, nats per window, and more."""

    mean_smooth_loss: float
    lowest_smooth_loss: float
    highest_smooth_loss: float
    last_smooth_loss: float
    saturated_share: float
    validation_nats_per_character: float | None = None


class TrainMetrics(Metrics):
    """metrics/train.json; nothing in it depends on the clock."""

    updates: int
    first_loss: float
    best: BestMetrics
    epochs: dict[int, EpochMetrics]

    @classmethod
    def of(cls, run: Run, windows: int) -> Self:
        """Return the metrics of a run that has ended, with so many updates an epoch."""
        assert run.best is not None  # there is one at the end of each epoch
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
        return cls(
            updates=run.update,
            first_loss=run.first_loss,
            best=BestMetrics(update=run.best.update, **{chosen_by: run.best.loss}),
            epochs=epochs,
        )


class TrainingText(Metrics):
    """A text that the network wrote during training; smooth loss in nats per window."""

    update: int
    smooth_loss: float
    text: str


class TrainingTexts(Metrics):
    """data/model/training_texts.json, and metrics/training_texts.txt to be read."""

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
        """Return all texts, each under a line with its update and smooth loss."""
        return "".join(
            f"=== update {one.update:,}, smooth loss {one.smooth_loss:.2f} nats\n"
            f"{one.text}\n\n"
            for one in self.texts
        )
