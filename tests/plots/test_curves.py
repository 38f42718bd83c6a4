"""The figures: the same bytes from the same curve, and what the figures show."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from charrnn.plots.curves import epoch_panels, epochs_overlaid, loss_and_validation
from tests.imports import ROOT

Draw: TypeAlias = Callable[..., bytes]
SIZE: dict[str, Any] = {"sequence_length": 25, "width": 6.0, "height": 4.0}
AUTOMATIC = SIZE | {"highest_loss": None}
ALL = SIZE | {"highest_loss": 1e6}


def validations_of(curve: Any) -> Any:
    """Make up a validation at each second epoch's end."""
    ends = np.unique(curve[:, 0], return_index=True)[1][1:] - 1
    return curve[[*ends[::2], len(curve) - 1]][:, [0, 1, 2, 2]] / [1, 1, 25, 25]


def overlaid(curve: Any, **axes: Any) -> bytes:
    """Draw the overlaid figure with some validations."""
    return epochs_overlaid(curve, validations_of(curve), **axes)


def whole_run(curve: Any, **axes: Any) -> bytes:
    """Draw the figure over all updates with some validations, the last one the best."""
    best = int(curve[-1, 1])
    return loss_and_validation(curve, validations_of(curve), best, **axes)


BY_EPOCH: list[Draw] = [epoch_panels, overlaid]
DRAW: list[Draw] = [*BY_EPOCH, whole_run]
each = pytest.mark.parametrize("draw", DRAW)
both = pytest.mark.parametrize("draw", BY_EPOCH)
# Prints the digests of the figures.
IN_ANOTHER_PROCESS = """
from tests.plots.test_curves import ALL, DRAW, curve, digest
print(*(digest(draw(curve(3), **ALL)) for draw in DRAW))
"""
SVG = "{http://www.w3.org/2000/svg}"


def curve(epochs: int, points: int = 20) -> Any:
    """Make up a curve of some epochs."""
    numbers = np.arange(epochs * points)
    losses = 40 + 40 * np.exp(-numbers / 10) + np.sin(numbers)
    epoch = numbers // points + 1
    return np.column_stack([epoch, 10 * (numbers + 1), losses, losses / 100])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def elements(figure: bytes, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(figure).iter(f"{SVG}{tag}"))


def texts(figure: bytes) -> list[str]:
    return ["".join(element.itertext()) for element in elements(figure, "text")]


def epochs_named(figure: bytes) -> list[str]:
    return [text for text in texts(figure) if text.startswith("epoch ")]


def lines(figure: bytes) -> int:
    """Count the curves in a figure: the open paths of more than two points."""
    return sum(
        path.get("d", "").count("L") > 1 and "fill: none" in path.get("style", "")
        for path in elements(figure, "path")
        if path.get("clip-path")
    )


def panels(figure: bytes) -> int:
    """Count the axes that are drawn, by their background."""
    groups = [g for g in elements(figure, "g") if g.get("id", "").startswith("axes_")]
    return sum(len(group) > 0 for group in groups)


def dots(figure: bytes) -> list[tuple[float, float]]:
    """Return where the dots of a figure lie, the legend's left out."""
    return [
        (float(use.get("x", "")), float(use.get("y", "")))
        for group in elements(figure, "g")
        if group.get("clip-path")
        for use in group.iter(f"{SVG}use")
    ]


