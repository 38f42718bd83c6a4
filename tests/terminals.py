"""The command line as a user has it: in a process of its own, in a terminal."""

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
        self._seen = b""
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

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], SECONDS)
        assert ready, f"silent for {SECONDS} s after {self.shown!r}"
        try:
            more = os.read(self._master, 1 << 16)
        except OSError:  # EIO: nobody holds the other end any more
            return False
        self._seen += more
        return bool(more)

    @property
    def shown(self) -> str:
        """All that it has shown so far, with the line ends that the program wrote."""
        return self._seen.decode("utf-8", "replace").replace("\r\n", "\n")

    def read(self, characters: int) -> str:
        """Wait until it has shown so much; return all that it has shown."""
        while len(self.shown) < characters and self._read():
            pass
        return self.shown

    def press(self, keys: bytes) -> None:
        """Press some keys."""
        os.write(self._master, keys)

    def end(self) -> int:
        """Wait for its end; return the exit code."""
        while self._read():
            pass
        return self.process.wait(SECONDS)
