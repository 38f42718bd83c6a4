"""What Ctrl-C does: it ends the program at once, or where a file is written, tidily."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from charrnn.cli.terminal import is_terminal

CODE = 128 + signal.SIGINT
_SAID = b"charrnn: stopped\n"


def _end(_number: int, _frame: FrameType | None) -> None:
    # No exception: a callback of LLVM's or of the import system's would swallow it, and
    # complain.  All that was written has been flushed or is nobody's loss.
    with contextlib.suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            if is_terminal(stream):  # which shows half a line, or ^C
                os.write(stream.fileno(), b"\n")
                break
    with contextlib.suppress(OSError):
        os.write(2, _SAID)
    os._exit(CODE)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Let Ctrl-C end the process without a word but one; where it has its usual effect.

    It has not in a background job, nor in a program that has plans of its own.
    """
    with _handled_by(_end, instead_of=signal.default_int_handler):
        yield


@contextlib.contextmanager
def tidily() -> Iterator[None]:
    """Inside of `at_once`, let Ctrl-C be the usual exception: there is work to undo."""
    with _handled_by(signal.default_int_handler, instead_of=_end):
        yield


@contextlib.contextmanager
def _handled_by(
    handler: Callable[[int, FrameType | None], Any], *, instead_of: object
) -> Iterator[None]:
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not instead_of:
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
