"""The commands and options of the command line."""

import argparse
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from charrnn.cli import examples
from charrnn.errors import one_line

MODEL = Path("data/model/best.safetensors")

_WIDTH = 80  # of the descriptions and the examples, which argparse does not fill


class _Parser(argparse.ArgumentParser):
    """A parser with one line for wrong usage and descriptions that are filled already.

    Parameters
    ----------
    add_options : function, optional
        Adds the options when the parser is first used: the help of all commands needs
        no option of any command, and so does not import `charrnn.settings` (40 ms).
    """

    def __init__(
        self, *, add_options: Callable[["_Parser"], None] | None = None, **options: Any
    ) -> None:
        options["formatter_class"] = argparse.RawDescriptionHelpFormatter
        # `--temp 1` would change its meaning with a new option --template.
        options["allow_abbrev"] = False
        super().__init__(**options)
        self._add_options = add_options

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        """Add the options, then parse the arguments."""
        if self._add_options is not None:
            self._add_options(self)
            self._add_options = None
        return super().parse_known_args(*arguments, **named)

    def error(self, message: str) -> NoReturn:
        if message.endswith("expected one argument"):
            name = message.split()[1].rstrip(":")
            message += f"; one that begins with - is typed as {name}=-..."
        line = one_line(f"{message} (see {self.prog} --help)")
        self.exit(2, f"charrnn: error: {line}\n")


