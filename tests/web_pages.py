"""Pages for tests: of the committed run, of small drawn models, of hostile vocabularies."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.files.metrics.inspection_metrics import InspectionMetrics
from charrnn.files.metrics.schema import read_metrics
from charrnn.network.model import Model, Weights, initial_weights, shapes, zeros_like
from charrnn.network.sampling import continue_text
from charrnn.network.streams import Purpose, stream
from charrnn.page.building import Presented, build_page, weights_bytes
from charrnn.settings import SampleConfig
from charrnn.text.vocabulary import Vocabulary
from tests.imports import ROOT

COMMITTED = ROOT / "metrics/page.html"


def content_of(page: Path) -> dict[str, Any]:
    """Return the data that a page holds for its scripts."""
    found = re.search(
        r'id="content">(.*?)</script>', page.read_text("utf-8"), re.DOTALL
    )
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def model_in(content: dict[str, Any]) -> tuple[Model, Vocabulary]:
    """Return the model of that data, without AdaGrad's sums."""
    given = content["model"]
    vocabulary = Vocabulary(given["characters"])
    m = given["hidden_size"]
    sizes = {**shapes(m, vocabulary.size), "h": (m,)}
    values = np.frombuffer(base64.b64decode(given["arrays"]), given["precision"])
    arrays, at = {}, 0
    for name, shape in sizes.items():
        size = int(np.prod(shape))
        arrays[name] = values[at : at + size].reshape(shape)
        at += size
    assert at == len(values)
    hidden = arrays.pop("h")
    weights = Weights(**arrays)
    return Model(weights, hidden, zeros_like(weights)), vocabulary


def drawn_model(m: int, K: int, precision: str, seed: int) -> Model:
    """Return a model with a random state."""
    rng = np.random.default_rng(seed)
    weights = initial_weights(m, K, sigma=0.5, dtype=precision, rng=rng)
    hidden = rng.uniform(-1, 1, m).astype(precision)
    return Model(weights, hidden, zeros_like(weights))


def as_data(model: Model, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a model as a page holds it."""
    return {
        "characters": vocabulary.characters,
        "hidden_size": model.weights.hidden_size,
        "precision": str(model.hidden.dtype),
        "arrays": base64.b64encode(weights_bytes(model)).decode("ascii"),
    }


def text_of(
    model: Model, vocabulary: Vocabulary, settings: dict[str, Any], length: int
) -> str:
    """Return what the library writes with the settings of `writer` in network.js."""
    ids = continue_text(
        model.weights,
        vocabulary.encode(settings["prime"] or vocabulary.opening),
        model.weights.zero_state() if settings["zero"] else model.hidden,
        length=length,
        choice=SampleConfig(
            temperature=settings["temperature"],
            top_k=settings["topK"],
            top_p=settings["topP"],
        ),
        rng=stream(Purpose.SAMPLE, settings["seed"]),
    )
    return vocabulary.decode(ids)


def write_page(path: Path, model: Model, vocabulary: Vocabulary, **sample: Any) -> Path:
    """Write the page of a model, with the inspection of the committed run."""
    config = SampleConfig(**sample)
    settings = {
        "prime": config.prime,
        "zero": False,
        "temperature": config.temperature,
        "topK": config.top_k,
        "topP": config.top_p,
        "seed": config.seed,
    }
    inspection = read_metrics(InspectionMetrics, ROOT / "metrics/inspection.json")
    shown = Presented(
        book_name="<b>a & b</b>.txt",
        model=model,
        vocabulary=vocabulary,
        sample=config,
        written=text_of(model, vocabulary, settings, config.length),
        inspection=inspection,
    )
    path.write_bytes(build_page(shown))
    return path
