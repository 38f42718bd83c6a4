"""A scheduler of Dask and its workers, as processes that a test may kill."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.command_line import ENVIRONMENT
from tests.conftest import Project

SECONDS = 60


class Dask(NamedTuple):
    """A scheduler, and a function that starts a worker of it."""

    scheduler: "subprocess.Popen[bytes]"
    address: str
    file: Path
    start_worker: Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def dask(project: Project) -> Iterator[Dask]:
    """Return a scheduler on this machine without a worker."""
    file = project.folder / "scheduler.json"
    started: list[subprocess.Popen[bytes]] = []

    def start(module: str, *options: str, **changes: str) -> "subprocess.Popen[bytes]":
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *options],
                env=ENVIRONMENT | changes,
                cwd=project.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return started[-1]

    def start_worker(**changes: str) -> "subprocess.Popen[bytes]":
        return start(
            "dask_worker", "--scheduler-file", str(file), "--nthreads", "1",
            "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--death-timeout", "9",
            **changes,
        )  # fmt: skip

    scheduler = start(
        "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", str(file),
    )  # fmt: skip
    try:
        yield Dask(scheduler, address_in(file), file, start_worker)
    finally:
        for process in started:
            process.kill()
            process.wait()


def address_in(file: Path) -> str:
    """Return the address that a scheduler writes, as soon as it has done so."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.05)
    message = "the scheduler has not started"
    raise TimeoutError(message)
