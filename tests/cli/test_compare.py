"""``charrnn compare``: one page about two runs, of folders, revisions and experiments."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from charrnn.files.lock import md5, object_file
from charrnn.files.models import load_model, model_bytes
from charrnn.network.model import Model, Weights
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths
from tests.browser import chromium, flaws, opened
from tests.command_line import Ask, Tell, write_lock

PAGE = Path("compare.html")
HOSTILE = "<script>alert(1)</script> {{ 7*7 }} \"'&amp;"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser of this module."""
    with chromium() as started:
        yield started


@pytest.fixture
def other(here: Path) -> Path:
    """Return a copy of the working folder beside it."""
    return Path(shutil.copytree(here, here.parent / "other"))


def change(path: Path, section: str, **values: Any) -> None:
    """Change values of a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content[section] |= values
    path.write_text(json.dumps(content), encoding="utf-8")


def said() -> str:
    """Return the text of the page, without markup."""
    content = PAGE.read_text(encoding="utf-8").partition("</style>")[2]
    text = html.unescape(re.sub(r"<[^>]*>", "", content))
    return re.sub(r"\s+", " ", text)


def section(name: str) -> str:
    """Return the HTML of a section."""
    content = PAGE.read_text(encoding="utf-8")
    return content.partition(f'<section id="{name}">')[2].partition("</section>")[0]


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(name: str) -> str:
    """Commit the files that git holds, and keep the large ones in DVC's cache."""
    for path in (paths.BEST, paths.IDS):
        if path.exists():
            kept = object_file(md5(path))
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, kept)
    write_lock()
    git("add", "-A", "--", ".", f":!{paths.BEST}", f":!{paths.IDS}", ":!.dvc")
    git("commit", "-qm", name)
    return git("rev-parse", "HEAD")


@pytest.fixture
def repository(here: Path) -> tuple[str, str]:  # noqa: ARG001  # the working folder
    """Make a repository of a run and an experiment; return both commits."""
    git("init", "-q", "-b", "main")
    first = commit("run")
    git("checkout", "-q", "--detach")
    change(Path("params.yaml"), "train", warmup_updates=77)
    second = commit("experiment")
    git("update-ref", f"refs/exps/{first[:2]}/{first[2:]}/warm", second)
    git("checkout", "-q", "main")
    for path in (paths.BEST, paths.IDS):
        path.unlink()
    return first, second


def test_equal_runs_differ_in_nothing(other: Path, told: Tell) -> None:
    assert (
        told("compare", ".", other) == f"compare.html: {PAGE.stat().st_size:,} bytes\n"
    )
    text = said()
    assert "Both runs have the same values" in text
    assert "the code and the book are the same" in text
    assert "Not found" not in text
    assert "different books" not in text
    changes = re.findall(r"<td>([^<]*)</td></tr>", section("figures"))
    assert len(changes) > 12
    assert set(changes) <= {"0", ""}
    first, second = re.findall(
        r'<p class="text" dir="auto">(.*?)</p>', section("samples"), re.DOTALL
    )
    assert first == second
    passages = re.findall(
        r'<p class="text" dir="auto">(.*?)</p>', section("surprise"), re.DOTALL
    )
    assert len(passages) == 2
    assert passages[0] == passages[1]
    assert 'class="s' in passages[0]
    assert "Where the two differ most" not in text


def test_the_page_shows_what_differs(other: Path, told: Tell) -> None:
    change(other / "params.yaml", "train", learning_rate=0.2)
    change(other / "metrics/evaluation.json", "network", accuracy=0.999)
    told("compare", ".", other)
    assert re.search(
        r"<code>train.learning_rate</code></th><td><code>0.1</code></td><td><code>0.2",
        section("values"),
    )
    assert "99.9" in section("figures")
    assert section("values").count("<tr>") == 2  # the heading and one value


def test_a_model_is_read_with_its_own_vocabulary(other: Path, told: Tell) -> None:
    """A model that knows one character more, but never expects it, has the same surprise."""
    model, vocabulary, recipe = load_model(other / paths.BEST)
    grown = Vocabulary(vocabulary.characters + "\U0010ffff")

    def wider(weights: Weights) -> Weights:
        b, c, U, W, V = weights
        return Weights(
            b,
            np.append(c, c.dtype.type(-1e4)),
            np.column_stack([U, np.zeros_like(b)]),
            W,
            np.vstack([V, np.zeros_like(b)]),
        )

    same = Model(wider(model.weights), model.hidden, wider(model.squares))
    (other / paths.BEST).write_bytes(model_bytes(same, grown, Recipe(**recipe)))
    told("compare", ".", other)
    passages = re.findall(
        r'<p class="text" dir="auto">(.*?)</p>', section("surprise"), re.DOTALL
    )
    assert passages[0] == passages[1]
    content = json.loads((other / paths.INSPECTION).read_text(encoding="utf-8"))
    known, read = vocabulary.characters, content["surprise"]["page"]["text"]
    lost = next(c for c in read if chr(ord(c) + 1) not in known)
    renamed = Vocabulary(known.replace(lost, chr(ord(lost) + 1)))
    other_text = model_bytes(model, renamed, Recipe(**recipe))
    (other / paths.BEST).write_bytes(other_text)
    told("compare", ".", other, "--force")
    expected = f"cannot read the passage: character {lost!r}"
    assert expected in html.unescape(section("surprise"))


