"""Run a stage as a command: set up its log; turn our errors into one line."""

import logging
import sys
from collections.abc import Callable

from charrnn.errors import CharRnnError, one_line
from stages.runtime.signals import Stopped

log = logging.getLogger("charrnn")


def run(stage: str, main: Callable[[], None]) -> None:
    """Run a stage; one of our errors becomes one line on stderr and exit code 1.

    Parameters
    ----------
    stage : str
        Name of the stage, the prefix of its log lines.
    main : callable
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"{stage}: %(message)s"
    )
    try:
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
