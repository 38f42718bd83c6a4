"""A local page in headless Chromium without a network, with a record of its actions.

A test module makes a browser once, and opens its pages in it::

    @pytest.fixture(scope="module")
    def browser() -> Iterator[Browser]:
        with chromium() as browser:
            yield browser

    def test_the_page_is_quiet(browser: Browser, tmp_path: Path) -> None:
        with opened(browser, tmp_path / "page.html", width=360, scheme="dark") as seen:
            assert seen.requests == seen.console == seen.errors == []
            assert seen.page.title() == "A page"
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]


@dataclass
class Opened:
    """An open page and a record of its actions.

    Attributes
    ----------
    page : Page
    requests : list of str
        Every requested address except the file itself and ``data:``; all these requests
        are aborted.
    console : list of str
        Every message on the console, with its kind.
    errors : list of str
        Every uncaught exception and every dialogue.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; skip the test if there is none."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found[0], args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    *,
    width: int = 1280,
    height: int = 800,
    scheme: Literal["light", "dark"] = "light",
    media: Literal["screen", "print"] = "screen",
    beside: bool = False,
) -> Iterator[Opened]:
    """Open a file in a page, and close the page at the end.

    Parameters
    ----------
    browser : Browser
        From `chromium`.
    path : Path
        The file.
    width, height : int
        Of the viewport, CSS pixels.
    scheme : {'light', 'dark'}
        The preferred colour scheme.
    media : {'screen', 'print'}
    beside : bool
        Whether the page may load the files in its folder, such as images.
    """
    address = path.resolve().as_uri()
    folder = f"{path.resolve().parent.as_uri()}/"

    def belongs(url: str) -> bool:
        return url.partition("#")[0] == address or (beside and url.startswith(folder))

    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    try:
        seen = Opened(context.new_page())

        def answer(route: Route) -> None:
            if belongs(route.request.url):
                route.continue_()
            else:
                route.abort()

        def note(url: str) -> None:
            if not url.startswith("data:") and not belongs(url):
                seen.requests.append(url)

        context.route("**/*", answer)
        seen.page.on("request", lambda request: note(request.url))
        seen.page.on("websocket", lambda socket: note(socket.url))
        seen.page.on(
            "console", lambda said: seen.console.append(f"{said.type}: {said.text}")
        )
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))

        def refuse(dialog: Dialog) -> None:
            seen.errors.append(f"dialogue: {dialog.message}")
            dialog.dismiss()

        seen.page.on("dialog", refuse)
        seen.page.emulate_media(media=media, color_scheme=scheme)
        seen.page.goto(address, wait_until="load")
        yield seen
    finally:
        context.close()


def luminance(rgb: Sequence[float]) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it.

    Parameters
    ----------
    rgb : sequence of float
        0 to 255.
    """
    values = [one / 255 for one in rgb]
    linear = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values
    ]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def flaws(page: Page, *, scripts: bool = False) -> list[str]:
    """Return the flaws of a page's layout and accessibility.

    The rules: nothing is wider than the page; each picture is visible and has a title with
    a number, and its labels are at least 8 pixels high and do not overlap; headings are in
    order, tables have captions and headings, ids are unique, links have targets; there is
    no script unless `scripts`; each text has a contrast of 4.5 to its background.
    """
    found: list[str] = page.evaluate(_FLAWS, scripts)
    return found


def violations(page: Page) -> list[str]:
    """Return what axe-core finds: the rule and the first element that breaks the rule."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


