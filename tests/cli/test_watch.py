"""``charrnn watch``: a page of the curve so far, until the training ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from playwright.sync_api import Browser

from charrnn.files.checkpoints import FOLDER
from charrnn.files.growing import GrowingCurve
from charrnn.report.live import render_live
from charrnn.training.state import Row, Run, Validation
from tests.browser import chromium, flaws, opened
from tests.command_line import ENVIRONMENT, Tell
from tests.files.test_growing import empty_run

PAGE = Path("watch.html")
SAID = "charrnn: watch.html: open this page in a browser; it renews itself while the training runs\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the browser of this module."""
    with chromium() as started:
        yield started


@contextmanager
def training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Run, GrowingCurve]]:
    """Act as a training of 30 updates, two epochs, in the working folder."""
    monkeypatch.chdir(tmp_path)
    FOLDER.mkdir()
    run = empty_run()
    (FOLDER / "run.owner").touch()
    with FileLock(FOLDER / "run.lock"):
        path = FOLDER / "run.curve"
        curve = GrowingCurve(path, run, sequence_length=25, updates=30)
        yield run, curve
        curve.close()


@contextmanager
def watching() -> Iterator["subprocess.Popen[str]"]:
    """Start the command and wait until it has written its first page."""
    process = subprocess.Popen(
        [sys.executable, "-m", "charrnn", "watch"],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == SAID
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("last", [30, 20])
def test_it_follows_a_training_to_its_end(
    last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with training(tmp_path, monkeypatch) as (run, curve), watching() as process:
        assert 'http-equiv="refresh"' in PAGE.read_text(encoding="utf-8")
        run.rows += [Row(1, 15, 50.0, 0.5), Row(2, last, 40.0, 0.5)]
        run.validations.append(Validation(1, 15, 2.125, 2.125))
        curve.close()
        (FOLDER / "run.lock").unlink()  # the training ends
        output, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, "")
    end = "finished" if last == 30 else "ended at update 20"
    lines = ["epoch 1, update 15: smooth loss 50.00, validation 2.1250"]
    if last == 30:
        lines.append("epoch 2, update 30: smooth loss 40.00")
    lines.append(f"the training {end}: smooth loss 40.00, validation 2.1250")
    assert output.splitlines() == lines
    page = PAGE.read_text(encoding="utf-8")
    assert "refresh" not in page
    assert ("Training finished" in page) == (last == 30)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with training(tmp_path, monkeypatch), watching() as process:
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=60)
        assert process.returncode == 130
        assert (output, error) == ("", "charrnn: stopped\n")
        assert (FOLDER / "run.curve").exists()
        assert not list(Path().glob(".*.tmp"))


def test_without_a_training_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Tell
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        refusal("watch")
        == "no training is running in this folder; dvc repro starts one"
    )
    assert not PAGE.exists()


@pytest.mark.slow
def test_it_waits_for_a_training_that_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with training(tmp_path, monkeypatch) as (run, curve):
        run.rows += [Row(1, 15, 50.0, 0.5), Row(2, 20, 40.0, 0.5)]
        (FOLDER / "run.curve").rename("later")
        with watching() as process:
            assert "no point of the curve" in PAGE.read_text(encoding="utf-8")
            Path("later").rename(FOLDER / "run.curve")
            curve._append()
            assert process.stdout is not None
            assert process.stdout.readline() == (
                "epoch 1, update 15: smooth loss 50.00\n"
            )


@pytest.mark.slow
def test_a_training_that_ends_before_its_first_point_has_not_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with training(tmp_path, monkeypatch):
        (FOLDER / "run.curve").unlink()
        with watching() as process:
            (FOLDER / "run.lock").unlink()
            output, _ = process.communicate(timeout=60)
    assert output == "the training ended at update 0: no point of the curve so far\n"
    assert "finished" not in PAGE.read_text(encoding="utf-8")


def test_a_file_of_another_kind_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Tell
) -> None:
    with training(tmp_path, monkeypatch):
        PAGE.write_bytes(b"mine")
        monkeypatch.setattr("time.sleep", pytest.fail)
        assert refusal("watch") == (
            "watch.html: exists and is no page of charrnn watch"
        )
        assert PAGE.read_bytes() == b"mine"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("points", [0, 1, 300])
@pytest.mark.parametrize("is_running", [True, False])
def test_the_page_is_quiet_and_fits(
    points: int, is_running: bool, tmp_path: Path, browser: Browser
) -> None:
    at = np.arange(1, points + 1)
    curve = np.column_stack([1 + at // 100, 10 * at, 40 + 60 / at, at / 1000])
    page = render_live(
        curve, curve[99::100, [0, 1, 2, 2]] / [1, 1, 25, 30], sequence_length=25, updates=4000,
        is_running=is_running,
    )  # fmt: skip
    (tmp_path / "page.html").write_bytes(page)
    assert (b"refresh" in page) == is_running
    for width in (360, 1280):
        with opened(browser, tmp_path / "page.html", width=width) as seen:
            assert seen.errors == seen.console == seen.requests == []
            assert flaws(seen.page) == []
