"""The command line as a whole: help, version, exit codes, streams and Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from charrnn.cli import interrupts
from charrnn.cli.arguments import MODEL, parser
from charrnn.errors import ArtifactError
from charrnn.settings import SampleConfig, meanings
from tests.command_line import ENVIRONMENT, charrnn
from tests.terminals import INTERRUPTIBLE

COMMANDS = ("sample", "score", "export", "info", "verify", "offline-plots")
Ask = Callable[..., tuple[int, str, str]]
POSIX = pytest.mark.skipif(os.name == "nt", reason="a shell and signals of POSIX")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_shows_examples_that_can_be_run(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "82")  # of which argparse leaves two
    code, output, error = ask(*command, "--help")
    assert (code, error) == (0, "")
    assert output.startswith(" ".join(["usage: charrnn", *command]))
    assert f"\nexamples:\n  {' '.join(['charrnn', *command])}" in output
    lines = output.splitlines()
    assert max(map(len, lines)) <= 80
    for line in lines:
        if line.startswith("  charrnn "):
            example = re.split(r"  +(?=\S)| all of|[|&<>]", line.strip())[0]
            words = example.replace('"In the "', "In").split()[1:]
            assert parser().parse_args(words).command in COMMANDS


def test_the_options_of_sample_are_the_values_of_its_section() -> None:
    options = vars(parser().parse_args(["sample"]))
    fields = {name: options[name] for name in meanings(SampleConfig)}
    assert SampleConfig(**fields) == SampleConfig()
    given = parser().parse_args(["sample", "--length", "20,000", "--top-p", "1"])
    assert (given.length, given.top_p) == (20_000, 1.0)


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    shown = charrnn(tmp_path, "--version")
    assert shown.stdout.decode().split() == ["charrnn", metadata.version("charrnn")]
    assert shown.returncode == 0


def test_the_script_and_the_module_are_the_same_program(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("charrnn")
    if not script.exists():
        pytest.skip("the package is not installed here")
    called = subprocess.run([script, "--help"], capture_output=True, check=True)
    assert called.stdout == charrnn(tmp_path, "--help").stdout
    assert called.stdout.startswith(b"usage: charrnn ")


WHOLE = "should be a whole number, at least 1 and at most 1,000,000,000"
NUMBER = "should be a number, at least 0 and at most 1e+30"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("smaple", "argument COMMAND: invalid choice: 'smaple'"),
        ("sample --temp 1", "unrecognized arguments: --temp 1"),
        ("sample --length 0", f"argument --length: '0' {WHOLE}"),
        ("sample --length x", f"'x' {WHOLE}"),
        ("sample --length 1,000,000,001", f"'1,000,000,001' {WHOLE}"),
        ("sample --count 0", f"argument --count: '0' {WHOLE}"),
        ("verify --updates 1.5", f"argument --updates: '1.5' {WHOLE}"),
        ("sample --temperature -1", f"argument --temperature: '-1' {NUMBER}"),
        ("sample --temperature nan", f"'nan' {NUMBER}"),
        ("sample --temperature inf", f"'inf' {NUMBER}"),
        ("sample --top-k 0", f"argument --top-k: '0' {WHOLE}"),
        ("sample --top-p 0", "'0' should be a number, above 0 and at most 1"),
        ("sample --top-p 1.1", "'1.1' should be a number, above 0 and at most 1"),
        (
            "sample --seed 4294967296",
            "should be a whole number, at least 0 and below 4,294,967,296",
        ),
        ("sample --prime=", "--prime: '' should be a text, of at least 1 character"),
        ("export", "the following arguments are required: --to"),
        ("export --to keras", "invalid choice: 'keras'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    ask: Ask, arguments: str, rule: str
) -> None:
    code, output, error = ask(*arguments.split())
    assert (code, output) == (2, "")
    assert error.startswith("charrnn: error: ")
    assert rule in error
    assert error.endswith("--help)\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", ["sample", "score", "export --to numpy", "info"])
def test_without_a_model_one_line_says_what_to_do(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask(*command.split()) == (
        1,
        "",
        (
            f"charrnn: error: {MODEL}: there is no such file; dvc repro makes the file, "
            f"--model names another one\n"
        ),
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        ("--help", ["numba", "matplotlib", "numpy", "pydantic", "annotated_types"]),
        ("--version", ["numba", "matplotlib", "numpy", "pydantic", "annotated_types"]),
        ("sample --help", ["numba", "matplotlib", "numpy", "pydantic"]),
        ("info", ["numba", "matplotlib"]),
    ],
)
def test_no_command_waits_for_packages_that_it_does_not_need(
    tmp_path: Path, command: str, unneeded: list[str]
) -> None:
    program = (
        "import sys; from charrnn.cli.main import main; main(sys.argv[1:]);"
        f"print([name for name in {unneeded} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def shell(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    python = f'"{sys.executable}" -m charrnn'
    return subprocess.run(
        ["sh", "-c", command.replace("charrnn", python, 1)],
        cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@POSIX
def test_a_reader_that_closes_the_pipe_of_help_is_no_error(tmp_path: Path) -> None:
    done = shell("{ charrnn --help; echo $? >&2; } | true", tmp_path)
    assert done.stderr == "0\n"


@POSIX
@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_closed_stream_is_no_trouble(tmp_path: Path, stream: str) -> None:
    done = shell(f"charrnn --help {stream}>&-", tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    done = shell("charrnn --help > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "charrnn: error: the standard streams: No space left on device\n"
    )


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Give Ctrl-C its default effect, which a background job lacks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_has_its_usual_effect_afterwards() -> None:
    with interrupts.at_once():
        assert signal.getsignal(signal.SIGINT) is interrupts._end
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_left_alone_where_it_is_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts.at_once(), interrupts.as_exception():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_a_file_is_written_is_an_exception() -> None:
    with interrupts.at_once():
        with pytest.raises(KeyboardInterrupt), interrupts.as_exception():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is interrupts._end


# A callback from C, as in LLVM while it compiles: an exception in it would be lost.
CALLBACK = """
import ctypes, signal, sys
from charrnn.cli import info, main
def run(options):
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()
    sys.stdout.write("went on")
    return 0
info.run = run
sys.exit(main.main(["info"]))
"""


@POSIX
def test_ctrl_c_in_a_callback_is_not_lost(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTIBLE, "-c", CALLBACK],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
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
