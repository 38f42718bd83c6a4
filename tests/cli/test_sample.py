"""``charrnn sample`` writes what the pipeline's stage writes, and as much as is read."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.files.artifacts import write_bytes
from charrnn.files.models import load_model, model_bytes
from charrnn.network.model import Model, initial_weights, zeros_like
from charrnn.network.sampling import continue_text
from charrnn.network.streams import Purpose, stream
from charrnn.settings import Choice, Recipe
from charrnn.text.vocabulary import Vocabulary
from stages import sample
from stages.runtime import paths
from tests.command_line import ENVIRONMENT, Ask, Tell, python
from tests.conftest import VALUES
from tests.terminals import INTERRUPTIBLE, Terminal

POSIX = pytest.mark.skipif(os.name == "nt", reason="terminals and signals of POSIX")
ENDLESS = ("--length", "10,000,000")


@pytest.fixture
def write(told: Tell) -> Tell:
    return lambda *arguments: told("sample", *arguments)


@pytest.mark.parametrize(
    "values",
    [
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
def test_the_text_is_the_stages(write: Tell, values: dict[str, Any]) -> None:
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
def test_without_a_prime_it_begins_as_after_a_newline(write: Tell) -> None:
    text = write("--length", 50)
    assert "\n" + text == write("--length", 50, "--prime", "\n")
    assert len(text) == 51


def make_model(folder: Path, characters: str, scale: float) -> tuple[str, ...]:
    """Write a network that knows these characters; return the options that name it."""
    vocabulary = Vocabulary.of(characters)
    rng = np.random.default_rng(1)
    weights = initial_weights(
        4, vocabulary.size, sigma=scale, dtype=np.float32, rng=rng
    )
    model = Model(weights, weights.zero_state(), zeros_like(weights))
    write_bytes(folder / "m.safetensors", model_bytes(model, vocabulary, Recipe()))
    return "--model", str(folder / "m.safetensors")


def test_a_model_that_knows_no_newline_begins_after_its_first_character(
    tmp_path: Path, write: Tell
) -> None:
    options = (*make_model(tmp_path, "abcdefgh", 2.0), "--count", 30, "--json")

    def texts(*prime: str) -> list[str]:
        rows = write(*options, "--length", 3, *prime).splitlines()
        return [json.loads(row)["text"][-3:] for row in rows]

    assert texts() == texts("--prime", "a")
    assert texts() != texts("--prime", "h")


@pytest.mark.usefixtures("here")
def test_a_text_begins_in_the_state_that_training_reached_or_in_the_zero_state(
    write: Tell,
) -> None:
    weights, hidden, _ = load_model(paths.BEST).model
    vocabulary = load_model(paths.BEST).vocabulary
    assert hidden.any()
    for state, option in ((weights.zero_state(), ["--from-zero"]), (hidden, [])):
        ids = continue_text(
            weights,
            vocabulary.encode("\n"),
            state,
            length=300,
            choice=Choice(),
            rng=stream(Purpose.SAMPLE, 1),
        )
        assert write("--length", 300, *option) == vocabulary.decode(ids) + "\n"


@pytest.mark.usefixtures("here")
def test_several_texts_are_written_below_their_numbers(write: Tell) -> None:
    options = ("--length", 40, "--prime", "the")
    rows = write("--count", 5, *options, "--json").splitlines()
    found = [json.loads(row) for row in rows]
    texts = [row["text"] for row in found]
    assert found == [
        {"number": number, "prime": "the", "text": text}
        for number, text in enumerate(texts, 1)
    ]
    assert len(set(texts)) == 5
    assert texts[0] + "\n" == write(*options)
    assert write("--count", 3, *options) == "".join(
        f"=== {number}\n{text}\n\n" for number, text in enumerate(texts[:3], 1)
    )


@pytest.mark.usefixtures("here")
def test_pieces_and_json_change_no_character(
    write: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write("--length", 3000).removesuffix("\n")
    assert {"\n", "🙂", "—"} <= set(whole)
    monkeypatch.setattr("charrnn.network.sampling.steps_at_once", lambda _: 1)
    row = json.loads(write("--length", 3001, "--json"))
    assert row == {"number": 1, "prime": "", "text": row["text"]}
    assert row["text"][:-1] == whole


@pytest.mark.usefixtures("here")
def test_an_impossible_prime_is_refused(refusal: Tell) -> None:
    reason = refusal("sample", "--prime", "\x1bQ")
    assert reason.startswith(
        r"--prime is '\x1bQ': character '\x1b' (U+001B) at position"
    )


@pytest.mark.slow
def test_the_text_is_utf8_in_every_locale_and_folder(
    finished: Path, tmp_path: Path, write: Tell
) -> None:
    options = ("--length", "500", "--model", str(finished / paths.BEST))
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-16"}
    done = python(tmp_path, "-m", "charrnn", "sample", *options, **locale)
    assert (done.stdout, done.stderr) == (write(*options), "")
    assert "🙂" in done.stdout
    assert list(tmp_path.iterdir()) == []


@contextmanager
def sampling(
    folder: Path, *options: str, **changes: str
) -> Iterator["tuple[subprocess.Popen[bytes], Any]"]:
    """Start an endless text in a pipe; yield the process and its standard output."""
    command = ("-c", INTERRUPTIBLE, "-m", "charrnn", "sample", *ENDLESS, *options)
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=ENVIRONMENT | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        yield process, process.stdout


def end(process: "subprocess.Popen[bytes]") -> tuple[int, bytes]:
    assert process.stderr is not None
    return process.wait(60), process.stderr.read()


@POSIX
@pytest.mark.slow
def test_a_reader_that_closes_the_pipe_is_no_error(finished: Path) -> None:
    # A text of 10^9 characters is neither written to the end nor held in memory.
    with sampling(finished, "--json") as (process, output):
        assert output.read(100).startswith(b'{"number": 1, "prime": "", "text": "')
        output.close()
        assert end(process) == (0, b"")


@POSIX
@pytest.mark.slow
def test_stopped_in_a_pipe_it_has_written_the_beginning(
    here: Path, write: Tell
) -> None:
    with sampling(here) as (process, output):
        begin = output.read(10)
        process.send_signal(signal.SIGINT)
        text = (begin + output.read()).decode("utf-8")
        assert end(process) == (130, b"charrnn: stopped\n")
    assert write("--length", len(text)).removesuffix("\n") == text


@POSIX
@pytest.mark.slow
def test_ctrl_c_while_compiling_ends_cleanly(finished: Path, tmp_path: Path) -> None:
    saying = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DEBUG_CACHE": "1"}
    with sampling(finished, **saying, PYTHONUNBUFFERED="1") as (process, output):
        # The first function is compiled, the others are not.
        assert any(b"[cache] data saved" in line for line in output)
        process.send_signal(signal.SIGINT)
        assert end(process) == (130, b"charrnn: stopped\n")


@POSIX
@pytest.mark.slow
def test_a_terminal_shows_the_prime_in_bold_and_the_text_until_ctrl_c(
    here: Path, write: Tell
) -> None:
    with Terminal(here, "sample", "--prime", "the ", *ENDLESS) as terminal:
        seen = terminal.read(100)[:100]
        terminal.press(b"\x03")
        code, shown = terminal.end()
    bold = "\x1b[1mthe \x1b[0m"
    text = write("--prime", "the ", "--length", 100).removeprefix("the ")
    assert seen == (bold + text)[:100]
    assert code == 130
    assert shown.endswith("\ncharrnn: stopped\n")
    assert "Traceback" not in shown
    assert "ignored" not in shown


HOSTILE = "\x00\x07\x08\t\n\r\x1b\x7f\x80\x9b\u202e ab"
SHOWN = [
    "␀",
    "␇",
    "␈",
    "\t",
    "\n",
    "␍",
    "␛",
    "␡",
    r"\u0080",
    r"\u009b",
    r"\u202e",
    *" ab",
]


@POSIX
@pytest.mark.slow
def test_a_terminal_gets_no_control_character(tmp_path: Path, write: Tell) -> None:
    model = make_model(tmp_path, HOSTILE, 0.1)
    options = (*model, "--length", "600", "--prime", "\x1ba")
    piped = write(*options)
    assert set(piped) == set(HOSTILE)  # a pipe gets the text unchanged
    shown = piped.translate(str.maketrans(dict(zip(HOSTILE, SHOWN, strict=True))))
    with Terminal(tmp_path, "sample", *options, TERM="dumb") as terminal:
        assert terminal.end() == (0, shown)


LIST = "abc\nfgh\nde\n"


def test_items_are_whole_lines_of_a_list(tmp_path: Path, write: Tell) -> None:
    options = (*make_model(tmp_path, LIST, 1.0), "--seed", 3)
    endless = write(*options, "--length", 5000).removesuffix("\n")
    for items in (1, 2, 20):
        lines = endless.split("\n")[:items]
        assert write(*options, "--items", items) == "\n".join(lines) + "\n"
        row = json.loads(write(*options, "--items", items, "--json"))
        assert row["text"] == "\n".join(lines) + "\n"
    begun = write(*options, "--items", 3, "--prime", "ab")
    assert begun.startswith("ab")
    assert begun.count("\n") == 3
    assert write(*options, "--items", 900, "--length", 1) == endless[:900] + "\n"
    two = write(*options, "--items", 2, "--count", 2)
    assert two.startswith(
        "=== 1\n" + "\n".join(endless.split("\n")[:2]) + "\n\n=== 2\n"
    )


@pytest.mark.parametrize("piece", [1, 7, 5000])
def test_a_text_ends_where_the_stop_has_been_written(
    tmp_path: Path, write: Tell, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charrnn.network.sampling.steps_at_once", lambda _: 4 * piece)
    options = (*make_model(tmp_path, LIST, 1.0), "--length", 5000)
    endless = write(*options).removesuffix("\n")
    for stop in (endless[0], endless[40:44], endless[100:107], "abcdefgh" * 9):
        end = endless.find(stop)
        whole = endless[: end + len(stop)] if end >= 0 else endless
        assert write(*options, "--stop", stop) == whole + "\n"


@pytest.mark.usefixtures("here")
def test_a_prime_may_come_from_a_file(
    write: Tell, refusal: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    prime = "the darkness" * 20_000  # too long for a command line
    Path("prime.txt").write_bytes(b"\xef\xbb\xbf" + prime.encode())
    text = write("--prime-file", "prime.txt", "--length", 9)
    assert text.startswith(prime)
    assert len(text) == len(prime) + 10
    stream = io.TextIOWrapper(io.BytesIO(prime.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert write("--prime-file", "-", "--length", 9) == text
    assert refusal("sample", "--prime-file", "prime.txt", "--prime", "the") == (
        "--prime and --prime-file are two primes: give one of them"
    )
    Path("prime.txt").write_bytes(b"")
    assert refusal("sample", "--prime-file", "prime.txt") == (
        "prime.txt: the book is empty"
    )


@pytest.mark.usefixtures("here")
def test_what_a_shell_makes_of_a_prime_is_explained(
    tmp_path: Path, refusal: Tell, ask: Ask
) -> None:
    reason = refusal("sample", "--prime", r"the\n")
    assert reason.endswith(r"; a shell passes \n as two characters: type $'...\n'")
    for option in ("--stop", "--items"):
        model = make_model(tmp_path, "abc", 1.0)
        reason = refusal("sample", *model, option, "5")
        assert reason.startswith(f"{option} ")
        assert " is not among the 3 of the vocabulary" in reason
    code, _, error = ask("sample", "--prime", "--x")
    assert code == 2
    assert "; one that begins with - is typed as --prime=-..." in error
