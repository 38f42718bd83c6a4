"""Time an update piece by piece, where the pieces run.

    python -m benchmarks.pieces [float64]

The functions of `learning` and `passes` are called in the order of an update, with a read
of the processor's time-stamp counter between them (x86-64 only; some 10 ns each).  The
figure of a piece is the least, over some rounds, of the median of its updates.  With
NUMBA_CPU_NAME and NUMBA_CPU_FEATURES the code is that for another processor:
`NUMBA_CPU_NAME=generic` gives SSE2's.
"""

import platform
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from benchmarks import floor
from benchmarks.machine import processor
from benchmarks.reporting import say
from benchmarks.setting import (
    HIDDEN_SIZE,
    RECIPE,
    default_book,
    stay_on_one_processor,
    weights_for,
)
from charrnn.network.kernels import learning, passes
from charrnn.network.kernels.padding import int64_ids, padded_weights
from charrnn.network.kernels.products import VECTOR_BYTES
from charrnn.network.model import zeros_like

UPDATES = 1000
ROUNDS = 40
PIECES = (
    "transposing W",
    "recurrence",
    "logits",
    "softmax",
    "back-propagation",
    "sums: d_b, d_U",
    "sums: d_c",
    "d_W",
    "d_V",
    "AdaGrad: b, c",
    "AdaGrad: U",
    "AdaGrad: W, V",
)


def _read_counter(_: Any) -> Any:
    def generate(_: Any, builder: Any, *__: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), ())
        name = "llvm.readcyclecounter"
        return builder.call(builder.module.declare_intrinsic(name, (), kind), ())

    return types.int64(), generate


_counter: Any = intrinsic(_read_counter)
_adagrad: Any = vars(learning)["_adagrad"]


@floor.compiled
def _now() -> Any:
    return _counter()


@floor.compiled
def _make_updates(
    weights: Any, G: Any, ids: Any, eta: Any, constants: Any, workspace: Any, at: Any
) -> None:
    """Do what `learning` does; fill `at`, (n, pieces + 1), with the counter's readings."""
    (WT, H, HT, P, softmax), D, d, occurs = workspace
    T = D.shape[0]
    theta, squares, gradients = weights.whole, G.whole, d.whole
    biases = slice(0, weights.b.size + weights.c.size)
    matrices = slice(biases.stop + weights.UT.size, theta.size)
    for n in range(at.shape[0]):
        x, y = ids[n * T : n * T + T], ids[n * T + 1 : n * T + T + 1]
        passes.copy_row(H[0], H[T])
        at[n, 0] = _counter()
        passes.transpose(weights.W, WT.shape[0], WT)
        at[n, 1] = _counter()
        passes.fill_states(weights, x, WT, H)
        at[n, 2] = _counter()
        passes.fill_logits(weights, H, HT, P)
        at[n, 3] = _counter()
        passes.softmax_losses(P, y, softmax)
        at[n, 4] = _counter()
        passes.back_propagate(weights, y, H, P, D)
        at[n, 5] = _counter()
        passes.sum_steps(x, D, d.b, d.UT, occurs)
        at[n, 6] = _counter()
        for k in range(P.shape[0]):
            d.c[k] = 0
            for t in range(T):
                d.c[k] += P[k, t]
        at[n, 7] = _counter()
        passes.add_products(d.W, D.T, H, T, True)
        at[n, 8] = _counter()
        passes.add_products(d.V, P, H[1:], T, True)
        at[n, 9] = _counter()
        _adagrad(theta[biases], squares[biases], gradients[biases], eta, constants)
        at[n, 10] = _counter()
        for k in range(weights.UT.shape[0]):
            if occurs[k]:
                _adagrad(weights.UT[k], G.UT[k], d.UT[k], eta, constants)
        at[n, 11] = _counter()
        _adagrad(
            theta[matrices], squares[matrices], gradients[matrices], eta, constants
        )
        at[n, 12] = _counter()


def measure(dtype: str) -> NDArray[np.float64]:
    """Return the microseconds of each piece."""
    text, T = default_book(), RECIPE.sequence_length
    start = weights_for(HIDDEN_SIZE, text.vocabulary_size, dtype)
    one = np.dtype(dtype).type
    constants = learning.StepConstants(one(RECIPE.epsilon), one(RECIPE.clip), one(0))
    workspace = learning.workspace_for(start, start.zero_state(), T)
    theta, G = padded_weights(start), padded_weights(zeros_like(start))
    ids = int64_ids(text.ids[: UPDATES * T + 1])
    at = np.zeros((UPDATES, len(PIECES) + 1), np.int64)
    medians = []
    _now()  # compiled before it is needed
    begin, first = time.perf_counter_ns(), _now()
    for _ in range(ROUNDS):
        _make_updates(
            theta, G, ids, one(RECIPE.learning_rate), constants, workspace, at
        )
        medians.append(np.median(np.diff(at), axis=0))
    ticks = (_now() - first) / (time.perf_counter_ns() - begin) * 1e3
    microseconds: NDArray[np.float64] = np.min(medians, axis=0) / ticks
    return microseconds


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    if platform.machine() not in ("x86_64", "AMD64"):
        sys.exit(f"the time-stamp counter is x86-64's; this is {platform.machine()}")
    stay_on_one_processor()
    dtype = arguments[0] if arguments else "float32"
    microseconds = measure(dtype)
    say(f"{processor()}, vectors of {VECTOR_BYTES} bytes, {dtype}\n")
    say("| piece | microseconds |")
    say("| --- | ---: |")
    for piece, value in zip(PIECES, microseconds, strict=True):
        say(f"| {piece} | {value:.2f} |")
    say(f"| all | {microseconds.sum():.1f} |")
    _, parts = floor.floor_of_book(default_book(), dtype)
    ratio = microseconds.sum() / parts.total
    say(f"| the floor | {parts.total:.1f} |\n\nall takes {ratio:.2f} times the floor")


if __name__ == "__main__":
    main(sys.argv[1:])
