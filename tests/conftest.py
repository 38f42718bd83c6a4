"""Shared fixtures: settings of Hypothesis, and a project of 300 characters."""

import contextlib
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from charrnn.settings import SECTIONS
from tests.pipeline import BOOK, STAGES, START

# The same examples on every run; no deadline, so that a slow machine does not fail.
settings.register_profile("charrnn", deadline=None, derandomize=True, database=None)
settings.load_profile("charrnn")

# A background job of a shell ignores Ctrl-C, and so would its child processes.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PROSE = (
    "In the beginning was the Word, and the Word was with God. — Ἐν ἀρχῇ ἦν ὁ λόγος.\n"
    "The same was in the beginning with God 🙂. All things were made by him; and\n"
    "without him was not any thing made that was made. In him was life; and the life\n"
    "was the light of men. And the light shineth in darkness, and the darkness..."
)[:300]
# Values of a small project that differ from the defaults.
SMALL: dict[str, dict[str, Any]] = {
    "fetch": {"first_book": "Jude", "last_book": "Jude"},
    "prepare": {
        "book": str(BOOK),
        "validation_fraction": 0.1,
        "test_fraction": 0.1,
    },
    "model": {"hidden_size": 5},
    "gradcheck": {
        "sequence_length": 5,
        "tolerance": 1e-7,
        "fourth_order_tolerance": 1e-10,
        "element_tolerance": 1e-7,
    },
    "train": {
        "epochs": 2,
        "sequence_length": 5,
        "rows_per_epoch": 20,
        "validate_every": 30,
        "text_every": 40,
        "text_length": 30,
    },
    "evaluate": {"segments": 3},
    "plot": {"width": 6.0, "height": 4.0, "highest_loss": None},
    "sample": {"prime": "the ", "length": 60},
}
VALUES: dict[str, dict[str, Any]] = {
    kind.section: vars(kind()) | SMALL.get(kind.section, {}) for kind in SECTIONS
}


class Project:
    """A working folder with a params.yaml and a book of 300 characters."""

    def __init__(self, folder: Path) -> None:
        """Write the book and the values of `VALUES` into an empty folder."""
        self.folder = folder
        self.values = {name: dict(values) for name, values in VALUES.items()}
        self.configure()
        (folder / BOOK.parent).mkdir(parents=True)
        (folder / START).mkdir()
        (folder / BOOK).write_bytes(PROSE.encode())

    def configure(self, **sections: dict[str, Any]) -> None:
        """Change values and write params.yaml (JSON is YAML)."""
        for name, values in sections.items():
            self.values[name] |= values
        (self.folder / "params.yaml").write_text(json.dumps(self.values, indent=1))

    def files(self) -> dict[str, bytes]:
        """Return the content of every file but params.yaml, by its name."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
            and path.name != "params.yaml"
            and ".checkpoints" not in path.parts
        }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a small project, as the working folder."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small project whose stages have all run; read-only."""
    folder = tmp_path_factory.mktemp("finished")
    Project(folder)
    with contextlib.chdir(folder):
        for stage in STAGES.values():
            stage.module.main()
    return folder


@pytest.fixture
def whole(project: Project, finished: Path) -> Project:
    """Return a copy of `finished`, as the working folder."""
    shutil.copytree(finished, project.folder, dirs_exist_ok=True)
    return project


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a path that the examples of a property test may reuse."""
    return tmp_path_factory.mktemp("scratch") / "file"
