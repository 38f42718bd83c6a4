"""The parts of a book, and its windows."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.errors import BookError
from charrnn.text.parts import (
    LEAST_BLOCK,
    Corpus,
    ListOfItems,
    Piece,
    Windows,
    cut,
    joined,
    size,
    split,
    split_items,
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


LISTS = st.lists(st.text("abc ", max_size=4), min_size=1, max_size=60)


@given(LISTS, st.floats(0, 0.5), st.floats(0, 0.49), st.booleans())
def test_the_items_of_a_list_are_drawn_whole(
    lines: list[str], validation: float, test: float, ends: bool
) -> None:
    n, text = len(lines), "\n".join(lines) + "\n" * (ends or not lines[-1])
    sizes = [int(validation * n), int(test * n)]
    rng = np.random.default_rng(1)

    def found() -> ListOfItems:
        return split_items(
            text, validation_fraction=validation, test_fraction=test, rng=rng
        )

    if any(f > 0 and not n for f, n in zip((validation, test), sizes, strict=True)):
        with pytest.raises(
            BookError, match=f"^a list of {n} items?: a held-out part of"
        ):
            found()
        return
    items = found()
    assert [len(items.validation), len(items.test)] == sizes
    held_out = {*items.validation, *items.test}
    assert len(held_out) == sum(sizes)
    training = [lines[i - 1] for i in range(1, n + 1) if i not in held_out]
    texts = [
        "".join(items.text[slice(*piece)] for piece in part) for part in items.parts
    ]
    for text_of, numbers in zip(texts[1:], (items.validation, items.test), strict=True):
        assert text_of == "".join(f"{lines[i - 1]}\n" for i in numbers)
    assert sorted(texts[0].removesuffix("\n").split("\n")) == sorted(training)
    bounds = [bound for part in items.parts for piece in part for bound in piece]
    assert bounds == sorted(bounds)
    assert (bounds[0], bounds[-1]) == (0, len(items.text))


def test_each_part_is_of_the_whole_list_in_no_order() -> None:
    text = "".join(f"{n}\n" for n in range(1000))
    rng = np.random.default_rng(3)
    items = split_items(text, validation_fraction=0.1, test_fraction=0.1, rng=rng)
    training = [int(n) for n in items.text.split("\n")[:800]]
    for numbers in (items.validation, items.test, training, training[:90]):
        thirds = [sum(low < i <= low + 333 for i in numbers) for low in (0, 333, 666)]
        assert min(thirds) > 20


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
