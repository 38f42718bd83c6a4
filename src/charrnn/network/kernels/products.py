"""The one product that all of the network's arithmetic is made of, and a transposition.

``out[r] = start + A[r, 0] B[0] + A[r, 1] B[1] + ...``, where `start` is ``out[r]`` or
zero: each element adds its terms one after another in this order, a written order, so
that the result is the same on every machine, however the rows are grouped.

It is written in LLVM's vectors and not in Python, because LLVM does not find by itself
what makes it fast: a tile of `out`, some rows high and some vectors wide, stays in
registers while all rows of `B` pass by, so that a term costs one multiplication and one
addition, and a load is shared by the rows of the tile.  As three plain loops in Numba an
update takes 1.46 times as long (AVX2).

A vector is a register of AVX-512 or of AVX2, or two of SSE or Neon; the elements do not
notice, since none is ever added to its neighbour: neither a vector's size nor a tile's
can move a result.
"""

import itertools
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import DTypeLike

# The largest tiles, in rows and vectors, that leave registers for the terms, a factor and
# a product: of AVX-512's 32, or else of 16.  With tiles of one row only, an update takes
# 1.02 times as long (AVX2); with AVX-512 (Zen 5) such products run at 0.73 of the rate.
# The features are those of the processor that Numba compiles for.
_TOLD: str | None = vars(numba.config)["CPU_FEATURES"]
_OWN = bool(llvm.get_host_cpu_features().get("avx512f"))
_HAS_AVX512 = _OWN if _TOLD is None else "+avx512f" in _TOLD.split(",")
VECTOR_BYTES = 64 if _HAS_AVX512 else 32
TILE_ROWS = 3 if _HAS_AVX512 else 5
_WIDEST = {1: 7, TILE_ROWS: 5} if _HAS_AVX512 else {1: 6, TILE_ROWS: 2}


