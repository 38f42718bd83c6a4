"""The command line as a whole: help, version, exit codes, streams and Ctrl-C."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from charrnn.cli import interrupts
from charrnn.cli.arguments import MODEL, parser
from charrnn.cli.terminal import styled
from charrnn.errors import ArtifactError
from charrnn.settings import SampleConfig, meanings
from tests.command_line import ENVIRONMENT, Ask, Tell, python
from tests.terminals import INTERRUPTIBLE

COMMANDS = (
    "sample", "score", "export", "compare", "info", "verify", "watch", "offline-plots",
)  # fmt: skip
POSIX = pytest.mark.skipif(os.name == "nt", reason="a shell and signals of POSIX")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_the_examples_of_the_help_can_be_run(
    told: Tell, command: tuple[str, ...]
) -> None:
    output = told(*command, "--help")
    assert f"\nexamples:\n  {' '.join(['charrnn', *command])}" in output
    for line in re.findall(r"(?m)^  (charrnn .*)$", output):
        example = re.split(r"  +(?=\S)| all of|[|&<>]", line)[0]
        words = example.replace('"In the "', "In").split()[1:]
        assert parser().parse_args(words).command in COMMANDS


def test_without_a_command_the_help_is_shown(ask: Ask) -> None:
    _, shown, _ = ask("--help")
    assert ask() == (2, "", shown)


def test_the_options_of_sample_are_the_values_of_its_section() -> None:
    options = vars(parser().parse_args(["sample"]))
    fields = {name: options[name] for name in meanings(SampleConfig)}
    assert SampleConfig(**fields) == SampleConfig()
    given = parser().parse_args(["sample", "--length", "20,000", "--top-p", "1"])
    assert (given.length, given.top_p) == (20_000, 1.0)


def test_the_script_shows_the_version_of_the_package() -> None:
    script = Path(sys.executable).with_name("charrnn")
    if not script.exists():
        pytest.skip("the package is not installed here")
    shown = subprocess.run([script, "--version"], capture_output=True, check=True)
    assert shown.stdout.decode().split() == ["charrnn", metadata.version("charrnn")]


WHOLE = "should be a whole number, at least 1 and at most 1,000,000,000"
NUMBER = "should be a number, at least 0 and at most 1e+30"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ("smaple", "argument COMMAND: invalid choice: 'smaple'"),
        ("sample --temp 1", "unrecognized arguments: --temp 1"),
        ("sample --length x", f"argument --length: 'x' {WHOLE}"),
        ("sample --length 1,000,000,001", f"'1,000,000,001' {WHOLE}"),
        ("sample --count 1,000,000,001", f"'1,000,000,001' {WHOLE}"),
        ("sample --count 0", f"argument --count: '0' {WHOLE}"),
        ("sample --top-k 0", f"argument --top-k: '0' {WHOLE}"),
        ("verify --updates 1.5", f"argument --updates: '1.5' {WHOLE}"),
        ("sample --temperature -1", f"argument --temperature: '-1' {NUMBER}"),
        ("sample --temperature nan", f"'nan' {NUMBER}"),
        ("sample --temperature inf", f"'inf' {NUMBER}"),
        ("sample --top-p 0", "'0' should be a number, above 0 and at most 1"),
        ("sample --seed 4294967296", "at least 0 and below 4,294,967,296"),
        ("sample --prime=", "--prime: '' should be a text, of at least 1 character"),
        ("export", "the following arguments are required: --to"),
        ("export --to keras", "invalid choice: 'keras'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    ask: Ask, arguments: str, rule: str
) -> None:
    code, output, error = ask(*arguments.split())
    assert (code, output, error.count("\n")) == (2, "", 1)
    assert error.startswith("charrnn: error: ")
    assert error.endswith("--help)\n")
    assert rule in error


@pytest.mark.parametrize("option", ["--a\nb", "--length=1\n2", "--length=\x1b[2J"])
def test_an_option_with_a_newline_is_one_line(ask: Ask, option: str) -> None:
    code, output, error = ask("sample", option)
    assert (code, output) == (2, "")
    assert error.removesuffix("\n").isprintable()


LONG = "x" * 300


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["info", "--model", LONG], f"{LONG}: cannot be read: File name too long"),
        (
            ["info", "--model", "/dev/zero"],
            "/dev/zero: cannot be read: not a regular file",
        ),
        (["score", LONG], f"{LONG}: cannot be read: File name too long"),
        (["score", "/dev/zero"], "/dev/zero: cannot be read: not a regular file"),
        *(
            (
                ["export", "--to", "numpy", "--force", "--output", path],
                f"{path or '.'}: cannot be written: {reason}",
            )
            for path, reason in {
                "/": "Is a directory",
                ".": "Is a directory",
                "": "Is a directory",
                "data": "Is a directory",
                LONG: "File name too long",
            }.items()
        ),
    ],
)
def test_an_odd_path_is_one_line_that_names_the_path(
    ask: Ask, arguments: list[str], rule: str
) -> None:
    assert ask(*arguments) == (1, "", f"charrnn: error: {rule}\n")


@POSIX
@pytest.mark.parametrize(
    ("stream", "rule"),
    [
        ("<&-", "is closed"),
        ("< /proc/self/mem", "cannot be read: Input/output error"),
    ],
)
def test_a_standard_input_that_cannot_be_read_is_one_line(
    here: Path, stream: str, rule: str
) -> None:
    done = shell(f"charrnn score {stream}", here)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"charrnn: error: the standard input: {rule}"
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(2, "No such file or directory", "a"), "a: No such file or directory"),
        (OSError("no locator"), "no locator"),
    ],
)
def test_an_error_of_the_system_is_not_said_of_the_streams(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def run(_: object) -> int:
        raise error

    monkeypatch.setattr("charrnn.cli.info.run", run)
    assert ask("info") == (1, "", f"charrnn: error: {said}\n")


@pytest.mark.parametrize("command", ["sample", "score"])
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("NUMBA_DISABLE_JIT", "1", "NUMBA_DISABLE_JIT is set: unset it, .*"),
        ("NUMBA_NUM_THREADS", "0", "cannot start: Number of threads .* must be > 0."),
    ],
)
def test_an_odd_environment_is_one_line(
    here: Path, command: str, variable: str, value: str, said: str
) -> None:
    done = python(here, "-m", "charrnn", command, **{variable: value})
    assert done.returncode == 1
    assert re.fullmatch(f"charrnn: error: {said}\n", done.stderr)


@pytest.mark.parametrize("command", ["sample", "score", "export --to numpy", "info"])
def test_without_a_model_the_reader_learns_what_to_do(
    refusal: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(*command.split()) == (
        f"{MODEL}: there is no such file; dvc repro makes the file, --model names "
        f"another one"
    )
    assert list(tmp_path.iterdir()) == []


def test_no_command_waits_for_packages_that_it_does_not_need(tmp_path: Path) -> None:
    program = """
