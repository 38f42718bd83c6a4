"""The command line as a process, and the dvc.lock that the commands read."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from charrnn.files.artifacts import write_json
from tests.imports import ROOT
from tests.pipeline import STAGES

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"
} | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
# Fixtures of tests/cli: see there.
Ask = Callable[..., tuple[int, str, str]]
Tell = Callable[..., str]


def write_lock() -> None:
    """Write dvc.lock and dvc.yaml as DVC would for the files of the working folder."""
    lock: dict[str, Any] = {
        stage.name: {"deps": _entries(stage.reads), "outs": _entries(stage.writes)}
        for stage in STAGES.values()
    }
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    lock["prepare"]["params"] = {"params.yaml": {"prepare": params["prepare"]}}
    write_json(Path("dvc.lock"), {"stages": lock})  # JSON is YAML
    makes = {
        name: {"outs": [entry["path"] for entry in content["outs"]]}
        for name, content in lock.items()
    }
    write_json(Path("dvc.yaml"), {"stages": makes})


def _entries(files: list[Path]) -> list[dict[str, str]]:
    return [
        {"path": path.as_posix(), "md5": hashlib.md5(path.read_bytes()).hexdigest()}
        for path in files
    ]


def python(
    folder: Path, *arguments: str, **changes: str
) -> "subprocess.CompletedProcess[str]":
    """Run Python without a terminal, in a changed environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=ENVIRONMENT | changes,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
