"""What every stage needs to run as a command: a log, and endings of one line."""

import logging
import sys
from collections.abc import Callable

from charrnn.errors import CharRnnError

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


def run(stage: str, main: Callable[[], None]) -> None:
    """Run a stage; a refusal is one line on the standard error, and exit code 1."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"{stage}: %(message)s"
    )
    try:
        main()
    except CharRnnError as error:
        log.error("error: %s", error)
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
