"""``charrnn sample`` writes what the pipeline's stage writes, and as much as is read."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.cli.main import main
from charrnn.files.artifacts import write_bytes, write_json
from charrnn.files.models import model_bytes
from charrnn.files.prepared import load_vocabulary, vocabulary_content
from charrnn.network.model import initial_weights
from charrnn.text.vocabulary import Vocabulary
from stages import sample
from stages.runtime import paths
from tests.command_line import ENVIRONMENT, charrnn, make_trained
from tests.conftest import Project
from tests.terminals import INTERRUPTIBLE, Terminal

POSIX = pytest.mark.skipif(os.name == "nt", reason="terminals and signals of POSIX")
Capture = pytest.CaptureFixture[bytes]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def here(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


def write(capture: Capture, *arguments: object) -> bytes:
    assert main(["sample", *map(str, arguments)]) == 0
    captured = capture.readouterr()
    assert captured.err == b""
    return captured.out


@pytest.mark.parametrize(
    "values",
    [
        {"prime": "the "},
        {"prime": None, "length": 1},
        {"prime": "the Word", "length": 300, "temperature": 0.7, "seed": 2},
        {"prime": "\n", "top_k": 3},
        {"prime": "—", "top_p": 0.8},
        {
            "prime": "λ",
            "temperature": 0.0,
            "top_k": 10,
            "top_p": 0.9,
            "seed": 2**32 - 1,
        },
    ],
)
def test_the_text_is_the_stages(
    here: Path, capsysbinary: Capture, values: dict[str, Any]
) -> None:
    project = Project.__new__(Project)  # as it is, with other values
    project.folder, project.values = here, json.loads(Path("params.yaml").read_text())
    before = Path("params.yaml").read_bytes()
    try:
        project.configure(sample={"length": 60, **values})
        sample.main()
    finally:
        Path("params.yaml").write_bytes(before)
    capsysbinary.readouterr()
    expected = paths.SAMPLE.read_bytes()
    options = [
        word
        for name, value in ({"length": 60} | values).items()
        if value is not None
        for word in (f"--{name.replace('_', '-')}", value)
    ]
    assert write(capsysbinary, *options) == expected


@pytest.mark.usefixtures("here")
def test_without_a_prime_it_begins_as_after_a_line_end(capsysbinary: Capture) -> None:
    text = write(capsysbinary, "--length", 50)
    assert b"\n" + text == write(capsysbinary, "--length", 50, "--prime", "\n")
    assert len(text.decode()) == 51


def make_model(folder: Path, characters: str, scale: float = 1.0) -> tuple[str, ...]:
    """Write a network that knows these characters; return the options that name it."""
    vocabulary = Vocabulary.of(characters)
    rng = np.random.default_rng(1)
    weights = initial_weights(
        4, vocabulary.size, sigma=scale, dtype=np.float32, rng=rng
    )
    write_json(folder / "v.json", vocabulary_content(vocabulary))
    write_bytes(folder / "m.safetensors", model_bytes(weights, vocabulary))
    return (
        "--model", str(folder / "m.safetensors"), "--vocabulary", str(folder / "v.json")
    )  # fmt: skip


def test_a_model_that_knows_no_line_end_begins_after_its_first_character(
    tmp_path: Path, capsysbinary: Capture
) -> None:
    options = (*make_model(tmp_path, "abcdefgh", 2.0), "--count", 30, "--json")

    def texts(*prime: str) -> list[str]:
        rows = write(capsysbinary, *options, "--length", 3, *prime).splitlines()
        return [json.loads(row)["text"][-3:] for row in rows]

    assert texts() == texts("--prime", "a")
    assert texts() != texts("--prime", "h")


@pytest.mark.usefixtures("here")
def test_several_texts_stand_under_their_numbers(capsysbinary: Capture) -> None:
    text = write(capsysbinary, "--count", 3, "--length", 40, "--prime", "the").decode()
    parts = re.findall(r"=== (\d)\n(the(?:.|\n){40})\n\n", text)
    assert [number for number, _ in parts] == ["1", "2", "3"]
    assert len(text) == 3 * len("=== 1\nthe\n\n" + 40 * "a")
    texts = [one for _, one in parts]
    assert len(set(texts)) == 3
    alone = write(capsysbinary, "--length", 40, "--prime", "the")
    assert texts[0] + "\n" == alone.decode()
    five = write(capsysbinary, "--count", 5, "--length", 40, "--prime", "the", "--json")
    rows = [json.loads(line) for line in five.splitlines()]
    assert [row["text"] for row in rows[:3]] == texts
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert {row["prime"] for row in rows} == {"the"}


@pytest.mark.usefixtures("here")
def test_json_holds_whatever_is_written(capsysbinary: Capture) -> None:
    row = json.loads(write(capsysbinary, "--length", 3000, "--json"))
    assert row == {
        "number": 1,
        "prime": "",
        "text": write(capsysbinary, "--length", 3000).decode().removesuffix("\n"),
    }
    assert {"\n", "🙂", "—"} <= set(row["text"])


@pytest.mark.usefixtures("here")
def test_a_long_text_in_pieces_begins_like_a_short_one(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = write(capsysbinary, "--length", 700, "--seed", 5)
    monkeypatch.setattr("charrnn.cli.sample.steps_at_once", lambda _: 1)
    long = write(capsysbinary, "--length", 701, "--seed", 5)
    assert long.decode()[:700] == short.decode()[:700]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("prime", "rule"),
    [
        ("", "--prime is '': it should have at least one character"),
        (
            "the Q",
            "--prime is 'the Q': character 'Q' (U+0051) at position 4 is not among",
        ),
        ("\x1b[2J", r"--prime is '\x1b[2J': character '\x1b' (U+001B)"),
    ],
)
def test_an_impossible_prime_is_refused(
    capsys: pytest.CaptureFixture[str], prime: str, rule: str
) -> None:
    assert main(["sample", "--prime", prime]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"charrnn: error: {rule}")
    assert captured.err.count("\n") == 1


def test_a_model_of_another_vocabulary_is_refused(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_model(tmp_path, "abc")
    assert main(["sample", "--model", str(tmp_path / "m.safetensors")]) == 1
    said = capsys.readouterr().err
    assert said.endswith("m.safetensors: was trained with another vocabulary\n")
    assert load_vocabulary(here / paths.VOCABULARY).size > 3


def test_it_works_from_any_folder(trained: Path, tmp_path: Path) -> None:
    done = charrnn(
        tmp_path, "sample", "--length", "20",
        "--model", str(trained / paths.BEST),
        "--vocabulary", str(trained / paths.VOCABULARY),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == charrnn(trained, "sample", "--length", "20").stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
)
def test_the_text_is_utf8_in_every_locale(
    trained: Path, locale: dict[str, str]
) -> None:
    usual = charrnn(trained, "sample", "--length", "500")
    assert "🙂" in usual.stdout.decode("utf-8")
    other = charrnn(trained, "sample", "--length", "500", given=b"", **locale)
    assert (other.stdout, other.stderr) == (usual.stdout, b"")


def sampling(
    folder: Path, *arguments: str, **changes: str
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "-m", "charrnn", "sample", *arguments],
        cwd=folder,
        env=ENVIRONMENT | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@POSIX
@pytest.mark.parametrize("form", [(), ("--json",), ("--count", "1,000,000")])
def test_a_reader_who_has_enough_is_no_error(
    trained: Path, form: tuple[str, ...]
) -> None:
    # Of a thousand million characters: it neither makes them all nor room for them.
    with sampling(trained, "--length", "1,000,000,000", *form) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@POSIX
def test_stopped_in_a_pipe_it_has_written_what_it_had(trained: Path) -> None:
    with sampling(trained, "--length", "1,000,000,000") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        begin = process.stdout.read(10)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130
        assert process.stderr.read() == b"charrnn: stopped\n"
    text = (begin + rest).decode("utf-8")
    expected = charrnn(trained, "sample", "--length", str(len(text)))
    assert expected.stdout.decode().removesuffix("\n") == text


@POSIX
def test_ctrl_c_while_compiling_ends_cleanly(trained: Path, tmp_path: Path) -> None:
    telling = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DEBUG_CACHE": "1"}
    arguments = ("--length", "1,000,000,000")
    with sampling(trained, *arguments, **telling, PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # The first function is compiled, others are under way.
        assert any(b"[cache] data saved" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"charrnn: stopped\n"


@POSIX
@pytest.mark.parametrize("plain", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_shows_the_prime_in_bold(
    trained: Path, plain: dict[str, str]
) -> None:
    arguments = ("sample", "--prime", "the ", "--length", "200")
    piped = charrnn(trained, *arguments).stdout.decode()
    with Terminal(trained, *arguments, **plain) as terminal:
        assert terminal.end() == 0
        prime = "the " if plain else "\x1b[1mthe \x1b[0m"
        assert terminal.shown == prime + piped.removeprefix("the ")


@POSIX
@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}])
def test_ctrl_c_in_a_terminal_leaves_the_cursor_on_a_new_line(
    trained: Path, colour: dict[str, str]
) -> None:
    arguments = ("sample", "--prime", "the ", "--length", "1,000,000,000")
    with Terminal(trained, *arguments, **colour) as terminal:
        terminal.read(100)
        terminal.press(b"\x03")
        assert terminal.end() == 130
        assert terminal.shown.endswith("\ncharrnn: stopped\n")
        assert "Traceback" not in terminal.shown
        assert "ignored" not in terminal.shown


HOSTILE = "\x00\x07\x08\t\n\r\x1b\x7f\x80\x9b\x9f ab"


@POSIX
def test_a_terminal_is_not_steered_by_a_hostile_book(tmp_path: Path) -> None:
    options = ("sample", *make_model(tmp_path, HOSTILE, 0.1), "--length", "600")
    piped = charrnn(tmp_path, *options).stdout.decode()
    assert set(piped) == set(HOSTILE)  # a pipe gets the text as it is
    shown = {
        "\x00": "␀", "\x07": "␇", "\x08": "␈", "\r": "␍", "\x1b": "␛", "\x7f": "␡",
        "\x80": "�", "\x9b": "�", "\x9f": "�",
    }  # fmt: skip
    expected = "".join(shown.get(character, character) for character in piped)
    with Terminal(tmp_path, *options, NO_COLOR="1") as terminal:
        assert terminal.end() == 0
        assert terminal.shown == expected
    more = ("--prime", "\x1ba")
    with Terminal(tmp_path, *options, *more, NO_COLOR="1") as terminal:
        assert terminal.end() == 0
        assert terminal.shown.startswith("␛a")
