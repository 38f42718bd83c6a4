"""What the study of the warm-up compares, and how its results are kept."""

from typing import Any

Figures = dict[str, Any]
Cell = tuple[int, float]  # updates of warm-up, learning rate
WARMUPS = (0, 100, 300, 1000, 3000, 10_000, 30_000)  # updates
LEARNING_RATES = (0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)
REPORT, WARMED = (0, 0.1), (1000, 0.1)


def name_of(cell: Cell) -> str:
    """Return what a recipe is called in the results."""
    return f"warm-up {cell[0]}, rate {cell[1]}"


def losses_of(done: Figures, cell: Cell) -> list[float]:
    """Return the best validation losses of a recipe, by seed."""
    losses: dict[str, float] = done["grid"][str(cell[0])][str(cell[1])]
    return [losses[seed] for seed in sorted(losses)]
