"""The scripts of the page compute what the library computes, to the bit, in both browsers."""

import base64
import dataclasses
import hashlib
import json
import math
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charrnn import exact
from charrnn.evaluation.scores import known_text, measure_text
from charrnn.network.scoring import all_scores, pieces_of_scores
from charrnn.page.building import NAMES, SCRIPTS
from charrnn.text.vocabulary import Vocabulary
from tests.browser import chromium, opened
from tests.firefox import firefox
from tests.imports import ROOT
from tests.known_answers import ANSWERS, as_text, known_answers
from tests.web_pages import (
    COMMITTED,
    as_data,
    content_of,
    drawn_model,
    model_in,
    text_of,
)

Evaluate = Callable[[str], Any]
Array = NDArray[Any]
DRAWN = 1_000_000
# A network of the data in a page, or of other data.
HERE = """(window.kept ??=
  networkOf(JSON.parse(document.getElementById("content").textContent).model))"""


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def evaluate(request: pytest.FixtureRequest) -> Iterator[Evaluate]:
    """Return the function that evaluates an expression in the committed page."""
    if request.param == "chromium":
        with chromium() as browser, opened(browser, COMMITTED) as seen:
            yield seen.page.evaluate
    else:
        with firefox() as started:
            started.open(COMMITTED)
            yield started.evaluate


def bits_of(x: Array) -> Array:
    """Return the bit patterns, all NaN made the same."""
    return np.where(np.isnan(x), x.dtype.type(7), x).view(f"<u{x.itemsize}")


