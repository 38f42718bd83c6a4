"""The parts of a book, and its windows."""

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.text.parts import (
    LEAST_BLOCK,
    Corpus,
    Piece,
    Windows,
    cut,
    joined,
    size,
    split,
    window_count,
)

PIECES = st.lists(st.integers(1, 9), max_size=8).map(
    lambda bounds: tuple(
        Piece(start, end)
        for start, end in itertools.pairwise(itertools.accumulate(bounds, initial=3))
    )
)


@given(st.integers(0, 100_000), st.integers(1, 12), st.floats(0, 1), st.floats(0, 1))
@example(949_468, 10, 0.05, 0.05)
@example(20_000, 10, 0.0, 0.1)
def test_the_parts_make_up_the_book_and_blocks_are_spread_over_it(
    length: int, blocks: int, validation: float, rest: float
) -> None:
    test = (1 - validation) * rest
    parts = split(
        length, blocks=blocks, validation_fraction=validation, test_fraction=test
    )
    bounds = [0, *(end for _, end in sorted(itertools.chain(*parts)))]
    assert sorted(itertools.chain(*parts)) == [
        Piece(*bound) for bound in itertools.pairwise(bounds)
    ]
    assert bounds[-1] == length
    asked = [int(f * length) for f in (validation, test) if f > 0]
    B = max(1, min(blocks, *(n // LEAST_BLOCK for n in asked))) if asked else 1
    edges = [length * i // B for i in range(B + 1)]
    for part, fraction in ((parts.validation, validation), (parts.test, test)):
        sizes = [int(fraction * (b - a)) for a, b in itertools.pairwise(edges)]
        assert [size([piece]) for piece in part] == [n for n in sizes if n]
    if not any(asked):
        assert len(parts.training) <= 1
    if test > 0:
        assert {piece.end for piece in parts.test} <= set(edges)


def test_one_block_is_the_end_of_the_book() -> None:
    parts = split(1000, blocks=1, validation_fraction=0.2, test_fraction=0.1)
    assert parts == (((0, 700),), ((700, 900),), ((900, 1000),))


@given(PIECES, st.integers(-3, 80))
def test_pieces_are_cut_after_so_many_characters(
    pieces: tuple[Piece, ...], at: int
) -> None:
    ids = np.arange(100, dtype=np.uint8)
    before, after = cut(pieces, at)
    whole = joined(ids, pieces).tolist()
    assert joined(ids, before).tolist() == whole[: max(at, 0)]
    assert joined(ids, after).tolist() == whole[max(at, 0) :]


@given(PIECES, st.integers(1, 4))
def test_each_window_begins_where_its_run_says(
    pieces: tuple[Piece, ...], T: int
) -> None:
    starts = [
        piece.start + n * T
        for piece in pieces
        for n in range(window_count(size([piece]), T))
    ]
    windows = Windows(pieces, T)
    assert windows.count == len(starts)
    for window, start in enumerate(starts):
        found, until = windows.run_from(window)
        run = starts[window:until]
        assert run == list(range(start, start + len(run) * T, T))
        assert found == start
        assert until == len(starts) or any(p.start == starts[until] for p in pieces)


def test_what_is_inspected_is_held_out_if_anything_is() -> None:
    ids = np.zeros(90, np.uint8)
    pieces = [(Piece(at, at + 30),) for at in (0, 30, 60)]
    whole = Corpus(ids, *pieces)
    assert whole.inspected(9) == ("test", pieces[2])
    assert whole._replace(test=()).inspected(9) == ("validation", pieces[1])
    assert Corpus.whole(ids).inspected(9) == ("training", (Piece(81, 90),))
    assert Corpus.whole(ids).inspected(99) == ("training", (Piece(1, 90),))


@given(st.integers(1, 30), st.integers(0, 5), st.data())
def test_a_text_has_as_many_windows_as_fit(
    T: int, windows: int, data: st.DataObject
) -> None:
    rest = data.draw(st.integers(1, T))  # every remainder, T + 1 exactly, and fewer
    assert window_count(windows * T + rest, T) == windows
    assert window_count(0, T) == 0
