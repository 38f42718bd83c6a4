"""The README's figures are those of the committed metrics, and its links lead somewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.imports import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def metrics(name: str) -> dict[str, Any]:
    content = (ROOT / "metrics" / f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(content))


def row(first_cell: str) -> list[str]:
    """Return the other cells of the row of a table that begins with a cell."""
    (line,) = re.findall(rf"(?m)^\| {re.escape(first_cell)} \|(.*)\|$", README)
    return [cell.strip(" *") for cell in line.split("|")]


@pytest.mark.parametrize(
    ("model", "called"),
    [
        ("uniform", "uniform"),
        ("unigram", "unigram"),
        ("bigram", "bigram"),
        ("trigram", "trigram"),
        ("fourgram", "4-gram"),
        ("fivegram", "5-gram"),
        ("network", "**the network, as in the report**"),
    ],
)
def test_the_evaluation(model: str, called: str) -> None:
    figures = metrics("evaluation")[model]
    assert row(called) == [
        f"{figures['nats_per_character']:.3f}",
        f"{figures['bits_per_character']:.3f}",
        f"{figures['perplexity']:#.3g}",
        f"{100 * figures['accuracy']:.1f} %",
    ]


def test_the_passages_and_the_smooth_losses() -> None:
    evaluation, epochs = metrics("evaluation"), metrics("train")["epochs"].values()
    blocks = evaluation["blocks"]
    said = " ".join(README.split())
    assert f"On the test part, {evaluation['test_characters']:,} characters" in said
    assert (
        f"between {blocks['lowest']:.3f} and {blocks['highest']:.3f} nats (standard "
        f"deviation {blocks['standard_deviation']:.3f})"
    ) in said
    *losses, last = (f"{epoch['last_smooth_loss']:.1f}" for epoch in epochs)
    assert f"epochs at {', '.join(losses)} and {last} nats" in said


@pytest.mark.parametrize(
    ("checks", "figure", "called"),
    [
        (["zero_state"], "central", "ours, central difference, h = 1e-4"),
        (["zero_state"], "fourth_order", "ours, fourth order, h = 1e-3"),
        (None, "fourth_order", "the largest of six, fourth order"),
        (None, "element", "its worst single element (floor 1e-4)"),
    ],
)
def test_the_gradients(checks: list[str] | None, figure: str, called: str) -> None:
    found = {
        name: check
        for name, check in metrics("gradient_check").items()
        if isinstance(check, dict) and "b" in check and (not checks or name in checks)
    }
    assert len(found) == (1 if checks else 6)
    for parameter, said in zip("bcUWV", row(called), strict=True):
        largest = max(check[parameter][figure] for check in found.values())
        assert float(said) == float(f"{largest:.1e}")


def test_the_quotation() -> None:
    quoted = [line.removeprefix("> ") for line in re.findall(r"(?m)^> .*", README)]
    sample = (ROOT / "metrics/sample.txt").read_text(encoding="utf-8")
    assert len(quoted) > 2
    assert "\n".join(quoted) in sample


def test_the_better_values_are_those_of_the_guide() -> None:
    guide = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    section = guide[guide.index("## Better values") : guide.index("## Share through")]
    diff = dict(re.findall(r"(?m)^network\.(\w+) +\S+ +(\S+)", section))
    assert row("the same, [docs/better.args](docs/better.args)") == [
        f"{float(diff['nats_per_character']):.3f}",
        f"{float(diff['bits_per_character']):.3f}",
        f"{float(diff['perplexity']):#.3g}",
        f"{100 * float(diff['accuracy']):.1f} %",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), link
