"""Ctrl-C: ends the program at once, or as an exception while a file is written."""

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
    # No exception: callbacks of LLVM and of the import system swallow exceptions, and
    # print a traceback. Each piece of output has been flushed.
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
    """Let Ctrl-C end the process with one line, without a traceback.

    Only where Ctrl-C has its default effect: a background job ignores Ctrl-C, and a
    program that uses charrnn as a library may have a handler of its own.
    """
    with _handled_by(_end, instead_of=signal.default_int_handler):
        yield


@contextlib.contextmanager
def as_exception() -> Iterator[None]:
    """Inside `at_once`, let Ctrl-C raise: temporary files must be removed."""
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
