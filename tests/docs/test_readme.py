"""The pages' figures are those of the committed results, and their links exist."""

import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.imports import ROOT

README, RESULTS, RECIPE, GUIDE = (
    (ROOT / page).read_text(encoding="utf-8")
    for page in (
        "README.md",
        "docs/results.md",
        "docs/recipe.md",
        "docs/experiments.md",
    )
)
NETWORK = "**the network, as in the report**"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
SAMPLES = ["metrics/sample.txt", "docs/better_sample.txt"]


def metrics(name: str) -> dict[str, Any]:
    content = (ROOT / "metrics" / f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(content))


def row(first_cell: str, page: str = RESULTS) -> list[str]:
    """Return the other cells of the row of a table that begins with a cell."""
    (line,) = re.findall(rf"(?m)^\| {re.escape(first_cell)} \|(.*)\|$", page)
    return [cell.strip(" *") for cell in line.split("|")]


def cells(nats: float, bits: float, perplexity: float, accuracy: float) -> list[str]:
    """Return how the table of results writes a model's figures."""
    written = f"{nats:.3f} {bits:.3f} {perplexity:#.3g}"
    return [*written.split(), f"{100 * accuracy:.1f} %"]


@pytest.mark.parametrize(
    ("model", "called"),
    [
        *((name, name) for name in ("uniform", "unigram", "bigram", "trigram")),
        *(("fourgram", "4-gram"), ("fivegram", "5-gram"), ("network", NETWORK)),
    ],
)
def test_the_evaluation(model: str, called: str) -> None:
    figures = metrics("evaluation")[model]
    names = ("nats_per_character", "bits_per_character", "perplexity", "accuracy")
    assert row(called) == cells(*(figures[name] for name in names))


@pytest.mark.parametrize(
    ("section", "called"),
    [
        ("Compare", "`train.warmup_updates=1000`"),
        ("Better", "[better.args](better.args)"),
    ],
)
def test_the_other_recipes(section: str, called: str) -> None:
    shown = GUIDE.partition(f"## {section}")[2].partition("\n## ")[0]
    diff = {
        name: float(value)
        for name, value in re.findall(r"(?m)^network\.(\w+) +\S+ +(\S+)", shown)
    }
    nats = diff["nats_per_character"]
    assert diff["bits_per_character"] == pytest.approx(nats / math.log(2), abs=2e-5)
    assert diff["perplexity"] == pytest.approx(math.exp(nats), rel=1e-5)
    figures = cells(nats, nats / math.log(2), diff["perplexity"], diff["accuracy"])
    assert row(f"the network, {called}") == figures


def test_the_readme_repeats_figures_of_the_page_of_results() -> None:
    for name in (
        "trigram",
        "4-gram",
        NETWORK,
        "the network, [{}better.args]({}better.args)",
    ):
        nats, _, _, accuracy = row(name.format("", ""))
        assert row(name.format("docs/", "docs/"), README) == [nats, accuracy]


def test_the_changes_of_the_better_recipe() -> None:
    shown = GUIDE.partition("## Better")[2]
    for name in ("accuracy", "bits_per_character", "perplexity"):
        (line,) = re.findall(rf"(?m)^network\.{name} +(.*)$", shown)
        assert row(f"network.{name}", RECIPE) == line.split()
    training = metrics("train")
    for name, first in (
        (
            "best.validation_nats_per_character",
            training["best"]["validation_nats_per_character"],
        ),
        *(
            (f"epochs.6.{key}", training["epochs"]["6"][key])
            for key in ("last_smooth_loss", "saturated_share")
        ),
    ):
        written, better, change = map(float, row(name, RECIPE))
        assert written == round(first, 5)
        assert change == pytest.approx(better - written, abs=2e-5)


def test_the_segments_and_the_smooth_losses() -> None:
    evaluation, epochs = metrics("evaluation"), metrics("train")["epochs"].values()
    segments = evaluation["segments"]
    page = " ".join(RESULTS.split())
    assert f"On the test part, {evaluation['characters']:,} characters" in page
    assert (
        f"between {segments['lowest']:.3f} and {segments['highest']:.3f} nats (standard "
        f"deviation {segments['standard_deviation']:.3f})"
    ) in page
    *losses, last = (f"{epoch['last_smooth_loss']:.1f}" for epoch in epochs)
    assert f"epochs at {', '.join(losses)} and {last} nats" in page


@pytest.mark.parametrize(
    ("checks", "figure", "called"),
    [
        (["zero_state"], "of_sums", "ours, central difference, h = 1e-4"),
        (["zero_state"], "fourth_order", "ours, fourth order, h = 1e-3"),
        (None, "fourth_order", "largest norm-wise error of six checks, fourth order"),
        (None, "element", "largest error of one element (denominator at least 1e-4)"),
    ],
)
def test_the_gradients(checks: list[str] | None, figure: str, called: str) -> None:
    found = {
        name: check
        for name, check in metrics("gradient_check").items()
        if isinstance(check, dict) and "b" in check and (not checks or name in checks)
    }
    assert len(found) == (1 if checks else 6)
    for parameter, written in zip("bcUWV", row(called), strict=True):
        largest = max(check[parameter][figure] for check in found.values())
        assert float(written) == float(f"{largest:.1e}")


def test_the_quotations() -> None:
    quotations = re.findall(r"(?m)(?:^> .*\n){2,}", README)
    for quoted, name in zip(quotations, SAMPLES, strict=True):
        text = quoted.replace("> ", "").rstrip("\n")
        assert text in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_each_direct_dependency_is_pinned_once_and_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names(lines: list[str]) -> set[str]:
        found = (re.match(r"[a-z][\w-]*", line.lower()) for line in lines)
        return {name[0] for name in found if name} - {"charrnn"}

    running, testing = (
        names((ROOT / file).read_text().splitlines())
        for file in ("requirements.txt", "requirements-dev.txt")
    )
    needed = names(project["dependencies"])
    of_tests = names([*extras["dev"], *extras["offline"], *extras["remote"]])
    assert needed <= running
    assert of_tests <= running | testing
    assert not running & testing
    explained = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").lower()
    for name in needed | of_tests:
        assert re.search(rf"(?m)^\|[^|]*\b{name}\b", explained), name
