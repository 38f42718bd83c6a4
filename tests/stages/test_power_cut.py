"""After a power cut, what DVC keeps is what the stages flushed to the disk."""

import os
from pathlib import Path

import pytest
import yaml

from tests import faults
from tests.faults import make_repository, training
from tests.pipeline import PIPELINE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.dvc,
    pytest.mark.skipif(os.name == "nt", reason="hard links of POSIX"),
]

# Python imports it first of all, in DVC and in each stage: it notes every file that was
# flushed, as its inode and the time of its last change.
NOTE_FLUSHES = """
import os
fsync = os.fsync
def noted(file):
    fsync(file)
    seen = os.fstat(file if isinstance(file, int) else file.fileno())
    with open(os.environ["FLUSHED"], "a") as flushed:
        flushed.write(f"{seen.st_ino} {seen.st_mtime_ns}\\n")
os.fsync = noted
"""


def test_what_dvc_keeps_is_what_the_stages_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks, folder, log = tmp_path / "hooks", tmp_path / "here", tmp_path / "flushed"
    hooks.mkdir()
    folder.mkdir()
    (hooks / "sitecustomize.py").write_text(NOTE_FLUSHES, encoding="utf-8")
    path = os.pathsep.join([str(hooks), faults.ENVIRONMENT["PYTHONPATH"]])
    monkeypatch.setitem(faults.ENVIRONMENT, "PYTHONPATH", path)
    monkeypatch.setitem(faults.ENVIRONMENT, "FLUSHED", str(log))
    make_repository(folder)
    with training(folder, "-m", "dvc", "repro", "train") as dvc:
        assert dvc.end() == 0, dvc.said
    flushed = set(log.read_text(encoding="utf-8").splitlines())
    lock = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))
    kept = {
        out["path"]: out["md5"]
        for stage, entry in lock["stages"].items()
        for out in entry["outs"]
        if out["path"] in PIPELINE["stages"][stage]["outs"]  # without cache: false
    }
    assert "data/model/best.safetensors" in kept
    for name, md5 in kept.items():
        for path in (
            folder / name,
            folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:],
        ):
            seen = path.stat()
            assert f"{seen.st_ino} {seen.st_mtime_ns}" in flushed, path
