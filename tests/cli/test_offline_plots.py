"""``charrnn offline-plots``: its pages in a browser, and the files that it changes."""

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from charrnn.cli.main import main
from charrnn.cli.offline_plots import PAGE
from tests.browser import chromium, opened
from tests.command_line import Tell
from tests.imports import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.dvc]
pytest.importorskip("vl_convert", reason="the extra 'offline' is not installed")

COMMIT = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qam", "it")
DVC = (sys.executable, "-m", "dvc")
CURVE, LOCAL = Path("metrics/loss.csv"), Path(".dvc/config.local")
OTHERS = "[core]\n    autostage = true\n[plots]\n    auto_open = false\n"
BAD_VALUE = "</script><script>window.injected=1</script>"
BAD_NAME = '</template><img/src="x"onerror="window.injected=1">'
# Harmless warnings of Vega about DVC's own templates.
OF_DVC = re.compile("warning: WARN (Dropping {} from|Infinite extent for field)")


def run(*command: str) -> str:
    return subprocess.check_output(command, stderr=subprocess.PIPE, encoding="utf-8")


def edit(pattern: str, replacement: str) -> None:
    text = CURVE.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    CURVE.write_text(changed, encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with our plots and two commits of different curves."""
    folder = tmp_path_factory.mktemp("made") / "a clone"
    for name in (".dvc/plots", "metrics"):
        shutil.copytree(ROOT / name, folder / name)
    for name in (".dvc/.gitignore", ".dvc/config", "dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    with contextlib.chdir(folder):
        run("git", "init", "-q")
        run("git", "add", "-A")
        run(*COMMIT)
        edit(r"^(\d+,\d+,\d+)\.\d+", r"\1.5")
        run(*COMMIT)
    return folder


@pytest.fixture
def repository(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in that repository, and clean it afterwards."""
    monkeypatch.chdir(made)
    yield
    run("git", "clean", "-fdxq")


@pytest.fixture(scope="module")
def pages(made: Path) -> Path:
    """Return a folder of pages: of one revision, of two, of a hostile one."""
    with contextlib.chdir(made):
        assert main(["offline-plots"]) == 0
        run(*DVC, "plots", "show", "-o", "../pages/one")
        run(*DVC, "plots", "diff", "HEAD~1", "HEAD", "-o", "../pages/two")
        run("git", "branch", BAD_NAME)
        edit(r"^(\d+,\d+,)(?=.*\n\Z)", rf"\1{BAD_VALUE}")
        run(*DVC, "plots", "diff", BAD_NAME, "-o", "../pages/bad")
        run("git", "checkout", "-q", "metrics")
        run("git", "clean", "-fdxq")
    return made.parent / "pages"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "width", "revisions"),
    [("one", 390, {"workspace"}), ("two", 1280, {"HEAD", "HEAD~1"})],
)
def test_everything_is_drawn_without_a_network(
    pages: Path, browser: Browser, name: str, width: int, revisions: set[str]
) -> None:
    with opened(browser, pages / name / "index.html", width=width, beside=True) as seen:
        page, charts = seen.page, (ROOT / "dvc.yaml").read_text().count("template: ")
        drawn = "document.querySelectorAll('svg.marks').length"
        page.wait_for_function(f"{drawn} === {charts}")
        for chart in ("#loss_overlaid", "#loss_by_epoch"):
            curves = page.locator(f"{chart} g.mark-line.role-mark path").all()
            outlines = {curve.get_attribute("d") or "" for curve in curves}
            assert sum("L" in outline for outline in outlines) == 6 * len(revisions)
            texts = set(page.locator(f"{chart} svg text").all_text_contents())
            assert texts >= {*"123456"} | revisions
        # No chart is much smaller than the others.
        sizes = "[...document.querySelectorAll('svg.marks')].map(e => e.clientWidth)"
        across = page.evaluate(sizes)
        assert 2 * min(across) > max(across)
        images = page.locator("img").all()
        assert len(images) == 3 * len(revisions)
        widths = [image.evaluate("image => image.naturalWidth") for image in images]
        assert min(widths) > width / 2
        # A wide chart scrolls within its box, not the page.
        assert page.evaluate("document.documentElement.scrollWidth") == width
        menu = page.locator("#loss_overlaid .vega-actions a").all_text_contents()
        assert menu[:2] == ["Save as SVG", "Save as PNG"]
        assert not any("Editor" in entry for entry in menu)  # a web site
        said = [line for line in seen.console if not OF_DVC.match(line)]
        assert seen.requests == said == seen.errors == []


