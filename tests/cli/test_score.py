"""``charrnn score`` measures any text as the pipeline measures the test part."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.cli.main import main
from charrnn.evaluation.measures import measure
from charrnn.evaluation.scores import known_text, measure_text, named, score_lines
from charrnn.exact import bits
from charrnn.files.arrays import read_ids
from charrnn.files.models import load_model
from charrnn.files.prepared import load_vocabulary
from charrnn.network.model import initial_weights
from charrnn.network.scoring import Scores, network_scores, pieces_of_scores
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths
from tests.command_line import charrnn, make_trained
from tests.terminals import Terminal

POSIX = pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
Capture = pytest.CaptureFixture[str]

KNOWN, UNKNOWN = "\n\tab é🙂", "xyzü\x1b\u2028\ud800"
VOCABULARY = Vocabulary.of(KNOWN)
WEIGHTS = initial_weights(
    4, VOCABULARY.size, sigma=1.0, dtype=np.float32, rng=np.random.default_rng(1)
)
texts = st.text(st.sampled_from(KNOWN + UNKNOWN), max_size=200)
known_texts = st.text(st.sampled_from(KNOWN), min_size=2, max_size=200)


@given(text=texts)
def test_unknown_characters_are_left_out_and_counted(text: str) -> None:
    ids, unknown = known_text(text, VOCABULARY)
    assert VOCABULARY.decode(ids) == "".join(c for c in text if c in KNOWN)
    assert unknown == {c: text.count(c) for c in UNKNOWN if c in text}
    frequencies = list(unknown.values())
    assert frequencies == sorted(frequencies, reverse=True)
    assert ids.dtype == VOCABULARY.encode("a").dtype


def test_a_long_text_is_looked_through_in_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(np.random.default_rng(1).choice(list(KNOWN + UNKNOWN[:4]), 1000))
    whole = known_text(text, VOCABULARY)
    monkeypatch.setattr("charrnn.evaluation.scores._PIECE", 7)
    in_pieces = known_text(text, VOCABULARY)
    np.testing.assert_array_equal(in_pieces.ids, whole.ids)
    assert list(in_pieces.unknown.items()) == list(whole.unknown.items())


@given(text=known_texts)
def test_figures_are_those_of_the_evaluation(text: str) -> None:
    ids = VOCABULARY.encode(text)
    assert measure_text(pieces_of_scores(WEIGHTS, ids)) == measure(
        network_scores(WEIGHTS, ids)
    )


def test_figures_of_a_long_text_are_exact_too() -> None:
    rng = np.random.default_rng(1)
    ids = rng.integers(0, VOCABULARY.size, 20_000).astype(np.uint8)
    scores = network_scores(WEIGHTS.astype(np.float64), ids)
    pieces = (  # of any length
        Scores(scores.nats[at : at + 77], scores.hits[at : at + 77])
        for at in range(0, len(scores.nats), 77)
    )
    found = measure_text(pieces)
    assert found == measure(scores)
    assert found.nats_per_character != sum(scores.nats.tolist()) / len(scores.nats)


@given(text=texts)
def test_the_lines_add_up_to_the_text(text: str) -> None:
    ids, _ = known_text(text, VOCABULARY)
    if len(ids) < 2:
        return
    lines = list(score_lines(WEIGHTS, VOCABULARY, text, ids))
    assert "\n".join(line.text for line in lines) == text.removesuffix("\n")
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert sum(line.characters for line in lines) == len(ids) - 1
    nats = network_scores(WEIGHTS, ids).nats
    assert math.fsum(line.nats for line in lines) == pytest.approx(math.fsum(nats))


@given(first=known_texts, second=known_texts)
def test_what_follows_changes_nothing_before_it(first: str, second: str) -> None:
    first += "\n"
    text = first + second
    both = list(score_lines(WEIGHTS, VOCABULARY, text, VOCABULARY.encode(text)))
    alone = list(score_lines(WEIGHTS, VOCABULARY, first, VOCABULARY.encode(first)))
    assert both[: len(alone)] == alone


@given(line=st.text(st.sampled_from("ab é"), min_size=2, max_size=20))
def test_a_line_remembers_the_lines_before(line: str) -> None:
    text = f"{line}\n{line}\n"
    ids = VOCABULARY.encode(text)
    second = list(score_lines(WEIGHTS, VOCABULARY, text, ids))[1]
    nats = network_scores(WEIGHTS, ids).nats
    assert second.nats == math.fsum(nats[len(line) :])


def test_unknown_characters_are_named_harmlessly() -> None:
    unknown = {"\x1b": 3, "é": 2000, **{chr(0x4E00 + n): 1 for n in range(10)}}
    said = named(dict(sorted(unknown.items(), key=lambda item: -item[1])))
    assert said.startswith(r"'é' (U+00E9) 2,000, '\x1b' (U+001B) 3, '一' (U+4E00) 1, ")
    assert said.endswith(" (U+4E07) 1, and 2 more")
    assert said.isprintable()
    assert named({"a": 1}) == "'a' (U+0061) 1"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def here(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


def score(capture: Capture, *arguments: object) -> tuple[str, str]:
    code = main(["score", *map(str, arguments)])
    captured = capture.readouterr()
    assert code == 0, captured.err
    return captured.out, captured.err


@pytest.fixture
def part(here: Path, tmp_path: Path) -> Path:
    """Return a file with the text of the test part."""
    vocabulary = load_vocabulary(here / paths.VOCABULARY)
    path = tmp_path / "test.txt"
    path.write_bytes(vocabulary.decode(read_ids(paths.TEST)).encode())
    return path


def test_the_test_part_has_exactly_the_figures_of_its_evaluation(
    part: Path, capsys: Capture
) -> None:
    expected = json.loads(paths.EVALUATION.read_text(encoding="utf-8"))
    found = json.loads(score(capsys, "--json", part)[0])
    assert found == expected["network"] | {
        "characters": expected["test_characters"] - 1,
        "unknown": {},
        "unknown_characters": 0,
    }


def test_the_figures_are_shown_aligned(part: Path, capsys: Capture) -> None:
    part.write_text("The Word\nwas ZZ with éZ!", encoding="utf-8")
    exact = json.loads(score(capsys, "--json", part)[0])
    said, complaint = score(capsys, part)
    unknown = "'Z' (U+005A) 3, '!' (U+0021) 1, 'é' (U+00E9) 1"
    assert complaint == ""
    assert said.splitlines() == [
        "characters  18 scored; the first one only begins",
        f"nats        {exact['nats_per_character']:.4f} per character",
        f"bits        {exact['bits_per_character']:.4f} per character",
        f"perplexity  {exact['perplexity']:.3f}",
        f"accuracy    {100 * exact['accuracy']:.2f} %",
        f"unknown     5 left out: {unknown}",
    ]
    assert exact["unknown"] == {"Z": 3, "!": 1, "é": 1}


def test_a_text_is_read_as_a_book_is(part: Path, capsys: Capture) -> None:
    content = part.read_bytes()
    expected, _ = score(capsys, "--json", part)
    part.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    found, said = score(capsys, "--json", part)
    assert found == expected
    assert f"charrnn: {part}: dropped the byte order mark at its start\n" in said


def test_standard_input_is_scored_like_a_file(trained: Path, tmp_path: Path) -> None:
    text = "In the beginning was the light — λόγος.\n" * 3
    (tmp_path / "text").write_text(text, encoding="utf-8")
    expected = charrnn(trained, "score", str(tmp_path / "text"))
    assert expected.returncode == 0
    for arguments in (["score"], ["score", "-"]):
        found = charrnn(trained, *arguments, given=text.encode())
        assert (found.stdout, found.stderr) == (expected.stdout, b"")


ODD = "a\\b\tthe\x1b[2J\x9b\u2028Word\n\nZZZ\nIn\rhim"


def rows_of(table: str) -> list[list[str]]:
    header, *rows = table.removesuffix("\n").split("\n")
    assert header.split("\t") == [
        "line", "characters", "nats_per_character", "bits_per_character", "text"
    ]  # fmt: skip
    return [row.split("\t") for row in rows]


@pytest.mark.usefixtures("here")
def test_a_table_has_a_row_a_line(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "text"
    path.write_bytes(ODD.encode())
    table, said = score(capsys, "--per-line", path)
    rows = rows_of(table)
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row[4] for row in rows] == [
        r"a\\b\tthe\x1b[2J\x9b" + "\u2028Word", "", "ZZZ", "In", "him"
    ]  # fmt: skip
    # Known are the letters and the line ends; the very first letter is not scored.
    assert [row[1] for row in rows] == ["9", "1", "1", "3", "3"]
    assert said.splitlines()[-1].startswith(
        f"charrnn: {path}: unknown: 11 left out: 'Z' (U+005A) 3, "
    )
    lines = [
        json.loads(line)
        for line in score(capsys, "--per-line", "--json", path)[0].splitlines()
    ]
    assert [line["text"] for line in lines] == [
        "a\\b\tthe\x1b[2J\x9b\u2028Word", "", "ZZZ", "In", "him"
    ]  # fmt: skip
    for row, line in zip(rows, lines, strict=True):
        assert int(row[1]) == line["characters"]
        assert float(row[2]) == pytest.approx(line["nats_per_character"], abs=1e-6)
        assert line["bits_per_character"] == bits(line["nats_per_character"])
        assert float(row[3]) == pytest.approx(line["bits_per_character"], abs=1e-6)
    total = json.loads(score(capsys, "--json", path)[0])
    assert math.fsum(
        line["characters"] * line["nats_per_character"] for line in lines
    ) == pytest.approx(total["characters"] * total["nats_per_character"], rel=1e-12)


@pytest.mark.usefixtures("here")
def test_a_line_of_which_nothing_is_scored_has_no_figures(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "text"
    path.write_text("ZZ\nthe ZZ", encoding="utf-8")
    assert rows_of(score(capsys, "--per-line", path)[0])[0] == ["1", "0", "", "", "ZZ"]
    first = score(capsys, "--per-line", "--json", path)[0].splitlines()[0]
    assert json.loads(first) == {
        "line": 1,
        "characters": 0,
        "nats_per_character": None,
        "bits_per_character": None,
        "text": "ZZ",
    }


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("form", [[], ["--json"], ["--per-line"]])
@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is empty"),
        (b"ok\xff\xfe", "not UTF-8: byte 0xff at offset 2"),
        (b"a", "fewer than two characters that the model knows: nothing to predict"),
        (b"ZZZa", "fewer than two characters that the model knows: nothing to predict"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    tmp_path: Path, capsys: Capture, form: list[str], content: bytes, rule: str
) -> None:
    path = tmp_path / "text"
    path.write_bytes(content)
    assert main(["score", *form, str(path)]) == 1
    captured = capsys.readouterr()
    *_, last = captured.err.splitlines()
    assert last == f"charrnn: error: {path}: {rule}"
    assert captured.out == ""


@pytest.mark.usefixtures("here")
def test_a_file_that_is_not_there_is_refused(capsys: Capture) -> None:
    assert main(["score", "nowhere"]) == 1
    assert capsys.readouterr() == (
        "",
        "charrnn: error: nowhere: cannot be read: No such file or directory\n",
    )


def test_a_hopeless_model_has_no_perplexity(
    part: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: Path, vocabulary: Vocabulary) -> Any:
        weights = load_model(path, vocabulary)
        weights.c[:] = np.linspace(0, 1e6, len(weights.c))
        return weights

    monkeypatch.setattr("charrnn.cli.loading.load_model", load)
    assert json.loads(score(capsys, "--json", part)[0])["perplexity"] is None
    assert "perplexity  inf\n" in score(capsys, part)[0]


@POSIX
def test_a_text_can_be_typed(trained: Path) -> None:
    with Terminal(trained, "score", "--per-line") as terminal:
        prompt = "charrnn: reading the terminal; Ctrl-D ends the text\n"
        assert terminal.read(len(prompt)) == prompt
        terminal.press(b"the light\n\x04")
        assert terminal.end() == 0
        assert terminal.shown.splitlines()[-1].startswith("1\t9\t")


@POSIX
def test_ctrl_c_while_a_text_is_typed_ends_cleanly(trained: Path) -> None:
    with Terminal(trained, "score") as terminal:
        terminal.read(len("charrnn: reading the terminal; Ctrl-D ends the text\n"))
        terminal.press(b"\x03")
        assert terminal.end() == 130
        assert terminal.shown.endswith("^C\ncharrnn: stopped\n")
