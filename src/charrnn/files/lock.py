"""The digests of files and folders in dvc.lock."""

import hashlib
import json
from pathlib import Path

from pathspec import GitIgnoreSpec

from charrnn.files.checks import reading

LOCK = Path("dvc.lock")
_IGNORE = Path(".dvcignore")


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
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()


def _md5_of_folder(folder: Path) -> str:
    lines = _IGNORE.read_text(encoding="utf-8").splitlines() if _IGNORE.exists() else []
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
