"""The inputs of a stage, and whether one of them changed while the stage ran.

DVC records the inputs of a stage after the stage has ended.  If an input was edited while
the stage ran, dvc.lock would pair the new input with the old results: the stage must fail.
"""

import contextlib
import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import charrnn
from charrnn.errors import InputError
from charrnn.files.artifacts import Outputs
from charrnn.files.checks import open_file, reading
from charrnn.files.lock import check_locked
from charrnn.files.params import PARAMS
from charrnn.files.yaml12 import read_yaml, value_at
from charrnn.settings import Section
from stages.runtime import signals

log = logging.getLogger("charrnn")

SOURCES = Path("src/charrnn")
_PACKAGE = Path(charrnn.__file__).parent


class Inputs:
    """The values, files and code that a stage reads, as they are at construction.

    Parameters
    ----------
    sections : sequence of type or str
        The config models of the sections of params.yaml that the stage reads; or the
        name of a single value, such as ``train.sequence_length``.
    files : sequence of Path
    code : sequence of Path
        Files that belong to the code but are not imported, such as templates.

    Raises
    ------
    InputError
        If the code that runs differs from ``src`` in this folder, which dvc.lock records.
    ArtifactError
        If DVC runs the stage and a file is not the one that another stage made.
    """

    def __init__(
        self,
        sections: Sequence[type[Section] | str],
        files: Sequence[Path] = (),
        *,
        code: Sequence[Path] = (),
    ) -> None:
        self._values = [
            kind if isinstance(kind, str) else kind.section for kind in sections
        ]
        self._files = list(files)
        self._patterns: dict[Path, str] = {}
        # Under `python -m stages.train` the stage's own script is called __main__.
        self._code = [
            Path(file)
            for name, module in sorted(sys.modules.items())
            if name.partition(".")[0] in ("charrnn", "stages", "__main__")
            and (file := getattr(module, "__file__", None))
            and Path(file).suffix == ".py"
        ]
        self._code += code
        _refuse_other_code(self._code)
        self._before = self._look()
        _refuse_damaged(self._files)
        names = [f"{PARAMS} ({', '.join(self._values)})"] if self._values else []
        log.info("reads %s", ", ".join([*names, *map(str, self._files)]))

    def add(self, file: Path, pattern: str) -> None:
        """Add a file, or the files of a folder, whose name is one of the values."""
        self._patterns[file] = pattern
        self._files.append(file)
        self._before[file.as_posix()] = self._digest_of(file)
        _refuse_damaged([file])
        log.info("reads %s", file)

    @property
    def fingerprint(self) -> str:
        """A digest of these inputs."""
        text = json.dumps(self._before, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:24]

    def check(self) -> None:
        """Refuse to write the outputs if an input has changed.

        Raises
        ------
        InputError
            The message names what changed.
        """
        after = self._look()
        changed = [name for name, was in self._before.items() if after[name] != was]
        if changed:
            message = (
                f"{', '.join(changed)} changed while the stage ran: nothing was "
                f"written, run it again"
            )
            raise InputError(message)

    @contextlib.contextmanager
    def outputs(self) -> Iterator[Outputs]:
        """Write files that appear together at the end, and log their names.

        Raises
        ------
        InputError
            If an input has changed; then no file appears.
        """
        with signals.undoing(), Outputs() as out:
            yield out
            self.check()
        log.info("wrote %s", ", ".join(map(str, out.paths)))

    def _look(self) -> dict[str, str]:
        found = {}
        for name in self._values:
            found[f"{PARAMS}: {name}"] = repr(value_at(read_yaml(PARAMS), name))
        for path in self._files:
            found[path.as_posix()] = self._digest_of(path)
        for path in self._code:
            found["/".join(path.parts[-2:])] = _digest(path)
        return found

    def _digest_of(self, path: Path) -> str:
        with reading(path):
            if path not in self._patterns or not path.is_dir():
                return _digest(path)
            files = sorted(path.glob(self._patterns[path]))
        names = "".join(f"{file.name} {_digest(file)}\n" for file in files)
        return hashlib.sha256(names.encode("utf-8", "surrogateescape")).hexdigest()


def _refuse_other_code(code: Sequence[Path]) -> None:
    """Refuse an installed charrnn that differs from the sources beside the pipeline."""
    for path in code:
        if _PACKAGE in path.parents and SOURCES.is_dir():
            here = SOURCES / path.relative_to(_PACKAGE)
            if not here.is_file() or _digest(here) != _digest(path):
                message = (
                    f"{here} is not the code that runs, {path}: dvc.lock would record "
                    f"the wrong file; install this folder: pip install -e ."
                )
                raise InputError(message)


def _refuse_damaged(files: Sequence[Path]) -> None:
    """Refuse a file that is not as in dvc.lock, which is up to date under DVC only."""
    if "DVC_STAGE" in os.environ:
        for path in files:
            check_locked(path)


def _digest(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
