"""The inspection's file: what surprises the network, and what its units follow."""

from typing import Any, Self

from pydantic import model_validator

from charrnn.files.metrics.schema import Metrics
from charrnn.inspection.results import Surprise, Units
from charrnn.text.parts import PartName


class InspectionMetrics(Metrics):
    """metrics/inspection.json: what was found in the best weights.

    Attributes
    ----------
    weights_file_sha256 : str
    part : str
        What was read: the part that was evaluated, or the end of the training part if
        nothing is held out.
    surprise : Surprise
    units : Units or None
        None if the part has not enough places for any property.
    """

    weights_file_sha256: str
    part: PartName
    surprise: Surprise
    units: Units | None = None

    @model_validator(mode="after")
    def _each_character_has_a_look(self) -> Self:
        passages = [one.passage for one in self.units.pictures] if self.units else []
        passages.append(self.surprise.page)
        for text, looks in passages:
            if len(text) != len(looks):
                message = (
                    f"a passage has {len(text)} characters, but {len(looks)} looks"
                )
                raise ValueError(message)
        return self

    def content(self) -> dict[str, Any]:
        """Return what the file holds: a named tuple becomes an object."""
        return {name: _plain(value) for name, value in self}


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
