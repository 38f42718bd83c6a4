"""The stages of dvc.yaml, for tests of all stages."""

import importlib
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml

from stages.runtime.running import run
from tests.imports import ROOT

# In the projects of the tests; dvc.yaml says ${prepare.book} and ${train.start}.
BOOK, START = Path("data/raw/book.txt"), Path("data/start")


class Stage(NamedTuple):
    """A stage of dvc.yaml.

    Attributes
    ----------
    name : str
    values : list of str
        Sections and single values of params.yaml that the stage reads.
    code : list of str
        Files and folders of code that the stage depends on.
    reads, writes : list of Path
        Other files that the stage reads and writes.
    """

    name: str
    values: list[str]
    code: list[str]
    reads: list[Path]
    writes: list[Path]

    @property
    def module(self) -> ModuleType:
        """The module of the script."""
        return importlib.import_module(f"stages.{self.name}")

    def run(self) -> None:
        """Run the stage in this process as the command does."""
        run(self.name, self.module.main)


def _stage(name: str, entry: dict[str, Any]) -> Stage:
    deps = [
        dep.replace("${prepare.book}", str(BOOK)).replace("${train.start}", str(START))
        for dep in entry["deps"]
    ]
    code = [dep for dep in deps if dep.startswith(("src/", "stages/"))]
    outs = [*entry.get("outs", []), *entry.get("metrics", [])]
    return Stage(
        name=name,
        values=entry.get("params", []),
        code=code,
        reads=[Path(dep) for dep in deps if dep not in (*code, str(START))],
        # With options an entry is a mapping of one key.
        writes=[Path(out if isinstance(out, str) else next(iter(out))) for out in outs],
    )


PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
STAGES = {name: _stage(name, entry) for name, entry in PIPELINE["stages"].items()}


def copy_sources(folder: Path) -> None:
    """Copy all files that git would commit, except the results of the stages."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file() and not name.startswith(("metrics/", "dvc.lock")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
