"""Where a model comes from: what dvc.lock tells, and nothing that it does not vouch for.

A figure is believed only if the lock names, by their digests, both this very model and
the file in which the figure stands.
"""

from pathlib import Path
from typing import Any, NamedTuple

from charrnn.errors import CharRnnError
from charrnn.files.artifacts import read_json
from charrnn.files.lock import LOCK, md5
from charrnn.files.yaml12 import read_yaml

_BEST = "data/model/best.safetensors"
_TRAINING = "data/prepared/training.npy"


class Provenance(NamedTuple):
    """What is known of a model; None is what is not.

    Attributes
    ----------
    book : str or None
        The path of the book that it was learned from.
    corpus, training, evaluation : dict or None
        metrics/corpus.json, train.json and evaluation.json, if they are of this model.
        The evaluation is one of the best weights only.
    is_best : bool
        Whether these are the best weights of their training.
    """

    book: str | None = None
    corpus: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    evaluation: dict[str, Any] | None = None
    is_best: bool = False


def provenance(model: Path, lock: Path = LOCK) -> Provenance:
    """Tell where a model comes from.

    Raises
    ------
    ArtifactError
        If the model cannot be read.
    """
    digest = md5(model)
    try:
        stages = read_yaml(lock)["stages"]
        made = _digests(stages, "train", "outs")
        if digest not in made.values():
            return Provenance()
        # The book of that training, unless another one was prepared since.
        learned = _digests(stages, "train", "deps").get(_TRAINING)
        is_its_book = learned == _digests(stages, "prepare", "outs").get(_TRAINING)
        prepare = stages["prepare"]["params"]["params.yaml"]["prepare"]
        was_evaluated = _digests(stages, "evaluate", "deps").get(_BEST) == digest
        return Provenance(
            book=str(prepare["book"]) if is_its_book else None,
            corpus=_recorded(stages, "prepare", "corpus") if is_its_book else None,
            training=_recorded(stages, "train", "train"),
            evaluation=(
                _recorded(stages, "evaluate", "evaluation") if was_evaluated else None
            ),
            is_best=made.get(_BEST) == digest,
        )
    except (CharRnnError, AttributeError, KeyError, TypeError):  # no lock, or damaged
        return Provenance()


def _digests(stages: dict[str, Any], stage: str, kind: str) -> dict[str, str]:
    """Return the digests of what a stage read or made, by their paths."""
    entries = stages.get(stage, {}).get(kind, [])
    return {entry["path"]: entry["md5"] for entry in entries}


def _recorded(stages: dict[str, Any], stage: str, name: str) -> dict[str, Any] | None:
    """Return the figures of a stage, if the file is still the one that it made."""
    path = Path(f"metrics/{name}.json")
    digest = _digests(stages, stage, "outs").get(path.as_posix())
    if not path.exists() or md5(path) != digest:
        return None
    return read_json(path)
