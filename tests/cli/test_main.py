"""The command line as such: help, versions, exit codes, what it does to its streams."""

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
from charrnn.cli.arguments import parser
from charrnn.cli.main import main
from charrnn.errors import ArtifactError
from tests.command_line import ENVIRONMENT, charrnn
from tests.terminals import INTERRUPTIBLE

COMMANDS = ("sample", "score", "export", "info", "verify", "offline-plots")
POSIX = pytest.mark.skipif(os.name == "nt", reason="a shell and signals of POSIX")


def test_the_commands_are_those() -> None:
    assert f"{{{','.join(COMMANDS)}}}" in parser().format_usage().replace(
        "COMMAND", f"{{{','.join(COMMANDS)}}}"
    )


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_shows_examples(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setenv("COLUMNS", "82")  # of which argparse leaves two
    assert main([*command, "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(" ".join(["usage: charrnn", *command]))
    assert f"\nexamples:\n  {' '.join(['charrnn', *command])}" in captured.out
    assert captured.err == ""
    assert max(map(len, captured.out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_what_can_be_asked(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    main(["--help"])
    main([command, "--help"])
    examples = [
        re.split(r"  +(?=\S)| all of|[|&<>]", line.strip())[0]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("  charrnn ")
    ]
    for example in examples:
        words = example.replace('"In the "', "In").split()[1:]
        parser().parse_args(words)


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


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["smaple"], "argument COMMAND: invalid choice: 'smaple'"),
        (["sample", "--temp", "1"], "unrecognized arguments: --temp 1"),
        (["sample", "--length", "0"], "'0' is not a whole number of 1 to"),
        (["sample", "--length", "x"], "'x' is not a whole number of 1 to"),
        (["sample", "--length", "1000000001"], "is not a whole number of 1 to"),
        (["sample", "--temperature", "-1"], "'-1' is not a number of 0 or more"),
        (["sample", "--temperature", "nan"], "'nan' is not a number of 0 or more"),
        (["sample", "--temperature", "inf"], "'inf' is not a number of 0 or more"),
        (["sample", "--top-k", "0"], "'0' is not a whole number of 1 to"),
        (["sample", "--top-p", "0"], "'0' is not above 0 and at most 1"),
        (["sample", "--top-p", "1.1"], "'1.1' is not above 0 and at most 1"),
        (["sample", "--seed", "-1"], "'-1' is not a whole number of 0 or more"),
        (["export"], "the following arguments are required: --to"),
        (["export", "--to", "keras"], "invalid choice: 'keras'"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], rule: str
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("charrnn: error: ")
    assert rule in captured.err
    assert captured.err.endswith("--help)\n")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", ["sample", "score", "export", "info"])
def test_without_a_model_one_line_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    more = ["--to", "numpy"] if command == "export" else []
    assert main([command, *more]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"charrnn: error: {Path('data/model/best.safetensors')}: there is no such "
        f"file; dvc repro makes it, and --model names another\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["info"]])
def test_what_needs_no_compiler_does_not_wait_for_it(
    tmp_path: Path, command: list[str]
) -> None:
    program = (
        "import sys; from charrnn.cli.main import main; main(sys.argv[1:]);"
        "import charrnn.cli.info;"  # there is no model here, so it did not come far
        "print([name for name in ('numba', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_needs_hardly_anything(tmp_path: Path) -> None:
    program = (
        "import sys; from charrnn.cli.main import main; main(['--help']);"
        "print([name for name in ('numpy', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
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
def test_help_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
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
    """Give Ctrl-C its usual effect, which it has not in the background."""
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
    with interrupts.at_once(), interrupts.tidily():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_a_file_is_written_is_an_exception() -> None:
    with interrupts.at_once():
        with pytest.raises(KeyboardInterrupt), interrupts.tidily():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is interrupts._end


# Calls back out of C, as LLVM does while it compiles, where an exception gets lost.
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
def test_ends_of_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    said: str,
) -> None:
    def run(_: object) -> int:
        sys.stdout.write("found so far\n")
        raise error

    monkeypatch.setattr("charrnn.cli.info.run", run)
    assert main(["info"]) == code
    assert capsys.readouterr() == ("found so far\n", said)
