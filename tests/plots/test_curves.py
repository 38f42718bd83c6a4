"""The two figures: the same bytes from the same curve, and what the figures show."""

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

from charrnn.plots.curves import epoch_panels, epochs_overlaid
from tests.imports import ROOT

Draw: TypeAlias = Callable[..., bytes]
SIZE: dict[str, Any] = {"sequence_length": 25, "width": 6.0, "height": 4.0}
ALL = SIZE | {"highest_loss": None}


def overlaid(curve: Any, **axes: Any) -> bytes:
    """Draw the overlaid figure with a validation at each second epoch's end."""
    ends = np.unique(curve[:, 0], return_index=True)[1][1:] - 1
    validations = curve[[*ends[::2], len(curve) - 1]][:, :3] / [1, 1, 25]
    return epochs_overlaid(curve, validations, **axes)


DRAW: list[Draw] = [epoch_panels, overlaid]
both = pytest.mark.parametrize("draw", DRAW)
# Prints the digests of both figures.
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


@both
def test_no_style_gets_into_a_figure_and_none_is_left_behind(draw: Draw) -> None:
    before, expected = dict(mpl.rcParams), draw(curve(2), **ALL)
    draw(curve(5), **SIZE, highest_loss=50.0)
    assert dict(mpl.rcParams) == before
    style: dict[Any, Any] = {"axes.facecolor": "red", "lines.linestyle": ":"}
    with mpl.rc_context(style):
        assert draw(curve(2), **ALL) == expected


@both
def test_a_figure_says_what_it_shows_and_no_date_path_or_version(draw: Draw) -> None:
    figure = draw(curve(3), **ALL)
    found = texts(figure)
    assert "updates since the start of the epoch" in found
    assert "smooth loss (nats per 25 characters)" in found
    assert {"epoch 1", "epoch 2", "epoch 3"} <= set(found)
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
    if points == 20:  # each panel has its own curve, and the others in grey
        assert lines(figure) == len(titles) ** 2


@pytest.mark.parametrize("epochs", [1, 7, 40])
def test_all_epochs_are_overlaid_and_eight_are_named_at_most(epochs: int) -> None:
    figure = overlaid(curve(epochs), **ALL)
    found = epochs_named(figure)
    assert len(found) == min(epochs, 8)
    assert (found[0], found[-1]) == ("epoch 1", f"epoch {epochs}")
    assert lines(figure) == epochs


@both
def test_each_epoch_begins_at_the_left(draw: Draw) -> None:
    found = texts(draw(curve(4), **ALL))
    assert "200" in found  # the last tick: an epoch has 200 updates, the run has 800
    assert not {"300", "400", "600", "800"} & set(found)


@both
@pytest.mark.parametrize("highest_loss", [None, 1e-3, 1e300])
def test_a_curve_may_be_a_single_point(draw: Draw, highest_loss: float | None) -> None:
    figure = draw(curve(1)[:1], **SIZE, highest_loss=highest_loss)
    assert "epoch 1" in texts(figure)
    assert panels(figure) == 1


@both
def test_the_loss_axis_ends_where_it_is_told(draw: Draw) -> None:
    wide = curve(2) * [1, 100, 1, 1]  # with no 80 on the axis of updates
    assert "80" in texts(draw(wide, **ALL))
    assert "80" not in texts(draw(wide, **SIZE, highest_loss=60.0))


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
