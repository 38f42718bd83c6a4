"""The stages of the pipeline: thin scripts that load, call the library and save.

The files that a stage reads and writes stand at the top of its script and, the same, in
dvc.yaml; a test holds the two together.

This is the first of a stage's code to run: from here on Ctrl-C ends it at once.
"""

import os
import signal
import sys
from types import FrameType


def end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process with one line; there is nothing to keep yet."""
    # No exception: a callback of LLVM's or of the import system's would swallow it, or
    # answer with a traceback.
    stage = sys.orig_argv[-1].rpartition(".")[2]
    line = f"{stage}: stopped before it was done; run it again\n"
    os.write(2, (("\n" if os.isatty(2) else "") + line).encode())
    os._exit(128 + signal.SIGINT)


# So says sys.argv while `python -m stages.train` looks for what to run, and only then.
_IS_COMMAND = sys.argv[:1] == ["-m"]
if _IS_COMMAND and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, end_at_once)
