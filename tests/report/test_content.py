"""Tests of the report: its content, and its looks in Chromium."""

import hashlib
import html
import itertools
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import Outputs, write_json
from charrnn.files.metrics.train_metrics import TrainingText, TrainingTexts
from charrnn.html import formats
from charrnn.html.rendering import SHARED
from charrnn.plots.axis import axis_end
from charrnn.report.charts import chart
from charrnn.report.content import TEMPLATES
from charrnn.settings import SECTIONS, PrepareConfig, TrainConfig
from charrnn.training.state import Row, Validation
from stages import evaluate, gradcheck, inspect, prepare, report, sample, train
from stages.runtime import paths
from tests.browser import Opened, chromium, flaws, luminance, opened, violations
from tests.conftest import VALUES
from tests.imports import ROOT
from tests.pipeline import STAGES

MINUS = "\N{MINUS SIGN}"
PAGE = Path("metrics/report.html")
SCHEMES: list[Any] = ["light", "dark"]
WIDTHS = [360, 1280]
# A book may contain: markup, Jinja's own, entities, quotes, control characters.
HOSTILE = (
    "<script>alert(1)</script> {{ 7*7 }} {% include 'x' %} {# no #} &amp; & \" ' ` "
    '<img src=x onerror=alert(1)>\n  </style></p><!-- "\n\n\t=== update 3, smooth loss '
    "1.00 nats\n\x00\x07\x1b[31m\x7f\x85\u202e\u2028 ünïcödé 🙂 \ufeff]]>"
)
LENGTH = 120


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser of this module."""
    with chromium() as started:
        yield started


def write_report(folder: Path) -> Path:
    """Run the stage in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        report.main()
    return folder / PAGE


def change(path: Path, **values: Any) -> None:
    """Change values of a JSON file; None removes a value."""
    content = json.loads(path.read_text(encoding="utf-8")) | values
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the committed metrics and the report of them."""
    folder = tmp_path_factory.mktemp("real")
    shutil.copytree(ROOT / "metrics", folder / "metrics")
    (folder / paths.TEXTS).parent.mkdir(parents=True)
    shutil.copy(ROOT / paths.TEXTS, folder / paths.TEXTS)
    shutil.copy(ROOT / "params.yaml", folder)
    book = folder / PrepareConfig().book
    book.parent.mkdir(parents=True)
    book.write_text("not in git", encoding="utf-8")
    (folder / TrainConfig().start).mkdir()
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def committed() -> Path:
    """Return the repository, for its committed report."""
    return ROOT


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small run on a hostile book, and its report."""
    folder = tmp_path_factory.mktemp("hostile")
    values = {name: dict(section) for name, section in VALUES.items()}
    text = (HOSTILE * 3)[: 3 * LENGTH]
    values["prepare"]["book"] = "data/raw/<b onclick='x'>&\"{{ 7*7 }}.txt"
    values["sample"]["prime"] = "<script>alert(1)</script>\n{{ 7*7 }}"[:25]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        book = Path(values["prepare"]["book"])
        book.parent.mkdir(parents=True)
        Path(values["train"]["start"]).mkdir(parents=True, exist_ok=True)
        book.write_text(HOSTILE * 12, encoding="utf-8")
        Path("params.yaml").write_text(json.dumps(values), encoding="utf-8")
        for stage in (prepare, gradcheck, train, evaluate, sample, inspect):
            stage.main()
        hostile_texts = [
            TrainingText(update=update, smooth_loss=12.34, text=text)
            for update in (0, 40, 1_000_000)
        ]
        write_json(paths.TEXTS, TrainingTexts(texts=hostile_texts).content())
    write_report(folder)
    return folder


