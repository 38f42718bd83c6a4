"""Stopping a stage early: Ctrl-C, SIGTERM, or the death of the DVC that runs the stage.

Ctrl-C and SIGTERM end a stage at once (`end_at_once`), raise an exception while the stage
writes its outputs (`undoing`), and are recorded while it trains (`Stop`).  Importing this
module installs no handler.  A signal that was ignored when the stage started (``trap ''``,
a background job) stays ignored.
"""

import contextlib
import functools
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import NoReturn

_Handler = Callable[[int, FrameType | None], object] | int | None

_SECONDS = 0.3  # between two checks of the parent process
_PATIENCE = 0.7  # seconds for a handler to be called
_noted: int | None = None  # the pipe of signals, after `end_at_once`
_NOT_DONE = "stopped before it finished; to run it again, type: dvc repro"


class Stopped(BaseException):
    """The user stopped the stage; ``except Exception`` does not catch this.

    Attributes
    ----------
    code : int
        The exit code: 128 plus the number of the signal.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def end_at_once(stage: str) -> None:
    """From now on, let Ctrl-C, SIGTERM and a failed import end the process with one line.

    Called before the slow imports, when there is no work to save.
    """
    sys.excepthook = functools.partial(_refuse, stage)

    def end(number: int, _frame: FrameType | None) -> None:
        _end(stage, number)

    _handle(end)
    _watch(stage)
    _first_parents()


def _refuse(
    stage: str,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Say why an import failed: a limit of memory, a variable, a missing package."""
    if isinstance(error, ModuleNotFoundError):  # perhaps of charrnn itself
        python = ".".join(map(str, sys.version_info[:2]))
        sys.stderr.write(
            f"{stage}: error: cannot start: {error} in the Python {python} that "
            f"'python' starts: activate .venv, made as in README.md with Python 3.11 to 3.14\n"
        )
        return
    from charrnn.errors import CharRnnError, one_line

    known = (CharRnnError, ImportError, MemoryError, OSError, ValueError)
    if not isinstance(error, known):
        sys.__excepthook__(kind, error, trace)
        return
    reason = one_line(str(error) or "not enough memory")
    sys.stderr.write(f"{stage}: error: cannot start: {reason}\n")


def _watch(stage: str) -> None:
    """Let a signal end the process where no handler is called within `_PATIENCE`.

    Python calls a handler between two steps of the main thread, but a call of compiled
    code or of NumPy is one step, however long.  The system itself writes the signal's
    number into this pipe; a handler that is called takes the number out again.
    """
    global _noted
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    _noted = reading

    def watch() -> None:
        while True:
            select.select([reading], [], [])
            time.sleep(_PATIENCE)
            for number in _take_out():
                _end(stage, number)

    threading.Thread(target=watch, daemon=True).start()


def _take_out() -> bytes:
    """Return the numbers of the signals that no handler has answered."""
    try:
        return b"" if _noted is None else os.read(_noted, 64)
    except BlockingIOError:
        return b""


def _end(stage: str, number: int) -> NoReturn:
    # No exception: a callback of LLVM or of the import system would swallow the exception
    # or print a traceback.
    line = f"{stage}: {_NOT_DONE}\n"
    os.write(2, (("\n" if os.isatty(2) else "") + line).encode())
    os._exit(128 + number)


@contextlib.contextmanager
def undoing() -> Iterator[None]:
    """Let a signal raise `Stopped` inside, so that partial work is undone."""

    def stop(number: int, _frame: FrameType | None) -> None:
        _take_out()
        raise Stopped(_NOT_DONE, 128 + number)

    before = _handle(stop)
    try:
        yield
    finally:
        _restore(before)


class Stop:
    """Records a request to stop, for a loop that checks it between two steps.

    Until `hold`, a signal has its usual effect; from then on the signal is recorded.  A
    second signal has its usual effect again.  The death of DVC is a request to stop, too:
    otherwise the orphaned training would block the next one.

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
        self._checked_at = float("-inf")

    def hold(self) -> None:
        """Record signals from now on: there is work to save."""
        if self._before is None:
            self._before = _handle(self._record)

    def _record(self, number: int, _frame: FrameType | None) -> None:
        _take_out()
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self.reason, self.code = f"stopped by {name}", 128 + number
        self.close()

    def close(self) -> None:
        """Restore the usual effects of the signals."""
        _restore(self._before or {})

    @property
    def is_requested(self) -> bool:
        """Whether the loop should stop."""
        now = time.monotonic()
        if self.reason is None and now - self._checked_at > _SECONDS:
            self._checked_at = now
            # A training that was started by hand may outlive its shell.
            if "DVC_STAGE" in os.environ and _parents() != _first_parents():
                self.reason = "stopped (DVC has ended)"
        return self.reason is not None


def _handle(handler: _Handler) -> dict[int, _Handler]:
    """Install a handler for the signals that are not ignored; return the old handlers."""
    return {
        number: signal.signal(number, handler)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }


def _restore(handlers: dict[int, _Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _parents() -> tuple[int, ...]:
    """Return the id of the parent process and, if that is a shell, of its parent.

    DVC runs ``sh -c command``.  Some shells replace themselves by the command; others keep
    running, and become orphans when DVC is killed.  Only Linux tells the parent of a shell.
    """
    parent = os.getppid()
    with contextlib.suppress(OSError):
        name, *arguments = _read(f"/proc/{parent}/cmdline").split(b"\0")
        if name.endswith(b"sh") and b"-c" in arguments:
            status = _read(f"/proc/{parent}/stat")  # id (name) state parent ...
            return parent, int(status.rpartition(b")")[2].split()[1])
    return (parent,)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - importing pathlib takes 15 ms
        return file.read()


_first_parents = functools.cache(_parents)
