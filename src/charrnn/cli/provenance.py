"""The origin of a model: the book and the losses that dvc.lock vouches for.

A figure is shown only if dvc.lock holds the digests of both the model and the file of the
figure.
"""

from pathlib import Path
from typing import Any, NamedTuple

from charrnn.errors import CharRnnError
from charrnn.files.lock import LOCK, md5
from charrnn.files.metrics.evaluation_metrics import EvaluationMetrics
from charrnn.files.metrics.schema import AnyMetrics, CorpusMetrics, read_metrics
from charrnn.files.metrics.train_metrics import TrainMetrics
from charrnn.files.yaml12 import read_yaml

_BEST = "data/model/best.safetensors"
_IDS = "data/prepared/book.npy"


class Provenance(NamedTuple):
    """The origin of a model; what is not known is None.

    Attributes
    ----------
    book : str or None
        Path of the book that the model was trained on.
    corpus : CorpusMetrics or None
    training : TrainMetrics or None
    evaluation : EvaluationMetrics or None
        Only of the best weights.
    is_best : bool
        Whether the model holds the best weights of its training.
    """

    book: str | None = None
    corpus: CorpusMetrics | None = None
    training: TrainMetrics | None = None
    evaluation: EvaluationMetrics | None = None
    is_best: bool = False


def provenance(model: Path, lock: Path = LOCK) -> Provenance:
    """Return the origin of a model; nothing is known without a readable dvc.lock.

    Raises
    ------
    ArtifactError
        If the model cannot be read, or a file of metrics/ has the digest of dvc.lock and
        is damaged.
    """
    digest = md5(model)
    try:
        stages = read_yaml(lock)["stages"]
        made = _digests(stages, "train", "outs")
        # Another book may have been prepared since the training.
        trained_on = _digests(stages, "train", "deps").get(_IDS)
        prepared = _digests(stages, "prepare", "outs")
        book = str(stages["prepare"]["params"]["params.yaml"]["prepare"]["book"])
        evaluated = _digests(stages, "evaluate", "deps").get(_BEST)
        figures = _digests(stages, "evaluate", "outs")
    except (CharRnnError, AttributeError, KeyError, TypeError):  # missing or damaged
        return Provenance()
    if digest not in made.values():
        return Provenance()
    is_its_book = trained_on == prepared.get(_IDS)
    return Provenance(
        book=book if is_its_book else None,
        corpus=_recorded(CorpusMetrics, "corpus", prepared) if is_its_book else None,
        training=_recorded(TrainMetrics, "train", made),
        evaluation=(
            _recorded(EvaluationMetrics, "evaluation", figures)
            if evaluated == digest
            else None
        ),
        is_best=made.get(_BEST) == digest,
    )


def _digests(stages: dict[str, Any], stage: str, kind: str) -> dict[str, str]:
    """Return the digests of the inputs or outputs of a stage, by their paths."""
    entries = stages.get(stage, {}).get(kind, [])
    return {entry["path"]: entry["md5"] for entry in entries}


def _recorded(
    kind: type[AnyMetrics], name: str, digests: dict[str, str]
) -> AnyMetrics | None:
    """Return the figures of a stage, if their file has the digest of dvc.lock."""
    path = Path(f"metrics/{name}.json")
    if not path.exists() or md5(path) != digests.get(path.as_posix()):
        return None
    return read_metrics(kind, path)