def run_of(folder: Path, epochs: int, *, validations: bool = True) -> Path:
    """Turn the metrics in a folder into those of a run of `epochs` epochs; report it."""
    updates = np.arange(10 * epochs) + 1
    rows = [
        (1 + i // 10, 100 * int(n), 40 + 60 / float(n), 0.5)
        for i, n in enumerate(updates)
    ]
    numbers = range(1, epochs + 1)
    checked = [(e, 1000 * e, 2 + 1 / e, 2 + 0.9 / e) for e in numbers]
    figures: dict[str, dict[str, float]] = {
        str(epoch): {
            "mean_smooth_loss": 40.0 + 60 / epoch,
            "lowest_smooth_loss": 40.0,
            "highest_smooth_loss": 123.456,
            "last_smooth_loss": 41.0,
            "saturated_share": 0.5,
            "validation_nats_per_character": loss,
        }
        for epoch, _, loss, _ in checked
    }
    best: dict[str, float] = {"update": 7, "validation_nats_per_character": 2.125}
    if not validations:
        checked, best = [], {"update": 7, "smooth_loss": 40.126}
        for one in figures.values():
            del one["validation_nats_per_character"]
    metrics = folder / "metrics"
    with Outputs() as out:
        out.table(metrics / "loss.csv", Row._fields, rows)
        out.table(metrics / "validation.csv", Validation._fields, checked)
    change(metrics / "train.json", epochs=figures, best=best)
    return write_report(folder)


@pytest.fixture
def copy(real: Path, tmp_path: Path) -> Path:
    """Return a copy of `real` that a test may change."""
    return Path(shutil.copytree(real, tmp_path / "copy"))


def assert_good(seen: Opened) -> None:
    """Check that a page is quiet, fits its window and can be read."""
    assert seen.requests == seen.console == seen.errors == []
    assert flaws(seen.page) == []
    assert seen.page.locator("svg").count() >= 2
    cut = """[...document.querySelectorAll(".chart svg")].filter(
        one => getComputedStyle(one).overflow !== "hidden").length"""
    assert seen.page.evaluate(cut) == 0


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("run", ["committed", "hostile"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_quiet_fits_and_can_be_read(
    run: str, scheme: Any, width: int, browser: Browser, request: Any
) -> None:
    page = request.getfixturevalue(run) / PAGE
    with opened(browser, page, width=width, scheme=scheme) as seen:
        assert_good(seen)
        assert violations(seen.page) == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("run", ["committed", "hostile"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_prints_on_a4(run: str, scheme: Any, browser: Browser, request: Any) -> None:
    page = request.getfixturevalue(run) / PAGE
    paper = 642  # 210 mm less two margins of 20 mm, CSS pixels
    with opened(browser, page, width=paper, scheme=scheme, media="print") as seen:
        assert_good(seen)
        # Paper is white in both schemes; no chart or row is split between pages.
        colour = "getComputedStyle(document.body).backgroundColor"
        assert seen.page.evaluate(colour) == "rgb(255, 255, 255)"
        split = """[...document.querySelectorAll("figure:not(.inspected), .panel, tr, .entry")]
            .filter(one => getComputedStyle(one).breakInside !== "avoid").length"""
        assert seen.page.evaluate(split) == 0
        tallest = """Math.max(...[...document.querySelectorAll("figure")].map(
            one => one.getBoundingClientRect().height))"""
        assert seen.page.evaluate(tallest) < 960  # a page's 255 mm
        content = seen.page.pdf(prefer_css_page_size=True)
    boxes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content))
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    assert 5 <= len(re.findall(rb"/Type /Page\b", content)) <= 14


@pytest.mark.slow
@pytest.mark.browser
def test_hostile_text_stands_there_as_it_is(hostile: Path, browser: Browser) -> None:
    text = formats.visible((HOSTILE * 3)[: 3 * LENGTH])
    assert "<script>alert(1)</script> {{ 7*7 }}" in text
    with opened(browser, hostile / PAGE) as seen:
        texts = seen.page.locator("#texts .entry .text")
        assert [one.text_content() for one in texts.all()] == [text] * 3
        assert texts.first.evaluate("one => getComputedStyle(one).whiteSpace") in (
            "pre-wrap",
            "break-spaces",
        )
        whole = seen.page.locator("body").text_content() or ""
        assert "data/raw/<b onclick='x'>&\"{{ 7*7 }}.txt" in whole
        given = seen.page.locator(".text.long b").text_content()
        assert given == "<script>alert(1)</script>"
        written = seen.page.locator(".text.long").text_content() or ""
        content = (hostile / "metrics/sample.txt").read_bytes().decode()[:-1]
        assert written == formats.visible(content)
        for kind in ("script", "img", "i[onclick]", "b[onclick]", "iframe"):
            assert seen.page.locator(kind).count() == 0


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_says_what_the_metrics_say(committed: Path, browser: Browser) -> None:
    metrics = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in (committed / "metrics").glob("*.json")
    }
    with opened(browser, committed / PAGE) as seen:

        def cells(selector: str) -> list[list[str]]:
            rows = seen.page.locator(f"{selector} tbody tr").all()
            return [row.locator("th, td").all_inner_texts() for row in rows]

        book = {row[0]: row[1] for row in cells("#book")}
        for part, size in book.items():
            assert size == f"{metrics['corpus'][f'{part}_characters']:,}"
        epochs = cells("#curves")
        assert [row[0] for row in epochs] == list(metrics["train"]["epochs"])
        for row, it in zip(epochs, metrics["train"]["epochs"].values(), strict=True):
            assert row[1] == f"{it['mean_smooth_loss']:.2f}"
            assert row[2].startswith(f"{it['lowest_smooth_loss']:.2f}")
            assert row[3] == f"{it['highest_smooth_loss']:.2f}"
            assert row[4] == f"{it['last_smooth_loss']:.2f}"
            assert row[5] == f"{it['validation_nats_per_character']:.3f}"
            assert row[6].startswith(f"{100 * it['saturated_share']:.1f}")
        models = cells("#evaluation")
        assert [row[0] for row in models] == [
            "uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram", "network",
        ]  # fmt: skip
        keys = {"4-gram": "fourgram", "5-gram": "fivegram"}
        for row in models:
            it = metrics["evaluation"][keys.get(row[0], row[0])]
            assert row[1] == f"{it['nats_per_character']:.3f}"
            assert row[3] == f"{it['perplexity']:.2f}"
        gradients = cells("#gradients")
        assert [row[1].replace(MINUS, "-") for row in gradients] == [
            "1.75·10-9", "3.05·10-10", "2.85·10-9", "1.96·10-7", "8.26·10-9",
        ]  # fmt: skip
        for row in gradients:
            central = metrics["gradient_check"]["zero_state"][row[0]]["of_sums"]
            mantissa, _, exponent = f"{central:.2e}".partition("e-")
            assert row[2] == f"{mantissa}·10{MINUS}{int(exponent)}"
        sample_text = (committed / "metrics/sample.txt").read_text(encoding="utf-8")
        assert seen.page.locator(".text.long").text_content() == sample_text[:-1]
        curve = np.genfromtxt(committed / "metrics/loss.csv", delimiter=",", names=True)
        first = curve[curve["epoch"] == 1]
        at = int(first["update"][first["smooth_loss"].argmin()])
        assert epochs[0][2].endswith(f"{at:,}")
        values = seen.page.locator("#values").inner_text()
        assert "learning_rate" in values
        assert "data/raw/kjv-new-testament.txt" in values
        assert formats.visible("inside AdaGrad's root") in values


@pytest.mark.slow
def test_the_same_metrics_give_the_same_bytes(hostile: Path, tmp_path: Path) -> None:
    first = (hostile / PAGE).read_bytes()
    assert write_report(hostile).read_bytes() == first
    assert b"\r" not in first
    assert str(hostile).encode() not in first
    elsewhere = Path(shutil.copytree(hostile, tmp_path / "elsewhere"))
    (elsewhere / PAGE).unlink()
    environment = os.environ | {
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Kolkata",
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    command = [sys.executable, "-m", "stages.report"]
    subprocess.run(command, cwd=elsewhere, env=environment, check=True)
    assert (elsewhere / PAGE).read_bytes() == first


@pytest.mark.parametrize(
    "figure",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><path style="fill:url(http://a)"/></svg>',
        "<svg>" + "<g>" * 10_000,
    ],
)
def test_no_figure_is_read(copy: Path, figure: str) -> None:
    expected = write_report(copy).read_bytes()
    figures = sorted((copy / "metrics").glob("*.svg"))
    assert figures
    for path in figures:
        path.write_text(figure, encoding="utf-8")
    assert write_report(copy).read_bytes() == expected


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("epochs", [1, 600])
def test_any_number_of_epochs_can_be_read(
    epochs: int, copy: Path, browser: Browser
) -> None:
    page = run_of(copy, epochs)
    for width in WIDTHS:
        with opened(browser, page, width=width) as seen:
            assert_good(seen)
            numbers = seen.page.locator("#curves tbody th").all_inner_texts()
            caption = seen.page.locator("#curves table caption").inner_text()
            drawn = seen.page.locator("#by-epoch svg").count()
        assert drawn == min(epochs, 12)
        if epochs == 1:
            assert numbers == ["1"]
            assert "spaced" not in caption
        else:
            assert numbers == ["1", *(str(n) for n in range(25, 601, 25))]
            assert "25 of 600 epochs, evenly spaced" in caption


@pytest.mark.slow
@pytest.mark.browser
def test_a_run_without_held_out_parts_can_be_read(copy: Path, browser: Browser) -> None:
    change(copy / "metrics/sample.json", share_of_new_10_character_strings=None)
    change(copy / "metrics/corpus.json", validation_characters=0, test_characters=1)
    nothing = {"part": "validation", "characters": 0}
    write_json(copy / "metrics/evaluation.json", nothing)
    change(copy / paths.INSPECTION, part="training")
    page = run_of(copy, 2, validations=False)
    for width in WIDTHS:
        with opened(browser, page, width=width) as seen:
            assert_good(seen)
            said = seen.page.locator("main").inner_text()
            headings = seen.page.locator("#curves thead th").all_inner_texts()
        assert "There is nothing to evaluate on: the book has no test part" in said
        assert "Nothing was held out" in said
        assert "There is no validation part" in said
        assert "the smooth loss was lowest, 40.13 nats per 25 characters" in said
        assert not any("dation" in heading for heading in headings)


def params_of(folder: Path, **sections: dict[str, Any]) -> Path:
    """Change values of a folder's run, the defaults otherwise; report the run."""
    values = {kind.section: dict(vars(kind())) for kind in SECTIONS}
    for section, changed in sections.items():
        values[section] |= changed
    text = json.dumps(values, ensure_ascii=False)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    book = folder / values["prepare"]["book"]
    book.parent.mkdir(parents=True, exist_ok=True)
    book.write_text("a book", encoding="utf-8")
    return write_report(folder)


def said_by(page: Path) -> str:
    """Return the text of a page."""
    body = page.read_text(encoding="utf-8").partition("</style>")[2]
    return html.unescape(re.sub(r"<[^>]*>", "", body))


def test_the_defaults_are_compared_with_the_original_report(copy: Path) -> None:
    said = said_by(params_of(copy))
    assert "soon oscillates between 39 and" in said
    assert "DD2424, assignment 4, done again" in said
    assert "dvc repro\ngit diff --exit-code dvc.lock metrics/\ncharrnn verify" in said
    assert "-S" not in said


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("train", {"sequence_length": 50}),
        ("train", {"warmup_updates": 1000}),
        ("train", {"learning_rate": 0.05}),
        ("model", {"hidden_size": 50}),
    ],
)
def test_another_recipe_is_not_compared_with_the_original_report(
    section: str, values: dict[str, Any], copy: Path
) -> None:
    said = said_by(params_of(copy, **{section: values}))
    assert "between 39 and" not in said
    assert "done again" not in said
    ((key, value),) = values.items()
    assert f"dvc exp run \\\n  -S {section}.{key}={value}\ncharrnn verify" in said
    assert "git diff" not in said


