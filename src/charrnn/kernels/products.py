"""The one product that all of the network's arithmetic is made of.

``add_products(out, a, B)`` does ``out = out + a[0] B[0] + a[1] B[1] + ...``, each
element adding its terms one after another in this order: a written order, so that the
result is the same on every machine.  It is a vector times a matrix; with the rows of a
matrix for `a` it is a product of matrices.

It is written in LLVM's vectors and not in Python, because LLVM does not find by itself
what makes it fast: a stripe of `out` as wide as `MOST` vectors stays in registers while
all rows of `B` pass by, so that a term costs one load, one multiplication and one
addition.  A vector of 64 bytes becomes one register of AVX-512, two of AVX2, four of
SSE or Neon; the elements do not notice, since none is ever added to its neighbour.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import DTypeLike

VECTOR_BYTES = 64
# Seven vectors of AVX2's half size, with a factor and a row, are its sixteen registers.
MOST = 7


def padded_width(width: int, dtype: DTypeLike) -> int:
    """Return the least number of elements, `width` or more, that fills whole vectors."""
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    return -(-width // lanes) * lanes


def _add_products(_: Any, out: Any, a: Any, B: Any) -> Any:
    """Add the products of `a`, (n,), with the rows of `B`, to `out`, in place.

    Parameters
    ----------
    out : (w,) float, contiguous
        w fills whole vectors; see `padded_width`.
    a : (n,) float, any stride
    B : (n or more, w) float
        Rows contiguous; what lies beyond row n is not read.
    """
    signature = types.void(out, a, B)
    itemsize = out.dtype.bitwidth // 8
    lanes = VECTOR_BYTES // itemsize

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        scalar = context.get_value_type(out.dtype)
        vector = ir.VectorType(scalar, lanes)
        byte_pointer = ir.IntType(8).as_pointer()
        word = context.get_value_type(types.intp)
        undefined = ir.Constant(vector, ir.Undefined)
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

        def number(value: int) -> Any:
            return ir.Constant(word, value)

        def view(kind: Any, value: Any) -> tuple[Any, Any, Any]:
            array = context.make_array(kind)(context, builder, value)
            length = cgutils.unpack_tuple(builder, array.shape)[0]
            stride = cgutils.unpack_tuple(builder, array.strides)[0]
            return builder.bitcast(array.data, byte_pointer), length, stride

        def pointer(base: Any, offset: Any, kind: Any) -> Any:
            return builder.bitcast(builder.gep(base, [offset]), kind.as_pointer())

        (to, width, _step), (factors, n, factor_step), (rows, _n, row_step) = (
            view(kind, value)
            for kind, value in zip((out, a, B), arguments, strict=True)
        )

        def stripe(start: Any, count: int) -> None:
            """Do `count` vectors from the byte `start` on; `sums` become registers."""
            offsets = [
                builder.add(start, number(v * VECTOR_BYTES)) for v in range(count)
            ]
            sums = [cgutils.alloca_once(builder, vector) for _ in offsets]
            for offset, total in zip(offsets, sums, strict=True):
                place = pointer(to, offset, vector)
                builder.store(builder.load(place, align=itemsize), total)
            with cgutils.for_range(builder, n) as loop:
                at = builder.mul(loop.index, factor_step)
                factor = builder.load(pointer(factors, at, scalar))
                first = builder.insert_element(undefined, factor, ir.IntType(32)(0))
                factor = builder.shuffle_vector(first, undefined, everywhere)
                row = builder.gep(rows, [builder.mul(loop.index, row_step)])
                for offset, total in zip(offsets, sums, strict=True):
                    place = pointer(row, offset, vector)
                    term = builder.fmul(builder.load(place, align=itemsize), factor)
                    builder.store(builder.fadd(builder.load(total), term), total)
            for offset, total in zip(offsets, sums, strict=True):
                place = pointer(to, offset, vector)
                builder.store(builder.load(total), place, align=itemsize)

        # Stripes of about equal width: one of a single vector would wait for its sums.
        vectors = builder.udiv(width, number(lanes))
        stripes = builder.udiv(builder.add(vectors, number(MOST - 1)), number(MOST))
        with cgutils.for_range(builder, stripes) as loop:
            after = builder.add(loop.index, number(1))
            begin = builder.udiv(builder.mul(vectors, loop.index), stripes)
            end = builder.udiv(builder.mul(vectors, after), stripes)
            start = builder.mul(begin, number(VECTOR_BYTES))
            done = builder.append_basic_block("done")
            choice = builder.switch(builder.sub(end, begin), done)
            for count in range(1, MOST + 1):
                block = builder.append_basic_block(f"stripe{count}")
                choice.add_case(number(count), block)
                builder.position_at_end(block)
                stripe(start, count)
                builder.branch(done)
            builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, generate


# The intrinsic takes one argument less than what generates it: not the typing context.
add_products: Any = intrinsic(_add_products)
