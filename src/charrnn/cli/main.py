"""``charrnn``: run a command; an error is one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Sequence

from charrnn.cli import interrupts
from charrnn.cli.arguments import parser
from charrnn.cli.output import discard_output, prepare_streams
from charrnn.errors import CharRnnError, one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    int
        The exit code: 0; 1 after an error or a failed comparison; 2 for wrong usage;
        130 after Ctrl-C.
    """
    with interrupts.at_once():
        prepare_streams()
        try:
            code = _run(arguments)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader closed the pipe
            discard_output()
            return 0
        except CharRnnError as error:
            return _failed(str(error))
        except MemoryError:
            # Objects that fail again while the process ends would each print a line.
            sys.unraisablehook = lambda _: None
            return _failed("not enough memory")
        except KeyboardInterrupt:
            sys.stderr.write("charrnn: stopped\n")
            return interrupts.CODE
        except OSError as error:
            return _failed(_about(error))
        return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        whole = parser()
        options = whole.parse_args(arguments)
    except SystemExit as end:  # argparse has printed the help or the error
        return int(end.code or 0)
    if options.command is None:
        sys.stderr.write(whole.format_help())
        return 2
    # Otherwise Numba's colorama sends each terminal a code when the program ends.
    os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
    # Imported here, so that help needs no compiler and no log.
    import logging

    name = f"charrnn.cli.{options.command.replace('-', '_')}"
    try:
        command = importlib.import_module(name)
    except (ImportError, OSError, ValueError) as error:  # limits, bad variables
        message = f"cannot start: {error}"
        raise CharRnnError(message) from error
    logging.basicConfig(format="charrnn: %(message)s")  # of the library's warnings
    code: int = command.run(options)
    return code


def _about(error: OSError) -> str:
    """Return what failed; an error that names no file may be one of the output."""
    what = error.filename
    if what is None:
        try:
            sys.stdout.flush()
        except OSError:
            what = "the standard output"
    reason = error.strerror or str(error)
    return f"{what}: {reason}" if what else reason


def _failed(reason: str) -> int:
    try:
        sys.stdout.flush()  # the output before the error comes first
    except OSError:
        discard_output()
    sys.stderr.write(f"charrnn: error: {one_line(reason)}\n")
    return 1
