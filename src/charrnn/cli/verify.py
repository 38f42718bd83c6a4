"""``charrnn verify``: compare the files with dvc.lock, and the curve with training."""

import argparse
import sys

from charrnn.cli.terminal import styled
from charrnn.cli.verifying import Comparison, compare_with_lock, compare_with_training
from charrnn.errors import CharRnnError, one_line


def run(options: argparse.Namespace) -> int:
    """Print failed comparisons and the verdict; return 1 if a comparison failed."""
    failed = count = 0
    remove: list[str] = []
    passes, fails = (
        styled("ok  ", "green", sys.stdout),
        styled("FAIL", "red", sys.stdout),
    )

    def show(comparison: Comparison) -> None:
        nonlocal failed, count
        count += 1
        failed += not comparison.holds
        remove.extend([str(comparison.remove)] if comparison.remove else [])
        if options.verbose or not comparison.holds:
            mark = passes if comparison.holds else fails
            sys.stdout.write(f"{mark} {one_line(comparison.text)}\n")

    for comparison in compare_with_lock():
        show(comparison)
    sys.stdout.flush()  # training again takes seconds
    try:
        show(compare_with_training(options.updates))
    except CharRnnError as error:
        show(Comparison(False, f"training again was not possible: {error}"))
    first = f"remove {' '.join(dict.fromkeys(remove))}, then " if remove else ""
    verdict = (
        f"{failed} of {count} comparisons failed; {first}dvc repro makes all files again"
        if failed
        else "the files match dvc.lock, and training again gives the same curve"
    )
    sys.stdout.write(f"{verdict}\n")
    return 1 if failed else 0
