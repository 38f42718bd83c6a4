"""Run a stage as a command: set up its log; turn our errors into one line."""

import logging
import sys
from collections.abc import Callable

from charrnn.errors import CharRnnError, one_line, visible
from stages.runtime.signals import Stopped

log = logging.getLogger("charrnn")


class _Visible(logging.Formatter):
    """Shows the control characters of a book or of a path: the log goes to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return visible(super().format(record))


def run(stage: str, main: Callable[[], None]) -> None:
    """Run a stage; one of our errors becomes one line on stderr and exit code 1.

    Parameters
    ----------
    stage : str
        Name of the stage, the prefix of its log lines.
    main : callable
    """
    sys.excepthook = sys.__excepthook__  # the imports are done
    handler = logging.StreamHandler()
    handler.setFormatter(_Visible(f"{stage}: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
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
