"""``charrnn``: find the command, run it, end with one line if something is wrong."""

import importlib
import os
import sys
from collections.abc import Sequence

from charrnn.cli import interrupts
from charrnn.cli.arguments import parser
from charrnn.cli.output import forget_output, prepare_streams
from charrnn.errors import CharRnnError, one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        The exit code: 0; 1 if something is wrong or does not hold; 2 if the command
        makes no sense; 130 after Ctrl-C.
    """
    with interrupts.at_once():
        prepare_streams()
        try:
            code = _run(arguments)
            sys.stdout.flush()
        except BrokenPipeError:  # who read this has enough
            forget_output()
            return 0
        except CharRnnError as error:
            return _failed(str(error))
        except MemoryError:
            return _failed("not enough memory")
        except KeyboardInterrupt:
            sys.stderr.write("charrnn: stopped\n")
            return interrupts.CODE
        except OSError as error:  # of the streams: files are the library's
            return _failed(f"the standard streams: {error.strerror}")
        return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:  # argparse has told what there is to tell
        return int(end.code or 0)
    # Numba else has colorama send every terminal a code at the program's end.
    os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
    # Only now, so that help needs no compiler.
    command = importlib.import_module(
        f"charrnn.cli.{options.command.replace('-', '_')}"
    )
    code: int = command.run(options)
    return code


def _failed(reason: str) -> int:
    try:
        sys.stdout.flush()  # first what was found before it failed
    except OSError:
        forget_output()
    sys.stderr.write(f"charrnn: error: {one_line(reason)}\n")
    return 1