def test_what_is_not_in_the_original_recipe_is_described(copy: Path) -> None:
    metrics = copy / "metrics/train.json"
    best = {"update": 7, "averaged": True, "validation_nats_per_character": 2.125}
    change(metrics, averaged_sha256=64 * "0", best=best, updates=205_080)
    said = said_by(params_of(copy, train={"decay_fraction": 0.3}))
    said += said_by(params_of(copy, train={"average_fraction": 0.15}))
    said = " ".join(said.split())
    assert "η falls to 0 over the last D = 61,524 of all N updates" in said
    assert "θ̄ = mean of θ at every 500th update of the last 30,762" in said
    assert "The best weights are the averaged weights at update 7" in said


@pytest.mark.parametrize("epochs", [1, 60])
def test_other_epochs_have_the_original_recipe(epochs: int, copy: Path) -> None:
    assert "between 39 and" in said_by(params_of(copy, train={"epochs": epochs}))


def test_the_page_names_its_book_and_the_digest(copy: Path) -> None:
    page = params_of(copy, prepare={"book": "books/mine & yours.txt"})
    content = page.read_text(encoding="utf-8")
    digest = hashlib.md5(b"a book").hexdigest()
    assert "<title>mine &amp; yours.txt: " in content
    said = said_by(page)
    assert said.count(digest) == 2
    assert "characters of\nbooks/mine & yours.txt for" in said


