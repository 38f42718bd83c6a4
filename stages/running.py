"""What every stage needs to run as a command: a log, and errors of one line."""

import logging
import sys
from collections.abc import Callable

from charrnn.errors import CharRnnError

log = logging.getLogger("charrnn")


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
