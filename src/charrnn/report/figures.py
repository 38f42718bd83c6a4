"""matplotlib's figures of the curves, taken apart and set anew for the report's page.

A figure that fits a wide page cannot be read on a phone.  So each pair of axes becomes
an SVG of its own, which the page may place and scale; its numbers are set again, in the
page's font and in a size that the page chooses.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from charrnn.errors import ArtifactError
from charrnn.report.shapes import SVG, Label, Shapes, short


class Chart(NamedTuple):
    """One pair of axes.

    Attributes
    ----------
    title : str
        What stands above it.
    view_box : str
    unit : str
        A hundredth of its width, by which the page may measure the numbers' size.
    shapes : str
        What stands inside of the svg element.
    legend : list of Label
    """

    title: str
    view_box: str
    unit: str
    shapes: str
    legend: list[Label]


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


class _Axes(NamedTuple):
    group: Element
    box: _Box
    x_labels: list[tuple[float, str]]
    y_labels: list[tuple[float, str]]


def charts(
    figure: bytes, name: str, where: str, *, size: float
) -> tuple[list[Chart], int]:
    """Take a figure apart.

    Parameters
    ----------
    figure : bytes
        SVG, from `charrnn.plots.curves`.
    name : str
        What the ids begin with.
    where : str
        The file's name.
    size : float
        The greatest size that the page gives the numbers, hundredths of the width;
        there is room for it.

    Returns
    -------
    list of Chart
        One each pair of axes.
    int
        How many colours of epochs there are: ``--epoch-1``, ``--epoch-2``, ...

    Raises
    ------
    ArtifactError
        If it is no such figure.
    """
    try:
        root = ElementTree.fromstring(figure)
        axes = list(_axes(root))
        x_labels = next(one.x_labels for one in axes if one.x_labels)
        y_labels = next(one.y_labels for one in axes if one.y_labels)
        known = {e.get("id", ""): e for e in root.iter() if e.get("id")}
        colours: dict[str, str] = {}
        found = []
        for number, one in enumerate(axes, 1):
            shapes = Shapes(f"{name}-{number}", known, colours)
            found.append(_chart(one, shapes, x_labels, y_labels, size))
    except (ElementTree.ParseError, StopIteration, ValueError, LookupError):
        message = f"{where}: damaged: not a figure of stage plot"
        raise ArtifactError(message) from None
    return found, len(colours)


def _axes(root: Element) -> Iterator[_Axes]:
    for group in root.iterfind(f"{SVG}g/{SVG}g"):
        background = group.find(f"{SVG}g[1]/{SVG}path")
        has_curve = any(part.get("id", "").startswith("line2d_") for part in group)
        if not has_curve or background is None:
            continue
        numbers = [float(n) for n in re.findall(r"[-\d.]+", background.get("d", ""))]
        xs, ys = numbers[::2], numbers[1::2]
        box = _Box(min(xs), min(ys), max(xs), max(ys))
        yield _Axes(
            group,
            box,
            [(x - box.left, text) for x, _, text in _ticks(group, "xtick_")],
            [(y - box.top, text) for _, y, text in _ticks(group, "ytick_")],
        )


def _ticks(group: Element, prefix: str) -> Iterator[tuple[float, float, str]]:
    """Yield the place of each labelled tick, and its label."""
    for tick in group.iter(f"{SVG}g"):
        if not tick.get("id", "").startswith(prefix):
            continue
        text, at = (next(tick.iter(SVG + kind), None) for kind in ("text", "use"))
        if text is not None and at is not None:
            label = "".join(text.itertext())
            yield float(at.attrib["x"]), float(at.attrib["y"]), label


def _chart(
    axes: _Axes,
    shapes: Shapes,
    x_labels: list[tuple[float, str]],
    y_labels: list[tuple[float, str]],
    size: float,
) -> Chart:
    svg, content, box = Element("svg"), Element("g"), axes.box
    legend: list[Label] = []
    for part in list(axes.group)[1:]:  # the first one is the background
        kind = part.get("id", "")
        if kind.startswith("legend_"):
            legend = shapes.legend(part)
        elif not kind.startswith("text_"):
            shapes.copy(part, content, skip_ticks=kind.startswith("matplotlib.axis"))
    shapes.define(svg)
    svg.append(content)
    for offset, label in x_labels:
        at = {"x": short(box.left + offset), "y": short(box.bottom), "dy": "1.3em"}
        SubElement(svg, "text", at | {"class": "x"}).text = label
    for offset, label in y_labels:
        at = {"x": short(box.left), "y": short(box.top + offset), "dy": "0.35em"}
        SubElement(svg, "text", at | {"class": "y", "dx": "-0.6em"}).text = label
    # Room for the numbers: a digit is about 0.65 of their size wide.
    em = size * (box.right - box.left) / 100
    left = em * (1 + 0.65 * max(len(label) for _, label in y_labels))
    last, label = max(x_labels)
    right = max(0.5 * em, last + 0.33 * len(label) * em - (box.right - box.left))
    width, height = left + box.right - box.left + right, box.bottom - box.top + 2.4 * em
    view = (box.left - left, box.top - 0.7 * em, width, height)
    title = next(
        (
            "".join(p.itertext()).strip()
            for p in axes.group
            if p.get("id", "").startswith("text_")
        ),
        "",
    )
    inside = "".join(ElementTree.tostring(part, encoding="unicode") for part in svg)
    return Chart(title, " ".join(map(short, view)), short(width / 100), inside, legend)
