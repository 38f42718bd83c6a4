"""How a stage ends before it is done: Ctrl-C, SIGTERM, or a DVC that was killed.

Ctrl-C and SIGTERM end a stage at once (`end_at_once`), are an exception while it writes
its outputs (`undoing`), and are noted while it trains (`Stop`).  Nothing happens on import.
A signal that the stage was started to ignore (``trap ''``, a background job) stays ignored.
"""

import contextlib
import functools
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int | None

_SECONDS = 0.3  # between two looks at the process that started this one
_NOT_DONE = "stopped before it was done; run it again"


class Stopped(BaseException):
    """The stage was asked to stop: no error, and nothing that an ``except`` may swallow.

    Attributes
    ----------
    code : int
        The exit code: 128 and the signal's number.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def end_at_once(stage: str) -> None:
    """Let Ctrl-C and SIGTERM end the process with one line from now on.

    Called before the imports that take long.  There is nothing to keep yet.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        # No exception: a callback of LLVM's or of the import system's would swallow it, or
        # answer with a traceback.
        line = f"{stage}: {_NOT_DONE}\n"
        os.write(2, (("\n" if os.isatty(2) else "") + line).encode())
        os._exit(128 + number)

    _handle(end)
    _first_starters()


@contextlib.contextmanager
def undoing() -> Iterator[None]:
    """Let a signal raise `Stopped` inside: there is work to undo."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(_NOT_DONE, 128 + number)

    before = _handle(stop)
    try:
        yield
    finally:
        _restore(before)


class Stop:
    """Notes a request to stop, for a loop that looks at it between two pieces of work.

    Until `hold` a signal has its usual effect; from then on it is noted.  A second
    signal has its usual effect again.  DVC that is killed is a request to stop, too: the
    training that it leaves behind would refuse the next one.

    Attributes
    ----------
    reason : str or None
    code : int
        The exit code.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.code = 1
        self._before: dict[int, _Handler] | None = None
        self._looked = float("-inf")

    def hold(self) -> None:
        """Note signals from now on: there is something to keep."""
        if self._before is None:
            self._before = _handle(self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self.reason, self.code = f"stopped by {name}", 128 + number
        self.close()

    def close(self) -> None:
        """Give the signals their usual effects back."""
        _restore(self._before or {})

    @property
    def is_asked_for(self) -> bool:
        """Whether to stop."""
        now = time.monotonic()
        if self.reason is None and now - self._looked > _SECONDS:
            self._looked = now
            # One that was started by hand may outlive the shell that started it.
            if "DVC_STAGE" in os.environ and _starters() != _first_starters():
                self.reason = "stopped, as the process that started this has gone"
        return self.reason is not None


def _handle(handler: _Handler) -> dict[int, _Handler]:
    """Let a handler deal with the signals, but not with ignored ones; return the old."""
    return {
        number: signal.signal(number, handler)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }


def _restore(handlers: dict[int, _Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _starters() -> tuple[int, ...]:
    """Return the process that started this one and, where that is a shell, the shell's.

    DVC runs ``sh -c command``.  Some shells become the command; others stay, and are
    orphans themselves when DVC is killed.  Only Linux tells what started them.
    """
    parent = os.getppid()
    with contextlib.suppress(OSError):
        name, *arguments = _read(f"/proc/{parent}/cmdline").split(b"\0")
        if name.endswith(b"sh") and b"-c" in arguments:
            status = _read(f"/proc/{parent}/stat")  # id (name) state parent's-id ...
            return parent, int(status.rpartition(b")")[2].split()[1])
    return (parent,)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - to import pathlib takes 15 ms
        return file.read()


_first_starters = functools.cache(_starters)