def test_the_page_names_the_model_that_training_went_on_from(copy: Path) -> None:
    (copy / "data/start/old.safetensors").write_bytes(b"")
    said = said_by(params_of(copy))
    assert said.count("data/start/old.safetensors") == 2
    assert "starts at the sums of that model" in said
    assert "normal distribution" not in said
    assert "between 39 and" not in said


@pytest.mark.parametrize(
    "prime",
    ["And ", 'it\'s "so" \\', "{{ 7*7 }}", "a=b, [c] ${d}", "null", "1e-8", "-x", "🙂"],
)
def test_the_values_can_be_typed_as_the_page_says(prime: str, copy: Path) -> None:
    """Hydra, whose grammar ``dvc exp run -S`` has, reads the values back."""
    changed = {"prime": prime, "top_k": 7, "temperature": 1e-7}
    said = said_by(params_of(copy, sample=changed, prepare={"blocks": 1}))
    command = said.partition("dvc exp run")[2].partition("charrnn verify")[0]
    words = shlex.split(command.replace("\\\n", " "))
    assert words[::2] == ["-S"] * 4
    read = OverridesParser.create().parse_overrides(words[1::2])
    values = {one.get_key_element(): one.value() for one in read}
    found = {key: getattr(value, "text", value) for key, value in values.items()}
    assert found == {f"sample.{key}": value for key, value in changed.items()} | {
        "prepare.blocks": 1
    }