def test_revisions_and_experiments_have_their_own_values(
    repository: tuple[str, str], told: Tell
) -> None:
    told("compare", "main", "warm")
    assert "train.warmup_updates" in section("values")
    assert "77" in section("values")
    assert all(one[:7] in said() for one in repository)
    assert section("surprise").count('<p class="text"') == 2
    told("compare", repository[0], repository[1][:9], "--output", "two.html")
    told("compare", "HEAD", "warm", "--output", "three.html")
    assert Path("two.html").exists()
    assert not list(Path().glob(".*.tmp"))


@pytest.mark.usefixtures("repository")
def test_what_the_cache_lacks_is_said_and_the_rest_is_shown(told: Tell) -> None:
    shutil.rmtree(".dvc/cache")
    told("compare", "main", "warm")
    assert f"{paths.IDS}: is not in DVC's cache" in said()
    assert "There is no common passage" in section("surprise")
    assert "77" in section("values")
    assert section("curves").count("smooth loss over") == 2


def test_a_model_that_is_nowhere_is_said(other: Path, told: Tell) -> None:
    (other / paths.BEST).unlink()
    told("compare", ".", other)
    text = section("surprise")
    assert f"{paths.BEST}: is not in DVC&#39;s cache" in text
    assert text.count('<p class="text"') == 1


def test_a_damaged_file_is_said_and_the_rest_is_shown(other: Path, told: Tell) -> None:
    (other / "metrics/evaluation.json").write_text("[1]", encoding="utf-8")
    (other / "metrics/loss.csv").write_text("x", encoding="utf-8")
    told("compare", ".", other)
    text = said()
    assert "metrics/evaluation.json: damaged: Input should be an object" in text
    assert "metrics/loss.csv: " in text
    assert str(other.parent) not in text.replace(str(other), "")
    assert "The curves of one run could not be read" in text
    assert "none" in section("figures")


@pytest.mark.browser
def test_hostile_names_and_values_are_text(
    repository: tuple[str, str], browser: Browser, told: Tell
) -> None:
    branch = "<b>{{7+7}}</b><script>alert(1)</script>"
    git("branch", branch, repository[1])
    folder = Path("folder") / HOSTILE.replace("/", "|")
    shutil.copytree(".", folder, ignore=shutil.ignore_patterns("folder", ".git"))
    change(folder / "params.yaml", "sample", prime=HOSTILE)
    change(folder / "params.yaml", "train", **{HOSTILE: "\x1b[31m"})
    told("compare", branch, folder)
    with opened(browser, PAGE) as seen:
        whole = seen.page.locator("body").text_content() or ""
        assert branch in whole
        assert f"train.{HOSTILE}" in whole
        assert "{{7+7}}" in seen.page.title()
        for kind in ("script", "header b b", "td b"):
            assert seen.page.locator(f"body {kind}").count() == 0
        assert seen.errors == seen.console == seen.requests == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_quiet_fits_and_can_be_read(
    scheme: Any, width: int, other: Path, told: Tell, browser: Browser
) -> None:
    change(other / "params.yaml", "train", learning_rate=0.2)
    (other / "metrics/gradient_check.json").unlink()
    told("compare", ".", "../other")
    with opened(browser, PAGE, width=width, scheme=scheme) as seen:
        assert seen.errors == seen.console == seen.requests == []
        assert flaws(seen.page) == []


def test_another_file_is_not_overwritten_unasked(
    other: Path, told: Tell, refusal: Tell
) -> None:
    told("compare", ".", other)
    before = PAGE.read_bytes()
    told("compare", ".", other)  # the same content
    change(other / "params.yaml", "train", learning_rate=0.2)
    assert refusal("compare", ".", other) == (
        "compare.html: exists and differs; --force overwrites the file"
    )
    assert PAGE.read_bytes() == before
    told("compare", ".", other, "--force")
    assert PAGE.read_bytes() != before


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("nowhere", "nowhere: is neither a revision of git, nor an experiment of DVC, nor"),
        ("main:params.yaml", "main:params.yaml: is neither"),
        ("a\x00b", "a"),
        ("", ": is neither"),
        ("twice", "twice: is the name of 2 experiments: name the commit"),
    ],
)  # fmt: skip
def test_what_is_no_run_is_refused_in_a_line(
    name: str, rule: str, repository: tuple[str, str], refusal: Tell
) -> None:
    for one in repository:
        git("update-ref", f"refs/exps/{one[:2]}/{one[2:]}/twice", one)
    assert refusal("compare", "main", name).startswith(rule)
    assert not PAGE.exists()


@pytest.mark.usefixtures("repository")
def test_no_option_of_git_is_taken_from_a_name(ask: Ask) -> None:
    code, output, error = ask("compare", "--", "--all", "main")
    assert (code, output) == (1, "")
    assert error == (
        "charrnn: error: --all: is neither a revision of git, nor an experiment of DVC, "
        "nor a folder with a params.yaml\n"
    )
