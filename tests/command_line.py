"""A trained project for the tests of the command line, and the command as a process."""

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from charrnn.files.artifacts import write_json
from tests.conftest import Project
from tests.imports import ROOT
from tests.pipeline import STAGES

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"
} | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
# The stages whose files the commands read.
ASKED = [
    STAGES[name] for name in ("prepare", "gradcheck", "train", "evaluate", "sample")
]


def make_trained(folder: Path) -> Path:
    """Make a project of 300 characters, and run these stages."""
    Project(folder)
    with contextlib.chdir(folder):
        for stage in ASKED:
            stage.module.main()
        write_lock()
    return folder


def write_lock() -> None:
    """Write dvc.lock and dvc.yaml as DVC would for the files of the working folder."""
    stages: dict[str, Any] = {
        stage.name: {
            "deps": [_entry(path) for path in stage.reads],
            "outs": [_entry(path) for path in stage.writes],
        }
        for stage in ASKED
    }
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    stages["prepare"]["params"] = {"params.yaml": {"prepare": params["prepare"]}}
    write_json(Path("dvc.lock"), {"stages": stages})  # JSON is YAML
    makes = {
        stage.name: {"outs": [path.as_posix() for path in stage.writes]}
        for stage in ASKED
    }
    write_json(Path("dvc.yaml"), {"stages": makes})


def _entry(path: Path) -> dict[str, str]:
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    return {"path": path.as_posix(), "md5": md5}


def charrnn(
    folder: Path, *arguments: str, given: bytes = b"", **changes: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command line in a process of its own, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "charrnn", *arguments],
        cwd=folder,
        env=ENVIRONMENT | changes,
        input=given,
        capture_output=True,
        check=False,
    )
