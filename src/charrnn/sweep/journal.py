"""The journal: what came of each trial, a file each, so that no training is done twice.

git and DVC ignore the folder.  The name of a file is a digest of all that the figures
depend on: the training code, the values, the text of the book, the seed, and whether
the test part was read.
"""

import logging
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.errors import ArtifactError, one_line
from charrnn.files.artifacts import read_json, write_json
from charrnn.sweep.plan import Trial, digest_of
from charrnn.sweep.trial import LOST, Outcome

log = logging.getLogger("charrnn")

FOLDER = Path(".sweep")
# The digest of the text stands for both.
_OF_THE_TEXT = ("book", "encoding")


class Entry(NamedTuple):
    """A place in the journal: its name, and what the name is made of."""

    name: str
    about: dict[str, Any]

    @classmethod
    def of(cls, trial: Trial, text_digest: str, code: str) -> "Entry":
        """Return the place of a trial.

        Parameters
        ----------
        trial : Trial
        text_digest, code : str
            The sha256 of the book's text and of the training code.
        """
        values = trial.values.content()
        for name in _OF_THE_TEXT:
            del values["prepare"][name]
        about = {
            "code": code,
            "phase": trial.phase,
            "seed": trial.seed,
            "text": text_digest,
            "values": values,
        }
        return cls(digest_of(about), about)


def load_outcome(entry: Entry, folder: Path = FOLDER) -> Outcome | None:
    """Return what came of a trial, or None if the journal does not have it."""
    path = folder / f"{entry.name}.json"
    if not path.exists():
        return None
    try:
        content = read_json(path)
        outcome = Outcome(**content["outcome"])
        if (digest_of(content["about"]), _digest(outcome)) != (
            entry.name,
            content["sha256"],
        ):
            raise ValueError
    except (ArtifactError, KeyError, TypeError, ValueError):
        log.warning("%s: damaged; the trial is done again", one_line(str(path)))
        return None
    return outcome


def save_outcome(entry: Entry, outcome: Outcome, folder: Path = FOLDER) -> None:
    """Keep what came of a trial; a lost one is to be done again.

    Raises
    ------
    ArtifactError
        If the file cannot be written.
    """
    if outcome.status != LOST:
        content = {
            "about": entry.about,
            "outcome": outcome._asdict(),
            "sha256": _digest(outcome),
        }
        write_json(folder / f"{entry.name}.json", content)


def _digest(outcome: Outcome) -> str:
    return digest_of(outcome._asdict())
