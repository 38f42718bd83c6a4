"""``charrnn verify``: whether what lies here holds."""

import argparse
import sys

from charrnn.cli.terminal import styled
from charrnn.cli.verifying import Comparison, compare_with_lock, compare_with_training
from charrnn.errors import CharRnnError, one_line


def run(options: argparse.Namespace) -> int:
    """Tell each finding and the verdict; return 1 if something does not hold."""
    bad = files = 0
    holds = styled("ok ", "green", sys.stdout)
    holds_not = styled("NOT", "red", sys.stdout)

    def tell(finding: Comparison) -> None:
        nonlocal bad
        bad += not finding.holds
        if not (options.quiet and finding.holds):
            mark = holds if finding.holds else holds_not
            sys.stdout.write(f"{mark} {one_line(finding.text)}\n")

    for finding in compare_with_lock():
        files += 1
        tell(finding)
    sys.stdout.flush()  # the other takes a while
    try:
        tell(compare_with_training(options.updates))
    except CharRnnError as error:
        tell(Comparison(False, f"training again cannot be compared: {error}"))
    verdict = (
        "what lies here is what dvc.lock says and what the code gives"
        if not bad
        else f"{bad} of {files + 1} do not hold; dvc repro makes everything again"
    )
    sys.stdout.write(f"{verdict}\n")
    return 1 if bad else 0
