"""The command line."""

import argparse
import sys
from collections.abc import Sequence
from importlib import metadata

from charrnn.errors import CharRnnError
from charrnn.verifying import Finding, compare_with_lock, compare_with_training

_EXAMPLES = """\
examples:
  charrnn verify                    check what lies here; train again for 20,000 updates
  charrnn verify --updates 205080   the same with the whole of the default training
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 1 if something does not hold."""
    options = _parser().parse_args(arguments)
    try:
        return _verify(options.updates, quiet=options.quiet)
    except CharRnnError as error:
        sys.stderr.write(f"charrnn: error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("charrnn: stopped\n")
        return 130


def _verify(updates: int, *, quiet: bool) -> int:
    bad = files = 0

    def tell(finding: Finding) -> None:
        nonlocal bad
        bad += not finding.holds
        if not (quiet and finding.holds):
            sys.stdout.write(f"{'ok ' if finding.holds else 'NOT'} {finding.text}\n")

    for finding in compare_with_lock():
        files += 1
        tell(finding)
    tell(compare_with_training(updates))
    verdict = (
        "what lies here is what dvc.lock says and what the code gives"
        if not bad
        else f"{bad} of {files + 1} do not hold; dvc repro makes everything again"
    )
    sys.stdout.write(f"{verdict}\n")
    return 1 if bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="charrnn",
        description="A character-level recurrent network, exactly reproducible.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"charrnn {metadata.version('charrnn')}"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser(
        "verify",
        help="check that what lies here is what dvc.lock says and what the code gives",
        description="Hash every file that dvc.lock names, then train again in memory "
        "and compare the first N updates with metrics/loss.csv bit by bit. Exit code 1 if anything differs.",
    )
    verify.add_argument(
        "--updates",
        type=_count,
        default=20_000,
        metavar="N",
        help="train for at most N updates (default: 20,000)",
    )
    verify.add_argument(
        "--quiet",
        action="store_true",
        help="of the files, tell only what does not hold",
    )
    return parser


def _count(text: str) -> int:
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = 0
    if number < 1:
        message = f"{text!r} is not a whole number of 1 or more"
        raise argparse.ArgumentTypeError(message)
    return number
