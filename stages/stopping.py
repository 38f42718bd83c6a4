"""Being asked to stop: Ctrl-C, SIGTERM, or a parent that is no longer there."""

import os
import signal
import time
from types import FrameType

_SECONDS = 0.3


class Stop:
    """Notes a request to stop, for a loop that looks at it between two pieces of work.

    The first signal is noted; a second one has its usual effect.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.code = 1
        self._parent = os.getppid()
        self._looked = time.monotonic()
        self._before = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM)
        }

    def _note(self, number: int, _frame: FrameType | None) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self.reason, self.code = f"stopped by {name}", 128 + number
        self.restore()

    def restore(self) -> None:
        """Give the signals their usual effects back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def is_asked_for(self) -> bool:
        """Whether to stop; DVC that is killed leaves its stage behind, without parent."""
        now = time.monotonic()
        if self.reason is None and now - self._looked > _SECONDS:
            self._looked = now
            if os.getppid() != self._parent:
                self.reason = "stopped, as the process that started this has gone"
        return self.reason is not None
