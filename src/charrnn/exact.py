"""Elementary functions that give the same bits on every machine.

The exp, log and tanh of C libraries and of NumPy differ in the last bit between systems
and processors, and training is chaotic: one different bit changes the results.
The functions here use only operations that IEEE 754 and integer arithmetic define to
the bit: + - * /, comparisons, casts of bit patterns, shifts. No libm, no fused
multiply-add, no branch. The order of sums and products is fixed (polynomials by
Horner's rule), and it must not be changed.

Python code calls `exp`, `log` and `tanh`. Compiled code compiles one of `exp32`,
`exp64`, `log32`, `log64`, `tanh32`, `tanh64`, which are plain Python for this reason,
and calls it on the elements of an array in a loop, which LLVM vectorises::

    tanh32 = numba.njit(exact.tanh32, error_model="numpy")

The loop needs the same error model: Numba's default tests each divisor for zero.
Never use `fastmath`, which may reorder and fuse. The bits of a NaN may differ.

The greatest errors in the docstrings are in units in the last place (ulp) of the true
result: over every float32, against the C library in float64; and over four million
float64 numbers, most of them where the errors are greatest, against 36 digits of mpmath.

Each line must mean the same to Numba for a scalar as to NumPy for an array. Therefore
there is a cast before each `.view`; integers are cast back, since Numba widens them;
and bit masks select values, since Numba's `np.where` of scalars returns an array.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# An array of the function's precision, or one number where Numba compiles it.
Values: TypeAlias = Any
Function: TypeAlias = Callable[[Values], Values]

# ln 2 in two parts (FreeBSD's e_expf.c, fdlibm's e_exp.c), the first with so few bits
# that its product with any exponent is exact.
LN2_32 = (6.9314575195e-01, 1.4286067653e-06)
LN2_64 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
# Minimax polynomials, highest power first: fitted by Remez exchange in 60 digits
# (mpmath) to the least relative error of the result, then rounded.
# (e^r - 1 - r) / r^2, for |r| <= ln(2) / 2:
EXP32 = (0.00019790271, 0.0013944703, 0.008333498, 0.041666295, 0.16666666, 0.5)
EXP64 = (
    2.0826565597723035e-09, 2.511208429721546e-08, 2.7557582336933143e-07,
    2.755723472855828e-06, 2.4801586925656126e-05, 0.000198412698965142,
    0.001388888888911639, 0.008333333333316983, 0.041666666666666095,
    0.16666666666666682, 0.5,
)  # fmt: skip
# (ln((1 + s) / (1 - s)) / s - 2) / s^2 in powers of s^2, for |s| <= 3 - sqrt(8):
LOG32 = (0.2987306, 0.39977497, 0.66666776)
LOG64 = (
    0.14797530846926463, 0.15313900983995005, 0.18183569825234705,
    0.22222198474444835, 0.2857142874327562, 0.39999999999411057,
    0.6666666666666735,
)  # fmt: skip
# (tanh(x) / x - 1) / x^2 in powers of x^2, for |x| <= 9/16:
TANH32 = (-0.006179794, 0.02100745, -0.05383743, 0.13332452, -0.33333313)
TANH64 = (
    7.204609335964403e-06, -3.253344087797114e-05, 9.363292557851352e-05,
    -0.00023806607091928585, 0.0005897916041240159, -0.001455798217329421,
    0.0035921242303089173, -0.008863235261802127, 0.02186948852410015,
    -0.05396825396793566, 0.1333333333333291, -0.3333333333333333,
)  # fmt: skip


def _functions(
    real: Any,
    whole: Any,
    ln2: tuple[float, float],
    limits: tuple[float, float, float],
    polynomials: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]],
) -> tuple[Function, Function, Function]:
    """Make exp, log and tanh of one precision.

    Parameters
    ----------
    real, whole : type
        NumPy's types of the numbers and of their bits.
    ln2 : tuple of float
        ln 2 in two parts.
    limits : tuple of float
        Below the first e^x rounds to 0, above the second e^x overflows; above the
        third tanh x rounds to 1.
    polynomials : tuple of tuple of float
        For exp, log and tanh.
    """
    # Every constant has the type of the function, so that no operation widens.
    zero, half, one, two, infinity = map(real, (0, 0.5, 1, 2, np.inf))
    log2e, (ln2_high, ln2_low) = real(1.4426950408889634), map(real, ln2)
    exp_least, exp_most, tanh_most = map(real, limits)
    for_exp, for_log, for_tanh = (tuple(map(real, p)) for p in polynomials)
    far_from = real(0.5625)
    digits, bias = np.finfo(real).nmant, np.finfo(real).maxexp - 1
    # Adding this rounds to a whole number. The low bits of the sum are that number plus
    # the bias of an exponent: shifted up, they are the bits of 2^number.
    magic = real(1.5 * 2**digits + bias)
    # OR-ing a small integer into the low bits of this number adds the integer.
    count = real(2**digits)
    count_bits, count_bias = count.view(whole), real(count + bias)
    # A denormal number is multiplied by 1 + this.
    least_normal, scale, scaled = np.finfo(real).tiny, real(count - one), real(digits)
    # The bits of some numbers, and of the fields of all.
    shift, sign = whole(digits), real(-0.0).view(whole)
    exponent, fraction = infinity.view(whole), whole(2**digits - 1)
    root = real(0.7071067811865476).view(whole)
    root_to_one = whole(one.view(whole) - root)
    minus_infinity, nan = real(-np.inf).view(whole), real(np.nan).view(whole)

    def exp(x: Values) -> Values:
        """e^x. Greatest error: 0.96 ulp in float32, 0.95 in float64.

        Overflow gives inf; underflow gives denormals, rounded once, then 0.

        References
        ----------
        W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980,
        ch. 6: the reduction to x = k ln 2 + r.
        """
        x = np.minimum(np.maximum(x, exp_least), exp_most)
        k = (x * log2e + magic) - magic
        r = (x - k * ln2_high) - k * ln2_low
        p = for_exp[0]
        for c in for_exp[1:]:
            p = p * r + c
        y = one + (r + (r * r) * p)
        # 2^k in two factors: 2^k may be out of range where y 2^k is not. The first
        # product is exact, so that a denormal result is rounded once.
        first = k * half + magic
        second = (k - (first - magic)) + magic
        y = y * whole(real(first).view(whole) << shift).view(real)
        return y * whole(real(second).view(whole) << shift).view(real)

    def log(x: Values) -> Values:
        """Natural logarithm. Greatest error: 0.84 ulp in float32, 0.84 in float64.

        Denormals included; -inf at 0 and -0, NaN below.

        References
        ----------
        fdlibm, e_log.c, Sun Microsystems, 1993: x = 2^k (1 + f), s = f / (2 + f), and
        the order in which the parts are added.
        """
        denormal = real(x < least_normal)
        bits = real(x * (one + denormal * scale)).view(whole)
        above = whole(bits + root_to_one)
        k = whole(((above & exponent) >> shift) | count_bits).view(real)
        k = (k - count_bias) - denormal * scaled
        # 1 + f lies between sqrt(1/2) and sqrt(2).
        f = whole((above & fraction) + root).view(real) - one
        s = f / (two + f)
        z = s * s
        p = for_log[0]
        for c in for_log[1:]:
            p = p * z + c
        h = half * (f * f)
        y = k * ln2_high - ((h - (s * (h + z * p) + k * ln2_low)) - f)
        # Added to y: 0 for positive finite x; inf, -inf or NaN for all others.
        special = whole(
            ((whole(x < infinity) - 1) & real(x).view(whole))
            | (-whole(x == zero) & minus_infinity)
            | (-whole(x < zero) & nan)
        )
        return y + special.view(real)

    def tanh(x: Values) -> Values:
        """Hyperbolic tangent. Greatest error: 0.89 ulp in float32, 0.90 in float64.

        Odd to the bit, the sign of zero included; never beyond 1; monotone (tested on
        every float32).

        References
        ----------
        Cephes, tanh.c, S. L. Moshier, 1989: a polynomial near 0, 1 - 2 / (e^2x + 1)
        elsewhere. T. J. Dekker, A floating-point technique for extending the available
        precision, Numer. Math. 18, 1971: the rounding error of a sum.
        """
        a = abs(x)
        z = a * a
        p = for_tanh[0]
        for c in for_tanh[1:]:
            p = p * z + c
        near = a + a * (z * p)
        # e^2a = 2^k + tail, reduced as in exp.
        b = two * np.minimum(a, tanh_most)
        k = (b * log2e + magic) - magic
        r = (b - k * ln2_high) - k * ln2_low
        p = for_exp[0]
        for c in for_exp[1:]:
            p = p * r + c
        power = whole(real(k + magic).view(whole) << shift).view(real)
        tail = power * (r + (r * r) * p)
        # 1 - 2 / (2^k + tail + 1), corrected by the rounding errors of both sums.
        base = power + one
        divisor = base + tail
        error = (base - divisor) + tail
        q = two / divisor
        rest = one - q
        far = rest + (((one - rest) - q) + (q * q) * (half * error))
        near_bits, far_bits = real(near).view(whole), real(far).view(whole)
        chosen = near_bits ^ ((near_bits ^ far_bits) & -whole(a > far_from))
        return whole(chosen | (real(x).view(whole) & sign)).view(real)

    return exp, log, tanh


exp32, log32, tanh32 = _functions(
    np.float32, np.int32, LN2_32, (-105, 90, 10), (EXP32, LOG32, TANH32)
)
exp64, log64, tanh64 = _functions(
    np.float64, np.int64, LN2_64, (-746, 710, 20), (EXP64, LOG64, TANH64)
)


def _apply(single: Function, double: Function, x: ArrayLike) -> Any:
    values = np.asarray(x)
    function = single
    if values.dtype != np.float32:
        function, values = double, values.astype(np.float64)
    # At least one dimension: integer overflow warns for NumPy's scalars, not for arrays.
    with np.errstate(all="ignore"):
        return function(np.atleast_1d(values)).reshape(values.shape)[()]


def exp(x: ArrayLike) -> Any:
    """e^x of numbers in any shape; float32 stays float32, other types become float64."""
    return _apply(exp32, exp64, x)


def log(x: ArrayLike) -> Any:
    """Natural logarithm of numbers in any shape; types as for `exp`."""
    return _apply(log32, log64, x)


def tanh(x: ArrayLike) -> Any:
    """Hyperbolic tangent of numbers in any shape; types as for `exp`."""
    return _apply(tanh32, tanh64, x)


def bits(nats: float) -> float:
    """Convert nats to bits."""
    return nats / float(log(2.0))


def total(values: Iterable[float]) -> float:
    """Return the sum of losses, correctly rounded in any order; inf if it overflows."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def mean(values: Sequence[float] | NDArray[Any]) -> float:
    """Return the mean; the sum is that of `total`."""
    # The buffer gives its numbers one by one; a list of them takes 32 bytes for each.
    return total(np.ascontiguousarray(values, dtype=np.float64).data) / len(values)
