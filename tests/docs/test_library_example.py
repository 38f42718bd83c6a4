"""The examples of docs/library.md run and print the output shown there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from charrnn.cli.main import main
from tests.command_line import ENVIRONMENT, make_trained
from tests.imports import ROOT

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
LEARN, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

pytestmark = pytest.mark.slow


def run(program: str, folder: Path) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        env=ENVIRONMENT | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout


def test_training_on_a_string_and_writing(tmp_path: Path) -> None:
    (printed,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert run(LEARN, tmp_path) == printed
    assert list(tmp_path.iterdir()) == []
    statements = [line for line in LEARN.splitlines() if line.strip()]
    assert len(statements) <= 20


def test_using_the_trained_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_trained(tmp_path)
    measures, text = run(USE, tmp_path).split("\n", 1)
    assert measures.startswith("Measures(nats_per_character=")
    monkeypatch.chdir(tmp_path)
    main(["sample", "--prime", "the ", "--temperature", "0.7", "--top-k", "10"])
    assert capsys.readouterr().out == f"the {text}\n"
