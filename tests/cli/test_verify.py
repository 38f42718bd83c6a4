"""``charrnn verify`` and ``charrnn offline-plots`` as they show themselves."""

import os
from pathlib import Path

import pytest

from charrnn.cli.main import main
from tests.command_line import charrnn, make_trained
from tests.terminals import Terminal

POSIX = pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
FEW = ("verify", "--updates", "20")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_trained(tmp_path_factory.mktemp("trained"))
    with (folder / "metrics/evaluation.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    return folder


@POSIX
def test_a_terminal_shows_what_holds_in_green_and_the_rest_in_red(
    trained: Path,
) -> None:
    piped = charrnn(trained, *FEW)
    assert piped.returncode == 1
    text = piped.stdout.decode()
    assert "\x1b" not in text
    assert {line[:4] for line in text.splitlines()[:-1]} == {"ok  ", "NOT "}
    with Terminal(trained, *FEW, NO_COLOR="1") as terminal:
        assert terminal.end() == 1
        assert terminal.shown == text
    with Terminal(trained, *FEW) as terminal:
        assert terminal.end() == 1
        coloured = [
            line.replace("ok ", "\x1b[32mok \x1b[0m", 1)
            if line.startswith("ok ")
            else line.replace("NOT", "\x1b[31mNOT\x1b[0m", 1)
            for line in text.splitlines()
        ]
        assert terminal.shown.splitlines() == coloured


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "wrote page: dvc plots show and dvc plots diff need no network\n"),
        (["--remove"], "removed: dvc plots loads its scripts from the web again\n"),
    ],
)
def test_offline_plots_tells_what_it_did(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    said: str,
) -> None:
    monkeypatch.setattr("charrnn.cli.offline_plots.install", lambda: Path("page"))
    monkeypatch.setattr("charrnn.cli.offline_plots.remove", lambda: True)
    assert main(["offline-plots", *options]) == 0
    assert capsys.readouterr() == (said, "")


def test_offline_plots_may_have_nothing_to_undo(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charrnn.cli.offline_plots.remove", lambda: False)
    assert main(["offline-plots", "--remove"]) == 0
    assert capsys.readouterr() == ("there was nothing to remove\n", "")