def test_a_value_that_cannot_be_typed_is_named(copy: Path) -> None:
    said = said_by(params_of(copy, sample={"prime": "a\nb"}))
    assert "cannot be typed on a command line set in params.yaml" in said
    assert "dvc repro\ncharrnn verify" in said


@pytest.mark.parametrize(
    ("nats", "expected"),
    [
        (5.0, "worse than all of them"),
        (3.9, "worse than the unigram model needs more updates"),
        (2.0, "To get below the trigram model"),
        (1.5, "and worse than the 4-gram and 5-gram models. That is usual"),
        (0.9, "That is good for a network of this size"),
    ],
)
def test_the_page_says_whether_the_loss_is_good(
    nats: float, expected: str, copy: Path
) -> None:
    path = copy / "metrics/evaluation.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["network"]["nats_per_character"] = nats
    path.write_text(json.dumps(content), encoding="utf-8")
    said = re.sub(r"\s+", " ", said_by(write_report(copy)))
    assert expected in said


@pytest.mark.parametrize("highest_loss", [None, 0.5, 1.7, 1000.0])
def test_the_axis_is_said_to_be_cut_only_if_it_is(
    highest_loss: float | None, copy: Path
) -> None:
    page = params_of(copy, plot={"highest_loss": highest_loss})
    is_cut = highest_loss in (None, 1.7)  # 0.5 is below all losses
    said = said_by(page)
    assert said.count("above the end of the axis") == 2 * is_cut
    paths_drawn = re.findall(
        r'<path [^>]*d="(M[^"]*)"', page.read_text(encoding="utf-8")
    )
    assert any(" -" in path for path in paths_drawn) == is_cut


