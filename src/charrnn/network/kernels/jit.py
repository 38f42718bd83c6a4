"""How compiled code is compiled here: Numba's options, its cache, the exact functions.

No ``fastmath`` and no ``parallel``: LLVM may then neither reorder a sum nor fuse a
multiplication with an addition, whatever the processor.  ``error_model="numpy"`` lets a
division by zero give infinity; Python's rule would put a branch into every loop.
"""

import functools
import hashlib
import logging
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core import caching, compiler, serialize
from numba.extending import overload
from numba.misc import appdirs

from charrnn import exact
from charrnn.errors import CharRnnError, one_line
from charrnn.network.kernels.products import VECTOR_BYTES

if vars(numba.config)["DISABLE_JIT"]:
    message = "NUMBA_DISABLE_JIT is set: unset it, Python cannot run the compiled part"
    raise CharRnnError(message)

log = logging.getLogger("charrnn")

# Nothing in C calls a compiled function; without its wrapper it is compiled sooner.
_OPTIONS: Any = {"error_model": "numpy", "no_cfunc_wrapper": True}
_DIGEST_BYTES = 32
# Functions of Numba without types.
_debug: Any = caching._cache_log
_dumps: Any = serialize.dumps
_result: Any = compiler.CompileResult
_folders: Any = appdirs.AppDirs

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile a function when it is first called, and keep the result on disk."""
    decorate: Any = numba.njit(nogil=True, **_OPTIONS)
    dispatcher = decorate(function)
    dispatcher._cache = _Cache(function)
    return cast("Function", dispatcher)


class _Cache:
    """The compiled versions of a function, a file each, in the place of Numba's cache.

    Numba trusts its files, but files that were not flushed are empty after a power cut,
    and a full disk or a missing home folder is an error.  Here each file begins with
    the sha256 of its content: a damaged file is compiled again and replaced, and code
    that cannot be kept is compiled in each run.  Both are said once.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = f"{function.__module__}.{function.__qualname__}"
        self.cache_path = _cache_folder()

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return what was compiled for a signature, or None."""
        target.refresh()
        try:
            path = self._path(signature, target.codegen())
            content = path.read_bytes()
        except (OSError, RuntimeError):  # nothing was kept
            return None
        digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(code).digest() != digest:
            _say(f"{self.cache_path}: compiled code is damaged, and is compiled again")
            return None
        _debug("[cache] data loaded from %r", path)
        return _result._rebuild(target, *pickle.loads(code))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a result, if the disk allows it."""
        if result.library.has_dynamic_globals:  # addresses of this very process
            return
        code = _dumps(result._reduce())
        try:
            path = self._path(signature, result.codegen)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            try:
                temporary.write_bytes(hashlib.sha256(code).digest() + code)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:
            _say(
                f"{self.cache_path}: compiled code cannot be kept, and is compiled in "
                f"each run: {getattr(error, 'strerror', error)}"
            )
            return
        _debug("[cache] data saved to %r", path)

    def flush(self) -> None:
        """Keep the files: Numba calls this before it compiles all versions again."""

    def _path(self, signature: Any, codegen: Any) -> Path:
        """Return the file of a signature, for this processor and these versions.

        Raises
        ------
        RuntimeError
            If the folder is in the user's home, and the user has none.
        """
        key = (signature, codegen.magic_tuple(), numba.__version__, sys.version)
        digest = hashlib.sha256(repr(key).encode()).hexdigest()
        return Path(self.cache_path).expanduser() / f"{self._name}-{digest[:16]}"


@functools.cache
def _say(message: str) -> None:
    """Log a message, once."""
    log.warning("%s", one_line(message))


@functools.cache
def _cache_folder() -> str:
    """Return a folder for compiled code whose name is made of all that it came from.

    Code that was compiled with another `exact`, or for vectors of another size where one
    processor passes for another (NUMBA_CPU_NAME), is in another folder.  Where the
    package's own folder cannot be written, the folder is in the user's.
    """
    here = Path(__file__).parent
    sources = [Path(exact.__file__), *sorted(here.glob("*.py"))]
    content = b"\0".join(path.read_bytes() for path in sources)
    digest = hashlib.sha256(b"%d\0%b" % (VECTOR_BYTES, content)).hexdigest()
    chosen: str = vars(numba.config)["CACHE_DIR"]
    if not chosen and os.access(here, os.W_OK):
        chosen = str(here / "__pycache__")
    folder = Path(chosen or _folders("charrnn", False).user_cache_dir)
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
