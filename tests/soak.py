"""Faults drawn at random for as long as one likes; each run must end in the same bytes.

``python -m tests.soak [--minutes 30] [--seed 0] [--kinds kills,damage]``.  Each run has a
seed of its own, from which its kind and all else that is random follows; a run that ends in
other bytes, in a traceback or not at all is printed with the command that repeats it, and
the exit code is 1.  A new kind is a function below `kind`.
"""

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import yaml

from charrnn.settings import SECTIONS
from tests import faults
from tests.command_line import python
from tests.faults import CHECKPOINTS, OFTEN, make_repository, outputs, training
from tests.pipeline import STAGES
from tests.power import Disk

REPRO = ("-m", "dvc", "repro")
LONGEST = 300.0  # seconds that a command may take before it counts as one that hangs
MOST_MEMORY = (
    6 * 2**30
)  # bytes of addresses a process, so that no other process suffers


class FoundError(Exception):
    """A run ended otherwise than it should."""


class NotHereError(Exception):
    """A kind is not possible on this machine."""


class Lab:
    """A small pipeline, what it writes if nobody disturbs it, and copies to disturb.

    Parameters
    ----------
    folder : Path
        Of the lab, empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "begun").mkdir()
        make_repository(folder / "begun")
        for path in STAGES["train"].writes:  # the text that git keeps, of another book
            (folder / "begun" / path).unlink(missing_ok=True)

    @cached_property
    def ended(self) -> Path:
        """A copy whose stages have all run, undisturbed; only to be copied."""
        ended = self.copy("ended", self.folder / "begun")
        self.run(ended, *REPRO)
        return ended

    @cached_property
    def expected(self) -> dict[str, bytes]:
        """The files of `ended`, by their names."""
        return written(self.ended)

    def copy(
        self, name: str, source: Path | None = None, *, ended: bool = False
    ) -> Path:
        """Return a copy of its own, as far as the gradient check or ended."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        source = source or (self.ended if ended else self.folder / "begun")
        # With cp, hard links stay hard links.
        subprocess.run(["cp", "-a", source, target], check=True)
        return target

    def run(self, folder: Path, *arguments: str, code: int | None = 0) -> str:
        """Run Python to its end; return what it said.

        Raises
        ------
        FoundError
            If it prints a traceback, hangs or ends with another exit code.
        """
        with training(folder, *arguments) as process:
            try:
                found = process.end(LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                message = f"hangs: {arguments}"
                raise FoundError(message) from None
            said = process.said
        if "Traceback" in said or code not in {None, found}:
            message = f"exit code {found}:\n{said}"
            raise FoundError(message)
        return said

    def compare(self, folder: Path) -> None:
        """Compare all that the pipeline wrote with what it writes undisturbed.

        Raises
        ------
        FoundError
        """
        found = written(folder)
        names = found.keys() | self.expected.keys()
        if other := [n for n in names if found.get(n) != self.expected.get(n)]:
            message = f"other bytes: {', '.join(sorted(other))}"
            raise FoundError(message)


def written(folder: Path) -> dict[str, bytes]:
    """Return dvc.lock and what the stages wrote, and every half file."""
    paths = [folder / path for stage in STAGES.values() for path in stage.writes]
    paths += [folder / "dvc.lock", *folder.rglob("*.tmp")]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and ".dvc" not in path.relative_to(folder).parts
    }


Kind = Callable[[Lab, random.Random], str]
KINDS: dict[str, Kind] = {}


def kind(function: Kind) -> Kind:
    """Let a function be drawn; it does one thing at random, and returns what it did.

    It raises `FoundError` if that ends otherwise than it should.
    """
    KINDS[function.__name__] = function
    return function


@kind
def kills(lab: Lab, rng: random.Random) -> str:
    """Kill a training again and again, each time a moment after it went on."""
    folder, count = lab.copy("killed"), Counter[str]()
    while True:
        number = rng.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
        with training(folder, *OFTEN) as trainer:
            if rng.random() < 0.8:  # the others at any moment from Python's start on
                trainer.wait_for("first loss")
            try:
                code = trainer.end(rng.uniform(0.0, 0.5))
            except subprocess.TimeoutExpired:
                code = trainer.stop(number)
                count[number.name] += 1
            if "Traceback" in trainer.said or code == 1:
                raise FoundError(trainer.said)
        done = outputs(folder)
        expected = {name: lab.expected.get(name) for name in done}
        halves = [name for name in done if name.endswith(".tmp")]
        if any(done[name] != expected[name] for name in {*done} - {*halves}):
            message = f"other bytes after {number.name}"
            raise FoundError(message)
        if code == 0:
            break
    if left := [path.name for path in (folder / CHECKPOINTS).iterdir()] + halves:
        message = f"left behind: {', '.join(left)}"
        raise FoundError(message)
    return ", ".join(f"{count[name]} {name}" for name in sorted(count)) or "none"


