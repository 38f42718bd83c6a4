"""Tests of the two figures: the same bytes from the same curve, and what they show."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from charrnn.plots.curves import epoch_panels, epochs_overlaid

SIZE: dict[str, Any] = {"sequence_length": 25, "width": 6.0, "height": 4.0}


def overlaid(curve: Any, **axes: Any) -> bytes:
    """Draw the overlaid figure with a validation at each second epoch's end."""
    ends = np.unique(curve[:, 0], return_index=True)[1][1:] - 1
    validations = curve[[*ends[::2], len(curve) - 1]][:, :3] / [1, 1, 25]
    return epochs_overlaid(curve, validations, **axes)


DRAW: list[Callable[..., bytes]] = [epoch_panels, overlaid]
# Prints the digests of both figures.
IN_ANOTHER_PROCESS = """
from tests.plots.test_curves import DRAW, SIZE, curve, digest
print(*(digest(draw(curve(3), **SIZE, highest_loss=60.0)) for draw in DRAW))
"""
ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def curve(epochs: int, points: int = 20) -> Any:
    """Make up a curve of some epochs."""
    numbers = np.arange(epochs * points)
    losses = 40 + 40 * np.exp(-numbers / 10) + np.sin(numbers)
    epoch = numbers // points + 1
    return np.column_stack([epoch, 10 * (numbers + 1), losses, losses / 100])


def digest(content: bytes) -> str:
    """Return the sha256 of a figure."""
    return hashlib.sha256(content).hexdigest()


def texts(figure: bytes) -> list[str]:
    """Return all the texts in a figure; it must be well-formed."""
    root = ElementTree.fromstring(figure)
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def lines(figure: bytes) -> int:
    """Count the curves in a figure: the open paths of more than two points."""
    return sum(
        path.get("d", "").count("L") > 1 and "fill: none" in path.get("style", "")
        for path in ElementTree.fromstring(figure).iter(f"{SVG}path")
        if path.get("clip-path")
    )


def panels(figure: bytes) -> int:
    """Count the axes that are drawn, by their background."""
    root = ElementTree.fromstring(figure)
    groups = [g for g in root.iter(f"{SVG}g") if g.get("id", "").startswith("axes_")]
    return sum(len(group) > 0 for group in groups)


def digests_elsewhere(**environment: str) -> list[str]:
    """Draw both figures in another process."""
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS]
    environ = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    done = subprocess.run(
        command, check=True, env=environ, capture_output=True, text=True
    )
    return done.stdout.split()


@pytest.mark.slow
def test_the_same_curve_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    here = [digest(draw(curve(3), **SIZE, highest_loss=60.0)) for draw in DRAW]
    assert digests_elsewhere(PYTHONHASHSEED="1", TZ="Asia/Tokyo") == here
    (tmp_path / "matplotlibrc").write_text("svg.hashsalt: other\nfont.size: 20\n")
    assert digests_elsewhere(PYTHONHASHSEED="2", MPLCONFIGDIR=str(tmp_path)) == here


@pytest.mark.parametrize("line", [{"axes.facecolor": "red"}, {"lines.linestyle": ":"}])
@pytest.mark.parametrize("draw", DRAW)
def test_a_users_own_style_does_not_get_into_a_figure(
    draw: Callable[..., bytes], line: dict[Any, Any]
) -> None:
    expected = draw(curve(2), **SIZE, highest_loss=None)
    with mpl.rc_context(line):
        assert draw(curve(2), **SIZE, highest_loss=None) == expected


@pytest.mark.parametrize("draw", DRAW)
def test_drawing_leaves_no_trace_behind(draw: Callable[..., bytes]) -> None:
    before = dict(mpl.rcParams)
    first = draw(curve(2), **SIZE, highest_loss=None)
    draw(curve(5), **SIZE, highest_loss=50.0)
    assert draw(curve(2), **SIZE, highest_loss=None) == first
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("draw", DRAW)
def test_the_axes_say_what_they_show_and_in_which_unit(
    draw: Callable[..., bytes],
) -> None:
    found = texts(draw(curve(3), **SIZE, highest_loss=None))
    assert "updates since the start of the epoch" in found
    assert "smooth loss (nats per 25 characters)" in found
    assert {"epoch 1", "epoch 2", "epoch 3"} <= set(found)