import sys; from charrnn.cli.main import main
needed = ["numba", "matplotlib", "numpy", "pydantic", "annotated_types"]
for command in ("--help", "--version", "sample --help", "info"):
    main(command.split())
    print("loaded", *[name for name in needed if name in sys.modules])
"""
    loaded = re.findall("(?m)^loaded(.*)$", python(tmp_path, "-c", program).stdout)
    assert loaded[:3] == ["", "", " annotated_types"]
    assert not {"numba", "matplotlib"} & set(loaded[3].split())


@pytest.mark.parametrize(
    ("command", "end"),
    [
        ("{ charrnn --help; echo $? >&2; } | true", (0, "0\n")),
        ("charrnn --help >&-", (0, "")),
        ("charrnn --help 2>&-", (0, "")),
        pytest.param(
            "charrnn --help > /dev/full",
            (1, "charrnn: error: the standard output: No space left on device\n"),
            marks=pytest.mark.skipif(
                sys.platform != "linux", reason="has no such device"
            ),
        ),
    ],
)
@POSIX
def test_a_closed_or_full_stream_ends_without_a_traceback(
    tmp_path: Path, command: str, end: tuple[int, str]
) -> None:
    shell = command.replace("charrnn", f'"{sys.executable}" -m charrnn')
    done = subprocess.run(
        ["sh", "-c", shell],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == end


@pytest.mark.skipif(os.name == "nt", reason="names of terminals of POSIX")
@pytest.mark.parametrize(
    ("terminal", "name", "no_color", "shown"),
    [
        (True, "xterm", "", "\x1b[1mtext\x1b[0m"),
        (True, "xterm", "1", "text"),
        (True, "dumb", "", "text"),
        (False, "xterm", "", "text"),
    ],
)
def test_styles_are_for_terminals_that_know_them(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    name: str,
    no_color: str,
    shown: str,
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", name)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert styled("text", "bold", stream) == shown


def shell(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    python = f'"{sys.executable}" -m charrnn'
    return subprocess.run(
        ["sh", "-c", command.replace("charrnn", python, 1)],
        cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@POSIX
@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v of Linux")
def test_too_little_memory_is_one_line(here: Path) -> None:
    for megabytes in (200, 300):
        done = shell(f"ulimit -v {megabytes << 10}; charrnn sample --length 9", here)
        assert re.fullmatch(r"charrnn: error: .+\n", done.stderr), done.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Give Ctrl-C its default effect, which a background job lacks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_an_exception_while_a_file_is_written_and_afterwards() -> None:
    with interrupts.at_once():
        assert signal.getsignal(signal.SIGINT) is interrupts._end
        with pytest.raises(KeyboardInterrupt), interrupts.as_exception():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is interrupts._end
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_left_alone_where_it_is_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts.at_once(), interrupts.as_exception():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


# A callback from C, as in LLVM while it compiles: an exception in it would be lost.
CALLBACK = """
import ctypes, signal, sys
from charrnn.cli import info, main
def run(options):
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()
    sys.stdout.write("resumed")
    return 0
info.run = run
sys.exit(main.main(["info"]))
"""


@POSIX
def test_ctrl_c_in_a_callback_is_not_lost(tmp_path: Path) -> None:
    done = python(tmp_path, "-c", INTERRUPTIBLE, "-c", CALLBACK)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "charrnn: stopped\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ArtifactError("no"), 1, "charrnn: error: no\n"),
        (MemoryError(), 1, "charrnn: error: not enough memory\n"),
        (KeyboardInterrupt(), 130, "charrnn: stopped\n"),
    ],
)
def test_an_error_is_one_line_below_the_output_so_far(
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    said: str,
) -> None:
    def run(_: object) -> int:
        sys.stdout.write("found so far\n")
        raise error

    monkeypatch.setattr("charrnn.cli.info.run", run)
    assert ask("info") == (code, "found so far\n", said)