@kind
def pipeline_kills(lab: Lab, rng: random.Random) -> str:
    """Kill DVC, or it and all that it started, at any moment; then run to the end."""
    folder = lab.copy("killed")
    times = rng.randint(1, 3)
    for _ in range(times):
        with training(folder, *REPRO) as dvc:
            number = rng.choice(["KILL", "TERM", "INT", "HUP", "QUIT"])
            with contextlib.suppress(subprocess.TimeoutExpired):
                dvc.end(rng.uniform(0.0, 40.0))
                break
            with contextlib.suppress(ProcessLookupError):
                kill = rng.choice([os.kill, os.killpg])
                kill(dvc.process.pid, signal.Signals[f"SIG{number}"])
            with contextlib.suppress(subprocess.TimeoutExpired):
                dvc.end(30.0)
    lab.run(folder, *REPRO)
    lab.compare(folder)
    return f"up to {times} times"


@kind
def power_cuts(lab: Lab, rng: random.Random) -> str:
    """Cut the power of an ext4 disk while the pipeline runs on it."""
    after = rng.uniform(0.0, 60.0)
    with contextlib.ExitStack() as stack:
        try:
            disk = stack.enter_context(Disk(lab.folder / "disk"))
        except OSError as error:
            raise NotHereError(str(error)) from None
        folder = lab.copy("disk/mounted/here", lab.copy("whole"))
        os.sync()
        with training(folder, *REPRO) as dvc:
            with contextlib.suppress(subprocess.TimeoutExpired):
                dvc.end(after)
                time.sleep(rng.uniform(0.0, 10.0))
            disk.cut()
        disk.mount()
        lab.run(folder, *REPRO)
        lab.compare(folder)
        # DVC copies what git keeps, too, into its cache, where an object may be empty.
        if verdict := verify(folder):
            heal(lab, folder, verdict)
    return f"after {after:.0f} s{', healed: ' if verdict else ''}{verdict}"


def verify(folder: Path) -> str:
    """Return the verdict of ``charrnn verify``; "" if all is as it should be."""
    done = python(folder, "-m", "charrnn", "verify", "--updates", "2000")
    return done.stdout.splitlines()[-1] if done.returncode else ""


def heal(lab: Lab, folder: Path, verdict: str) -> None:
    """Do what ``charrnn verify`` advises, and compare.

    Raises
    ------
    FoundError
        If that does not help.
    """
    advice = verdict.partition("; ")[2]
    if advice.startswith("remove "):
        for remove in advice.removeprefix("remove ").split(", then ")[0].split():
            (folder / remove).unlink()
    said = lab.run(folder, *REPRO)
    try:
        lab.compare(folder)
    except FoundError as error:
        message = f"{verdict}: {error}\n{said}"
        raise FoundError(message) from None
    if verdict := verify(folder):
        raise FoundError(verdict)


