"""The page in which the network writes and reads: one file of HTML with its scripts.

``scripts/`` holds the network in JavaScript, which follows ``docs/contract.md``;
``templates/`` holds the words and the style.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.html import formats, inline
from charrnn.html.rendering import SHARED, rendered
from charrnn.inspection.results import Finding
from charrnn.inspection.surprise import LEVELS
from charrnn.inspection.units import EDGES
from charrnn.network.model import Model
from charrnn.settings import SampleConfig
from charrnn.text.vocabulary import Vocabulary

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = Path(__file__).parent / "scripts"
# In the order in which each needs those before it.
NAMES = ("exact", "random", "network", "view", "controls")
MOST_BYTES = 5_000_000  # of the weights in a page

_MOST_WRITTEN = 20_000  # MOST_SHOWN of view.js
_PASSAGE = 700  # characters that are read first
_STYLES = (SHARED / "style.css", SHARED / "inspection.css", TEMPLATES / "page.css")


class Presented(NamedTuple):
    """The content of the page.

    Attributes
    ----------
    book_name : str
    model : Model
    vocabulary : Vocabulary
    sample : SampleConfig
        The values with which the page begins.
    written : str
        What the best weights wrote with these values, without the prime.
    inspection : InspectionMetrics
        With a passage to read, and the units that were found.
    """

    book_name: str
    model: Model
    vocabulary: Vocabulary
    sample: SampleConfig
    written: str
    inspection: InspectionMetrics


def weights_bytes(model: Model) -> bytes:
    """Return b, c, U, W, V and h one after another, by rows, little-endian."""
    arrays = (*model.weights, model.hidden)
    return b"".join(
        np.ascontiguousarray(a, a.dtype.newbyteorder("<")).tobytes() for a in arrays
    )


def scripts() -> str:
    """Return the scripts of the page as one."""
    return "".join((SCRIPTS / f"{name}.js").read_text("utf-8") for name in NAMES)


def build_page(presented: Presented) -> bytes:
    """Return the page in UTF-8; the same content gives the same bytes.

    A model of more than `MOST_BYTES` gets a page that names the command line.
    """
    content = weights_bytes(presented.model)
    is_small = len(content) <= MOST_BYTES
    style, script = "".join(path.read_text("utf-8") for path in _STYLES), scripts()
    policy = f"default-src 'none'; style-src {inline.allowed(style)}; img-src data:; "
    policy += "base-uri 'none'; form-action 'none'"
    if is_small:
        policy += f"; script-src {inline.allowed(script)}"
    opening, part = presented.vocabulary.opening, presented.inspection.part
    context = {
        "policy": policy,
        "style": inline.as_is(style),
        "script": inline.as_is(script),
        "content": inline.as_data(_content(presented, content)) if is_small else None,
        "book_name": presented.book_name,
        "m": presented.model.weights.hidden_size,
        "K": presented.vocabulary.size,
        "numbers": len(content) // presented.model.hidden.itemsize,
        "precision": str(presented.model.hidden.dtype),
        "megabytes": len(content) / 1e6,
        "most_megabytes": MOST_BYTES / 1e6,
        "opening": "a newline" if opening == "\n" else f"“{formats.visible(opening)}”",
        "levels": LEVELS,
        "edges": EDGES,
        "passage": presented.inspection.surprise.page.text[:_PASSAGE],
        "passage_of": "the end of the training text"
        if part == "training"
        else f"the {part} part, which the network has not learned",
    }
    return rendered(TEMPLATES, "page.html", context).encode("utf-8")


def _content(presented: Presented, weights: bytes) -> dict[str, Any]:
    """Return what the scripts read."""
    sample, written = presented.sample, presented.written[:_MOST_WRITTEN]
    begin, is_whole = sample.prime or "", len(presented.written) <= _MOST_WRITTEN
    end = "\n" if is_whole else ""
    units = presented.inspection.units
    return {
        "model": {
            "characters": presented.vocabulary.characters,
            "hidden_size": presented.model.weights.hidden_size,
            "precision": str(presented.model.hidden.dtype),
            "arrays": base64.b64encode(weights).decode("ascii"),
        },
        "settings": {
            "prime": begin,
            "length": min(sample.length, _MOST_WRITTEN),
            "temperature": sample.temperature,
            "topK": sample.top_k,
            "topP": sample.top_p,
            "seed": sample.seed,
        },
        "proof": {
            "begin": begin,
            "end": end,
            "text": written,
            "characters": len(written),
            "of": "sha256 of metrics/sample.txt, in the run"
            if is_whole
            else f"sha256 of its first {len(written):,} characters, in the run",
            "sha256": _sha256(f"{begin}{written}{end}".encode()),
            "weights": _sha256(weights),
        },
        "levels": LEVELS,
        "edges": EDGES,
        "findings": [_told(one) for one in units.findings] if units else [],
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _told(finding: Finding) -> dict[str, Any]:
    """Return a finding as the page tells it."""
    level = "high" if finding.is_higher else "low"
    if finding.is_graded:
        measure = f"correlation {formats.fixed(finding.measure, 2)}"
        about = f"{level} where this count is high: {finding.meaning}"
    else:
        measure = f"AUC {formats.percent(finding.measure)}"
        about = f"{level} if {finding.meaning}"
    return {
        "unit": finding.unit,
        "name": finding.name,
        "measure": measure,
        "about": f"Unit {finding.unit}, {finding.name}: {about} ({measure}).",
    }
