"""Kill a training again and again at random moments; compare the outputs.

``python -m tests.soak [kills] [seed]``, by default a hundred kills.  Each training
resumes the one before, until one ends before its kill: that is a round.  Its files are
compared byte by byte with those of an undisturbed training.  The exit code is 1 if one of them differs.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults import CHECKPOINTS, OFTEN, make_training, outputs, training

KINDS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
# Share of kills during the training; the others come at any moment after Python starts.
WHILE_TRAINING = 0.8
LONGEST_LIFE = 0.5  # seconds


def soak(kills: int, seed: int) -> int:
    """Kill trainings; return the number of mismatches."""
    rng, count = random.Random(seed), Counter[str]()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        undisturbed, folder = Path(name) / "undisturbed", Path(name) / "killed"
        undisturbed.mkdir()
        make_training(undisturbed, epochs=8)
        shutil.copytree(undisturbed, folder)
        _to_the_end(undisturbed)
        expected = outputs(undisturbed)
        while sum(count[kind.name] for kind in KINDS) < kills:
            kind = rng.choice(KINDS)
            with training(folder, *OFTEN) as trainer:
                if rng.random() < WHILE_TRAINING:
                    trainer.wait_for("first loss")
                try:
                    code = trainer.end(rng.uniform(0.0, LONGEST_LIFE))
                except subprocess.TimeoutExpired:
                    code = trainer.stop(kind)
                    count[kind.name if code else "too late"] += 1
                count["resumes"] += "resuming from update" in trainer.said
                if code == 1:
                    raise SystemExit(trainer.said)
            written, kept = outputs(folder), any(folder.glob(f"{CHECKPOINTS}/*.ch*"))
            halves = [name for name in written if name.endswith(".tmp")]
            # A kill may come after the last write, before Python has ended.
            if code == 0 or (written.keys() >= expected.keys() and not kept):
                _end_round(folder, expected, count)
            elif any(
                written[name] != expected.get(name) for name in {*written} - {*halves}
            ):
                count["mismatches"] += 1
        _to_the_end(folder)
        _end_round(folder, expected, count)
    each = ", ".join(f"{count[kind.name]} {kind.name}" for kind in KINDS)
    print(  # noqa: T201 - the result
        f"{kills} kills survived ({each}), {count['resumes']} resumes, "
        f"{count['rounds']} rounds compared, {count['mismatches']} mismatches, "
        f"seed {seed}, {time.monotonic() - began:.0f} s"
    )
    return count["mismatches"]


def _to_the_end(folder: Path) -> None:
    with training(folder, *OFTEN) as trainer:
        if trainer.end() != 0:
            raise SystemExit(trainer.said)


def _end_round(folder: Path, expected: dict[str, bytes], count: Counter[str]) -> None:
    """Compare the outputs, and remove them for the next round."""
    count["rounds"] += 1
    count["mismatches"] += outputs(folder) != expected
    for name in outputs(folder):
        (folder / name).unlink()
    known = {"lock", "owner"}
    if left := {path.name for path in (folder / CHECKPOINTS).iterdir()} - known:
        count["mismatches"] += 1
        print(f"left behind: {', '.join(sorted(left))}")  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    sys.exit(1 if soak(asked.kills, asked.seed) else 0)
