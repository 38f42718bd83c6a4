"""The log of a stage, which goes to a terminal."""

import subprocess
import sys

from tests.faults import ENVIRONMENT

SAYS = r"""
import logging
from stages.runtime.running import run
run("sample", lambda: logging.getLogger("charrnn").info("%s", "a\x1b[2J\u202eb\tc\x85\nd"))
"""


def test_what_a_book_contains_does_not_reach_the_terminal_raw() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS],
        env=ENVIRONMENT | {"PYTHONIOENCODING": "utf-8"}, capture_output=True, check=True,
    )  # fmt: skip
    said = done.stderr.decode("utf-8")
    assert said == "sample: a\N{SYMBOL FOR ESCAPE}[2J\\u202eb\tc\\u0085\nd\n"
