"""The shapes of an SVG figure, copied for the report's page.

Colours become CSS variables, ids are made the page's own, and nothing but lines and
areas is taken over: no text, no style sheet, no script.
"""

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_SHAPES = {"g", "path", "use", "defs", "clipPath", "rect"}
_KEPT = {"d", "x", "y", "width", "height", "transform"}
# The colours of charrnn.plots.curves, by what they are for; any other one is an epoch's.
COLOURS = {
    "#ffffff": "paper",
    "#e4e4e4": "grid",
    "#d5d5d5": "other",
    "#1f5fa8": "accent",
    "#888888": "axis",
    "#555555": "label",
    "#333333": "label",
}
# Of the epochs, from the first to the last: each can be seen on paper and on black.
_LIGHT = (
    (0x6A, 0x3D, 0x9A),
    (0x2F, 0x6F, 0xA8),
    (0x1F, 0x85, 0x6B),
    (0x8A, 0x7A, 0x00),
)
_DARK = ((0x9B, 0x7F, 0xD4), (0x5C, 0xA4, 0xDE), (0x46, 0xC2, 0x9C), (0xE3, 0xD0, 0x4F))


class Label(NamedTuple):
    """An entry of a legend: its text, the CSS variable of its colour, line or dot."""

    text: str
    colour: str
    is_dot: bool


class Ramp(NamedTuple):
    """The colours of the epochs, for either scheme."""

    light: list[str]
    dark: list[str]


def ramp(colours: int) -> Ramp:
    """Return colours for so many epochs, from the first to the last."""
    return Ramp(
        *([_between(s, i, colours) for i in range(colours)] for s in (_LIGHT, _DARK))
    )


def _between(stops: tuple[tuple[int, int, int], ...], place: int, places: int) -> str:
    """Return the colour at a place between the first and the last of some."""
    parts = max(places - 1, 1)
    index, rest = divmod(place * (len(stops) - 1), parts)
    first, second = stops[index], stops[min(index + 1, len(stops) - 1)]
    mixed = (
        (a * (parts - rest) + b * rest) // parts
        for a, b in zip(first, second, strict=True)
    )
    return "#" + "".join(f"{value:02x}" for value in mixed)


class Shapes:
    """Copies shapes for the page, and collects what they refer to."""

    def __init__(
        self, name: str, known: dict[str, Element], colours: dict[str, str]
    ) -> None:
        self._name = name
        self._known = known
        self._colours = colours
        self._used: dict[str, str] = {}

    def copy(self, source: Element, into: Element, *, skip_ticks: bool = False) -> None:
        """Append a copy of a shape and of what is inside of it."""
        tag = source.tag.removeprefix(SVG)
        if tag not in _SHAPES or tag == "defs" or (skip_ticks and tag == "use"):
            return
        if tag == "path" and not source.get("d"):
            return
        made = Element(tag)
        for key, value in source.items():
            if key in _KEPT:
                made.set(
                    key, re.sub(r"-?\d+\.\d+", lambda n: short(float(n[0])), value)
                )
        if tag == "path":
            made.set("d", re.sub(r"\s*([A-Za-z])\s*", r"\1", made.get("d", "")))
        if style := self._style(source.get("style", "")):
            made.set("style", style)
        if clip := re.fullmatch(r"url\(#(.*)\)", source.get("clip-path", "")):
            made.set("clip-path", f"url(#{self._reference(clip[1])})")
        if tag == "use":
            made.set("href", "#" + self._reference(source.get(_HREF, "")[1:]))
        for part in source:
            self.copy(part, made, skip_ticks=skip_ticks)
        if tag != "g" or len(made):
            into.append(made)

    def define(self, svg: Element) -> None:
        """Append what the copied shapes refer to."""
        defs = SubElement(svg, "defs")
        for old, new in list(self._used.items()):
            self.copy(self._known[old], defs)
            defs[-1].set("id", new)

    def legend(self, group: Element) -> list[Label]:
        """Return the entries of a legend: each a handle and then its text."""
        entries, handle = [], None
        for part in group:
            if texts := list(part.iter(f"{SVG}text")):
                text = " ".join("".join(one.itertext()) for one in texts)
                if handle is not None:
                    is_dot = handle.tag == f"{SVG}use"
                    style = self._style(handle.get("style", ""))
                    colour = re.search(r"(?:fill|stroke):var\((--[\w-]+)\)", style)
                    entries.append(
                        Label(text, colour[1] if colour else "--label", is_dot)
                    )
            else:
                handle = next(part.iter(f"{SVG}use"), part.find(f"{SVG}path"))
        return entries

    def _reference(self, old: str) -> str:
        return self._used.setdefault(old, f"{self._name}-{len(self._used) + 1}")

    def _style(self, style: str) -> str:
        kept = []
        for entry in style.split(";"):
            key, _, value = (part.strip() for part in entry.partition(":"))
            if key in ("fill", "stroke") and value.startswith("#"):
                value = f"var(--{self._colour(value)})"
            elif key not in ("fill", "stroke", "stroke-width"):
                continue
            kept.append(f"{key}:{value}")
        return ";".join(kept)

    def _colour(self, value: str) -> str:
        if value in COLOURS:
            return COLOURS[value]
        return self._colours.setdefault(value, f"epoch-{len(self._colours) + 1}")


def short(number: float) -> str:
    """Return a number with at most two digits after the point."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
