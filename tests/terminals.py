"""The command line as a user has it: in a process of its own, in a terminal."""

import math
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.command_line import ENVIRONMENT

# Becomes the program, which Ctrl-C reaches even if these tests run in the background.
INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
# Takes the terminal for its own before.
_LAUNCH = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0){INTERRUPTIBLE}"
SECONDS = 60.0


def environment(**changes: str) -> dict[str, str]:
    """Return this process' environment with a terminal's name, and no wish for colours."""
    kept = {name: value for name, value in ENVIRONMENT.items() if name != "NO_COLOR"}
    return kept | {"TERM": "xterm-256color"} | changes


class Said:
    """What comes out of a pipe or a terminal, waited for, but not for ever."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen, self._has_ended = b"", False

    @property
    def text(self) -> str:
        """All that has been read so far, with the line ends that the program wrote."""
        return self._seen.decode("utf-8", "replace").replace("\r\n", "\n")

    def read_until(self, words: str) -> bool:
        """Read on until it has said something; return whether it has."""
        while words not in self.text:
            if not self._read():
                return False
        return True

    def read_on(self, characters: float = math.inf) -> str:
        """Read on to so many characters or to the end; return all that has been read."""
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
        except OSError:  # EIO: nobody holds the other end of the terminal any more
            more = b""
        self._seen += more
        self._has_ended = not more
        return bool(more)


class Terminal:
    """A ``charrnn`` in a terminal.

    Parameters
    ----------
    folder : Path
        Where it runs.
    *arguments : str
    **changes : str
        Of the environment.
    """

    def __init__(self, folder: Path, *arguments: str, **changes: str) -> None:
        import pty  # not on Windows

        self._master, slave = pty.openpty()
        self._said = Said(self._master)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, "-m", "charrnn", *arguments],
            cwd=folder,
            env=environment(**changes),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of it behind."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def shown(self) -> str:
        """All that it has shown so far."""
        return self._said.text

    def read(self, characters: int) -> str:
        """Wait until it has shown so much; return all that it has shown."""
        return self._said.read_on(characters)

    def press(self, keys: bytes) -> None:
        """Press some keys."""
        os.write(self._master, keys)

    def end(self) -> int:
        """Wait for its end; return the exit code."""
        self._said.read_on()
        return self.process.wait(SECONDS)
