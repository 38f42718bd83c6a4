"""Draw the losses: a panel per epoch, all epochs overlaid, and over all updates."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("plot")

from typing import Any

from charrnn.files.artifacts import read_table
from charrnn.files.metrics.schema import read_metrics
from charrnn.files.metrics.train_metrics import TrainMetrics
from charrnn.files.params import load_section
from charrnn.plots.curves import (
    COLUMNS,
    VALIDATION_COLUMNS,
    epoch_panels,
    epochs_overlaid,
    loss_and_validation,
)
from charrnn.settings import PlotConfig, TrainConfig
from stages.runtime.inputs import Inputs
from stages.runtime.paths import LOSS, OVERLAID, PANELS, SUMMARY, VALIDATIONS, WHOLE_RUN
from stages.runtime.running import log, run


def main() -> None:
    """Run the stage ``plot``."""
    inputs = Inputs([PlotConfig, "train.sequence_length"], [LOSS, SUMMARY, VALIDATIONS])
    config = load_section(PlotConfig)
    curve = read_table(LOSS, COLUMNS)
    validations = read_table(VALIDATIONS, VALIDATION_COLUMNS, may_be_empty=True)
    best = read_metrics(TrainMetrics, SUMMARY).best.update
    T = load_section(TrainConfig).sequence_length
    axes: dict[str, Any] = {
        "sequence_length": T,
        "width": config.width,
        "height": config.height,
        "highest_loss": config.highest_loss and config.highest_loss * T,
    }
    figures = {
        PANELS: epoch_panels(curve, **axes),
        OVERLAID: epochs_overlaid(curve, validations, **axes),
        WHOLE_RUN: loss_and_validation(curve, validations, best, **axes),
    }
    with inputs.outputs() as out:
        for path, figure in figures.items():
            out.write(path, figure)
    log.info("%d points of %s to %s", len(curve), LOSS, ", ".join(map(str, figures)))


if __name__ == "__main__":
    run("plot", main)