class _Version(argparse.Action):
    """Look up the version, but only when the version is asked for."""

    def __call__(self, asked: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib import metadata

        sys.stdout.write(f"charrnn {metadata.version('charrnn')}\n")
        asked.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each command has a module of its name in cli."""
    whole = _Parser(
        prog="charrnn",
        description="A character-level recurrent network, exactly reproducible.",
        epilog=examples.ALL,
    )
    whole.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")
    for name, (title, description, epilog, add_options) in _COMMANDS.items():
        commands.add_parser(
            name,
            help=title,
            description=textwrap.fill(description, _WIDTH),
            epilog=epilog,
            add_options=add_options,
        )
    return whole


def _sample(command: _Parser) -> None:
    from charrnn.cli.values import add_section, value_of
    from charrnn.settings import Count, NonEmpty, SampleConfig

    add_section(command, SampleConfig, length=Count)  # written as it is drawn
    command.add_argument(
        "--prime-file",
        metavar="FILE",
        help="how the text begins: the text of a file, UTF-8; with -: the standard input",
    )
    command.add_argument(
        "--items",
        type=value_of(Count),
        metavar="N",
        help="end after N lines, or after N times --length characters",
    )
    command.add_argument(
        "--stop",
        type=value_of(NonEmpty),
        metavar="TEXT",
        help="end where the network has written this text, which is written, too",
    )
    command.add_argument(
        "--count",
        type=value_of(Count),
        default=1,
        metavar="N",
        help="texts to write; more than one are each written below a line '=== NUMBER' "
        "and followed by an empty line (default: 1)",
    )
    _add_json(command, "write one JSON object per text: number, prime, text")
    _add_from_zero(command)
    _add_model(command)


def _score(command: _Parser) -> None:
    command.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the text, UTF-8 (default, and with -: the standard input)",
    )
    command.add_argument(
        "--per-line", action="store_true", help="write a table with one row per line"
    )
    _add_json(command, "write the figures as JSON, unrounded")
    _add_from_zero(command)
    _add_model(command)


def _export(command: _Parser) -> None:
    command.add_argument("--to", choices=("torch", "numpy"), required=True)
    command.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="the file to write (default: char-rnn.pt or char-rnn.npz)",
    )
    _add_force(command)
    _add_model(command)


def _compare(command: _Parser) -> None:
    for name, which in (("first", "A"), ("second", "B")):
        command.add_argument(
            name,
            metavar=which,
            help="a folder with a params.yaml, a revision of git, or an experiment",
        )
    command.add_argument(
        "--output",
        type=Path,
        default=Path("compare.html"),
        metavar="PATH",
        help="the page to write (default: compare.html)",
    )
    _add_force(command)


def _info(command: _Parser) -> None:
    _add_json(command, "write the same as JSON, unrounded")
    _add_model(command)


def _verify(command: _Parser) -> None:
    from charrnn.cli.values import value_of
    from charrnn.settings import Count

    command.add_argument(
        "--updates",
        type=value_of(Count),
        default=20_000,
        metavar="N",
        help="train for at most N updates (default: 20,000)",
    )
    command.add_argument(
        "--verbose",
        action="store_true",
        help="show all comparisons, not only failed ones",
    )


def _sweep(command: _Parser) -> None:
    command.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds plan.yaml; gets the results"
    )
    from charrnn.cli.values import value_of
    from charrnn.settings import Count

    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        type=value_of(Count),
        metavar="N",
        help="train in N processes on this machine (default: as many as there are "
        "processors; with 1, and without the package distributed, in this process)",
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="train on the workers of a scheduler of Dask, such as tcp://HOST:8786 "
        "(default: DASK_SCHEDULER_ADDRESS, if it is set)",
    )
    where.add_argument(
        "--scheduler-file",
        type=Path,
        metavar="FILE",
        help="the same, by the file that the scheduler writes",
    )
    command.add_argument(
        "--dashboard",
        action="store_true",
        help="show the workers of this machine on http://127.0.0.1:8787",
    )
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--dry-run",
        action="store_true",
        help="show the points, and about how long their trials take",
    )
    what.add_argument(
        "--check",
        type=value_of(Count),
        metavar="N",
        help="train N rows of results.csv again, and compare every bit",
    )
    what.add_argument(
        "--status",
        action="store_true",
        help="show whether the plan, the code or a book have changed since; exit code "
        "1 if so",
    )


def _watch(command: _Parser) -> None:
    command.add_argument(
        "--output",
        type=Path,
        default=Path("watch.html"),
        metavar="PATH",
        help="the page to write, again and again (default: watch.html)",
    )


def _offline_plots(command: _Parser) -> None:
    command.add_argument("--remove", action="store_true", help="undo the change")


def _add_json(command: _Parser, what: str) -> None:
    command.add_argument("--json", action="store_true", help=what)


def _add_model(command: _Parser) -> None:
    command.add_argument(
        "--model",
        type=Path,
        default=MODEL,
        metavar="PATH",
        help=f"default: {MODEL.as_posix()}",
    )


def _add_force(command: _Parser) -> None:
    command.add_argument(
        "--force", action="store_true", help="overwrite an existing, different file"
    )


def _add_from_zero(command: _Parser) -> None:
    command.add_argument(
        "--from-zero",
        action="store_true",
        help="begin in the zero state, not in the state that training reached",
    )


# Title in the list of commands, description, examples, options.
_COMMANDS: dict[str, tuple[str, str, str, Callable[[_Parser], None]]] = {
    "sample": (
        "write text",
        (
            "Write text to the standard output, each character drawn from the model's "
            "prediction. The same options give the same text on every machine."
        ),
        examples.SAMPLE,
        _sample,
    ),
    "score": (
        "measure how well the model predicts a text",
        (
            "Measure how well the model predicts a text: the loss in nats and bits per "
            "character (lower is better), the perplexity, and how often the most likely "
            "character was the right one."
        ),
        examples.SCORE,
        _score,
    ),
    "export": (
        "write the weights for PyTorch or NumPy",
        "Write the weights for use elsewhere. The same model gives the same bytes.",
        examples.EXPORT,
        _export,
    ),
    "compare": (
        "show two runs side by side on a page",
        (
            "Write one page of HTML without scripts that shows two runs side by side: "
            "changed values, curves, figures, samples, and the surprise of both models at "
            "each character of a passage."
        ),
        examples.COMPARE,
        _compare,
    ),
    "info": (
        "describe the model",
        "Show the model's sizes and digest, the book it was trained on and its losses.",
        examples.INFO,
        _info,
    ),
    "verify": (
        "check the files by dvc.lock, and the curve by training again",
        (
            "Hash every file that dvc.lock names, then train again in memory "
            "and compare the first N updates with metrics/loss.csv bit by bit. Exit code 1 "
            "if anything differs."
        ),
        examples.VERIFY,
        _verify,
    ),
    "sweep": (
        "do many trainings, and compare them",
        (
            "Train with each combination of values and seeds in FOLDER/plan.yaml, and write "
            "FOLDER/results.csv, summary.json and report.html: means with their spread "
            "over the seeds, the best against params.yaml, both again on fresh seeds. What "
            "was trained is kept in .sweep/, and a sweep that was stopped goes on."
        ),
        examples.SWEEP,
        _sweep,
    ),
    "watch": (
        "show the curve of the training that is running",
        (
            "Write a page with the losses so far of the training that is running in this "
            "folder, again each second, until the training ends. The page renews itself in "
            "the browser."
        ),
        examples.WATCH,
        _watch,
    ),
    "offline-plots": (
        "let dvc plots show and dvc plots diff work without a network",
        (
            "Put the scripts that dvc plots loads from the web into its pages. The command "
            "sets plots.html_template in .dvc/config.local, which git ignores."
        ),
        examples.OFFLINE_PLOTS,
        _offline_plots,
    ),
}
