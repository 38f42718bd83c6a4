"""``charrnn offline-plots``: dvc plots without a network."""

import argparse
import sys

from charrnn.cli import interrupts
from charrnn.cli.plots_page import install, remove


def run(options: argparse.Namespace) -> int:
    """Install the page, or undo it, and tell what was done."""
    with interrupts.tidily():
        if not options.remove:
            said = (
                f"wrote {install()}: dvc plots show and dvc plots diff need no network"
            )
        elif remove():
            said = "removed: dvc plots loads its scripts from the web again"
        else:
            said = "there was nothing to remove"
    sys.stdout.write(f"{said}\n")
    return 0
