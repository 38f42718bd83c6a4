"""The page and the figures of a sweep: their words, their looks, the same bytes."""

import itertools
import math
import re
from collections.abc import Iterator
from math import log
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.colors import to_rgb
from playwright.sync_api import Browser

from charrnn.plots import trials
from charrnn.plots.trials import Axis, PointFigures, mean_maps, trial_strips
from charrnn.report.sweep_page import book_figures, render_sweep
from charrnn.settings import ModelConfig, PrepareConfig, TrainConfig
from charrnn.sweep.judgement import judge_books
from charrnn.sweep.plan import Plan, Trial, Values
from charrnn.sweep.specification import SweepConfig, make_plan
from charrnn.sweep.trial import NOT_FINITE, OK, Outcome
from tests.browser import chromium, flaws, opened

SVG = "{http://www.w3.org/2000/svg}"
SCHEMES: list[Any] = ["light", "dark"]
GRIDS: dict[str, dict[str, Any]] = {
    "one axis": {"train": {"learning_rate": [0.1, 0.2, 0.3, 0.4]}},
    "two axes": {
        "model": {"hidden_size": [50, 100, 200]}, "train": {"learning_rate": [0.1, 0.2]},
    },
    "three axes": {
        "model": {"hidden_size": [50, 100, 200]},
        "train": {"learning_rate": [0.05, 0.1], "warmup_updates": [0, 1000, 10000]},
    },
    "five axes": {
        "prepare": {"blocks": [10]},
        "model": {"sigma": [0.05, 0.1], "hidden_size": [50, 100]},
        "train": {"epochs": [1, 6], "clip": [1, 5], "learning_rate": [0.1, 0.2]},
    },
    "two books": {
        "prepare": {"book": ["a <b>.txt", "b.txt"]},
        "train": {"learning_rate": [0.1, 0.2]},
    },
}  # fmt: skip


def plan_of(grid: dict[str, Any], **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "set": {}, "grid": grid, "random": None, "seeds": [1, 2, 3],
        "confirm_seeds": [8, 9],
    }  # fmt: skip
    base = Values(PrepareConfig(), ModelConfig(), TrainConfig())
    return make_plan(SweepConfig(**values | changes), base, Path("plan.yaml"))


def outcome(trial: Trial) -> Outcome:
    """Make up an outcome; the third point fails once."""
    if (trial.point, trial.seed) == (3, 2):
        return Outcome(NOT_FINITE, "the loss is not finite at update 7: <lower>")
    nats = (2 + (trial.point * 37 % 11) / 20 + trial.seed / 500) * log(2)
    test = nats + 0.05 if trial.reads_test else None
    return Outcome(OK, "", 100, 90, 40.0, nats, test, "0")


def page_of(plan: Plan) -> bytes:
    results = [(trial, outcome(trial)) for trial in plan.selecting()]
    best = [one.best for one in judge_books(plan, results) if one.best]
    results += [(trial, outcome(trial)) for trial in plan.confirming(best)]
    judged = judge_books(plan, results)
    figures = [book_figures(plan, results, one) for one in judged]
    commands = ["dvc exp run -S a=1" for _ in judged]
    return render_sweep("sweep/<x>", plan, results, judged, figures, commands)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser of this module."""
    with chromium() as started:
        yield started


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("grid", ["three axes", "two books"])
def test_the_page_looks_right(browser: Browser, tmp_path: Path, grid: str) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(page_of(plan_of(GRIDS[grid])))
    for width, scheme in itertools.product([360, 1280], SCHEMES):
        with opened(browser, path, width=width, scheme=scheme) as seen:
            assert seen.requests == seen.console == seen.errors == []
            left = [
                flaw
                for flaw in flaws(seen.page)
                # Figures and the table of points scroll on a phone.
                if not (width == 360 and flaw.startswith("beyond the page"))
                # The colours of the cells are not known there.
                and not re.fullmatch(r'contrast .*: text "(± )?\d\.\d{3}"', flaw)
            ]
            assert left == [], (width, scheme)
            assert seen.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_text_on_a_colour_can_be_read() -> None:
    viridis = mpl.colormaps["viridis_r"]
    for share in (i / 200 for i in range(201)):
        ink = trials._LIGHT if share > trials._DARK else trials._INK
        brighter, darker = sorted(map(light, (viridis(share)[:3], to_rgb(ink))))[::-1]
        assert (brighter + 0.05) / (darker + 0.05) > 4.45


def light(colour: Any) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour
    ]
    return math.fsum(
        a * b for a, b in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


@pytest.mark.parametrize("grid", GRIDS)
def test_the_page_says_what_was_found(grid: str) -> None:
    plan = plan_of(GRIDS[grid])
    page = page_of(plan).decode()
    assert page == page_of(plan).decode()
    assert "&lt;x&gt;" in page
    assert "<x>" not in page
    assert "<b>.txt" not in page
    assert "<lower>" not in page
    assert re.search(r"1 trials? failed", page)
    assert len(re.findall(r"<svg", page)) == 2 * len(plan.baselines)


def test_a_sweep_that_failed_wholly_has_a_page() -> None:
    plan = plan_of(GRIDS["one axis"])
    results = [(trial, Outcome(NOT_FINITE, "why")) for trial in plan.selecting()]
    judged = judge_books(plan, results)
    assert [book_figures(plan, results, one) for one in judged] == [None]
    page = render_sweep("x", plan, results, judged, [None], [""]).decode()
    assert "No point has trials that are all ok" in page


def point(values: tuple[str, ...], loss: float | None, *, best: bool = False) -> Any:
    losses = () if loss is None else (loss - 0.01, loss + 0.01)
    return PointFigures(values, losses, loss, 0.0141, best, not best and loss == 2.5)


AXES = (Axis("model.hidden_size", ("50", "100")), Axis("train.clip", ("1.0", "5.0")))
POINTS = [
    point(("50", "1.0"), 2.0, best=True),
    point(("50", "5.0"), 2.5),
    point(("100", "1.0"), None),
    point(("100", "5.0"), 2.25),
]


def texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [found for found in (node.text for node in root.iter(f"{SVG}text")) if found]


def test_the_maps_print_means_and_deviations() -> None:
    drawn = mean_maps(AXES, POINTS)
    assert drawn == mean_maps(AXES, POINTS)
    assert {"2.000", "2.500", "2.250", "± 0.014", "not finite"} <= set(texts(drawn))
    assert texts(drawn).count("± 0.014") == 3
    assert {"model.hidden_size", "train.clip", "50", "5.0"} <= set(texts(drawn))


def test_the_strips_have_a_dot_for_every_trial() -> None:
    drawn = trial_strips(AXES, POINTS)
    assert drawn == trial_strips(AXES, POINTS)
    found = re.findall(r'<g id="line2d_\d+">(.*?)</g>', drawn.decode(), re.DOTALL)
    losses = [part.count("<use") for part in found if "#9aa0a8" in part]
    assert losses[:2] == [2, 2], "two trials are of no kind, in each of two panels"


def test_of_many_axes_a_cell_shows_its_best_point() -> None:
    axes = [Axis(f"train.{name}", ("1", "2")) for name in "abcd"]
    points = [
        point(("1", "1", "1", "1"), 2.0, best=True),
        point(("1", "1", "1", "2"), 3.0),
        point(("2", "2", "1", "1"), 2.75),
    ]
    found = texts(mean_maps(axes, points))
    assert found.count("3.000") == 3  # with d = 2 alone it is the best
    assert found.count("train.a") == 3