@pytest.mark.parametrize(
    ("epochs", "titles"),
    [
        (1, [1]),
        (6, [1, 2, 3, 4, 5, 6]),
        (7, [1, 2, 3, 4, 5, 6, 7]),
        (13, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]),
        (40, [1, 5, 8, 12, 15, 19, 22, 26, 29, 33, 36, 40]),
    ],
)
def test_there_is_a_panel_for_each_of_twelve_epochs_at_most(
    epochs: int, titles: list[int]
) -> None:
    points = 20 if epochs < 20 else 2
    figure = epoch_panels(curve(epochs, points), **SIZE, highest_loss=None)
    found = [text for text in texts(figure) if text.startswith("epoch ")]
    assert found == [f"epoch {number}" for number in titles]
    assert panels(figure) == len(titles)
    if points == 20:  # each panel has its own curve, and the others in grey
        assert lines(figure) == len(titles) ** 2


@pytest.mark.parametrize("epochs", [1, 7, 40])
def test_all_epochs_are_overlaid_and_eight_are_named_at_most(epochs: int) -> None:
    figure = overlaid(curve(epochs), **SIZE, highest_loss=None)
    found = [text for text in texts(figure) if text.startswith("epoch ")]
    assert len(found) == min(epochs, 8)
    assert found[0] == "epoch 1"
    assert found[-1] == f"epoch {epochs}"
    assert lines(figure) == epochs


@pytest.mark.parametrize("draw", DRAW)
def test_each_epoch_begins_at_the_left(draw: Callable[..., bytes]) -> None:
    one_after_another = curve(4)
    each_from_the_start = one_after_another.copy()
    each_from_the_start[:, 1] -= 200 * (each_from_the_start[:, 0] - 1)
    found = texts(draw(one_after_another, **SIZE, highest_loss=None))
    assert "200" in found  # the last tick: an epoch has 200 updates, the run has 800
    assert not {"300", "400", "600", "800"} & set(found)


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("highest_loss", [None, 1e-3, 1e300])
def test_a_curve_may_be_a_single_point(
    draw: Callable[..., bytes], highest_loss: float | None
) -> None:
    figure = draw(curve(1)[:1], **SIZE, highest_loss=highest_loss)
    assert "epoch 1" in texts(figure)
    assert panels(figure) == 1


@pytest.mark.parametrize("draw", DRAW)
def test_the_loss_axis_ends_where_it_is_told(draw: Callable[..., bytes]) -> None:
    wide = curve(2) * [1, 100, 1, 1]  # with no 80 on the axis of updates
    assert "80" in texts(draw(wide, **SIZE, highest_loss=None))
    assert "80" not in texts(draw(wide, **SIZE, highest_loss=60.0))


@pytest.mark.parametrize("draw", DRAW)
def test_there_is_no_date_path_or_version_in_a_figure(
    draw: Callable[..., bytes],
) -> None:
    figure = draw(curve(2), **SIZE, highest_loss=None).decode()
    assert not re.search(r"\d{4}-\d\d-\d\d|dc:date|<!-- Created|\d\d:\d\d:\d\d", figure)
    assert str(ROOT) not in figure
    assert mpl.__version__ not in figure
    assert "\r" not in figure


def dots(figure: bytes) -> list[tuple[float, float]]:
    """Return where the dots of a figure lie, the legend's left out."""
    root = ElementTree.fromstring(figure)
    return [
        (float(use.get("x", "")), float(use.get("y", "")))
        for group in root.iter(f"{SVG}g")
        if group.get("clip-path")
        for use in group.iter(f"{SVG}use")
    ]


def test_validation_losses_are_dots_on_the_curves_axes() -> None:
    points = curve(2)
    ends = points[[19, 39]]
    as_high = np.column_stack([ends[:, :2], ends[:, 2] / 25])
    higher = np.add(as_high, [0, 0, 1])
    figure = epochs_overlaid(points, as_high, **SIZE, highest_loss=None)
    first, second = dots(figure)
    assert first[0] == second[0]  # both at the end of their epoch
    assert "validation" in texts(figure)
    raised = dots(epochs_overlaid(points, higher, **SIZE, highest_loss=None))
    assert len(raised) == 2
    assert raised[0][1] < first[1]
    none = epochs_overlaid(points, points[:0, :3], **SIZE, highest_loss=None)
    assert dots(none) == []
    assert "validation" not in texts(none)
