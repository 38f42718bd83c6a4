"""``charrnn score`` measures any text as the pipeline measures the test part."""

import io
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from charrnn.cli.score import HEADER
from charrnn.evaluation.measures import measure
from charrnn.exact import bits
from charrnn.files.arrays import read_ids
from charrnn.files.models import SavedModel, load_model
from charrnn.files.prepared import load_vocabulary
from charrnn.network.scoring import all_scores, pieces_of_scores
from stages.runtime import paths
from tests.command_line import Ask, Tell
from tests.terminals import Terminal


@pytest.fixture
def score(told: Tell) -> Tell:
    return lambda *arguments: told("score", *arguments)


@pytest.fixture
def part(here: Path, tmp_path: Path) -> Path:
    """Return a file with the last 30 characters of the book."""
    vocabulary = load_vocabulary(here / paths.VOCABULARY)
    path = tmp_path / "test.txt"
    path.write_bytes(vocabulary.decode(read_ids(paths.IDS)[-30:]).encode())
    return path


def test_the_figures_are_those_of_the_network_from_its_state_or_from_zero(
    part: Path, score: Tell, ask: Ask
) -> None:
    weights, hidden, _ = load_model(paths.BEST).model
    ids = read_ids(paths.IDS)[-30:]
    for state, option in ((weights.zero_state(), ["--from-zero"]), (hidden, [])):
        scores = all_scores(pieces_of_scores(weights, ids, state))
        found = json.loads(score("--json", *option, part))
        assert found == asdict(measure(scores)) | {
            "characters": 29,
            "unknown": {},
            "unknown_characters": 0,
        }
    # As a book is read: without a byte order mark, \r\n as \n.
    part.write_bytes(b"\xef\xbb\xbf" + part.read_bytes().replace(b"\n", b"\r\n"))
    code, output, error = ask("score", "--json", part)
    assert (code, json.loads(output)) == (0, found)
    assert f"charrnn: {part}: dropped the byte order mark at its start\n" in error


def test_the_figures_are_shown_aligned(part: Path, score: Tell) -> None:
    part.write_text("The Word\nwas ZZ with éZ!", encoding="utf-8")
    exact = json.loads(score("--json", part))
    unknown = "'Z' (U+005A) 3, '!' (U+0021) 1, 'é' (U+00E9) 1"
    assert score(part).splitlines() == [
        "characters  18 scored, all but the first",
        f"nats        {exact['nats_per_character']:.4f} per character",
        f"bits        {exact['bits_per_character']:.4f} per character",
        f"perplexity  {exact['perplexity']:.3f}",
        f"accuracy    {100 * exact['accuracy']:.2f} %",
        f"unknown     5 left out: {unknown}",
    ]
    assert exact["unknown"] == {"Z": 3, "!": 1, "é": 1}


@pytest.mark.parametrize("name", [[], ["-"]])
def test_the_standard_input_is_scored_like_a_file(
    part: Path, score: Tell, monkeypatch: pytest.MonkeyPatch, name: list[str]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(part.read_bytes()), "ascii")
    monkeypatch.setattr("sys.stdin", stream)
    assert score(*name) == score(part)


ODD = "a\\b\tthe\x1b[2J\x9b\u2028Word\n\nZZZ\nIn\rhim"


