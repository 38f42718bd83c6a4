"""What every stage needs to run as a command: a log, and endings of one line."""

import contextlib
import logging
import sys
from collections.abc import Callable

from charrnn.errors import CharRnnError, one_line
from stages.parent import watched

log = logging.getLogger("charrnn")


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The stage was asked to stop, and has kept what it had.

    Attributes
    ----------
    code : int
        The exit code: 128 and the signal's number.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run(stage: str, main: Callable[[], None], *, keeps: bool = False) -> None:
    """Run a stage; a refusal is one line on the standard error, and exit code 1.

    Parameters
    ----------
    stage : str
        Its name.
    main : callable
    keeps : bool
        Whether it keeps what it has, when it is asked to stop or left behind, and ends
        by itself.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"{stage}: %(message)s"
    )
    try:
        with contextlib.nullcontext() if keeps else watched(stage):
            main()
    except CharRnnError as error:
        log.error("error: %s", one_line(str(error)))
        sys.exit(1)
    except MemoryError:
        log.error("error: not enough memory for values of this size")
        sys.exit(1)
    except Stopped as stopped:
        log.warning("%s", stopped)
        sys.exit(stopped.code)
    except KeyboardInterrupt:
        log.warning("stopped before it was done; run it again")
        sys.exit(130)
