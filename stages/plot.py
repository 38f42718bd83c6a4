"""Draw the smooth loss: a panel an epoch, and all epochs over one another."""

from pathlib import Path

from charrnn.artifacts import read_table, together, write_bytes
from charrnn.config import PlotConfig, TrainConfig, load_section
from charrnn.plotting import COLUMNS, epoch_panels, epochs_overlaid
from stages.inputs import Inputs
from stages.running import log, run

CURVE = Path("metrics/loss.csv")
PANELS = Path("metrics/loss_by_epoch.svg")
OVERLAID = Path("metrics/loss_overlaid.svg")


def main() -> None:
    """Run the stage ``plot``."""
    inputs = Inputs([PlotConfig, "train.sequence_length"], [CURVE])
    config = load_section(PlotConfig)
    curve = read_table(CURVE, COLUMNS)
    sequence_length = load_section(TrainConfig).sequence_length
    figures = {
        path: draw(
            curve,
            sequence_length=sequence_length,
            width=config.width,
            height=config.height,
            highest_loss=config.highest_loss,
        )
        for path, draw in ((PANELS, epoch_panels), (OVERLAID, epochs_overlaid))
    }
    inputs.check()
    with together():
        for path, figure in figures.items():
            write_bytes(path, figure)
    log.info("%d points of %s to %s and %s", len(curve), CURVE, PANELS, OVERLAID)


if __name__ == "__main__":
    run("plot", main)