@pytest.mark.slow
def test_the_same_curve_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("svg.hashsalt: other\nfont.size: 20\n")
    changed = {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        env=os.environ | changed | {"MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [digest(draw(curve(3), **ALL)) for draw in DRAW]


@each
def test_no_style_gets_into_a_figure_and_none_is_left_behind(draw: Draw) -> None:
    before, expected = dict(mpl.rcParams), draw(curve(2), **ALL)
    draw(curve(5), **SIZE, highest_loss=50.0)
    assert dict(mpl.rcParams) == before
    style: dict[Any, Any] = {"axes.facecolor": "red", "lines.linestyle": ":"}
    with mpl.rc_context(style):
        assert draw(curve(2), **ALL) == expected


@each
def test_a_figure_says_what_it_shows_and_no_date_path_or_version(draw: Draw) -> None:
    figure = draw(curve(3), **ALL)
    found = texts(figure)
    if draw is whole_run:
        expected = {
            "updates", "nats per character", "smooth loss, training", "validation loss",
            "best weights: update 600, 1.630",
        }  # fmt: skip
    else:
        expected = {
            "updates since the start of the epoch", "epoch 1", "epoch 2", "epoch 3",
            "smooth loss (nats per 25 characters)",
        }  # fmt: skip
    assert expected <= set(found)
    text = figure.decode()
    assert not re.search(r"\d{4}-\d\d-\d\d|dc:date|<!-- Created|\d\d:\d\d:\d\d", text)
    assert not [one for one in (str(ROOT), mpl.__version__, "\r") if one in text]


@pytest.mark.parametrize(
    ("epochs", "titles"),
    [
        (1, [1]),
        (7, [1, 2, 3, 4, 5, 6, 7]),
        (13, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]),
        (40, [1, 5, 8, 12, 15, 19, 22, 26, 29, 33, 36, 40]),
    ],
)
def test_there_is_a_panel_for_each_of_twelve_epochs_at_most(
    epochs: int, titles: list[int]
) -> None:
    points = 20 if epochs < 20 else 2
    figure = epoch_panels(curve(epochs, points), **ALL)
    assert epochs_named(figure) == [f"epoch {number}" for number in titles]
    assert panels(figure) == len(titles)
    said = any(f"12 of {epochs} epochs, evenly chosen" in one for one in texts(figure))
    assert said == (epochs > 12)
    if points == 20:  # each panel has its own curve, and the others in grey
        assert lines(figure) == len(titles) ** 2


@pytest.mark.parametrize("epochs", [1, 7, 20, 40, 300])
def test_all_epochs_are_overlaid_with_a_legend_or_a_colour_bar(epochs: int) -> None:
    figure = overlaid(curve(epochs), **ALL)
    drawn = min(epochs, 24)
    assert lines(figure) == drawn
    said = any(f"24 of {epochs} epochs, evenly chosen" in one for one in texts(figure))
    assert said == (epochs > 24)
    if epochs <= 8:
        assert epochs_named(figure) == [f"epoch {n}" for n in range(1, epochs + 1)]
        assert "epoch" not in texts(figure)
    else:
        assert epochs_named(figure) == []
        assert {"epoch", "1", str(epochs)} <= set(texts(figure))  # of the colour bar


@both
def test_each_epoch_begins_at_the_left(draw: Draw) -> None:
    found = texts(draw(curve(4), **ALL))
    assert "200" in found  # the last tick: an epoch has 200 updates, the run has 800
    assert not {"300", "400", "600", "800"} & set(found)


@each
@pytest.mark.parametrize("highest_loss", [None, 1e-3, 1e300])
def test_a_curve_may_be_a_single_point(draw: Draw, highest_loss: float | None) -> None:
    figure = draw(curve(1)[:1], **SIZE, highest_loss=highest_loss)
    assert any("epoch 1" in text or "update 10" in text for text in texts(figure))
    assert panels(figure) == 1


@both
def test_the_loss_axis_ends_where_it_is_told(draw: Draw) -> None:
    wide = curve(2) * [1, 100, 1, 1]  # with no 80 on the axis of updates
    assert "80" in texts(draw(wide, **ALL))
    assert "80" not in texts(draw(wide, **SIZE, highest_loss=60.0))


@both
def test_the_loss_axis_ends_where_the_curves_say(draw: Draw) -> None:
    steep = curve(6) * [1, 20, 1, 1]
    assert "80" in texts(draw(steep, **ALL))
    assert not {"70", "80"} & set(texts(draw(steep, **AUTOMATIC)))


def test_the_axis_over_all_updates_ends_where_it_is_told() -> None:
    steep = curve(6) * [1, 20, 1, 1]  # from 3.2 nats per character

    def highest(axes: Any) -> float:
        ticks = [text for text in texts(whole_run(steep, **axes)) if len(text) < 5]
        return max(float(text) for text in ticks if "." in text)

    assert highest(ALL) >= 3.0
    assert highest(SIZE | {"highest_loss": 60.0}) <= 2.4
    assert highest(AUTOMATIC) < 2.3


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("validations", [0, 4, 100])
def test_the_best_update_is_marked(validations: int, averaged: bool) -> None:
    points = curve(4)
    losses = [2.0 - i / 100 for i in range(validations)]
    checked = np.array(
        [
            (1, 8 * i, loss, loss - 0.5 * (averaged and i > 0))
            for i, loss in enumerate(losses)
        ]
    ).reshape(-1, 4)
    best = 8 * (validations - 1) if validations else 800
    figure = loss_and_validation(points, checked, best, **AUTOMATIC)
    loss = f"{checked[-1, 3]:.3f}" if validations else ""
    label = f"best weights: update {best:,}, {loss}"
    assert any(text.startswith(label) for text in texts(figure))
    is_drawn = averaged and validations > 0
    assert ("of averaged weights" in texts(figure)) == is_drawn
    assert ("validation loss" in texts(figure)) == (validations > 0)
    # A dot for each of a few validations, and the ring.
    assert len(dots(figure)) == (validations if validations <= 60 else 0) + 1
    assert lines(figure) == 1 + (validations > 0) + is_drawn


def test_validation_losses_are_dots_on_the_curves_axes() -> None:
    points = curve(2)
    ends = points[[19, 39], :3] / [1, 1, 25]
    figure = epochs_overlaid(points, ends, **ALL)
    first, second = dots(figure)
    assert first[0] == second[0]  # both at the end of their epoch
    assert "validation" in texts(figure)
    raised = dots(epochs_overlaid(points, np.add(ends, [0, 0, 1]), **ALL))
    assert len(raised) == 2
    assert raised[0][1] < first[1]
    none = epochs_overlaid(points, ends[:0], **ALL)
    assert dots(none) == []
    assert "validation" not in texts(none)
