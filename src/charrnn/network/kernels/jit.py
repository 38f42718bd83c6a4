"""How compiled code is compiled here: Numba's options, its cache, the exact functions.

No ``fastmath`` and no ``parallel``: LLVM may then neither reorder a sum nor fuse a
multiplication with an addition, whatever the processor.  ``error_model="numpy"`` lets a
division by zero give infinity; Python's rule would put a branch into every loop.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.extending import overload

from charrnn import exact
from charrnn.network.kernels.products import VECTOR_BYTES

# Nothing in C calls a compiled function; without its wrapper it is compiled sooner.
_OPTIONS: Any = {"error_model": "numpy", "no_cfunc_wrapper": True}

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile a function when it is first called, and keep the result on disk."""
    # Numba looks at this setting when a function is decorated; other libraries keep theirs.
    settings = vars(numba.config)
    before, settings["CACHE_DIR"] = settings["CACHE_DIR"], _cache_folder()
    try:
        decorate: Any = numba.njit(cache=True, nogil=True, **_OPTIONS)
        return cast("Function", decorate(function))
    finally:
        settings["CACHE_DIR"] = before


@functools.cache
def _cache_folder() -> str:
    """Return a folder for compiled code whose name is made of all that it came from.

    Numba itself asks only whether the file of the outermost function has changed, and
    would go on using code that was compiled with another `exact`, or for vectors of
    another size where one processor passes for another (NUMBA_CPU_NAME).  An empty name
    leaves the place to Numba, where these folders cannot be written.
    """
    here = Path(__file__).parent
    sources = [Path(exact.__file__), *sorted(here.glob("*.py"))]
    content = b"\0".join(path.read_bytes() for path in sources)
    digest = hashlib.sha256(b"%d\0%b" % (VECTOR_BYTES, content)).hexdigest()
    chosen: str = vars(numba.config)["CACHE_DIR"]
    if not chosen and not os.access(here, os.W_OK):
        return ""
    folder = Path(chosen) if chosen else here / "__pycache__"
    return str(folder / f"numba-{digest[:16]}")


def _overload_by_type(
    function: Any, single: Callable[..., Any], double: Callable[..., Any]
) -> None:
    """Let a function of `exact` mean, in compiled code, that of its argument's type."""
    # Not strict: Numba would compare the annotations of the arguments, too.
    choose = overload(function, jit_options=_OPTIONS, strict=False)
    choose(lambda x: single if x == types.float32 else double)


_overload_by_type(exact.exp, exact.exp32, exact.exp64)
_overload_by_type(exact.log, exact.log32, exact.log64)
_overload_by_type(exact.tanh, exact.tanh32, exact.tanh64)
