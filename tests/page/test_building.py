"""Tests of the page: what it holds, its looks in Chromium, and its controls."""

import base64
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from charrnn.files.models import model_bytes
from charrnn.html import inline
from charrnn.html.formats import visible
from charrnn.network.model import Model
from charrnn.page import building
from charrnn.settings import TrainConfig
from charrnn.text.vocabulary import Vocabulary
from tests.browser import Opened, chromium, flaws, opened, violations
from tests.firefox import firefox
from tests.imports import ROOT
from tests.web_pages import (
    COMMITTED,
    content_of,
    drawn_model,
    model_in,
    text_of,
    write_page,
)

SAME = "This browser writes the same 1,000 characters as the run."
HOSTILE = Vocabulary.of(
    "\n</script><!--{{ 7*7 }}{% x %}&amp;\"'`\\ \x00\x07\x1b\x7f\x85"
    "\u00ad\u200b\u200f\u2028\u2029\u202e\u2066\ufeff\ufffe🙂é"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser of this module."""
    with chromium() as started:
        yield started


@contextmanager
def shown(browser: Browser, path: Path, **how: Any) -> Iterator[Opened]:
    """Open a page, wait until it has written and read, and check that it is quiet."""
    with opened(browser, path, **how) as seen:
        seen.page.wait_for_selector("html[data-ready]")
        yield seen
        assert seen.requests == seen.console == seen.errors == []


def written_in(page: Page) -> str:
    """Return the text that the page has written, without the prime."""
    text: str = page.evaluate(
        "[...document.querySelectorAll('#write-text span')].map(s => s.textContent).join('')"
    )
    return text


def settled(page: Page) -> None:
    """Wait until the page has ended writing."""
    expect(page.locator("#stop")).to_be_disabled(timeout=30_000)


@pytest.fixture(scope="module")
def committed() -> tuple[Model, Vocabulary]:
    """Return the model in the committed page."""
    return model_in(content_of(COMMITTED))


@pytest.fixture(scope="module")
def model_file(
    tmp_path_factory: pytest.TempPathFactory, committed: tuple[Model, Vocabulary]
) -> Path:
    """Return a file with the model of the committed page."""
    model, vocabulary = committed
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    path.write_bytes(model_bytes(model, vocabulary, TrainConfig()))
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a model with a hostile vocabulary."""
    model = drawn_model(9, HOSTILE.size, "float64", seed=1)
    path = tmp_path_factory.mktemp("hostile") / "page.html"
    return write_page(path, model, HOSTILE, prime="</script>", length=500)


def test_the_page_holds_all_and_loads_nothing() -> None:
    page = COMMITTED.read_text("utf-8")
    assert len(page.encode()) <= 300_000
    assert "\r" not in page
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script == [building.scripts()]
    policy = policy.replace("&#39;", "'")
    assert policy.startswith(f"default-src 'none'; style-src {inline.allowed(style)}; ")
    assert policy.endswith(f"script-src {inline.allowed(script[0])}")
    assert not re.search(
        r"\b(?:src|style|on\w+)=", re.sub(r"<(s\w+).*?</\1>", "", page)
    )
    assert set(re.findall(r'href="([^"#]*)', page)) == {"data:,", "report.html", ""}
    assert 'href="page.html"' in (ROOT / "metrics/report.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("which", ["committed", "hostile"])
def test_the_page_is_quiet_fits_and_can_be_read(
    which: str, width: int, scheme: Any, browser: Browser, hostile: Path
) -> None:
    path = COMMITTED if which == "committed" else hostile
    with shown(browser, path, width=width, scheme=scheme) as seen:
        # Short texts: the contrast of each character is measured.
        seen.page.fill("#length", "100")
        seen.page.click("#form button[type=submit]")
        settled(seen.page)
        seen.page.fill("#read", "\n<a> " * 9)
        seen.page.click("#read-form button")
        expect(seen.page.locator("#read-figures")).to_be_visible()
        assert flaws(seen.page, scripts=True) == []
        assert violations(seen.page) == []
        same = SAME if which == "committed" else SAME.replace("1,000", "500")
        assert seen.page.inner_text("#verdict") == same


@pytest.mark.slow
@pytest.mark.browser
def test_firefox_gives_the_same_and_is_quiet(hostile: Path) -> None:
    with firefox() as started:
        for path, length in ((COMMITTED, "1,000"), (hostile, "500")):
            started.open(path, width=360)
            wait = "new Promise(done => { const look = () => document.documentElement"
            wait += ".dataset.ready ? done(1) : setTimeout(look, 50); look(); })"
            assert started.evaluate(wait) == 1
            verdict = started.evaluate("document.getElementById('verdict').textContent")
            assert verdict == SAME.replace("1,000", length)
            assert started.evaluate("document.documentElement.scrollWidth") <= 360
        assert started.requests == started.console == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_hostile_vocabulary_shows_as_text(hostile: Path, browser: Browser) -> None:
    model, vocabulary = model_in(content_of(hostile))
    assert vocabulary == HOSTILE
    settings = {"prime": "</script>", "temperature": 1.0, "seed": 1, "zero": False}
    text = text_of(model, HOSTILE, settings | {"topK": None, "topP": None}, 500)
    assert set("<\u2028\u202e\x00🙂") <= set(text)
    with shown(browser, hostile) as seen:
        codes = {one: f"\\u{ord(one):04x}" for one in "\u00ad\u200b\u200f\ufeff"}
        assert written_in(seen.page) == visible(text).translate(
            {ord(one): code for one, code in codes.items()}
        )
        assert seen.page.locator("#write-text b").text_content() == "</script>"
        assert seen.page.locator("script").count() == 2
        assert "<b>a & b</b>.txt" in seen.page.inner_text("header")
        seen.page.fill("#read", text.replace("\x00", "")[:200])
        seen.page.click("#read-form button")
        expect(seen.page.locator("#read-figures")).to_be_visible()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("where", ["weights", "text"])
def test_one_flipped_bit_makes_the_proof_fail(
    where: str, tmp_path: Path, browser: Browser
) -> None:
    content = content_of(COMMITTED)
    old = content["model"]["arrays"]
    weights = bytearray(base64.b64decode(old))
    # The lowest bit of a weight, which may change no text; or the sign of a bias.
    at, bit = (4000, 1) if where == "weights" else (403, 128)
    weights[at] ^= bit
    page = COMMITTED.read_text("utf-8")
    changed = tmp_path / "page.html"
    new = base64.b64encode(weights).decode()
    changed.write_text(page.replace(old, new), encoding="utf-8")
    with shown(browser, changed) as seen:
        assert seen.page.inner_text("#verdict") == (
            "This browser does not write the 1,000 characters of the run."
        )
        assert seen.page.locator("#verdict.fails").count() == 1
        said = seen.page.inner_text("#proof-details")
        assert "first difference" in said
        if where == "text":
            assert re.search(r"character \d+ is .*, in the run ", said)


@pytest.mark.slow
@pytest.mark.browser
def test_the_address_and_the_command_give_the_same_text(
    browser: Browser, committed: Any, model_file: Path
) -> None:
    prime = "And it's so:\n"
    values = {"prime": prime, "length": "300", "temperature": "0.8", "top_k": "12"}
    values |= {"top_p": "0.95", "seed": "4294967295", "zero": "1"}
    settings = {"prime": prime, "temperature": 0.8, "topK": 12, "topP": 0.95}
    settings |= {"seed": 2**32 - 1, "zero": True}
    model, vocabulary = committed
    expected = text_of(model, vocabulary, settings, 300)
    with shown(browser, COMMITTED) as seen:
        page = seen.page
        for name, value in values.items():
            if name == "zero":
                page.check("#zero")
            else:
                page.fill(f"#{name}", value)
        page.click("#form button[type=submit]")
        settled(page)
        assert written_in(page) == expected
        address, command = page.url, page.text_content("#command") or ""
        page.evaluate("location.hash = 'length=9&seed=7'")
        expect(page.locator("#seed")).to_have_value("7")
        settled(page)
        assert len(written_in(page)) == 9
        page.evaluate("address => { location.hash = address }", address.split("#")[1])
        expect(page.locator("#prime")).to_have_value(prime)
        settled(page)
        assert written_in(page) == expected
        # The clipboard is refused here: the command is selected.
        page.click("#copy")
        expect(page.locator("#copied")).not_to_be_empty()
        if page.inner_text("#copied") != "Copied.":
            assert page.evaluate("String(getSelection())") == command
    assert address.endswith(f"#{urlencode(values)}") or "seed=4294967295" in address
    run = f"{sys.executable} -m {command} --model {shlex.quote(str(model_file))}"
    output = subprocess.run(
        ["bash", "-c", run], capture_output=True, check=True, cwd=model_file.parent
    ).stdout.decode()
    assert output == prime + expected + "\n"


@pytest.mark.slow
@pytest.mark.browser
def test_a_stopped_text_goes_on_as_if_it_had_not_stopped(
    browser: Browser, committed: Any
) -> None:
    settings = {"prime": "", "temperature": 1.0, "topK": None, "topP": None}
    settings |= {"seed": 1, "zero": False}
    model, vocabulary = committed
    expected = text_of(model, vocabulary, settings, 120)
    with shown(browser, COMMITTED) as seen:
        page = seen.page
        page.fill("#length", "60")
        page.select_option("#pace", "20")
        page.click("#form button[type=submit]")
        page.click("#stop")
        settled(page)
        assert len(written_in(page)) < 60
        assert page.inner_text("#write-status").endswith("stopped")
        page.select_option("#pace", "0")
        for length in (60, 120):
            page.click("#go-on")
            settled(page)
            assert written_in(page) == expected[:length]
        assert "--length=120" in page.inner_text("#command")


@pytest.mark.slow
@pytest.mark.browser
def test_wrong_values_are_named(browser: Browser) -> None:
    with shown(browser, COMMITTED) as seen:
        page = seen.page
        before = written_in(page)
        wrong = {"length": "0", "temperature": "-1", "top_k": "1.5", "top_p": "0"}
        for name, value in (wrong | {"seed": "4294967296", "prime": "aé"}).items():
            page.fill(f"#{name}", value)
        page.click("#form button[type=submit]")
        assert page.inner_text("#prime-wrong") == (
            "character “é” (U+00E9) at position 1 is not among the 65 of the vocabulary"
        )
        for name in (*wrong, "seed"):
            assert page.inner_text(f"#{name}-wrong").startswith("a ")
            assert page.get_attribute(f"#{name}", "aria-invalid") == "true"
        assert page.evaluate("document.activeElement.id") == "prime"
        assert written_in(page) == before
        page.fill("#read", "é")
        page.click("#read-form button")
        assert "fewer than two characters" in page.inner_text("#read-wrong")


@pytest.mark.slow
@pytest.mark.browser
def test_reading_gives_the_figures_of_the_command_line(
    browser: Browser, model_file: Path
) -> None:
    text = "In the beginning, Émile said: naïve 42 words.\nAnd it was so.\n"
    command = [sys.executable, "-m", "charrnn", "score", "--model", str(model_file)]
    said = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    expected = dict(
        line.split(maxsplit=1) for line in said.stdout.decode().splitlines()
    )
    with shown(browser, COMMITTED) as seen:
        page = seen.page
        page.fill("#read", text)
        page.click("#read-form button")
        expect(page.locator("#read-unknown")).to_contain_text("4 left out")
        for name, value in expected.items():
            if name != "unknown":
                found = page.inner_text(f"#read-{name}").replace("\u202f", " ")
                assert found == value
        assert page.locator("#read-text .unknown").count() == 4


@pytest.mark.slow
@pytest.mark.browser
def test_a_character_is_looked_at_by_pointer_and_by_keyboard(browser: Browser) -> None:
    with shown(browser, COMMITTED) as seen:
        page = seen.page
        page.locator("#write-text span").nth(9).hover()
        assert page.inner_text("#write-looked").startswith("Character 10 is ")
        page.focus("#write-place")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#write-looked").startswith("Character 11 is ")
        said = page.get_attribute("#write-place", "aria-valuetext")
        assert said == page.inner_text("#write-looked")
        shares = [
            float(one.rstrip("%\u202f").lstrip("<\u202f"))
            for one in page.locator("#write-chances .figure").all_inner_texts()
        ]
        rest = re.findall(r"others?: ([\d.]+)", page.inner_text("#write-chances"))
        assert sum(shares) + float(rest[0]) == pytest.approx(100, abs=0.4)
        assert page.locator("#write-chances .came").count() == 1
        page.uncheck("#write-colour")
        plain = "getComputedStyle(document.querySelector('#write-text .s5')).backgroundColor"
        assert page.evaluate(plain) == "rgba(0, 0, 0, 0)"


@pytest.mark.slow
@pytest.mark.browser
def test_the_units_are_shown_and_those_found_are_named(browser: Browser) -> None:
    content = content_of(COMMITTED)
    with shown(browser, COMMITTED) as seen:
        page = seen.page
        found = page.locator("#unit optgroup").first.locator("option")
        assert found.count() == len(content["findings"]) > 0
        first = content["findings"][0]
        assert found.first.inner_text().startswith(f"{first['unit']}: {first['name']}")
        assert first["about"] in page.inner_text("#unit-about")
        # The chosen unit's colours are those of its activations.
        levels = page.evaluate(
            """[...document.querySelectorAll("#unit-text > *")].map(one => one.className)"""
        )
        assert {"a0", "a6"} & set(levels)
        before = page.inner_html("#unit-text")
        page.locator("#picture").click(position={"x": 20, "y": 200})
        assert page.input_value("#unit") == "66"
        assert page.inner_text("#picture-pointed").startswith("Unit 66 after ")
        assert page.inner_html("#unit-text") != before
        page.select_option("#source", "read")
        assert "after characters" in page.inner_text("#picture-about")
        read = content["findings"] and page.input_value("#read")
        shown_text = page.inner_text("#unit-text").replace("↵", "")
        assert shown_text.strip() == str(read).strip()
        colours = page.evaluate(
            """[...new Uint32Array(document.getElementById("picture").getContext("2d")
               .getImageData(0, 0, 50, 100).data.buffer)].filter(
               (one, n, all) => all.indexOf(one) === n).length"""
        )
        assert 3 <= colours <= 7


def test_a_large_model_gets_a_page_that_names_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    monkeypatch.setattr(building, "MOST_BYTES", 100)
    model = drawn_model(9, 3, "float32", seed=1)
    path = write_page(tmp_path / "page.html", model, Vocabulary("\nab"), length=9)
    content = path.read_text("utf-8")
    assert "<script" not in content
    assert "script-src" not in content
    with opened(browser, path, width=360) as seen:
        assert flaws(seen.page) == violations(seen.page) == []
        assert "charrnn sample" in seen.page.inner_text("main")


def test_without_javascript_the_page_names_the_command_line(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(COMMITTED.as_uri())
    assert "needs JavaScript" in page.inner_text("#no-script")
    context.close()


@pytest.mark.parametrize("text", ["x</script>", "<!--", "a</STYLE >"])
def test_a_script_cannot_end_its_element(text: str) -> None:
    with pytest.raises(AssertionError):
        inline.as_is(text)
    data = inline.as_data({"text": text})
    assert "<" not in data
    assert json.loads(data) == {"text": text}
