"""What can be asked on the command line."""

import argparse
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from charrnn.cli import examples
from charrnn.cli.values import count, seed, share, temperature

MODEL = Path("data/model/best.safetensors")
VOCABULARY = Path("data/prepared/vocabulary.json")

_WIDTH = 80  # what argparse leaves as it is: the examples, and so this too


class _Parser(argparse.ArgumentParser):
    """argparse's, with one line for what makes no sense, and help laid out by hand."""

    def __init__(self, **options: Any) -> None:
        options["formatter_class"] = argparse.RawDescriptionHelpFormatter
        # `--temp 1` would mean something else as soon as there is a --template.
        options["allow_abbrev"] = False
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"charrnn: error: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """Looks the version up when it is asked for, and not whenever anything is."""

    def __call__(self, asked: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib import metadata

        sys.stdout.write(f"charrnn {metadata.version('charrnn')}\n")
        asked.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each has a module of its name beside this."""
    whole = _Parser(
        prog="charrnn",
        description="A character-level recurrent network, exactly reproducible.",
        epilog=examples.ALL,
    )
    whole.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and end"
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, title: str, description: str, epilog: str) -> _Parser:
        filled = textwrap.fill(description, _WIDTH)
        return commands.add_parser(name, help=title, description=filled, epilog=epilog)

    _add_sample(command)
    _add_score(command)
    _add_export(command)
    _add_info(command)
    _add_verify(command)
    _add_offline_plots(command)
    return whole


_Command = Callable[[str, str, str, str], _Parser]


def _add_sample(command: _Command) -> None:
    sample = command(
        "sample",
        "write text",
        "Write text to the standard output, each character drawn from what the model "
        "expects next. The same options give the same text, on every machine.",
        examples.SAMPLE,
    )
    sample.add_argument(
        "--prime",
        metavar="TEXT",
        help="what the text begins with (default: as after a line end, and if the model "
        "knows none, after its first character; this is not written)",
    )
    sample.add_argument(
        "--length",
        type=count,
        default=1000,
        metavar="N",
        help="characters to write after it (default: 1,000)",
    )
    sample.add_argument(
        "--temperature",
        type=temperature,
        default=1.0,
        metavar="T",
        help="below 1 more careful, above 1 bolder, 0 always the most likely character "
        "(default: 1)",
    )
    sample.add_argument(
        "--top-k",
        type=count,
        metavar="K",
        help="draw from the K most likely characters only",
    )
    sample.add_argument(
        "--top-p",
        type=share,
        metavar="P",
        help="draw from as few of the most likely as have probability P together",
    )
    sample.add_argument(
        "--seed", type=seed, default=1, metavar="S", help="of the draws (default: 1)"
    )
    sample.add_argument(
        "--count",
        type=count,
        default=1,
        metavar="N",
        help="texts to write; of more than one each comes under a line '=== NUMBER' and "
        "is followed by an empty one (default: 1)",
    )
    _add_json(sample, "write one JSON object a text: number, prime, text")
    _add_model(sample)


def _add_score(command: _Command) -> None:
    score = command(
        "score",
        "tell how well the model predicts a text",
        "Tell how many nats and bits a character of a text costs under the model (less "
        "is better: the model expected it), and how often its first guess was right.",
        examples.SCORE,
    )
    score.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the text, UTF-8 (default, and with -: the standard input)",
    )
    score.add_argument(
        "--per-line", action="store_true", help="write a table with a row a line"
    )
    _add_json(score, "write the figures as JSON, unrounded")
    _add_model(score)


def _add_export(command: _Command) -> None:
    export = command(
        "export",
        "write the weights for PyTorch or NumPy",
        "Write the weights for use elsewhere. The same model gives the same bytes.",
        examples.EXPORT,
    )
    export.add_argument("--to", choices=("torch", "numpy"), required=True)
    export.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="the file to write (default: char-rnn.pt or char-rnn.npz)",
    )
    export.add_argument(
        "--force", action="store_true", help="overwrite another file that is there"
    )
    _add_model(export)


def _add_info(command: _Command) -> None:
    info = command(
        "info",
        "tell what this model is",
        "Tell what this model is: its sizes, its digest, what it was learned from and "
        "how well.",
        examples.INFO,
    )
    _add_json(info, "write the same, unrounded, as JSON")
    _add_model(info)


def _add_verify(command: _Command) -> None:
    verify = command(
        "verify",
        "check that what lies here is what dvc.lock says and what the code gives",
        "Hash every file that dvc.lock names, then train again in memory "
        "and compare the first N updates with metrics/loss.csv bit by bit. Exit code 1 "
        "if anything differs.",
        examples.VERIFY,
    )
    verify.add_argument(
        "--updates",
        type=count,
        default=20_000,
        metavar="N",
        help="train for at most N updates (default: 20,000)",
    )
    verify.add_argument(
        "--quiet",
        action="store_true",
        help="of the files, tell only what does not hold",
    )


def _add_offline_plots(command: _Command) -> None:
    plots = command(
        "offline-plots",
        "let dvc plots show and dvc plots diff work without a network",
        "Make the page of dvc plots hold its own scripts, which it else loads from the "
        "web. It sets plots.html_template in .dvc/config.local, which git ignores.",
        examples.OFFLINE_PLOTS,
    )
    plots.add_argument("--remove", action="store_true", help="undo it")


def _add_json(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--json", action="store_true", help=what)


def _add_model(command: argparse.ArgumentParser) -> None:
    for name, default in (("model", MODEL), ("vocabulary", VOCABULARY)):
        command.add_argument(
            f"--{name}",
            type=Path,
            default=default,
            metavar="PATH",
            help=f"default: {default.as_posix()}",
        )
