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
from charrnn.kernels.products import VECTOR_BYTES

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile a function when it is first called, and keep the result on disk."""
    # Numba looks at this setting when a function is decorated; other libraries keep theirs.
    settings = vars(numba.config)
    before, settings["CACHE_DIR"] = settings["CACHE_DIR"], _cache_folder()
    try:
        decorate: Any = numba.njit(cache=True, error_model="numpy", nogil=True)
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


def _chosen_by_type(single: Callable[..., Any], double: Callable[..., Any]) -> Any:
    """Return what `overload` wants: from an argument's type to an implementation."""
    of_single = numba.njit(error_model="numpy")(single)
    of_double = numba.njit(error_model="numpy")(double)
    # Lambdas, as Numba compares signatures with their annotations.
    for_single, for_double = lambda x: of_single(x), lambda x: of_double(x)
    return lambda x: for_single if x == types.float32 else for_double


# In compiled code exact.tanh(x) of one number is exact.tanh32 or exact.tanh64.
overload(exact.exp)(_chosen_by_type(exact.exp32, exact.exp64))
overload(exact.log)(_chosen_by_type(exact.log32, exact.log64))
overload(exact.tanh)(_chosen_by_type(exact.tanh32, exact.tanh64))
