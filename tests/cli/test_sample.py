"""``charrnn sample`` writes what the pipeline's stage writes, and as much as is read."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.files.artifacts import write_bytes, write_json
from charrnn.files.models import model_bytes
from charrnn.files.prepared import vocabulary_content
from charrnn.network.model import initial_weights
from charrnn.text.vocabulary import Vocabulary
from stages import sample
from stages.runtime import paths
from tests.command_line import ENVIRONMENT, charrnn
from tests.conftest import VALUES
from tests.terminals import INTERRUPTIBLE, Terminal

POSIX = pytest.mark.skipif(os.name == "nt", reason="terminals and signals of POSIX")
ENDLESS = ("--length", "1,000,000,000")
Write = Callable[..., str]


@pytest.fixture
def write(ask: Callable[..., tuple[int, str, str]]) -> Write:
    def written(*arguments: object) -> str:
        code, output, error = ask("sample", *arguments)
        assert (code, error) == (0, "")
        return output

    return written


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
@pytest.mark.usefixtures("here")
def test_the_text_is_the_stages(write: Write, values: dict[str, Any]) -> None:
    values = {"length": 60} | values
    content = VALUES | {"sample": VALUES["sample"] | values}
    Path("params.yaml").write_text(json.dumps(content), encoding="utf-8")
    sample.main()
    options = [
        word
        for name, value in values.items()
        if value is not None
        for word in (f"--{name.replace('_', '-')}", value)
    ]
    assert write(*options) == paths.SAMPLE.read_bytes().decode()


@pytest.mark.usefixtures("here")
def test_without_a_prime_it_begins_as_after_a_newline(write: Write) -> None:
    text = write("--length", 50)
    assert "\n" + text == write("--length", 50, "--prime", "\n")
    assert len(text) == 51


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


def test_a_model_that_knows_no_newline_begins_after_its_first_character(
    tmp_path: Path, write: Write
) -> None:
    options = (*make_model(tmp_path, "abcdefgh", 2.0), "--count", 30, "--json")

    def texts(*prime: str) -> list[str]:
        rows = write(*options, "--length", 3, *prime).splitlines()
        return [json.loads(row)["text"][-3:] for row in rows]

    assert texts() == texts("--prime", "a")
    assert texts() != texts("--prime", "h")


@pytest.mark.usefixtures("here")
def test_several_texts_stand_under_their_numbers(write: Write) -> None:
    options = ("--length", 40, "--prime", "the")
    text = write("--count", 3, *options)
    parts = re.findall(r"=== (\d)\n(the(?:.|\n){40})\n\n", text)
    assert [number for number, _ in parts] == ["1", "2", "3"]
    assert len(text) == 3 * len("=== 1\nthe\n\n" + 40 * "a")
    texts = [one for _, one in parts]
    assert len(set(texts)) == 3
    assert texts[0] + "\n" == write(*options)
    rows = write("--count", 5, *options, "--json").splitlines()
    assert [json.loads(row) for row in rows[:3]] == [
        {"number": number, "prime": "the", "text": one}
        for number, one in enumerate(texts, 1)
    ]
    assert len(rows) == 5


@pytest.mark.usefixtures("here")
def test_pieces_and_json_change_no_character(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write("--length", 3000).removesuffix("\n")
    assert {"\n", "🙂", "—"} <= set(whole)
    monkeypatch.setattr("charrnn.cli.sample.steps_at_once", lambda _: 1)
    row = json.loads(write("--length", 3001, "--json"))
    assert row == {"number": 1, "prime": "", "text": row["text"]}
    assert row["text"][:-1] == whole


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("prime", "rule"),
    [
        ("the Q", "'the Q': character 'Q' (U+0051) at position 4 is not among"),
        ("\x1b[2J", r"'\x1b[2J': character '\x1b' (U+001B)"),
    ],
)
def test_an_impossible_prime_is_refused(ask: Any, prime: str, rule: str) -> None:
    code, output, error = ask("sample", "--prime", prime)
    assert (code, output) == (1, "")
    assert error.startswith(f"charrnn: error: --prime is {rule}")
    assert error.count("\n") == 1


@pytest.mark.usefixtures("here")
def test_a_model_of_another_vocabulary_is_refused(tmp_path: Path, ask: Any) -> None:
    make_model(tmp_path, "abc")
    code, _, error = ask("sample", "--model", tmp_path / "m.safetensors")
    assert code == 1
    assert re.search(r"m\.safetensors: .* with another vocabulary\n$", error)


@pytest.mark.slow
@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
)
def test_the_text_is_utf8_in_every_locale_and_folder(
    here: Path, tmp_path: Path, write: Write, locale: dict[str, str]
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    options = (
        "--length", "500", "--model", str(here / paths.BEST),
        "--vocabulary", str(here / paths.VOCABULARY),
    )  # fmt: skip
    done = charrnn(folder, "sample", *options, given=b"", **locale)
    text = done.stdout.decode("utf-8")
    assert (text, done.stderr) == (write(*options), b"")
    assert "🙂" in text
    assert list(folder.iterdir()) == []


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
@pytest.mark.slow
@pytest.mark.parametrize("form", [(), ("--json",), ("--count", "1,000,000")])
def test_a_reader_that_closes_the_pipe_is_no_error(
    trained: Path, form: tuple[str, ...]
) -> None:
    # A text of 10^9 characters is neither written to the end nor held in memory.
    with sampling(trained, *ENDLESS, *form) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


@POSIX
@pytest.mark.slow
def test_stopped_in_a_pipe_it_has_written_the_beginning(
    here: Path, write: Write
) -> None:
    with sampling(here, *ENDLESS) as process:
        assert process.stdout is not None
        begin = process.stdout.read(10)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"charrnn: stopped\n"
    text = (begin + rest).decode("utf-8")
    assert write("--length", len(text)).removesuffix("\n") == text


@POSIX
@pytest.mark.slow
def test_ctrl_c_while_compiling_ends_cleanly(trained: Path, tmp_path: Path) -> None:
    saying = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DEBUG_CACHE": "1"}
    with sampling(trained, *ENDLESS, **saying, PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # The first function is compiled, the others are not.
        assert any(b"[cache] data saved" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"charrnn: stopped\n"


@POSIX
@pytest.mark.slow
def test_a_terminal_shows_the_prime_in_bold(here: Path, write: Write) -> None:
    arguments = ("--prime", "the ", "--length", "200")
    with Terminal(here, "sample", *arguments) as terminal:
        assert terminal.end() == 0
        text = write(*arguments).removeprefix("the ")
        assert terminal.shown == f"\x1b[1mthe \x1b[0m{text}"


@POSIX
@pytest.mark.slow
def test_ctrl_c_in_a_terminal_leaves_the_cursor_on_a_new_line(trained: Path) -> None:
    with Terminal(trained, "sample", "--prime", "the ", *ENDLESS) as terminal:
        terminal.read(100)
        terminal.press(b"\x03")
        assert terminal.end() == 130
        assert terminal.shown.endswith("\ncharrnn: stopped\n")
        assert "Traceback" not in terminal.shown
        assert "ignored" not in terminal.shown


HOSTILE = "\x00\x07\x08\t\n\r\x1b\x7f\x80\x9b\x9f ab"
SHOWN = "␀␇␈\t\n␍␛␡��� ab"


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_gets_no_control_character(
    tmp_path: Path, write: Write, plain: dict[str, str]
) -> None:
    model = make_model(tmp_path, HOSTILE, 0.1)
    options = (*model, "--length", "600", "--prime", "\x1ba")
    piped = write(*options)
    assert set(piped) == set(HOSTILE)  # a pipe gets the text unchanged
    with Terminal(tmp_path, "sample", *options, **plain) as terminal:
        assert terminal.end() == 0
        assert terminal.shown == piped.translate(str.maketrans(HOSTILE, SHOWN))