@kind
def damage(lab: Lab, rng: random.Random) -> str:
    """Damage a file that a stage made, in place; do what ``charrnn verify`` advises."""
    folder = lab.copy("damaged", ended=True)
    stage = rng.choice(list(STAGES.values()))
    path = folder / rng.choice(stage.writes)
    content, seen = bytearray(path.read_bytes()), path.stat()
    how = rng.choice(["bit", "half", "empty", "longer"])
    if how == "bit":
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    others: dict[str, bytes] = {
        "half": bytes(content[: len(content) // 2]),
        "empty": b"",
        "longer": bytes(content) + b"a",
    }
    path.chmod(0o644)
    path.write_bytes(others.get(how, content))
    path.chmod(seen.st_mode)
    if is_unnoticed := rng.random() < 0.5:
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    name = f"{path.name}, {how}{', unnoticed' if is_unnoticed else ''}"
    if not (verdict := verify(folder)):
        message = f"{name}: verify finds nothing"
        raise FoundError(message)
    try:
        heal(lab, folder, verdict)
    except FoundError as error:
        message = f"{name}: {error}"
        raise FoundError(message) from None
    return name


ODD_FILES: dict[str, Callable[[Path], object]] = {
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "folder": lambda path: (path / "a").mkdir(parents=True),
    "FIFO": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "nothing": lambda _: None,
    "empty": Path.touch,
    "noise": lambda path: path.write_bytes(random.Random(0).randbytes(999)),
    "zeros": lambda path: path.write_bytes(bytes(99_999)),
}


@kind
def odd_files(lab: Lab, rng: random.Random) -> str:
    """Put something odd in the place of an input, an output or a checkpoint; run a stage."""
    folder = lab.copy("odd", ended=True)
    stage = rng.choice(list(STAGES.values()))
    own = [path for path in stage.reads if path.name != "params.yaml"]
    path = rng.choice([*own, *stage.writes, CHECKPOINTS, Path("params.yaml")])
    name = rng.choice(list(ODD_FILES))
    target = folder / path
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    ODD_FILES[name](target)
    what = f"{stage.name}: {path} is {name}"
    said = ends_in_a_line(lab, folder, stage.name, what)
    return f"{what}: {said}"


# What YAML allows and nobody should need.
ODD_NUMBERS = [
    *("0", "-1", "1", "2", "1e9", "1e-300", "1e308", "-0.0", ".inf", ".nan", "1e-08"),
    *("1" * 5000, "0x" + "f" * 5000, "0o" + "7" * 6000, "1" + "0" * 400, "1_000"),
    *(
        "null",
        "true",
        "'1'",
        "[1]",
        "{}",
        "",
        "'\\ud800'",
        '"\\x1b[31m"',
        "999999999999",
    ),
]


@kind
def odd_numbers(lab: Lab, rng: random.Random) -> str:
    """Give a value of params.yaml an odd number; run a stage that reads it."""
    folder = lab.copy("odd", ended=True)
    section = rng.choice([section.section for section in SECTIONS])
    readers = [
        stage.name
        for stage in STAGES.values()
        if any(value.partition(".")[0] == section for value in stage.values)
    ]
    params = folder / "params.yaml"
    values = yaml.safe_load(params.read_text(encoding="utf-8"))
    key, number = rng.choice(sorted(values[section])), rng.choice(ODD_NUMBERS)
    values[section][key] = "ODD"
    text = yaml.safe_dump(values).replace(": ODD", f": {number}")
    params.write_text(text, encoding="utf-8")
    shown = (
        number if len(number) < 30 else f"{number[:9]}... ({len(number)} characters)"
    )
    stage = rng.choice(readers)
    what = f"{stage}: {section}.{key} = {shown}"
    return f"{what}: {ends_in_a_line(lab, folder, stage, what)}"


ODD_ENVIRONMENTS: list[dict[str, str]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONHASHSEED": "7"},
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONDONTWRITEBYTECODE": "1"},
    {"OMP_NUM_THREADS": "7", "OPENBLAS_CORETYPE": "Prescott"},
    {"NUMBA_OPT": "0", "NUMBA_CACHE_DIR": "/nonexistent/a"},
    {"NUMBA_NUM_THREADS": "0"},
    {"NUMBA_DISABLE_JIT": "1"},
    {"MPLBACKEND": "nonsense"},
    {"MPLCONFIGDIR": "/dev/null"},
    {"HOME": "/nonexistent"},
    {"TMPDIR": "/nonexistent"},
    {"TERM": "nonsense", "COLUMNS": "0"},
    {"TZ": "Pacific/Apia"},
]


@kind
def odd_environments(lab: Lab, rng: random.Random) -> str:
    """Run a stage in an odd environment: the same bytes, or a line that says why not."""
    folder = lab.copy("odd", ended=True)
    stage = rng.choice(list(STAGES.values()))
    changes = rng.choice(ODD_ENVIRONMENTS)
    what = f"{stage.name}: {changes}"
    with changed(changes):
        said = ends_in_a_line(lab, folder, stage.name, what)
    if said == "0":
        lab.compare(folder)
    return f"{what}: {said}"


@contextlib.contextmanager
def changed(environment: dict[str, str]) -> Iterator[None]:
    """Change the environment of what is started inside."""
    before = dict(faults.ENVIRONMENT)
    faults.ENVIRONMENT.update(environment)
    try:
        yield
    finally:
        faults.ENVIRONMENT.clear()
        faults.ENVIRONMENT.update(before)


def ends_in_a_line(lab: Lab, folder: Path, stage: str, what: str) -> str:
    """Run a stage by hand; return its exit code, and its last line if it refuses.

    Raises
    ------
    FoundError
        If it neither ends well nor with a line that says why not.
    """
    try:
        said = lab.run(folder, "-m", f"stages.{stage}", code=None)
    except FoundError as error:
        message = f"{what}: {error}"
        raise FoundError(message) from None
    last = said.splitlines()[-1] if said else ""
    return last if last.startswith(f"{stage}: error: ") else "0"


def soak(kinds: list[str], seed: int, minutes: float, runs: float) -> int:
    """Draw for so long; return how many runs ended otherwise than they should."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    # As Ctrl-C does: the disk is unmounted, and the folder of the lab removed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    end, done, found = time.monotonic() + 60 * minutes, Counter[str](), 0
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(Path(name))
        while kinds and done.total() < runs and time.monotonic() < end:
            rng = random.Random(seed)
            chosen = rng.choice(kinds)
            try:
                result = KINDS[chosen](lab, rng)
            except NotHereError as error:
                kinds = [one for one in kinds if one != chosen]
                result = f"not on this machine: {error}"
            except FoundError as error:
                found += 1
                result = (
                    f"FOUND {error}\n  again: python -m tests.soak --runs 1 "
                    f"--seed {seed} --kinds {','.join(kinds)}"
                )
            print(f"{seed} {chosen}: {result}", flush=True)  # noqa: T201
            done[chosen] += 1
            seed += 1
    each = ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
    print(f"{done.total()} runs ({each}), {found} found")  # noqa: T201
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first run")
    parser.add_argument("--runs", type=float, default=float("inf"))
    parser.add_argument("--kinds", default=",".join(KINDS), help="default: %(default)s")
    asked = parser.parse_args()
    chosen_kinds = asked.kinds.split(",")
    if unknown := set(chosen_kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    sys.exit(1 if soak(chosen_kinds, asked.seed, asked.minutes, asked.runs) else 0)
