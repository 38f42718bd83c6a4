"""The elementary functions: accuracy, special values, the same bits."""

import functools
import hashlib
import os
import re
import subprocess
import sys
from typing import Any

import mpmath
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charrnn import exact
from tests.imports import ROOT

Array = NDArray[Any]
NAMES = ["exp32", "exp64", "log32", "log64", "tanh32", "tanh64"]
# SHA-256 of what the six make of `spread`: the same on every machine, for ever. A
# change of any one operation in exact.py changes it.
DIGESTS = {
    "exp32": "467c2262dbfcd3217fa879e50d546ed21e05d8d744241335c4309329ef77f188",
    "exp64": "df183dec23f8e17bf76c208a601249a1f8a740fd743de5262114e9f161e25260",
    "log32": "d52d4bc03b4c7f71bb7542376f8b60c6b83b1d6dbb8bad9abdffe0e946fbe32e",
    "log64": "7024c0a4d6b1a62d0518ab506a00763e3e673407aaa10b46a449f7f598e4040d",
    "tanh32": "1a97b0c0d7ebe46d718be86eebb3e09d8076429e02eb64a47c03d5df758d10fb",
    "tanh64": "f3b165d4965fed6d113a4371d795b90856e855937f864375c22107c4d9eda4c5",
}
# May appear in the compiled loop: Numba's own run time, the loop's own names, and |x|.
HARMLESS_CALL = re.compile(
    r"NRT_|numba_|Py|_ZN|llvm\.(fabs|memset|x86\.atomic|lifetime|assume)"
)


def real_type(name: str) -> type[Any]:
    return np.float32 if name.endswith("32") else np.float64


