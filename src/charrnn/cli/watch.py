"""``charrnn watch``: show the curve of the training that is running."""

import argparse
import contextlib
import sys
import time
from pathlib import Path

from tqdm import tqdm

from charrnn.cli import interrupts
from charrnn.cli.output import safe_to_show
from charrnn.cli.writing import is_there
from charrnn.errors import ArtifactError, CharRnnError
from charrnn.files.artifacts import read_bytes, write_bytes
from charrnn.files.checkpoints import checkpoint_folder
from charrnn.files.growing import FollowedCurve, is_training, running
from charrnn.report.live import render_live

_SECONDS = 1.0  # between two looks at the file
_MARK = b'<p class="kicker">charrnn watch</p>'


def run(options: argparse.Namespace) -> int:
    """Write the page again and again until the training ends."""
    found = running(checkpoint_folder())
    if not found:
        message = "no training is running in this folder; dvc repro starts one"
        raise CharRnnError(message)
    _check_output(options.output)
    with contextlib.closing(FollowedCurve(found[0])) as followed:
        return _watch(found[0], followed, options.output)


def _check_output(path: Path) -> None:
    """Refuse to overwrite what is no page of this command."""
    if is_there(path) and _MARK not in read_bytes(path):
        message = f"{path}: exists and is no page of charrnn watch"
        raise ArtifactError(message)


def _watch(path: Path, followed: FollowedCurve, output: Path) -> int:
    followed.read()
    _write(followed, output, is_running=True)
    where = f"{output}: open this page in a browser; it renews itself while the training runs"
    sys.stderr.write(safe_to_show(f"charrnn: {where}\n"))
    said = len(_epoch_lines(followed))
    with tqdm(
        total=followed.updates, initial=followed.rows[-1].update if followed.rows else 0,
        unit=" updates", unit_scale=True, desc="train",
        dynamic_ncols=True, disable=None,
    ) as bar:  # fmt: skip
        while is_training(path):
            time.sleep(_SECONDS)
            if followed.read():
                bar.total = followed.updates  # not known at first
                _write(followed, output, is_running=True)
                if followed.rows:
                    bar.update(followed.rows[-1].update - bar.n)
                    bar.set_postfix_str(_losses(followed), refresh=False)
                if bar.disable:
                    lines = _epoch_lines(followed)
                    sys.stdout.write("".join(lines[said:]))
                    sys.stdout.flush()
                    said = len(lines)
        followed.read()
        _write(followed, output, is_running=False)
        if bar.disable:
            sys.stdout.write("".join(_epoch_lines(followed)[said:]))
        if followed.rows:
            bar.update(followed.rows[-1].update - bar.n)
    done = followed.rows[-1].update if followed.rows else 0
    end = "finished" if 0 < done == followed.updates else f"ended at update {done:,}"
    sys.stdout.write(f"the training {end}: {_losses(followed)}\n")
    return 0


def _epoch_lines(followed: FollowedCurve) -> list[str]:
    """Return a line for each finished epoch: all but the last, and the last at the end."""
    ends = {row.epoch: row for row in followed.rows}
    if ends and followed.rows[-1].update < followed.updates:
        ends.popitem()
    losses = {one.update: one.nats_per_character for one in followed.validations}
    return [
        f"epoch {row.epoch}, update {row.update:,}: smooth loss {row.smooth_loss:.2f}"
        + (f", validation {losses[row.update]:.4f}" if row.update in losses else "")
        + "\n"
        for row in ends.values()
    ]


def _losses(followed: FollowedCurve) -> str:
    if not followed.rows:
        return "no point of the curve so far"
    said = f"smooth loss {followed.rows[-1].smooth_loss:.2f}"
    if followed.validations:
        said += f", validation {followed.validations[-1].nats_per_character:.4f}"
    return said


def _write(followed: FollowedCurve, output: Path, *, is_running: bool) -> None:
    page = render_live(
        followed.curve,
        followed.checked,
        sequence_length=followed.sequence_length,
        updates=followed.updates,
        is_running=is_running,
    )
    with interrupts.as_exception():
        write_bytes(output, page)