def special(real: type[Any]) -> Array:
    """Return zeros, infinities, NaN, denormals, powers of 2, and what lies beside limits."""
    info = np.finfo(real)
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    halves = (np.arange(-2200, 2200) / 2) * math.log(2)  # where exp and tanh change k
    limits = [-746, -745.2, -105, -104, -87.4, 88.8, 90, 709.8, 710, 10, 20, 0.5625]
    limits += [math.sqrt(0.5), math.sqrt(2), float(info.tiny), float(info.max), 1, 2]
    with np.errstate(over="ignore", under="ignore"):
        near = np.concatenate([powers, halves, limits]).astype(real)
        near = np.concatenate([near, -near])
        beside = [np.nextafter(near, real(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([near, *beside, np.array([np.nan, 0, -0.0], real)])


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_exp_log_and_tanh_bit_for_bit(real: type[Any], evaluate: Evaluate) -> None:
    """On drawn bit patterns, drawn numbers from -100 to 100, and special values."""
    # Both sides make the same million words of 32 bits: a Weyl sequence, and its hash.
    words = np.arange(DRAWN, dtype=np.uint32) * np.uint32(2654435761)
    words ^= words >> np.uint32(15)
    words *= np.uint32(2246822519)
    half, width = DRAWN // 2, np.dtype(real).itemsize // 4
    patterns = words[: half * width].view(f"<f{4 * width}")
    drawn = np.concatenate([patterns, (words[half:] / 2**32 * 200 - 100).astype(real)])
    x = np.concatenate([drawn, special(real)])
    others = base64.b64encode(special(real).tobytes()).decode()
    found = evaluate(
        f"""(() => {{
          const precision = {np.dtype(real).name.upper()};
          const {{ Numbers }} = precision, functions = functionsOf(precision);
          const words = Uint32Array.from({{ length: {DRAWN} }}, (_, i) => {{
            let word = Math.imul(i, 2654435761);
            word ^= word >>> 15;
            return Math.imul(word, 2246822519);
          }});
          const half = {DRAWN} / 2;
          const patterns = new Numbers(words.buffer.slice(0, 4 * half * {width}));
          const others = new Numbers(bytesOf("{others}").buffer);
          const x = new Numbers(patterns.length + half + others.length);
          x.set(patterns);
          x.set(words.subarray(half).map(word => 0), patterns.length);
          for (let i = 0; i < half; i++)
            x[patterns.length + i] = words[half + i] / 2 ** 32 * 200 - 100;
          x.set(others, patterns.length + half);
          const found = {{}};
          for (const name of ["exp", "log", "tanh"]) {{
            const y = x.map(one => functions[name](one));
            for (let i = 0; i < y.length; i++) if (y[i] !== y[i]) y[i] = 7;
            found[name] = sha256(new Uint8Array(y.buffer));
          }}
          return found;
        }})()"""
    )
    for name in ("exp", "log", "tanh"):
        y = np.asarray(getattr(exact, name)(x))
        assert len(np.unique(bits_of(y))) > DRAWN // 10
        assert found[name] == hashlib.sha256(bits_of(y).tobytes()).hexdigest(), name


@pytest.mark.slow
@pytest.mark.browser
def test_the_draws_of_a_thousand_seeds(evaluate: Evaluate) -> None:
    drawing = random.Random(1)
    entropies = [[seed, 3] for seed in (0, 1, 2**31, 2**32 - 1)]
    entropies += [
        [drawing.getrandbits(32) for _ in range(drawing.randint(1, 6))]
        for _ in range(1000)
    ]
    found = evaluate(
        f"""{json.dumps(entropies)}.map(entropy => {{
          const draw = uniformDraws(entropy);
          return [seedWords(entropy, 9), Array.from({{ length: 5 }}, draw)];
        }})"""
    )
    for entropy, (words, uniforms) in zip(entropies, found, strict=True):
        sequence = np.random.SeedSequence(entropy)
        assert words == sequence.generate_state(9).tolist()
        assert uniforms == np.random.default_rng(entropy).random(5).tolist()


@pytest.mark.slow
@pytest.mark.browser
def test_digests_sums_and_decimals(evaluate: Evaluate) -> None:
    texts = ["a" * n for n in range(131)] + ["ünïcödé 🙂\u2028", "b" * 10_000]
    found = evaluate(f"{json.dumps(texts)}.map(sha256)")
    assert found == [hashlib.sha256(text.encode()).hexdigest() for text in texts]

    drawing = random.Random(2)
    lists = [
        [
            drawing.uniform(-1, 1) * 10.0 ** drawing.randint(-20, 20)
            for _ in range(drawing.randint(0, 60))
        ]
        for _ in range(1000)
    ]
    lists += [[1e16, 1.0, 1e-16], [2.0**53, 1.0, 2.0**-60], [1e100, 1.0, -1e100]]
    found = evaluate(f"{json.dumps(lists)}.map(exactSum)")
    assert list(map(float, found)) == [math.fsum(one) for one in lists]

    numbers = [n / 800 for n in range(801)] + [
        drawing.uniform(0, 1e7) for _ in range(500)
    ]
    for decimals in (0, 2, 3, 4):
        found = evaluate(f"{json.dumps(numbers)}.map(one => fixed(one, {decimals}))")
        assert found == [f"{one:,.{decimals}f}" for one in numbers]


def settings_of(seed: int, characters: str) -> dict[str, Any]:
    """Draw settings of `writer`."""
    drawing = random.Random(seed)
    return {
        "prime": "".join(drawing.choices(characters, k=drawing.choice([0, 1, 9]))),
        "temperature": drawing.choice([0.3, 0.7, 1.0, 1.0, 1.5, drawing.uniform(0, 3)]),
        "topK": drawing.choice([None, None, 1, 5, 10, 1000]),
        "topP": drawing.choice([None, None, 0.5, 0.9, 1.0]),
        "seed": drawing.getrandbits(32),
        "zero": drawing.random() < 0.3,
    }


def written(evaluate: Evaluate, network: str, settings: Any, length: int) -> str:
    """Return what a page writes."""
    text: str = evaluate(
        f"""(() => {{
          const network = {network}, writing = writer(network, {json.dumps(settings)});
          const ids = Array.from({{ length: {length} }}, () => writing.next().id);
          return ids.map(id => network.characters[id]).join("");
        }})()"""
    )
    return text


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("seed", range(10))
def test_twenty_thousand_characters_are_the_library_s(
    seed: int, evaluate: Evaluate
) -> None:
    model, vocabulary = model_in(content_of(COMMITTED))
    settings = settings_of(seed, vocabulary.characters)
    expected = text_of(model, vocabulary, settings, 20_000)
    assert written(evaluate, HERE, settings, 20_000) == expected


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("m", "K"), [(1, 1), (1, 2), (2, 300), (5, 7), (63, 33)])
def test_networks_of_any_size_write_and_read_the_same(
    m: int, K: int, precision: str, evaluate: Evaluate
) -> None:
    # Beyond the 16 bits of JavaScript's units, too.
    vocabulary = Vocabulary(
        "".join(map(chr, range(0x1F600 - K // 2, 0x1F600 + K - K // 2)))
    )
    model = drawn_model(m, K, precision, seed=m)
    network = f"networkOf({json.dumps(as_data(model, vocabulary))})"
    for seed in range(3):
        settings = settings_of(seed, vocabulary.characters)
        expected = text_of(model, vocabulary, settings, 300)
        assert written(evaluate, network, settings, 300) == expected
        ids = vocabulary.encode(settings["prime"] + expected)
        nats, hits = all_scores(pieces_of_scores(model.weights, ids, model.hidden))
        assert read(evaluate, network, vocabulary.decode(ids), zero=False)[:2] == [
            nats.tolist(),
            hits.tolist(),
        ]


def read(evaluate: Evaluate, network: str, text: str, *, zero: bool) -> list[Any]:
    """Return the nats, the hits and the figures of a text in a page."""
    found: list[Any] = evaluate(
        f"""(() => {{
          const network = {network}, reading = reader(network, {json.dumps(zero)});
          const ids = [...{json.dumps(text)}].map(one => network.idOf.get(one));
          const found = ids.filter(id => id !== undefined).map(id => {{
            const {{ nats, hit }} = reading.next(id);
            return {{ nats, hit }};
          }}).slice(1);
          const nats = found.map(one => one.nats), hits = found.map(one => one.hit);
          return [nats, hits, figuresOf(nats, hits.filter(Boolean).length)];
        }})()"""
    )
    return found


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("which", ["sample", "unknown", "odd"])
def test_scores_are_the_library_s(which: str, evaluate: Evaluate) -> None:
    model, vocabulary = model_in(content_of(COMMITTED))
    text = {
        "sample": (ROOT / "metrics/sample.txt").read_text("utf-8"),
        "unknown": (ROOT / "README.md").read_text("utf-8")[:5000],
        "odd": vocabulary.characters[::-1] * 9 + "zzzz" * 99,
    }[which]
    zero = which == "odd"
    hidden = model.weights.zero_state() if zero else model.hidden
    ids, unknown = known_text(text, vocabulary)
    assert bool(unknown) == (which == "unknown")
    pieces = list(pieces_of_scores(model.weights, ids, hidden))
    expected = dataclasses.asdict(measure_text(pieces))
    nats, hits, figures = read(evaluate, HERE, text, zero=zero)
    assert nats == all_scores(pieces).nats.tolist()
    assert hits == all_scores(pieces).hits.tolist()
    assert figures == {
        "characters": len(ids) - 1,
        "nats": expected["nats_per_character"],
        "bits": expected["bits_per_character"],
        "perplexity": expected["perplexity"],
        "accuracy": expected["accuracy"],
    }


def test_the_known_answers_are_those_of_the_library() -> None:
    assert ANSWERS.read_text("utf-8") == as_text(known_answers())


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


@needs_node
def test_node_gives_the_known_answers() -> None:
    run_node(ROOT / "tests/page/known_answers.js")


@needs_node
@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_a_classic_script(name: str) -> None:
    text = (SCRIPTS / f"{name}.js").read_text("utf-8")
    assert text.startswith('"use strict";\n')
    assert not [
        line for line in text.splitlines() if line.startswith(("import", "export"))
    ]
    assert max(map(len, text.splitlines())) <= 92
    run_node("--check", SCRIPTS / f"{name}.js")


def run_node(*arguments: Any) -> None:
    result = subprocess.run(
        ["node", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
