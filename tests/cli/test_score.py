"""``charrnn score`` measures any text as the pipeline measures the test part."""

import io
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.cli.score import HEADER
from charrnn.exact import bits
from charrnn.files.arrays import read_ids
from charrnn.files.models import load_model
from charrnn.files.prepared import load_vocabulary
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths
from tests.terminals import Terminal

Ask = Callable[..., tuple[int, str, str]]
Score = Callable[..., tuple[str, str]]


@pytest.fixture
def score(ask: Ask) -> Score:
    """Return a function that scores: standard output and standard error."""

    def scored(*arguments: object) -> tuple[str, str]:
        code, output, error = ask("score", *arguments)
        assert code == 0, error
        return output, error

    return scored


@pytest.fixture
def part(here: Path, tmp_path: Path) -> Path:
    """Return a file with the text of the test part."""
    vocabulary = load_vocabulary(here / paths.VOCABULARY)
    path = tmp_path / "test.txt"
    path.write_bytes(vocabulary.decode(read_ids(paths.TEST)).encode())
    return path


def test_the_test_part_has_exactly_the_figures_of_its_evaluation(
    part: Path, score: Score
) -> None:
    expected = json.loads(paths.EVALUATION.read_bytes())
    found = json.loads(score("--json", part)[0])
    assert found == expected["network"] | {
        "characters": expected["test_characters"] - 1,
        "unknown": {},
        "unknown_characters": 0,
    }
    # As a book is read: without a byte order mark, \r\n as \n.
    part.write_bytes(b"\xef\xbb\xbf" + part.read_bytes().replace(b"\n", b"\r\n"))
    output, error = score("--json", part)
    assert json.loads(output) == found
    assert f"charrnn: {part}: dropped the byte order mark at its start\n" in error


def test_the_figures_are_shown_aligned(part: Path, score: Score) -> None:
    part.write_text("The Word\nwas ZZ with éZ!", encoding="utf-8")
    exact = json.loads(score("--json", part)[0])
    unknown = "'Z' (U+005A) 3, '!' (U+0021) 1, 'é' (U+00E9) 1"
    lines = [
        "characters  18 scored, all but the first",
        f"nats        {exact['nats_per_character']:.4f} per character",
        f"bits        {exact['bits_per_character']:.4f} per character",
        f"perplexity  {exact['perplexity']:.3f}",
        f"accuracy    {100 * exact['accuracy']:.2f} %",
        f"unknown     5 left out: {unknown}\n",
    ]
    assert score(part) == ("\n".join(lines), "")
    assert exact["unknown"] == {"Z": 3, "!": 1, "é": 1}


@pytest.mark.parametrize("name", [[], ["-"]])
@pytest.mark.usefixtures("here")
def test_the_standard_input_is_scored_like_a_file(
    tmp_path: Path, score: Score, monkeypatch: pytest.MonkeyPatch, name: list[str]
) -> None:
    text = "In the beginning was the light — λόγος.\n".encode() * 3
    (tmp_path / "text").write_bytes(text)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text), "ascii"))
    assert score(*name) == score(tmp_path / "text")


ODD = "a\\b\tthe\x1b[2J\x9b\u2028Word\n\nZZZ\nIn\rhim"


@pytest.mark.parametrize(
    ("content", "characters"),
    [
        # Known are the letters and the newlines; the first letter is not scored.
        (ODD, [9, 1, 1, 3, 3]),
        ("ZZ\nthe ZZ", [0, 4]),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_table_has_a_row_per_line(
    tmp_path: Path, score: Score, content: str, characters: list[int]
) -> None:
    path = tmp_path / "text"
    path.write_bytes(content.encode())
    table, error = score("--per-line", path)
    *_, last = error.splitlines()
    assert last.startswith(f"charrnn: {path}: unknown: ")
    assert "'Z' (U+005A)" in last
    header, *lines = table.removesuffix("\n").split("\n")
    assert f"{header}\n" == HEADER
    rows = [line.split("\t") for line in lines]
    found = [
        json.loads(line) for line in score("--per-line", "--json", path)[0].splitlines()
    ]
    # In a book a lone \r ends a line, too.
    texts = content.replace("\r", "\n").split("\n")
    assert [(one["line"], one["text"]) for one in found] == [*enumerate(texts, 1)]
    assert [one["characters"] for one in found] == characters
    for row, one in zip(rows, found, strict=True):
        nats, bits_ = one["nats_per_character"], one["bits_per_character"]
        assert list(map(int, row[:2])) == [one["line"], one["characters"]]
        if not one["characters"]:
            assert (*row[2:4], nats, bits_) == ("", "", None, None)
        else:
            assert bits_ == bits(nats)
            assert list(map(float, row[2:4])) == pytest.approx([nats, bits_], abs=1e-6)
    escaped = [r"a\\b\tthe\x1b[2J\x9b" + "\u2028Word", "", "ZZZ", "In", "him"]
    assert [row[4] for row in rows] == (escaped if content == ODD else texts)
    total = json.loads(score("--json", path)[0])
    assert math.fsum(
        one["characters"] * (one["nats_per_character"] or 0) for one in found
    ) == pytest.approx(total["characters"] * total["nats_per_character"], rel=1e-12)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("form", [[], ["--json"], ["--per-line"]])
@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b"ok\xff\xfe", "not UTF-8: byte 0xff at offset 2"),
        (b"a", "fewer than two characters that the model knows: nothing to predict"),
        (b"ZZZa", "fewer than two characters that the model knows: nothing to predict"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    tmp_path: Path, ask: Ask, form: list[str], content: bytes | None, rule: str
) -> None:
    path = tmp_path / "text"
    if content is not None:
        path.write_bytes(content)
    code, output, error = ask("score", *form, path)
    assert (code, output) == (1, "")
    assert error.splitlines()[-1] == f"charrnn: error: {path}: {rule}"


def test_a_hopeless_model_has_no_perplexity(
    part: Path, score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: Path, vocabulary: Vocabulary) -> Any:
        weights = load_model(path, vocabulary)
        weights.c[:] = np.linspace(0, 1e6, len(weights.c))
        return weights

    monkeypatch.setattr("charrnn.cli.loading.load_model", load)
    assert json.loads(score("--json", part)[0])["perplexity"] is None
    assert "perplexity  inf\n" in score(part)[0]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
@pytest.mark.parametrize(
    ("keys", "code", "end"),
    [(b"the light\n\x04", 0, "1\t9\t"), (b"\x03", 130, "^C\ncharrnn: stopped\n")],
)
def test_a_text_can_be_typed_or_interrupted(
    trained: Path, keys: bytes, code: int, end: str
) -> None:
    with Terminal(trained, "score", "--per-line") as terminal:
        prompt = "charrnn: reading the terminal; Ctrl-D ends the text\n"
        assert terminal.read(len(prompt)) == prompt
        terminal.press(keys)
        assert terminal.end() == code
        assert end in terminal.shown
