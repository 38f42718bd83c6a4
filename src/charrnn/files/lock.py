"""The digests of files and folders in dvc.lock, and the objects in DVC's cache."""

import configparser
import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from charrnn.errors import ArtifactError, CharRnnError
from charrnn.files.artifacts import read_bytes
from charrnn.files.checks import open_file, reading
from charrnn.files.yaml12 import read_yaml, value_at

LOCK = Path("dvc.lock")
_IGNORE = Path(".dvcignore")
_DVC = Path(".dvc")


def md5(path: Path) -> str:
    """Return DVC's digest of a file or a folder.

    The digest of a folder is the digest of a JSON list, sorted by path, of the digest
    and the relative path of each file that .dvcignore does not exclude; it ends in .dir.

    Raises
    ------
    ArtifactError
        If the path cannot be read.
    """
    with reading(path):
        if path.is_dir():
            return _md5_of_folder(path)
    with open_file(path) as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _md5_of_folder(folder: Path) -> str:
    lines = read_bytes(_IGNORE).decode().splitlines() if _IGNORE.exists() else []
    ignored = GitIgnoreSpec.from_lines(lines)
    entries = sorted(
        (
            {"md5": md5(path), "relpath": path.relative_to(folder).as_posix()}
            for path in folder.rglob("*")
            if path.is_file() and not ignored.match_file(path)
        ),
        key=lambda entry: entry["relpath"],
    )
    content = json.dumps(entries, sort_keys=True).encode("utf-8")
    return hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir"


def _locked_stages() -> dict[str, Any]:
    """Return the stages of dvc.lock; none without dvc.lock, or if it is damaged."""
    with contextlib.suppress(CharRnnError, KeyError, TypeError):
        stages = read_yaml(LOCK)["stages"] if LOCK.exists() else {}
        return stages if isinstance(stages, dict) else {}
    return {}


def _digests(entries: list[dict[str, str]]) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for entry in entries}


def locked_digest(path: Path) -> str | None:
    """Return the digest in dvc.lock of a file that a stage makes, or None."""
    with contextlib.suppress(AttributeError, KeyError, TypeError):
        for entry in _locked_stages().values():
            if digest := _digests(entry.get("outs", [])).get(path.as_posix()):
                return digest
    return None


def entry_digest(stage: str) -> str:
    """Return a name for what dvc.lock says of a stage, which changes with each word."""
    content = repr(_locked_stages().get(stage)).encode("utf-8", "replace")
    return hashlib.sha256(content).hexdigest()[:8]


def is_noted(stage: str, kept: Sequence[Path]) -> bool:
    """Whether DVC has noted the run of a stage with the inputs as they are now.

    Then dvc.lock names these inputs, and the cache has the outputs that DVC keeps.
    """
    try:
        entry = _locked_stages()[stage]
        outs = _digests(entry["outs"])
        return (
            all(md5(Path(path)) == was for path, was in _digests(entry["deps"]).items())
            and all(
                value_at(read_yaml(Path(file)), key) == value
                for file, values in entry.get("params", {}).items()
                for key, value in values.items()
            )
            and all(object_file(outs[path.as_posix()]).is_file() for path in kept)
        )
    except (CharRnnError, AttributeError, KeyError, TypeError):
        return False


def object_file(digest: str, home: Path = Path()) -> Path:
    """Return where the cache of DVC in the folder `home` keeps the file of a digest."""
    dvc = home / _DVC
    config = configparser.ConfigParser(interpolation=None)
    with contextlib.suppress(configparser.Error, OSError, UnicodeError):
        # An experiment in a temporary copy has the main repository's cache.
        config.read([dvc / "config", dvc / "config.local"], encoding="utf-8")
    cache = config.get("cache", "dir", fallback="cache").strip("\"'")
    return dvc / cache / "files" / "md5" / digest[:2] / digest[2:]


def damaged_object(digest: str) -> Path | None:
    """Return the object of a digest in DVC's cache if it has another digest by now."""
    path = object_file(digest)
    return path if path.is_file() and md5(path) != digest else None


def check_locked(path: Path) -> None:
    """Refuse a file that is not the one that a stage made, by dvc.lock.

    DVC puts objects of its cache into their places without a look at their contents.

    Raises
    ------
    ArtifactError
        The message names what to remove.
    """
    expected = locked_digest(path)
    if expected is not None and md5(path) != expected:
        remove = damaged_object(expected) or path
        message = f"{path}: damaged: not as in {LOCK}; remove {remove}, then dvc repro"
        raise ArtifactError(message)
