"""A disk whose power can be cut: an ext4 file system in a file, which needs root."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

_SIZE = 512 * 2**20  # bytes
# Of the kernel's uapi/linux/fs.h and ext4.h: stop at once, and write nothing more, not
# even the journal.
_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = (2).to_bytes(4, "little")


class Disk:
    """An ext4 file system at ``folder/mounted``, in a ``with``.

    Raises
    ------
    OSError
        If this machine or this user cannot mount one.
    """

    def __init__(self, folder: Path) -> None:
        self.mounted = folder / "mounted"
        self._image = folder / "image"

    def __enter__(self) -> Self:
        """Make it anew and mount it."""
        if (
            not hasattr(os, "geteuid")
            or os.geteuid() != 0
            or not shutil.which("mkfs.ext4")
        ):
            message = "a power cut needs root and mkfs.ext4"
            raise OSError(message)
        self.mounted.mkdir(parents=True, exist_ok=True)
        with self._image.open("wb") as file:
            file.truncate(_SIZE)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self.mount()
        return self

    def __exit__(self, *_: object) -> None:
        """Unmount it."""
        if self.mounted.is_mount():
            _run("umount", "--lazy", str(self.mounted))

    def mount(self) -> None:
        """Mount it; after a cut this replays the journal."""
        if self.mounted.is_mount():
            _run("umount", str(self.mounted))
        _run("mount", "-o", "loop", str(self._image), str(self.mounted))

    def cut(self) -> None:
        """Cut the power: only what was flushed, or written in time, stays."""
        opened = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, _SHUTDOWN, _NO_LOG_FLUSH)
        finally:
            os.close(opened)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.strip())
