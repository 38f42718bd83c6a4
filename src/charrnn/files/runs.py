"""The files of a run that is a revision of git, an experiment of DVC, or a folder."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.errors import ArtifactError, CharRnnError
from charrnn.files.checks import reading
from charrnn.files.lock import LOCK, md5, object_file
from charrnn.files.params import PARAMS
from charrnn.files.yaml12 import read_yaml, value_at


class StoredRun(NamedTuple):
    """A run.

    Attributes
    ----------
    name : str
        As the user named the run.
    commit : str or None
        The commit; None for a folder.
    files : Path
        The folder in which the files lie that git holds.
    home : Path
        The folder with DVC's cache.
    """

    name: str
    commit: str | None
    files: Path
    home: Path

    def params(self) -> dict[str, Any]:
        """Return the content of params.yaml."""
        return read_yaml(self.files / PARAMS)

    def inputs(self) -> dict[str, str]:
        """Return the digests in dvc.lock of what stages read and no stage makes, by path.

        These are the code and the book, unless the book is made by the pipeline.
        """
        stages: Any = read_yaml(self.files / LOCK).get("stages")
        try:
            made = {out["path"] for stage in stages.values() for out in stage["outs"]}
            return {
                dep["path"]: dep["md5"]
                for stage in stages.values()
                for dep in stage.get("deps", [])
                if dep["path"] not in made and dep["path"] != PARAMS.as_posix()
            }
        except (AttributeError, KeyError, TypeError):
            message = f"{LOCK}: damaged: not what DVC writes"
            raise ArtifactError(message) from None

    def digest(self, path: Path) -> str | None:
        """Return the digest in dvc.lock of a file that a stage makes, or None."""
        stages = read_yaml(self.files / LOCK).get("stages")
        for stage in stages.values() if isinstance(stages, dict) else ():
            for out in value_at(stage, "outs") or ():
                if value_at(out, "path") == path.as_posix():
                    found = value_at(out, "md5")
                    return found if isinstance(found, str) else None
        return None

    def large_file(self, path: Path) -> Path:
        """Return where a file is that DVC keeps: in the folder, or in DVC's cache.

        Raises
        ------
        ArtifactError
            If dvc.lock does not name the file, or the file is nowhere.
        """
        here = self.files / path
        if self.commit is None and here.is_file():
            return here
        digest = self.digest(path)
        if digest is None:
            message = f"{path}: {LOCK} does not name the file"
            raise ArtifactError(message)
        found = object_file(digest, self.home)
        if not found.is_file() or md5(found) != digest:
            message = f"{path}: is not in DVC's cache"
            raise ArtifactError(message)
        return found


@contextmanager
def stored_run(name: str, paths: list[Path]) -> Iterator[StoredRun]:
    """Find a run: a folder with a params.yaml, else a revision, else an experiment.

    Parameters
    ----------
    name : str
    paths : list of Path
        The files of git to read, in addition to params.yaml and dvc.lock.

    Raises
    ------
    CharRnnError
        If there is no such run, or if several experiments have the name.
    """
    folder = Path(name)
    with reading(folder):
        is_folder = name != "" and (folder / PARAMS).is_file()
    if is_folder:
        yield StoredRun(name, None, folder, folder)
        return
    commit = _commit(name)
    with tempfile.TemporaryDirectory(prefix="charrnn-") as made:
        files = Path(made)
        for path in [PARAMS, LOCK, *paths]:
            content = _git("cat-file", "blob", f"{commit}:./{path.as_posix()}")
            if content is not None:
                (files / path).parent.mkdir(parents=True, exist_ok=True)
                (files / path).write_bytes(content)
        if not (files / PARAMS).exists():
            message = f"{name}: has no {PARAMS}"
            raise CharRnnError(message)
        yield StoredRun(name, commit, files, Path())


def _commit(name: str) -> str:
    """Return the commit of a revision or an experiment."""
    options = ("--verify", "--quiet", "--end-of-options")
    found = _git("rev-parse", *options, f"{name}^{{commit}}")
    if found is not None:
        return found.decode().strip()
    listed = (
        _git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps") or b""
    )
    refs = [
        line.split(" ", 1) for line in listed.decode("utf-8", "replace").splitlines()
    ]
    commits = {commit for commit, ref in refs if ref.rpartition("/")[2] == name}
    if len(commits) > 1:
        message = f"{name}: is the name of {len(commits)} experiments: name the commit"
        raise CharRnnError(message)
    if not commits:
        message = (
            f"{name}: is neither a revision of git, nor an experiment of DVC, nor a "
            f"folder with a {PARAMS}"
        )
        raise CharRnnError(message)
    return commits.pop()


def _git(*arguments: str) -> bytes | None:
    """Return what git prints, or None if git fails."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except (OSError, ValueError):  # not installed; a NUL in a name
        return None
    return done.stdout if done.returncode == 0 else None
