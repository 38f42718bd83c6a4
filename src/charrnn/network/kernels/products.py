"""The one product that all of the network's arithmetic is made of.

``add_products(out, A, B)`` does ``out[r] = out[r] + A[r, 0] B[0] + A[r, 1] B[1] + ...``,
each element adding its terms one after another in this order: a written order, so that
the result is the same on every machine, however the rows are grouped.

It is written in LLVM's vectors and not in Python, because LLVM does not find by itself
what makes it fast: a tile of `out`, some rows high and some vectors wide, stays in
registers while all rows of `B` pass by, so that a term costs one multiplication and one
addition, and a load is shared by the rows of the tile.  As three plain loops in Numba an
update takes 1.46 times as long, with eight terms in the innermost loop 1.15 times (AVX2;
1.36 and 1.06 times where compiled for SSE2; how it was measured: `learning`).

A vector is a register of AVX-512 or of AVX2, or two of SSE or Neon; the elements do not
notice, since none is ever added to its neighbour: neither a vector's size nor a tile's
can move a result.
"""

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import DTypeLike

# The largest tiles, in rows and vectors, that leave registers for the terms, a factor and
# a product: of AVX-512's 32, or else of 16.  With tiles of one row only, an update takes
# 1.02 times as long (AVX2); with AVX-512 (Zen 5) such products run at 0.73 of the rate.
_HAS_AVX512 = bool(llvm.get_host_cpu_features().get("avx512f"))
VECTOR_BYTES = 64 if _HAS_AVX512 else 32
TILE_ROWS, _TILE_VECTORS = (3, 5) if _HAS_AVX512 else (5, 2)
_WIDEST = {1: 7, TILE_ROWS: _TILE_VECTORS}


def padded_width(width: int, dtype: DTypeLike) -> int:
    """Return the least number of elements, `width` or more, that fills whole vectors."""
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    return -(-width // lanes) * lanes


class _Array:
    """An array argument in code that is being generated."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self.builder = builder
        self.word = context.get_value_type(types.intp)
        self.base = builder.bitcast(array.data, ir.IntType(8).as_pointer())
        self.shape = cgutils.unpack_tuple(builder, array.shape)
        self.strides = cgutils.unpack_tuple(builder, array.strides)

    def at(self, kind: Any, offset: Any, *place: Any) -> Any:
        """Return a pointer to what lies at some indices and an offset in bytes."""
        for index, stride in zip(place, self.strides, strict=False):
            number = ir.Constant(self.word, index) if isinstance(index, int) else index
            offset = self.builder.add(offset, self.builder.mul(number, stride))
        pointer = self.builder.gep(self.base, [offset])
        return self.builder.bitcast(pointer, kind.as_pointer())


def _product(rows: int) -> Any:
    """Return the intrinsic that does a number of rows at once."""

    def add(_: Any, out: Any, A: Any, B: Any) -> Any:
        itemsize = out.dtype.bitwidth // 8
        lanes = VECTOR_BYTES // itemsize

        def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            to, factors, terms = (
                _Array(context, builder, kind, value)
                for kind, value in zip((out, A, B), arguments, strict=True)
            )
            scalar = context.get_value_type(out.dtype)
            vector = ir.VectorType(scalar, lanes)
            undefined = ir.Constant(vector, ir.Undefined)
            everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

            def number(value: int) -> Any:
                return ir.Constant(to.word, value)

            def factor(row: int, term: Any) -> Any:
                one = builder.load(factors.at(scalar, number(0), row, term))
                first = builder.insert_element(undefined, one, ir.IntType(32)(0))
                return builder.shuffle_vector(first, undefined, everywhere)

            def tile(start: Any, width: int) -> None:
                """Do `width` vectors from the byte `start` on; sums become registers."""
                offsets = [
                    builder.add(start, number(v * VECTOR_BYTES)) for v in range(width)
                ]
                places = [(row, offset) for offset in offsets for row in range(rows)]
                sums = {place: cgutils.alloca_once(builder, vector) for place in places}
                for (row, offset), total in sums.items():
                    here = to.at(vector, offset, row)
                    builder.store(builder.load(here, align=itemsize), total)
                with cgutils.for_range(builder, factors.shape[1]) as loop:
                    here = [terms.at(vector, offset, loop.index) for offset in offsets]
                    row_of_B = [builder.load(at, align=itemsize) for at in here]
                    for row in range(rows):
                        by = factor(row, loop.index)
                        for offset, term in zip(offsets, row_of_B, strict=True):
                            total = sums[row, offset]
                            product = builder.fmul(term, by)
                            summed = builder.fadd(builder.load(total), product)
                            builder.store(summed, total)
                for (row, offset), total in sums.items():
                    here = to.at(vector, offset, row)
                    builder.store(builder.load(total), here, align=itemsize)

            # Tiles of about equal width: one of a single vector would wait for its sums.
            widest = _WIDEST[rows]
            vectors = builder.udiv(to.shape[1], number(lanes))
            tiles = builder.udiv(
                builder.add(vectors, number(widest - 1)), number(widest)
            )
            with cgutils.for_range(builder, tiles) as loop:
                after = builder.add(loop.index, number(1))
                begin = builder.udiv(builder.mul(vectors, loop.index), tiles)
                end = builder.udiv(builder.mul(vectors, after), tiles)
                start = builder.mul(begin, number(VECTOR_BYTES))
                done = builder.append_basic_block("done")
                choice = builder.switch(builder.sub(end, begin), done)
                for width in range(1, widest + 1):
                    block = builder.append_basic_block(f"tile{width}")
                    choice.add_case(number(width), block)
                    builder.position_at_end(block)
                    tile(start, width)
                    builder.branch(done)
                builder.position_at_end(done)
            return context.get_dummy_value()

        return types.void(out, A, B), generate

    # The intrinsic takes one argument less than what generates it: not the context.
    return intrinsic(add)


# out (rows, w), A (rows, n) of any strides, B (n or more, w); w fills whole vectors.
add_one_row: Any = _product(1)
add_tile_rows: Any = _product(TILE_ROWS)
