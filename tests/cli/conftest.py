"""A trained project, and a way to ask the command line in this process."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from charrnn.cli.main import main
from tests.command_line import make_trained


class Answer(NamedTuple):
    """Exit code, standard output, standard error."""

    code: int
    output: str
    error: str


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a trained project, which no test changes."""
    return make_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the trained project, which is the working folder meanwhile."""
    folder = tmp_path / "here"
    shutil.copytree(trained, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return a function that runs the command line with some arguments."""

    def asked(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Answer(code, *capsys.readouterr())

    return asked
