"""``charrnn``: find the command, run it, end with one line if something is wrong."""

import importlib
import os
import sys
from collections.abc import Sequence

from charrnn.cli.arguments import parser
from charrnn.errors import CharRnnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        The exit code: 0; 1 if something is wrong or does not hold; 2 if the command
        makes no sense (argparse's own); 130 after Ctrl-C.
    """
    options = parser().parse_args(arguments)
    # Only now, so that help needs no compiler.
    command = importlib.import_module(
        f"charrnn.cli.{options.command.replace('-', '_')}"
    )
    try:
        code: int = command.run(options)
        sys.stdout.flush()
    except CharRnnError as error:
        sys.stderr.write(f"charrnn: error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("charrnn: stopped\n")
        return 130
    except BrokenPipeError:
        # Who read this has enough; Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
