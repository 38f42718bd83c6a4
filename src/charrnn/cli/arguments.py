"""What can be asked on the command line."""

import argparse
from importlib import metadata

_EXAMPLES = """\
examples:
  charrnn verify                    check what lies here; train again for 20,000 updates
  charrnn verify --updates 205080   the same with the whole of the default training
  charrnn offline-plots             let dvc plots show work without a network
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each has a module of its name beside this."""
    whole = argparse.ArgumentParser(
        prog="charrnn",
        description="A character-level recurrent network, exactly reproducible.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument(
        "--version", action="version", version=f"charrnn {metadata.version('charrnn')}"
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_verify(commands)
    return whole


def _add_verify(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    verify = commands.add_parser(
        "verify",
        help="check that what lies here is what dvc.lock says and what the code gives",
        description="Hash every file that dvc.lock names, then train again in memory "
        "and compare the first N updates with metrics/loss.csv bit by bit. Exit code 1 "
        "if anything differs.",
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


def count(text: str) -> int:
    """Return a whole number of 1 or more; `20,000` is one."""
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = 0
    if number < 1:
        message = f"{text!r} is not a whole number of 1 or more"
        raise argparse.ArgumentTypeError(message)
    return number