def evaluate(name: str, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(getattr(exact, name)(x))


def bits(y: Any) -> Array:
    """Return the bit patterns, all NaN made the same."""
    same: Array = np.where(np.isnan(y), y.dtype.type(np.nan), y)
    return same.view(f"u{y.itemsize}")


def spread(real: type[Any]) -> Array:
    """Return numbers of all kinds, made by exact arithmetic alone."""
    count, steps = np.arange(1 << 16), np.arange(-(1 << 15), 1 << 15)
    if real is np.float32:
        patterns = (count * 65537 + count // 7).astype(np.uint32).view(real)
    else:
        golden = np.uint64(0x9E3779B97F4A7C15)
        patterns = (count.astype(np.uint64) * golden).view(real)
    with np.errstate(over="ignore", under="ignore"):
        powers = np.ldexp(1.0, np.arange(-1080, 1024))
        parts = [patterns, steps / 2**10, steps / 2**5, 1 + steps / 2**21, powers]
        return np.concatenate([part.astype(real) for part in parts])


def digest(y: Array) -> str:
    return hashlib.sha256(bits(y).astype(f"<u{y.itemsize}").tobytes()).hexdigest()


@functools.cache
def compiled(name: str) -> tuple[Any, Array]:
    """Return a compiled loop around one of the six, and what it makes of `spread`."""
    function = numba.njit(getattr(exact, name), error_model="numpy")

    @numba.njit(error_model="numpy")
    def loop(x: Array, y: Array) -> None:
        for i in range(x.size):
            y[i] = function(x[i])

    x = spread(real_type(name))
    y = np.empty_like(x)
    loop(x, y)
    return loop, y


def hard_points(name: str) -> Array:
    """Draw numbers from the whole range, most where an error would be greatest."""
    rng, n = np.random.default_rng(5), 2000
    sign = rng.choice([-1.0, 1.0], n)
    is_32 = name.endswith("32")
    # Half-way between the whole multiples of ln 2 the reduction changes over.
    if name.startswith("exp"):
        least, most = (-104, 88.7) if is_32 else (-745.2, 709.7)
        middle = rng.integers(int(least / 0.7), int(most / 0.7), n) + 0.5
        parts = [
            rng.uniform(least, most, n),
            rng.uniform(-1, 1, n),
            sign * np.exp2(rng.uniform(-40, 6, n)),
            middle * np.log(2) + rng.normal(0, 1e-3, n),
            rng.uniform(least, least * 0.83, n),
            rng.uniform(most - 1, most, n),
            most - np.exp2(rng.uniform(-20, 0, n)),
        ]
    elif name.startswith("log"):
        least, most = (-149, 127.9) if is_32 else (-1074, 1023.9)
        middle = np.exp2(rng.integers(-100, 100, n) + 0.5)
        parts = [
            np.ldexp(1.0, np.arange(least, int(most) + 1)),
            np.exp2(rng.uniform(least, most, n)),
            np.exp2(rng.uniform(least, least * 0.8, n)),
            rng.uniform(0.3, 4, 3 * n),
            1 + sign * np.exp2(rng.uniform(-30, -2, n)),
            middle * (1 + rng.normal(0, 1e-4, n)),
        ]
    else:
        middle = rng.integers(0, 13 if is_32 else 28, n) + 0.5
        parts = [
            sign * np.exp2(rng.uniform(-148 if is_32 else -1073, 5, n)),
            rng.uniform(-3, 3, 2 * n),
            sign * (0.5625 + sign * np.exp2(rng.uniform(-25, -2, n))),
            sign * rng.uniform(0.5625, 1.1, n),
            sign * (middle * np.log(2) / 2 + rng.normal(0, 1e-3, n)),
        ]
    return np.concatenate(parts).astype(real_type(name))


def greatest_error(name: str, x: Array) -> float:
    """Return the greatest error in ulp of the true result."""
    digits, least = (24, -149) if name.endswith("32") else (53, -1074)
    reference = {"exp": mpmath.exp, "log": mpmath.log, "tanh": mpmath.tanh}[name[:-2]]
    overflow = mpmath.mpf(float(np.finfo(real_type(name)).max))
    worst = 0.0
    with mpmath.workprec(120):
        for number, result in zip(x.tolist(), evaluate(name, x).tolist(), strict=True):
            true = reference(mpmath.mpf(number))
            if np.isinf(result):
                assert true > overflow
                continue
            exponent = mpmath.frexp(true)[1] if true else least
            ulp = mpmath.ldexp(1, max(exponent - digits, least))
            worst = max(worst, float(abs(result - true) / ulp))
    return worst


@pytest.mark.parametrize("name", NAMES)
def test_the_error_is_near_the_bound_of_the_docstring_and_within_it(name: str) -> None:
    doc = getattr(exact, name).__doc__
    stated = re.search(r"([\d.]+) ulp in float32, ([\d.]+) in float64", doc)
    assert stated
    bound = float(stated[1 if name.endswith("32") else 2])
    assert 0.8 * bound < greatest_error(name, hard_points(name)) <= bound < 1


SPECIAL = {
    exact.exp: [
        (0.0, 1.0), (-0.0, 1.0), (np.inf, np.inf), (-np.inf, 0.0), (1e4, np.inf),
        (-1e4, 0.0), (1e-30, 1.0), (np.nan, np.nan),
    ],
    exact.log: [
        (1.0, 0.0), (0.0, -np.inf), (-0.0, -np.inf), (-1.0, np.nan), (-1e-40, np.nan),
        (-np.inf, np.nan), (np.inf, np.inf), (np.nan, np.nan),
    ],
    exact.tanh: [
        (0.0, 0.0), (-0.0, -0.0), (1e-40, 1e-40), (-1e-40, -1e-40), (30.0, 1.0),
        (-1e30, -1.0), (np.inf, 1.0), (-np.inf, -1.0), (np.nan, np.nan),
    ],
}  # fmt: skip


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("function", SPECIAL)
def test_special_values_are_right_to_the_bit(function: Any, real: type[Any]) -> None:
    for x, expected in SPECIAL[function]:
        result = function(real(x))
        assert type(result) is real
        assert bits(result) == bits(real(expected)), x


@pytest.mark.parametrize(
    ("real", "greatest", "zero"),
    [
        (np.float32, 88.72283, -103.97208),
        (np.float64, 709.782712893384, -745.1332191019411),
    ],
)
def test_exp_overflows_and_vanishes_where_it_should(
    real: type[Any], greatest: float, zero: float
) -> None:
    last = np.array([greatest, zero], real)
    finite, least = exact.exp(last)
    assert 0.9999 * np.finfo(real).max < finite < np.inf
    assert least == np.finfo(real).smallest_subnormal
    beyond = np.nextafter(last, real([np.inf, -np.inf]))
    np.testing.assert_array_equal(exact.exp(beyond), [np.inf, 0])


@given(st.floats(width=32).map(np.float32) | st.floats().map(np.float64))
def test_tanh_is_odd_bounded_and_x_near_zero(x: Any) -> None:
    y = exact.tanh(x)
    assert bits(exact.tanh(-x)) == bits(-y)
    assert np.isnan(x) or (abs(y) <= min(abs(x), 1) and np.signbit(y) == np.signbit(x))
    if abs(x) < np.finfo(x.dtype).eps ** 0.5:
        assert y == x


# Where a reduction or a formula gives way to the next.
@pytest.mark.parametrize(
    ("name", "centres"),
    [
        ("exp32", [0.34657359, 1.0397208]),
        ("log32", [0.70710678, 1.0]),
        ("tanh32", [0.5625, 0.86643398, 9.01]),
    ],
)
def test_order_is_kept_among_neighbours(name: str, centres: list[float]) -> None:
    for centre in np.array(centres, np.float32).view(np.int32):
        x = np.arange(centre - 50_000, centre + 50_000, dtype=np.int32)
        assert np.all(np.diff(evaluate(name, x.view(np.float32))) >= 0)


@pytest.mark.parametrize("name", ["exp", "log", "tanh"])
def test_front_door_keeps_shape_float32_and_argument_and_never_warns(name: str) -> None:
    function = getattr(exact, name)
    single = np.linspace(0.1, 3, 24, dtype=np.float32).reshape(2, 3, 4)
    kept = single.copy()
    for x in (single, single[:, 1, ::2], single.T, single[:0], single[0, 0, :1]):
        y = function(x)
        assert (y.shape, y.dtype) == (x.shape, np.float32)
        np.testing.assert_array_equal(y, evaluate(f"{name}32", x.copy()))
        assert function(x.astype(np.float64)).dtype == np.float64
    np.testing.assert_array_equal(single, kept)
    others: list[Any] = [2, 2.0, np.float16(2), np.int8(2), np.array(2), True, [1, 2]]
    for other in others:
        y = function(other)
        assert (np.shape(y), y.dtype) == (np.shape(other), np.float64)
        np.testing.assert_array_equal(y, function(np.array(other, np.float64)))
    for real in (np.float32, np.float64):
        x = spread(real)
        for argument in (x, *x[:50], real(np.nan), real(-np.inf)):
            assert np.shape(function(argument)) == np.shape(argument)


@pytest.mark.parametrize("name", NAMES)
def test_bits_by_numpy_and_compiled_are_those_of_every_machine(name: str) -> None:
    _, y = compiled(name)
    by_numpy = evaluate(name, spread(real_type(name)))
    assert by_numpy.dtype == y.dtype
    assert digest(by_numpy) == digest(y) == DIGESTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_compiled_loop_is_vectorised_unfused_and_without_libm(name: str) -> None:
    loop, _ = compiled(name)
    (ir,), (assembly,) = (
        dump().values() for dump in (loop.inspect_llvm, loop.inspect_asm)
    )
    called = set(re.findall(r'\b(?:call|invoke)\b[^\n]*?@"?([\w.]+)', ir))
    assert {call for call in called if not HARMLESS_CALL.match(call)} == set()
    assert not re.search(r"\bv?fn?m(add|sub|la|ls)|fma", ir + assembly)
    kind = "float" if name.endswith("32") else "double"
    for operation in ("fadd", "fsub", "fmul"):
        assert re.search(rf"{operation} <\d+ x {kind}>", ir)
    assert name.startswith("exp") or re.search(rf"fdiv <\d+ x {kind}>", ir)
    assert kind == "double" or "double" not in ir


OTHER_MACHINE = """
from tests import test_exact as t
for name in t.NAMES:
    assert t.digest(t.compiled(name)[1]) == t.DIGESTS[name], name
"""


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["NUMBA_CPU_NAME=generic", "NUMBA_OPT=1"])
def test_bits_do_not_depend_on_the_processor_or_the_optimiser(setting: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict([setting.split("=")])
    command = [sys.executable, "-W", "error", "-c", OTHER_MACHINE]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
