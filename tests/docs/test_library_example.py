"""The examples of docs/library.md run and print the output shown there."""

import re
from pathlib import Path

import pytest

from charrnn.cli.main import main
from tests.command_line import python
from tests.imports import ROOT

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
LEARN, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

pytestmark = pytest.mark.slow


def run(program: str, folder: Path) -> str:
    done = python(folder, "-W", "error", "-c", program, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_training_on_a_string_and_writing(tmp_path: Path) -> None:
    (printed,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert run(LEARN, tmp_path) == printed
    assert list(tmp_path.iterdir()) == []


def test_using_the_trained_model(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measures, text = run(USE, finished).split("\n", 1)
    assert measures.startswith("Measures(nats_per_character=")
    monkeypatch.chdir(finished)
    main(["sample", "--prime", "the ", "--temperature", "0.7", "--top-k", "10"])
    assert capsys.readouterr().out == f"the {text}\n"