@pytest.mark.browser
def test_a_request_to_the_web_is_noticed(browser: Browser, tmp_path: Path) -> None:
    url = "https://example.invalid/script.js"
    (tmp_path / "page.html").write_text(f"<script src={url}></script>")
    with opened(browser, tmp_path / "page.html", beside=True) as seen:
        assert seen.requests == [url]


@pytest.mark.browser
def test_neither_a_value_nor_a_name_runs_a_script(
    pages: Path, browser: Browser
) -> None:
    path = pages / "bad" / "index.html"
    content = path.read_text(encoding="utf-8")
    assert BAD_VALUE in content
    assert f"<p>{BAD_NAME}</p>" in content
    with opened(browser, path, beside=True) as seen:
        for blocked in ("inline script", "inline event handler"):
            assert any(blocked in line for line in seen.console)
        assert seen.page.evaluate("window.injected") is None


@pytest.mark.browser
@pytest.mark.usefixtures("repository")
def test_the_code_of_the_package_may_hold_anything(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "</script><!--<script>{scripts}{plot_divs}{refresh_tag}\\"
    code = f"window.held = {text!r}"
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda _: code)
    assert main(["offline-plots"]) == 0
    run(*DVC, "plots", "show")
    with opened(browser, Path("dvc_plots/index.html"), beside=True) as seen:
        assert seen.page.evaluate("window.held") == text


@pytest.mark.usefixtures("repository")
def test_the_command_is_undone_and_touches_nothing_else(told: Tell) -> None:
    LOCAL.write_text(OTHERS, encoding="utf-8")
    contents = []
    for _ in range(2):
        said = f"wrote {PAGE}: dvc plots show and dvc plots diff need no network\n"
        assert told("offline-plots") == said
        contents.append((PAGE.read_bytes(), LOCAL.read_text(encoding="utf-8").split()))
        PAGE.write_bytes(b"old")
    option = ["html_template", "=", "tmp/offline_plots.html"]
    assert contents[0] == contents[1] == (contents[0][0], [*OTHERS.split(), *option])
    assert run("git", "status", "--porcelain") == ""
    run(*DVC, "gc", "-q", "-w", "-f")
    assert PAGE.exists()
    said = "removed: dvc plots loads its scripts from the web again\n"
    for expected in (said, "there was nothing to remove\n"):
        assert told("offline-plots", "--remove") == expected
        assert not PAGE.exists()
        assert LOCAL.read_text(encoding="utf-8").split() == OTHERS.split()


@pytest.mark.parametrize(
    ("path", "content", "options", "reason"),
    [
        (LOCAL, "[plots\n", [], "dvc config --local --list: "),
        (PAGE.parent, "", [], f"{PAGE}: cannot be written: "),
        (PAGE / "file", "", ["--remove"], f"{PAGE}: cannot be removed: "),
        (
            *(LOCAL, "[plots]\n    html_template = mine.html\n", []),
            ".dvc/config.local: plots.html_template is 'mine.html', a template of your",
        ),
    ],
)
@pytest.mark.usefixtures("repository")
def test_an_obstacle_is_named_and_left_alone(
    refusal: Tell, path: Path, content: str, options: list[str], reason: str
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert refusal("offline-plots", *options).startswith(reason)
    assert path.read_text(encoding="utf-8") == content
    assert path == LOCAL or not LOCAL.exists()


@pytest.mark.parametrize("options", [[], ["--remove"]])
def test_a_folder_without_dvc_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Tell, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    reason = refusal("offline-plots", *options)
    assert reason.startswith(f"{tmp_path}: has no folder .dvc: run the command")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("repository")
def test_the_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, refusal: Tell
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert "not installed: pip install -e '.[offline]'" in refusal("offline-plots")
    assert not PAGE.exists()
    assert not LOCAL.exists()
