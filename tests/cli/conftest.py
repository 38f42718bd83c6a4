"""A trained project, and ways to ask the command line in this process."""

import shutil
from pathlib import Path

import pytest

from charrnn.cli.main import main
from tests.command_line import Ask, Tell, write_lock


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the trained project with a dvc.lock, the working folder."""
    folder = tmp_path / "here"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    write_lock()
    return folder


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return a function that gives exit code, standard output and standard error."""

    def asked(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return (code, *capsys.readouterr())

    return asked


@pytest.fixture
def told(ask: Ask) -> Tell:
    """Return a function that gives the standard output of a success without warnings."""

    def output(*arguments: object) -> str:
        code, output, error = ask(*arguments)
        assert (code, error) == (0, "")
        return output

    return output


@pytest.fixture
def refusal(ask: Ask) -> Tell:
    """Return a function that gives the reason of an error of one line, without output."""

    def reason(*arguments: object) -> str:
        code, output, error = ask(*arguments)
        assert (code, output, error.count("\n")) == (1, "", 1)
        assert error.startswith("charrnn: error: ")
        return error.removeprefix("charrnn: error: ").removesuffix("\n")

    return reason
