"""The command line in a process of its own, in a terminal."""

import math
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.command_line import ENVIRONMENT

# Runs the program with Ctrl-C in effect, even if the tests run as a background job.
INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
# First makes the terminal the controlling terminal of the process.
_LAUNCH = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0){INTERRUPTIBLE}"
SECONDS = 60.0


class Said:
    """The output of a pipe or a terminal, read with a time limit."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen, self._has_ended = b"", False

    @property
    def text(self) -> str:
        """The output so far, with the line ends that the program wrote."""
        return self._seen.decode("utf-8", "replace").replace("\r\n", "\n")

    def read_until(self, words: str) -> bool:
        """Read until some words have appeared; return whether they have."""
        while words not in self.text:
            if not self._read():
                return False
        return True

    def read_on(self, characters: float = math.inf) -> str:
        """Read up to a number of characters or to the end; return the output so far."""
        while len(self.text) < characters and self._read():
            pass
        return self.text

    def _read(self) -> bool:
        if self._has_ended:
            return False
        ready, _, _ = select.select([self._descriptor], [], [], SECONDS)
        assert ready, f"silent for {SECONDS} s after {self.text!r}"
        try:
            more = os.read(self._descriptor, 1 << 16)
        except OSError:  # EIO: the other end of the terminal is closed
            more = b""
        self._seen += more
        self._has_ended = not more
        return bool(more)


class Terminal:
    """A ``charrnn`` that runs in a folder, in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str, **changes: str) -> None:
        """Start it, in the environment without NO_COLOR and with some changes."""
        import pty  # not on Windows

        self._master, slave = pty.openpty()
        self._said = Said(self._master)
        self.read = self._said.read_on
        environment = {**ENVIRONMENT, "NO_COLOR": "", "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, "-m", "charrnn", *arguments],
            cwd=folder,
            env=environment | changes,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        """Return the terminal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the process and close the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def press(self, keys: bytes) -> None:
        """Press some keys."""
        os.write(self._master, keys)

    def end(self) -> tuple[int, str]:
        """Wait for the end of the process; return the exit code and all output."""
        shown = self.read()
        return self.process.wait(SECONDS), shown
