"""A finished training run in short: its metrics, and the texts it wrote on the way."""

from typing import Any

from charrnn.exact import mean
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.state import Run


def metrics_of(run: Run, windows: int) -> dict[str, Any]:
    """Return what ``metrics/train.json`` says; nothing in it depends on the clock.

    Parameters
    ----------
    run : Run
        One that has come to its end.
    windows : int
        Updates in an epoch.
    """
    assert run.best is not None  # there is one at the end of each epoch
    after_epoch = {v.update: v.nats_per_character for v in run.validations}
    shares: dict[int, list[float]] = {}
    for row in run.rows:
        shares.setdefault(row.epoch, []).append(row.saturated_share)
    epochs = {}
    for number, epoch in enumerate(run.epochs, 1):
        figures: dict[str, float] = {
            f"{name}_smooth_loss": value for name, value in epoch._asdict().items()
        }
        figures["saturated_share"] = mean(shares[number])
        if number * windows in after_epoch:
            figures["validation_nats_per_character"] = after_epoch[number * windows]
        epochs[str(number)] = figures
    chosen_by = "validation_nats_per_character" if after_epoch else "smooth_loss"
    return {
        "updates": run.update,
        "first_loss": run.first_loss,
        "best": {"update": run.best.update, chosen_by: run.best.loss},
        "epochs": epochs,
    }


def texts_of(run: Run, vocabulary: Vocabulary) -> str:
    """Return all texts, above each its update and the smooth loss there."""
    return "".join(
        f"=== update {text.update:,}, smooth loss {text.smooth_loss:.2f} nats\n"
        f"{vocabulary.decode(text.ids)}\n\n"
        for text in run.texts
    )
