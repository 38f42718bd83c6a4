"""A training run as bytes: its SHA-256, then numbers as arrays, which keep every bit."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import ArtifactError, CheckpointError
from charrnn.files.arrays import arrays_from, bytes_of_arrays
from charrnn.files.models import arrays_of, model_of
from charrnn.network.model import Model, Weights
from charrnn.training.state import Best, Epoch, Row, Run, Text, Validation, WeightSums


def bytes_of(run: Run) -> bytes:
    """Serialise a run, with a checksum."""
    arrays: dict[str, NDArray[Any]] = {}
    models = {"now": run.model} | ({} if run.best is None else {"best": run.best.model})
    for kind, model in models.items():
        arrays |= {f"{kind}.{name}": array for name, array in arrays_of(model).items()}
    if run.weight_sums is not None:
        arrays |= {f"sum.{name}": array for name, array in run.weight_sums.sums.named()}
    if run.texts:
        arrays["texts"] = np.stack([text.ids for text in run.texts])
    if run.rows:
        arrays["rows"] = np.array(run.rows, dtype=np.float64)
    content = {
        "update": run.update,
        "first_loss": run.first_loss,
        "smooth_loss": run.smooth_loss,
        "best": None if run.best is None else [*run.best[:2], run.best.is_averaged],
        "averaged": 0 if run.weight_sums is None else run.weight_sums.updates,
        "texts": [(text.update, text.smooth_loss) for text in run.texts],
        "validations": run.validations,
        "epochs": run.epochs,
        # repr, as JSON has no infinity
        "under_way": [repr(value) for value in run.under_way],
    }
    content_bytes = bytes_of_arrays(arrays, content)
    return hashlib.sha256(content_bytes).digest() + content_bytes


def run_from(content: bytes) -> Run:
    """Read a run that `bytes_of` serialised.

    Raises
    ------
    CheckpointError
        If the checksum or the content is wrong.
    """
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        message = "the checkpoint is damaged"
        raise CheckpointError(message)
    try:
        return _run_from(*arrays_from(content))
    except (ArtifactError, KeyError, TypeError, ValueError) as error:
        message = f"this charrnn cannot read the checkpoint: {error!r}"
        raise CheckpointError(message) from None


def _run_from(arrays: dict[str, NDArray[Any]], header: dict[str, Any]) -> Run:
    def model(kind: str) -> Model:
        begin = f"{kind}."
        return model_of(
            {
                name.removeprefix(begin): array
                for name, array in arrays.items()
                if name.startswith(begin)
            }
        )

    best, averaged = header["best"], header["averaged"]
    weight_sums = None
    if averaged:
        sums = Weights(*(arrays[f"sum.{name}"] for name in Weights._fields))
        weight_sums = WeightSums(sums, averaged)
    total, lowest, highest = map(float, header["under_way"])
    return Run(
        model=model("now"),
        first_loss=header["first_loss"],
        smooth_loss=header["smooth_loss"],
        update=header["update"],
        best=None if best is None else Best(best[0], best[1], model("best"), best[2]),
        weight_sums=weight_sums,
        rows=[Row.of(values) for values in arrays.get("rows", ())],
        texts=[
            Text(update, smooth_loss, ids)
            for (update, smooth_loss), ids in zip(
                header["texts"], arrays.get("texts", ()), strict=True
            )
        ],
        validations=[Validation(*validation) for validation in header["validations"]],
        epochs=[Epoch(*epoch) for epoch in header["epochs"]],
        under_way=(total, lowest, highest),
    )
