"""Whether the process that started a stage is still there: a killed DVC leaves it behind."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

_SECONDS = 0.5
CODE = 143  # as after SIGTERM


def _starter() -> psutil.Process | None:
    """Return the process that started this one: not the shell that it did so through.

    Some shells stay while `sh -c command` runs, others become the command.
    """
    try:
        for process in psutil.Process().parents():
            name, *arguments = process.cmdline() or [""]
            if not (Path(name).name.endswith("sh") and "-c" in arguments):
                return process
    except psutil.Error:  # gone, or not ours to look at
        pass
    return None


# Noted when the stage begins: DVC may be gone before there is anything to keep.
_PARENT, _STARTER = os.getppid(), _starter()


def is_left_behind() -> bool:
    """Whether the process that started this has gone: it will not wait for a result."""
    if os.getppid() != _PARENT:
        return True
    if _STARTER is None:
        return False
    try:
        return not _STARTER.is_running() or _STARTER.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


@contextlib.contextmanager
def watched(stage: str) -> Iterator[None]:
    """End the process if the one that started it goes; a thread looks now and then."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_SECONDS):
            if is_left_behind():
                line = f"{stage}: stopped, as the process that started this has gone\n"
                with contextlib.suppress(OSError):
                    os.write(2, line.encode())
                os._exit(CODE)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
