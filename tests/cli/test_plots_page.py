"""The page of `dvc plots` without a network, looked at in a browser."""

import contextlib
import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from charrnn.cli.plots_page import PAGE, harmless, install, remove
from charrnn.errors import ArtifactError, CharRnnError
from tests.browser import Opened, chromium, opened
from tests.imports import ROOT

pytest.importorskip("vl_convert", reason="the extra 'offline' is not installed")

LOCAL = Path(".dvc/config.local")
CURVES = "g.mark-line.role-mark path"  # Vega names the groups of its SVG

# What Vega says to the templates of DVC itself; it is harmless.
OF_DVC = re.compile(
    "warning: WARN (Dropping {} from channel|Infinite extent for field)"
)


def run(folder: Path, *command: str) -> str:
    who = {f"GIT_{who}_NAME": "t" for who in ("AUTHOR", "COMMITTER")}
    who |= {f"GIT_{who}_EMAIL": "t@t" for who in ("AUTHOR", "COMMITTER")}
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | who,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dvc(*arguments: str) -> str:
    return run(Path(), sys.executable, "-m", "dvc", *arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with our plots, twice committed: the second curve is lower."""
    folder = tmp_path_factory.mktemp("made") / "a clone"
    shutil.copytree(ROOT / ".dvc" / "plots", folder / ".dvc" / "plots")
    for name in (".dvc/.gitignore", ".dvc/config", "dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "metrics", folder / "metrics")
    (folder / ".gitignore").write_text("/dvc_plots/\n", encoding="utf-8")
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "first")
    curve = folder / "metrics" / "loss.csv"
    with curve.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with curve.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            row["smooth_loss"] = repr(float(row["smooth_loss"]) - 2)
            writer.writerow(row)
    run(folder, "git", "commit", "-qam", "second")
    return folder


@pytest.fixture
def repository(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the same, clean, which is the working folder meanwhile."""
    monkeypatch.chdir(made)
    yield made
    run(made, "git", "clean", "-fdxq")


@pytest.fixture(scope="module")
def pages(made: Path) -> Path:
    """Return the folder of three pages: before, of one revision, of two."""
    with contextlib.chdir(made):
        dvc("plots", "show", "-o", "../pages/before")
        install()
        dvc("plots", "show", "-o", "../pages/one")
        dvc("plots", "diff", "HEAD~1", "HEAD", "-o", "../pages/two")
        assert remove()
    return made.parent / "pages"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextlib.contextmanager
def drawn(browser: Browser, page: Path, width: int = 1280) -> Iterator[Opened]:
    """Open a page and wait for its charts; whatever else it does is wrong."""
    definitions = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    charts = len(re.findall(r"^      template: ", definitions, re.MULTILINE))
    with opened(browser, page / "index.html", width=width, beside=True) as seen:
        seen.page.wait_for_function(
            "charts => document.querySelectorAll('svg.marks').length === charts",
            arg=charts,
        )
        yield seen
        said = [line for line in seen.console if not OF_DVC.match(line)]
        assert seen.requests == said == seen.errors == []


def curves(seen: Opened, chart: str) -> set[str]:
    """Return the outlines of the curves in a chart, those of one point left out."""
    found = seen.page.locator(f"#{chart} {CURVES}").all()
    return {d for curve in found if "L" in (d := curve.get_attribute("d") or "")}


def texts(seen: Opened, chart: str) -> set[str | None]:
    return set(seen.page.locator(f"#{chart} svg text").all_text_contents())


@pytest.mark.parametrize("width", [1280, 390])
def test_six_curves_are_drawn_without_a_network(
    pages: Path, browser: Browser, width: int
) -> None:
    with drawn(browser, pages / "one", width) as seen:
        for chart in ("loss_overlaid", "loss_by_epoch"):
            assert len(curves(seen, chart)) == 6
            assert texts(seen, chart) >= {*"123456", "workspace"}
        images = seen.page.locator("img").all()
        assert len(images) == 2
        for image in images:
            assert image.evaluate("image => image.naturalWidth") > width / 2
            assert (
                image.evaluate("image => image.getBoundingClientRect().right") < width
            )
        # A wide chart moves inside of its box, not the page.
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width


def test_two_revisions_are_compared(pages: Path, browser: Browser) -> None:
    with drawn(browser, pages / "two") as seen:
        for chart in ("loss_overlaid", "loss_by_epoch"):
            assert len(curves(seen, chart)) == 12
            assert texts(seen, chart) >= {*"123456", "HEAD", "HEAD~1"}
        assert seen.page.locator("img").count() == 4


def test_before_the_page_asks_the_web(pages: Path, browser: Browser) -> None:
    with opened(browser, pages / "before" / "index.html", beside=True) as seen:
        assert len(seen.requests) == 3
        assert all(url.startswith("https://") for url in seen.requests)
        assert seen.page.locator("svg.marks").count() == 0


def test_the_menu_offers_nothing_of_the_web(pages: Path, browser: Browser) -> None:
    with drawn(browser, pages / "one") as seen:
        entries = seen.page.locator("#loss_overlaid .vega-actions a")
        assert entries.all_text_contents() == [
            "Save as SVG",
            "Save as PNG",
            "View Source",
            "View Compiled Vega",
        ]


def test_the_scripts_leave_one_name(pages: Path, browser: Browser) -> None:
    with drawn(browser, pages / "one") as seen:
        names = seen.page.evaluate(
            "Object.keys(window).filter(name => /vega|^.{1,3}$/.test(name))"
        )
        assert names == ["top", "vegaEmbed"]


def test_the_template_names_no_script_of_the_web(repository: Path) -> None:
    assert install() == PAGE
    template = PAGE.read_text(encoding="utf-8")
    for placeholder in ("{plot_divs}", "{refresh_tag}"):
        assert template.count(placeholder) == 1
    assert "{scripts}" not in template
    assert len(re.findall("<script", template)) == 1
    assert len(re.findall("</script", template, re.IGNORECASE)) == 1
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", template)
    assert LOCAL.read_text(encoding="utf-8").split() == [
        "[plots]", "html_template", "=", "tmp/offline_plots.html",
    ]  # fmt: skip
    assert run(repository, "git", "status", "--porcelain") == ""


@pytest.mark.usefixtures("repository")
def test_twice_is_as_once() -> None:
    install()
    first = PAGE.read_bytes(), LOCAL.read_bytes()
    PAGE.write_bytes(b"old")
    install()
    assert (PAGE.read_bytes(), LOCAL.read_bytes()) == first
    assert remove()
    assert not PAGE.exists()
    assert dvc("config", "--local", "--list") == ""
    assert not remove()


@pytest.mark.usefixtures("repository")
def test_dvc_clears_its_cache_but_not_the_template() -> None:
    install()
    dvc("gc", "-q", "-w", "-f")
    assert PAGE.exists()


@pytest.mark.usefixtures("repository")
def test_other_local_settings_stay() -> None:
    LOCAL.write_text(
        "[core]\n    autostage = true\n[plots]\n    auto_open = false\n",
        encoding="utf-8",
    )
    install()
    assert remove()
    assert LOCAL.read_text(encoding="utf-8").split() == [
        "[core]", "autostage", "=", "true", "[plots]", "auto_open", "=", "false",
    ]  # fmt: skip


@pytest.mark.usefixtures("repository")
def test_a_template_of_the_users_own_is_left_alone() -> None:
    LOCAL.write_text("[plots]\n    html_template = my page.html\n", encoding="utf-8")
    before = LOCAL.read_bytes()
    with pytest.raises(CharRnnError) as caught:
        install()
    assert str(caught.value) == (
        ".dvc/config.local: plots.html_template is 'my page.html', a template of your "
        "own, which is not replaced: dvc config --local --unset plots.html_template"
    )
    assert not PAGE.exists()
    assert not remove()
    assert LOCAL.read_bytes() == before


@pytest.mark.parametrize("function", [install, remove])
def test_a_folder_without_dvc_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: object
) -> None:
    monkeypatch.chdir(tmp_path)
    assert callable(function)
    with pytest.raises(CharRnnError) as caught:
        function()
    assert str(caught.value) == (
        f"{tmp_path}: has no folder .dvc: run this where dvc.yaml stands"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("repository")
def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(CharRnnError) as caught:
        install()
    assert str(caught.value) == (
        "the package vl-convert-python is not installed: it holds the scripts that "
        "draw the charts: pip install -e '.[offline]'"
    )
    assert not PAGE.exists()
    assert not LOCAL.exists()


@pytest.mark.usefixtures("repository")
def test_a_place_that_cannot_be_written_is_named() -> None:
    dvc("config", "--list")
    shutil.rmtree(PAGE.parent, ignore_errors=True)
    PAGE.parent.write_bytes(b"in the way")
    with pytest.raises(
        ArtifactError,
        match=r"^\.dvc/tmp/offline_plots\.html: cannot be written: [A-Z][a-z ]+$",
    ):
        install()
    assert not LOCAL.exists()
    assert not remove()


@pytest.mark.usefixtures("repository")
def test_a_template_that_cannot_be_removed_is_named() -> None:
    PAGE.mkdir(parents=True)
    with pytest.raises(ArtifactError, match=r"cannot be removed: [A-Z][a-z ]+$"):
        remove()


@pytest.mark.usefixtures("repository")
def test_what_dvc_refuses_is_told_in_one_line() -> None:
    LOCAL.write_text("[plots\n", encoding="utf-8")
    with pytest.raises(
        CharRnnError, match=r"^dvc config --local --list: .+$"
    ) as caught:
        install()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "script",
    [
        "'</script><!--<script>'",
        "`</SCRIPT>`.length + '<!--'.replace(/<!--|[</script]/u, 'x')",
        "(scripts => ({scripts}))(1).scripts",
        "(({plot_divs}) => '{refresh_tag}' + plot_divs)({plot_divs: 2})",
        "'{plot_divs}{scripts}{ruff}'",
    ],
)
def test_an_escaped_script_does_the_same(
    browser: Browser, tmp_path: Path, script: str
) -> None:
    escaped = harmless(script)
    assert not re.search(
        r"</script|<!--|\{(scripts|plot_divs|refresh_tag)\}", escaped, re.IGNORECASE
    )
    path = tmp_path / "page.html"
    path.write_text(f"<script>window.it = ({escaped})</script>", encoding="utf-8")
    with opened(browser, path) as seen:
        assert seen.page.evaluate("it") == seen.page.evaluate("s => eval(s)", script)
        assert seen.errors == []