@pytest.mark.parametrize(
    ("content", "characters"),
    [
        # Known are the letters and the newlines; the first letter is not scored.
        (ODD, [9, 1, 1, 3, 3]),
        ("ZZ\nthe ZZ", [0, 4]),
    ],
)
def test_a_table_has_a_row_per_line(
    part: Path, ask: Ask, content: str, characters: list[int]
) -> None:
    part.write_bytes(content.encode())
    code, table, error = ask("score", "--per-line", part)
    assert code == 0
    assert f"charrnn: {part}: unknown: " in error.splitlines()[-1]
    assert "'Z' (U+005A)" in error
    assert table.startswith(HEADER)
    rows = [row.split("\t") for row in table.removesuffix("\n").split("\n")[1:]]
    objects = ask("score", "--per-line", "--json", part)[1].splitlines()
    found = [json.loads(line) for line in objects]
    # In a book a lone \r ends a line, too.
    texts = content.replace("\r", "\n").split("\n")
    assert [(one["line"], one["text"]) for one in found] == [*enumerate(texts, 1)]
    assert [one["characters"] for one in found] == characters
    sum_of_lines = 0.0
    for (line, count, *figures, _), one in zip(rows, found, strict=True):
        nats, bits_ = one["nats_per_character"], one["bits_per_character"]
        assert (int(line), int(count)) == (one["line"], one["characters"])
        if not one["characters"]:
            assert (figures, nats, bits_) == (["", ""], None, None)
        else:
            assert bits_ == bits(nats)
            assert list(map(float, figures)) == pytest.approx([nats, bits_], abs=1e-6)
            sum_of_lines += one["characters"] * nats
    escaped = [r"a\\b\tthe\x1b[2J\x9b" + "\u2028Word", "", "ZZZ", "In", "him"]
    assert [row[-1] for row in rows] == (escaped if content == ODD else texts)
    total = json.loads(ask("score", "--json", part)[1])
    expected = total["characters"] * total["nats_per_character"]
    assert sum_of_lines == pytest.approx(expected, rel=1e-12)


FEW = "fewer than two characters that the model knows: nothing to predict"


@pytest.mark.parametrize(
    ("form", "content", "rule"),
    [
        ("--json", None, "cannot be read: No such file or directory"),
        ("--per-line", b"", "is empty"),
        (
            "--json",
            b"ok\xff\xfe",
            "not UTF-8: byte 0xff at offset 2; it looks like cp1252: type iconv -f cp1252 -t UTF-8",
        ),
        ("--json", b"a", FEW),
        ("--per-line", b"a", FEW),
    ],
)
def test_a_text_that_cannot_be_scored_is_refused(
    part: Path, refusal: Tell, form: str, content: bytes | None, rule: str
) -> None:
    if content is None:
        part.unlink()
    else:
        part.write_bytes(content)
    assert refusal("score", form, part) == f"{part}: {rule}"


def test_a_hopeless_model_has_no_perplexity(
    part: Path, score: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: Path) -> SavedModel:
        saved = load_model(path)
        c = saved.model.weights.c
        c[:] = np.linspace(0, 1e6, len(c))
        return saved

    monkeypatch.setattr("charrnn.cli.loading.load_model", load)
    assert json.loads(score("--json", part))["perplexity"] is None
    assert "perplexity  inf\n" in score(part)


@pytest.mark.parametrize("form", [(), ("--json",), ("--per-line",)])
def test_weights_that_are_finite_but_huge_are_one_line(
    part: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]
) -> None:
    def load(path: Path) -> SavedModel:
        saved = load_model(path)
        weights = saved.model.weights.astype(np.float64)
        weights.c[:] = np.linspace(0, 1.7e308, len(weights.c))
        return saved._replace(model=saved.model._replace(weights=weights))

    monkeypatch.setattr("charrnn.cli.loading.load_model", load)
    code, _, error = ask("score", *form, part)
    assert code == 1
    assert error == (
        "charrnn: error: the loss is not finite: the weights cannot be used\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
@pytest.mark.parametrize(
    ("keys", "code", "end"),
    [(b"the light\n\x04", 0, "1\t9\t"), (b"\x03", 130, "^C\ncharrnn: stopped\n")],
)
def test_a_text_can_be_typed_or_interrupted(
    finished: Path, keys: bytes, code: int, end: str
) -> None:
    with Terminal(finished, "score", "--per-line") as terminal:
        prompt = "charrnn: reading the terminal; Ctrl-D ends the text\n"
        assert terminal.read(len(prompt)) == prompt
        terminal.press(keys)
        ended, shown = terminal.end()
    assert ended == code
    assert end in shown
