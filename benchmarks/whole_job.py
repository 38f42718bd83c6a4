"""Time the whole job, as a user has it: from a new clone to the results, and again.

    python -m benchmarks.whole_job [--uv]

What is committed is cloned into a temporary folder and installed in an environment made
there.  `dvc repro` runs there without compiled code at hand, then, after `git clean`, with
it, and at last with nothing to do.  The difference of the former two is compiling.  pip
reads its usual sources and its cache; with --uv, uv installs instead, with an empty one.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import processor
from benchmarks.reporting import say

ROOT = Path(__file__).parent.parent
REPEATS = 5  # of what takes a second or less; the least is told


class Cost(NamedTuple):
    """Of a command, seconds."""

    elapsed: float
    processor: float


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        clone, environment = Path(folder) / "clone", Path(folder) / "environment"
        bin_folder = environment / ("Scripts" if sys.platform == "win32" else "bin")
        not_a_users = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
        variables = {k: v for k, v in os.environ.items() if k not in not_a_users} | {
            "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]]),
            "NUMBA_CACHE_DIR": str(Path(folder) / "compiled"),
        }

        def cost(*command: str, at: Path = clone) -> Cost:
            return _cost(command, at, variables)

        def least(*command: str) -> Cost:
            return min(cost(*command) for _ in range(REPEATS))

        python = str(bin_folder / "python")
        make = [sys.executable, "-m", "venv"]
        install = [python, "-m", "pip", "install", "-q"]
        if "--uv" in sys.argv[1:]:
            make = ["uv", "venv", "-q"]
            cache = ["--cache-dir", str(Path(folder) / "cache")]
            install = ["uv", "pip", "install", "-q", "-p", python, *cache]
        start = {
            "git clone": cost("git", "clone", "-q", str(ROOT), str(clone), at=ROOT),
            "making an environment": cost(*make, str(environment)),
            "installing": cost(*install, "-r", "requirements.txt", "-e", "."),
            "dvc repro": cost("dvc", "repro"),
        }
        cost("git", "clean", "-ffdqx")
        compiled = cost("dvc", "repro")
        again = least("dvc", "repro")
        imported = least(python, "-c", "import charrnn.cli.main")
        bare = least(python, "-c", "pass")
        loads = "import charrnn.cli.main, sys; sys.exit('numba' in sys.modules)"
        cost(python, "-c", loads)
    say(f"{processor()}, {os.cpu_count()} processors; seconds\n")
    say("| what | elapsed | of processors |")
    say("| --- | ---: | ---: |")
    whole = Cost(*map(sum, zip(*start.values(), strict=True)))
    rows = start | {
        "all of these": whole,
        "compiling, in this dvc repro": Cost(
            start["dvc repro"].elapsed - compiled.elapsed,
            start["dvc repro"].processor - compiled.processor,
        ),
        "dvc repro in a new clone, nothing to compile": compiled,
        "dvc repro, up to date": again,
        "import charrnn.cli.main, after Python's start": Cost(
            imported.elapsed - bare.elapsed, imported.processor - bare.processor
        ),
    }
    for what, (elapsed, used) in rows.items():
        say(f"| {what} | {elapsed:.2f} | {used:.2f} |")


def _cost(command: Sequence[str], at: Path, variables: dict[str, str]) -> Cost:
    """Run a command to its end; exit with what it says if it fails."""
    before, start = _used(), time.perf_counter()
    done = subprocess.run(
        command, cwd=at, env=variables, capture_output=True, text=True, check=False
    )
    elapsed, used = time.perf_counter() - start, _used() - before
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return Cost(elapsed, used)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