def padded_width(width: int, dtype: DTypeLike) -> int:
    """Return the least number of elements, `width` or more, that fills whole vectors."""
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    return -(-width // lanes) * lanes


def _index(value: int) -> Any:
    return ir.Constant(ir.IntType(64), value)


def _lanes(numbers: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


class _Matrix:
    """A matrix argument in code that is being generated."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self.itemsize = kind.dtype.bitwidth // 8
        self.lanes = VECTOR_BYTES // self.itemsize
        self.scalar = context.get_value_type(kind.dtype)
        self.vector = ir.VectorType(self.scalar, self.lanes)
        self.builder = builder
        self.base = builder.bitcast(array.data, ir.IntType(8).as_pointer())
        self.width = cgutils.unpack_tuple(builder, array.shape)[1]
        self.strides = cgutils.unpack_tuple(builder, array.strides)
        if kind.layout in "CF":  # a constant, which costs no instruction
            self.strides["FC".index(kind.layout)] = _index(self.itemsize)

    def at(self, kind: Any, *place: Any) -> Any:
        """Return a pointer to a row and a column."""
        row, column = map(self.builder.mul, place, self.strides)
        pointer = self.builder.gep(self.base, [self.builder.add(row, column)])
        return self.builder.bitcast(pointer, kind.as_pointer())

    def load(self, *place: Any) -> Any:
        """Return the vector that begins at a row and a column."""
        return self.builder.load(self.at(self.vector, *place), align=self.itemsize)

    def store(self, vector: Any, *place: Any) -> None:
        """Store a vector that begins at a row and a column."""
        self.builder.store(vector, self.at(self.vector, *place), align=self.itemsize)

    def everywhere(self, *place: Any) -> Any:
        """Return a vector with the element at a row and a column in all lanes."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.load(self.at(self.scalar, *place))
        first = self.builder.insert_element(undefined, one, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, undefined, _lanes([0] * self.lanes))


def _product(height: int) -> Any:
    """Return the intrinsic that does some rows, from the row `first` on, at once."""

    def add(
        _: Any,
        out: Any,
        A: Any,
        B: Any,
        first: Any,
        terms: Any,
        from_zero: Any,
        backwards: Any,
    ) -> Any:
        kinds = (out, A, B, *map(types.unliteral, (first, terms, from_zero, backwards)))

        def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            first, terms, from_zero, backwards = arguments[3:]
            out, A, B = (
                _Matrix(context, builder, kind, value)
                for kind, value in zip(kinds[:3], arguments[:3], strict=True)
            )
            rows = [builder.add(first, _index(row)) for row in range(height)]

            def tile(begin: Any, width: int) -> None:
                """Do `width` vectors from the column `begin` on; sums become registers."""
                columns = [
                    builder.add(begin, _index(v * out.lanes)) for v in range(width)
                ]
                sums = {
                    place: cgutils.alloca_once(builder, out.vector)
                    for place in itertools.product(rows, columns)
                }
                zero = ir.Constant(out.vector, [0.0] * out.lanes)
                for place, total in sums.items():
                    start = builder.select(from_zero, zero, out.load(*place))
                    builder.store(start, total)
                with cgutils.for_range(builder, terms) as loop:
                    row_of_B = {c: B.load(loop.index, c) for c in columns}
                    for row in rows:
                        factor = A.everywhere(row, loop.index)
                        for column, term in row_of_B.items():
                            total = sums[row, column]
                            product = builder.fmul(term, factor)
                            summed = builder.fadd(builder.load(total), product)
                            builder.store(summed, total)
                for place, total in sums.items():
                    out.store(builder.load(total), *place)

            # Tiles of about equal width: one of a single vector would wait for its sums.
            vectors = builder.udiv(out.width, _index(out.lanes))
            rounded = builder.add(vectors, _index(_WIDEST[height] - 1))
            tiles = builder.udiv(rounded, _index(_WIDEST[height]))
            last = builder.sub(tiles, _index(1))
            with cgutils.for_range(builder, tiles) as loop:
                mirrored = builder.sub(last, loop.index)
                number = builder.select(backwards, mirrored, loop.index)
                after = builder.add(number, _index(1))
                begin = builder.udiv(builder.mul(vectors, number), tiles)
                end = builder.udiv(builder.mul(vectors, after), tiles)
                done = builder.append_basic_block("done")
                choice = builder.switch(builder.sub(end, begin), done)
                for width in range(1, _WIDEST[height] + 1):
                    block = builder.append_basic_block(f"tile{width}")
                    choice.add_case(_index(width), block)
                    builder.position_at_end(block)
                    tile(builder.mul(begin, _index(out.lanes)), width)
                    builder.branch(done)
                builder.position_at_end(done)
            return context.get_dummy_value()

        return types.void(*kinds), generate

    # The intrinsic takes one argument less than what generates it: not the context.
    return intrinsic(add)


# (out, A, B, first, terms, from_zero, backwards): out (rows, w), A (rows, terms), B
# (terms, w), where w fills whole vectors.  With `backwards` the last columns come first:
# by turns with the first ones, this reads first what level 1 still holds of a large B.
add_one_row: Any = _product(1)
add_tile_rows: Any = _product(TILE_ROWS)


def _transpose(_: Any, matrix: Any, i: Any, j: Any, out: Any) -> Any:
    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        source = _Matrix(context, builder, matrix, arguments[0])
        to = _Matrix(context, builder, out, arguments[3])
        lanes = range(source.lanes)
        i, j = ([builder.add(n, _index(k)) for k in lanes] for n in arguments[1:3])
        rows = [source.load(row, j[0]) for row in i]
        size = len(lanes) // 2
        while size > 0:  # swap the squares beside the diagonal, ever smaller ones
            left = [k + (len(lanes) - size if k & size else 0) for k in lanes]
            right = [k + (len(lanes) if k & size else size) for k in lanes]
            for k in [k for k in lanes if not k & size]:
                pair = rows[k], rows[k + size]
                rows[k] = builder.shuffle_vector(*pair, _lanes(left))
                rows[k + size] = builder.shuffle_vector(*pair, _lanes(right))
            size //= 2
        for row, column in zip(j, rows, strict=True):
            to.store(column, row, i[0])
        return context.get_dummy_value()

    kinds = matrix, types.unliteral(i), types.unliteral(j), out
    return types.void(*kinds), generate


# (matrix, i, j, out): the square of a vector's lanes that begins at row i, column j.
transpose_square: Any = intrinsic(_transpose)
