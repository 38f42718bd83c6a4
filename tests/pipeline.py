"""What dvc.yaml says of each stage, for the tests that go through all of them."""

import importlib
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml

from stages.runtime.running import run
from tests.imports import ROOT

BOOK = Path(
    "data/raw/book.txt"
)  # in the tests' projects; dvc.yaml says ${prepare.book}


class Stage(NamedTuple):
    """A stage of dvc.yaml.

    Attributes
    ----------
    name : str
    values : list of str
        The sections of params.yaml, or the single values, that it reads.
    code : list of str
        The code that it depends on.
    reads, writes : list of Path
        Its other files.
    """

    name: str
    values: list[str]
    code: list[str]
    reads: list[Path]
    writes: list[Path]

    @property
    def module(self) -> ModuleType:
        """Its script."""
        return importlib.import_module(f"stages.{self.name}")

    def run(self) -> None:
        """Run it in this process as its command does."""
        run(self.name, self.module.main)


def _stage(name: str, entry: dict[str, Any]) -> Stage:
    deps = [dep.replace("${prepare.book}", str(BOOK)) for dep in entry["deps"]]
    code = [dep for dep in deps if dep.startswith(("src/", "stages/"))]
    outs = [*entry.get("outs", []), *entry.get("metrics", [])]
    return Stage(
        name=name,
        values=entry.get("params", []),
        code=code,
        reads=[Path(dep) for dep in deps if dep not in code],
        # With options an entry is a mapping of one key.
        writes=[Path(out if isinstance(out, str) else next(iter(out))) for out in outs],
    )


PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
STAGES = {name: _stage(name, entry) for name, entry in PIPELINE["stages"].items()}


def copy_sources(folder: Path) -> None:
    """Copy what git would commit, but for the results of the stages."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file() and not name.startswith(("metrics/", "dvc.lock")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
