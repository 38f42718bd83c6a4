"""``charrnn verify`` as it shows itself."""

import os
from pathlib import Path

import pytest

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
