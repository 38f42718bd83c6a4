"""The known answers of docs/contract.md, which every implementation has to give.

``python -m tests.known_answers`` writes docs/known_answers.json anew.  Floats are
written by shortest round-trip; infinities and NaN as strings.
"""

import json
import math
from typing import Any

import numpy as np

from charrnn import exact
from charrnn.network.scoring import all_scores, pieces_of_scores
from charrnn.network.streams import Purpose, stream
from charrnn.text.vocabulary import Vocabulary
from tests.imports import ROOT
from tests.web_pages import as_data, drawn_model, text_of

ANSWERS = ROOT / "docs/known_answers.json"
CHARACTERS = "\n ,.abcdehilnorstuwy"
TEXT = "the children see all stones, and the clouds\nare not there."
SEEDS = (0, 1, 2, 1234567890, 2**32 - 1)
NUMBERS = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 0.5625, 0.56250006, 0.7071067811865475, 2.0, -3.25,
    1e-3, -1e-3, 1e-30, 1e-44, 5e-324, 3.141592653589793, 7.9, -7.9, 19.99, 88.7, -87.4,
    -103.9, 104.0, 709.7, -745.1, 1e30, 3e38, 1e300, math.inf, -math.inf,
)  # fmt: skip


def _plain(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def _functions(precision: str) -> dict[str, Any]:
    with np.errstate(over="ignore", under="ignore"):
        x = np.array(NUMBERS).astype(precision)
    answers = {"x": [_plain(one) for one in x]}
    for name in ("exp", "log", "tanh"):
        answers[name] = [_plain(one) for one in getattr(exact, name)(x)]
    return answers


def _network(precision: str) -> dict[str, Any]:
    vocabulary = Vocabulary(CHARACTERS)
    model = drawn_model(7, vocabulary.size, precision, seed=3)
    nats, hits = all_scores(
        pieces_of_scores(model.weights, vocabulary.encode(TEXT), model.hidden)
    )
    settings: list[dict[str, Any]] = [
        {"prime": "", "temperature": 1.0, "topK": None, "topP": None, "seed": 1},
        {"prime": "the ", "temperature": 0.7, "topK": 5, "topP": 0.9, "seed": 7},
        {"prime": "a", "temperature": 0.0, "topK": None, "topP": None, "seed": 1},
        {"prime": "", "temperature": 1.3, "topK": None, "topP": 0.6, "seed": 2},
    ]
    written = []
    for one in settings:
        one["zero"] = one["prime"] == "a"
        written.append({"settings": one, "text": text_of(model, vocabulary, one, 200)})
    return {
        "model": as_data(model, vocabulary),
        "read": {"text": TEXT, "nats": nats.tolist(), "hits": hits.tolist()},
        "written": written,
    }


def known_answers() -> dict[str, Any]:
    """Return the known answers, computed by the library."""
    precisions = ("float32", "float64")
    draws = []
    for seed in SEEDS:
        words = np.random.SeedSequence([seed, Purpose.SAMPLE]).generate_state(8)
        uniforms = stream(Purpose.SAMPLE, seed).random(5)
        entropy = [seed, int(Purpose.SAMPLE)]
        draws.append(
            {"entropy": entropy, "words": words.tolist(), "uniforms": uniforms.tolist()}
        )
    return {
        "functions": {one: _functions(one) for one in precisions},
        "draws": draws,
        "networks": [_network(one) for one in precisions],
    }


def as_text(answers: dict[str, Any]) -> str:
    """Return the content of the file."""
    return json.dumps(answers, sort_keys=True, allow_nan=False, indent=1) + "\n"


if __name__ == "__main__":
    ANSWERS.write_text(as_text(known_answers()), encoding="utf-8", newline="\n")