# Returns a list of flaws; `flaws` has the rules.
_FLAWS = """scripts => {
  const wrong = [];
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };
  const said = element => element.tagName + ' "' +
    element.textContent.trim().slice(0, 40) + '"';

  // nothing is wider than the page
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > room) wrong.push("the page scrolls");
  for (const element of document.querySelectorAll("body *"))
    if (element.getBoundingClientRect().right > room + 0.5)
      wrong.push("beyond the page: " + said(element));

  // every picture is visible and has a title
  const charts = [...document.querySelectorAll("svg, img, canvas, object")];
  for (const chart of charts) {
    if (!seen(chart)) wrong.push("an invisible picture");
    const name = document.getElementById(chart.getAttribute("aria-labelledby"));
    if (chart.getAttribute("role") !== "img" || !name || !/[0-9]/.test(name.textContent))
      wrong.push("a picture without a title: " + said(chart));
    const labels = chart.closest(".chart")?.querySelectorAll("span") ?? [];
    const texts = [...chart.querySelectorAll("text"), ...labels].map(
      text => [text, text.getBoundingClientRect()]);
    for (const [text, box] of texts) {
      if (box.height < 8) wrong.push("too small to read: " + said(text));
      for (const [other, its] of texts)
        if (text !== other && box.left < its.right && its.left < box.right
            && box.top < its.bottom - 2 && its.top < box.bottom - 2)
          wrong.push("overlapping labels: " + said(text) + ", " + said(other));
    }
    for (const shape of chart.querySelectorAll("path, rect, use"))
      for (const kind of ["fill", "stroke"])
        for (const [name] of shape.style[kind].matchAll(/--[\\w-]+/g))
          if (!getComputedStyle(shape).getPropertyValue(name))
            wrong.push("an undefined colour: " + name);
  }

  // headings in order, tables with captions and scopes, unique ids
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(
    heading => Number(heading.tagName[1]));
  if (levels[0] !== 1 || levels.filter(level => level === 1).length !== 1)
    wrong.push("not one h1 first");
  levels.forEach((level, i) => {
    if (i > 0 && level > levels[i - 1] + 1) wrong.push("a heading is left out: h" + level);
  });
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption || !table.caption.textContent.trim()) wrong.push("no caption");
    for (const cell of table.querySelectorAll("th"))
      if (!cell.scope || !cell.textContent.trim()) wrong.push("a bare th");
    for (const row of table.tBodies[0].rows)
      if (row.cells[0].tagName !== "TH") wrong.push("a row without a heading");
  }
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => wrong.push("duplicate id: " + id));
  const pages = ["page.html", "report.html"];  // beside each other in metrics/
  for (const link of document.querySelectorAll("a[href], use[href]"))
    if (!document.getElementById(link.getAttribute("href").slice(1))
        && !pages.includes(link.getAttribute("href")))
      wrong.push("no target: " + link.getAttribute("href"));
  if (document.documentElement.lang !== "en" || !document.title) wrong.push("no lang");
  if (document.scripts.length && !scripts) wrong.push("a script");

  // contrast of every text to all layers behind it
  const canvas = document.createElement("canvas").getContext(
    "2d", {willReadFrequently: true});
  canvas.canvas.width = canvas.canvas.height = 1;
  const pixel = (...layers) => {  // from the lowest up
    canvas.clearRect(0, 0, 1, 1);
    for (const [colour, alpha] of layers) {
      canvas.globalAlpha = alpha;
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = rgb => {
    const [r, g, b] = rgb.map(value => value / 255).map(
      value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const check = (element, pseudo) => {
    const style = getComputedStyle(element, pseudo);
    const layers = [];
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) {
      const its = getComputedStyle(at);
      opacity *= Number(its.opacity);
      layers.unshift([its.backgroundColor, 1]);
    }
    const behind = pixel(["#fff", 1], ...layers);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const over = pixel([`rgb(${behind})`, 1], [ink, opacity]);
    const [dark, light] = [luminance(over), luminance(behind)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) wrong.push("contrast " + ratio.toFixed(2) + ": " + said(element));
    return ratio;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.tagName === "title") continue;
    if (element.closest("script, option, [hidden], noscript")) continue;
    if (!seen(element)) { wrong.push("cannot be seen: " + said(element)); continue; }
    check(element, null);
  }
  for (const element of document.querySelectorAll("body *"))
    if (!["none", "normal"].includes(getComputedStyle(element, "::before").content))
      check(element, "::before");
  return wrong;
}"""
