"""Being asked to stop: Ctrl-C, SIGTERM, or a parent that is no longer there."""

import math
import os
import signal
import time
from types import FrameType

from stages.parent import is_left_behind

_SECONDS = 0.3


class Stop:
    """Notes a request to stop, for a loop that looks at it between two pieces of work.

    Until `hold` the request ends the process at once: there is nothing to keep yet, and
    compiling may not be interrupted otherwise.  From then on it is only noted.  A second
    signal has its usual effect.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.code = 1
        self._is_holding = False
        self._looked = -math.inf
        self._before = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM)
        }

    def hold(self) -> None:
        """Do not interrupt from now on: there is something to keep."""
        self._is_holding = True

    def _note(self, number: int, _frame: FrameType | None) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self.reason, self.code = f"stopped by {name}", 128 + number
        self.close()
        if not self._is_holding:
            # No exception: a callback of LLVM's would swallow it.
            os.write(2, b"train: stopped before it was done; run it again\n")
            os._exit(self.code)

    def close(self) -> None:
        """Give the signals their usual effects back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def is_asked_for(self) -> bool:
        """Whether to stop; DVC that is killed leaves its stage behind, without parent."""
        now = time.monotonic()
        if self.reason is None and now - self._looked > _SECONDS:
            self._looked = now
            if is_left_behind():
                self.reason = "stopped, as the process that started this has gone"
        return self.reason is not None