# Well-formed files with wrong content; tests/stages has the missing and the damaged.
COLUMNS = ",".join(Row._fields)
SURPRISE = (
    '{"weights_file_sha256": "0f", "part": "test", "surprise": {"page": {"text": 1}}}'
)
DAMAGES: list[tuple[Path, str, str]] = [
    *((path, "[1]", "Input should be an object") for path in STAGES["report"].reads
      if path.suffix == ".json"),
    (paths.CORPUS, '{"characters": 1.5}', "characters: Input should be a valid integer"),
    (paths.SUMMARY, '{"updates": true}', "updates: Input should be a valid integer"),
    (paths.GRADIENTS, "{}", "settings: Field required"),
    (paths.INSPECTION, SURPRISE, "surprise.page.text: Input should be a valid string"),
    (paths.TEXTS, '{"texts": [{"update": 0}]}', "texts.0.smooth_loss: Field required"),
    (paths.LOSS, "epoch,update\n1,2\n", "its columns are not epoch, update, smooth"),
    (paths.LOSS, f"{COLUMNS}\n", "it has no rows"),
    (paths.LOSS, f"{COLUMNS}\n9,1,2,0.5\n", "its epochs are not those of metrics/train"),
    (paths.VALIDATIONS, "epoch\n", "its columns are not epoch, update, nats_per"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "rule"), DAMAGES)
def test_a_damaged_file_is_named_with_its_rule(
    path: Path, content: str, rule: str, copy: Path
) -> None:
    (copy / PAGE).unlink()
    (copy / path).write_text(content, encoding="utf-8")
    with pytest.raises(ArtifactError) as caught:
        write_report(copy)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert rule in said
    assert "\n" not in said
    assert not (copy / PAGE).exists()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (formats.count(205080), "205,080"),
        (formats.fixed(-1234.5678, 2), f"{MINUS}1,234.57"),
        (formats.percent(0.5191), "51.9\N{NARROW NO-BREAK SPACE}%"),
        (formats.scientific(1.7467e-9), f"1.75·10<sup>{MINUS}9</sup>"),
        (formats.scientific(0.0), "0.00·10<sup>0</sup>"),
        (formats.scientific(2.5e20, 1), "2.5·10<sup>20</sup>"),
        (formats.power(1e-4), f"10<sup>{MINUS}4</sup>"),
        (formats.power(0.1), "0.1"),
        (formats.power(5.0), "5"),
        (formats.power(0), "0"),
        (formats.power(3e-10), f"3e{MINUS}10"),
        (formats.value(1e-08), "1e-8"),
        (formats.value(1e22), "1e22"),
        (formats.value(None), "null"),
        (formats.value("1e-08"), '"1e-08"'),
        (formats.value(True), "true"),
        (formats.visible("a\x00\r\n\t\x7f\x85"), "a␀␍\n\t␡\\u0085"),
        (formats.visible("\u202eba\u2028\ufffe"), "\\u202eba\\u2028\\ufffe"),
    ],
)
def test_numbers_and_foreign_texts_are_written_with_care(
    found: str, expected: str
) -> None:
    assert found == expected


@given(st.integers(1, 700), st.integers(2, 30), st.integers(0, 1))
def test_evenly_chosen_items(length: int, most: int, first: int) -> None:
    items = list(range(first, first + length))
    chosen = formats.evenly(items, most, first)
    assert chosen[0] == items[0]
    assert chosen[-1] == items[-1]
    assert len(chosen) <= most + 2
    assert sorted(set(chosen)) == chosen
    if length <= most:
        assert chosen == items
    apart = {b - a for a, b in itertools.pairwise(chosen[1:-1])}
    assert len(apart) <= 1


@st.composite
def runs(draw: st.DrawFn) -> tuple[Any, Any, float | None]:
    """Draw a run's curve and validations, and where the loss axis ends, or None."""
    epoch = st.lists(st.integers(1, 5_000), min_size=1, max_size=4)
    steps = draw(st.lists(epoch, min_size=1, max_size=6))
    numbers = [number for number, one in enumerate(steps, 1) for _ in one]
    updates = np.cumsum([step for one in steps for step in one])
    loss = st.floats(1e-6, 1e6)
    losses = draw(st.lists(loss, min_size=len(numbers), max_size=len(numbers)))
    curve = np.column_stack([numbers, updates, losses, np.full(len(numbers), 0.5)])
    checked = curve[draw(st.integers(0, 4)) :: 3, :3] / (1, 1, 25)
    return curve, checked, draw(st.none() | loss)


