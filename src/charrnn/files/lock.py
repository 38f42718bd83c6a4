"""dvc.lock: the digests by which DVC knows the inputs and outputs of each stage."""

import hashlib
import json
from pathlib import Path

from pathspec import GitIgnoreSpec

from charrnn.errors import ArtifactError

LOCK = Path("dvc.lock")
_IGNORE = Path(".dvcignore")


def md5(path: Path) -> str:
    """Return the digest that DVC gives a file or a folder.

    A folder's digest is that of the JSON list of its files' digests and relative paths,
    in the order of the paths, without the files that .dvcignore names; it ends in .dir.

    Raises
    ------
    ArtifactError
        If the path cannot be read.
    """
    try:
        if path.is_dir():
            return _md5_of_folder(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"{path}: cannot be read: {reason}"
        raise ArtifactError(message) from None


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