@given(runs())
def test_curves_and_dots_are_where_the_ticks_say(
    run: tuple[Any, Any, float | None],
) -> None:
    curve, checked, end = run
    found = chart(curve, checked, sequence_length=25, highest_loss=end)
    assert found == chart(curve, checked, sequence_length=25, highest_loss=end)
    per_window = checked * (1, 1, 25)
    end, is_cut = axis_end(curve, per_window, end, by_epoch=True)
    assert found.is_cut == is_cut
    end = end if is_cut else math.inf
    scales = []
    for ticks in (found.x, found.y):
        places = [float(tick.at) for tick in ticks]
        values = [Decimal(tick.label.replace(",", "")) for tick in ticks]
        assert 2 <= len(ticks) <= 7
        assert 0 <= min(places) <= max(places) <= 100
        (step,) = {b - a for a, b in itertools.pairwise(values)}
        assert step.normalize().as_tuple().digits in {(1,), (2,), (5,)}
        scale = (places[-1] - places[0]) / float(values[-1] - values[0])
        scales.append((places[0], float(values[0]), scale))
    assert [one.epoch for one in found.curves] == sorted(set(curve[:, 0].tolist()))
    start = 0.0
    for one in found.curves:
        for path, table in ((one.line, curve), (one.dots, per_window)):
            rows = table[table[:, 0] == one.epoch, 1:3] - (start, 0)
            numbers = [float(n) for n in re.findall(r"-?[0-9]+\.[0-9]{2}", path)]
            assert len(numbers) == rows.size
            for place, value, (at, origin, scale) in zip(
                numbers, rows.ravel().tolist(), itertools.cycle(scales), strict=False
            ):
                expected = at + (value - origin) * scale
                assert place == pytest.approx(expected, rel=1e-3, abs=0.05)
            assert all(0 <= x <= 100 for x in numbers[::2])
            # What is above the end of the axis is above the box, which cuts it off.
            for y, loss in zip(numbers[1::2], rows[:, 1], strict=True):
                assert y <= 0 if loss >= end else 0 <= y <= 100
        start = curve[curve[:, 0] == one.epoch][-1, 1]


def test_every_colour_is_a_variable() -> None:
    templates = [
        path.read_text(encoding="utf-8")
        for path in (*TEMPLATES.iterdir(), *SHARED.iterdir())
    ]
    definition, colour = r"--[\w-]+: #[0-9a-f]{6};", r"#[0-9a-f]{3,8}\b"
    assert len(re.findall(definition, "".join(templates))) > 40
    assert not re.findall(colour, re.sub(definition, "", "".join(templates)))


@pytest.mark.parametrize(("scheme", "paper"), [(0, "fdfcfa"), (1, "17181b")])
def test_every_epochs_colour_stands_out(scheme: int, paper: str) -> None:
    style = (SHARED / "style.css").read_text(encoding="utf-8")
    block = style.split(":root {")[scheme + 1]
    found = re.findall(r"--([\w-]+): #(\w+);", block)
    colours = {name: bytes.fromhex(colour) for name, colour in found}
    assert colours["paper"].hex() == paper
    curve = np.array([(epoch, epoch, 1.0, 0.5) for epoch in range(1, 41)])
    drawn = chart(curve, curve[:0, :3], sequence_length=25, highest_loss=None).curves
    for one in drawn:
        name, other, share = re.findall(r"epochs-[1-4]|[0-9.]+(?=%)", one.colour)
        ends = zip(colours[name], colours[other], strict=True)
        mixed = [a + (b - a) * float(share) / 100 for a, b in ends]
        pair = sorted([luminance(mixed), luminance(colours["paper"])])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 3
    assert len({one.colour for one in drawn}) == 24
