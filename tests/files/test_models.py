"""Vocabularies, ids and models on disk: what does not fit is refused."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import ArtifactError
from charrnn.files.arrays import arrays_from, bytes_of_array, bytes_of_arrays
from charrnn.files.artifacts import write_bytes, write_json
from charrnn.files.models import arrays_of, load_model, model_bytes
from charrnn.files.prepared import (
    load_book,
    load_vocabulary,
    parts_content,
    vocabulary_content,
)
from charrnn.network.model import Model, initial_weights
from charrnn.settings import Recipe
from charrnn.text.parts import Parts, Piece
from charrnn.text.vocabulary import Vocabulary

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
VOCABULARY = Vocabulary("\nabé🙂")  # K = 5


def draw(m: int = 3, dtype: Any = np.float32) -> Model:
    rng = np.random.default_rng(1)
    drawn = [
        initial_weights(m, VOCABULARY.size, sigma=0.1, dtype=dtype, rng=rng)
        for _ in range(2)
    ]
    return Model(drawn[0], rng.random(m).astype(dtype), drawn[1])


MODEL, RECIPE = draw(), Recipe(epochs=3, clip=0.5)
WEIGHTS, WHOLE = MODEL.weights, model_bytes(MODEL, VOCABULARY, RECIPE)
ARRAYS, (_, HEADER) = arrays_of(MODEL), arrays_from(WHOLE)


def with_first(array: Any, value: float) -> Any:
    array = array.copy()
    array.flat[0] = value
    return array


@given(TEXTS)
def test_a_vocabulary_is_read_as_it_was_written(scratch: Path, text: str) -> None:
    write_json(scratch, vocabulary_content(Vocabulary.of(text)))
    assert load_vocabulary(scratch) == Vocabulary.of(text)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", [1, 3])
def test_a_model_is_read_as_it_was_written(scratch: Path, dtype: Any, m: int) -> None:
    model = draw(m, dtype)
    content = model_bytes(model, VOCABULARY, RECIPE)
    write_bytes(scratch, content)
    found = load_model(scratch, VOCABULARY)
    assert found == load_model(scratch)._replace(model=found.model)
    assert (found.vocabulary, Recipe(**found.recipe)) == (VOCABULARY, RECIPE)
    expected = arrays_of(model)
    for name, array in arrays_of(found.model).items():
        assert array.dtype == dtype, name
        np.testing.assert_array_equal(array, expected[name])
    assert model_bytes(found.model, VOCABULARY, RECIPE) == content


NAMES = "h, b, G_b, c, G_c, U, G_U, W, G_W, V, G_V"
LONE = r"damaged: 'utf-8' codec can't encode character '\ud800'"
NO_DIGEST = "damaged: its characters do not have the sha256 it names"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"version": 2}, "is of version 2; this charrnn reads 1"),
        ({"version": None}, "is of version None; this charrnn reads 1"),
        ({"characters": 3}, "damaged: its 'characters' are not a text"),
        ({"characters": ["a"]}, "damaged: its 'characters' are not a text"),
        (
            {"characters": "ba"},
            "damaged: the characters of a vocabulary must be distinct and sorted",
        ),
        ({"characters": ""}, "damaged: a vocabulary needs at least one character"),
        ({"characters": "a\ud800"}, rf"{LONE} in position 1: surrogates not allowed"),
        ({"characters": "ab"}, NO_DIGEST),
        ({"sha256": "0" * 64}, NO_DIGEST),
        ({"sha256": None}, NO_DIGEST),
    ],
)
def test_a_vocabulary_that_is_not_whole_is_refused(
    scratch: Path, change: dict[str, Any], rule: str
) -> None:
    scratch.write_text(json.dumps(vocabulary_content(VOCABULARY) | change))
    with pytest.raises(ArtifactError, match=f"^{re.escape(f'{scratch}: {rule}')}$"):
        load_vocabulary(scratch)


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({"version": 1}, "is of version 1; this charrnn reads 2"),
        ({"characters": None}, "damaged: VocabularyError"),
        ({"characters": ["a"]}, "damaged: AttributeError"),
        ({"characters": "ba"}, "damaged: VocabularyError"),
        ({"characters": "abcde"}, "was trained with another vocabulary"),
        ({"recipe": 3}, "damaged: TypeError"),
        ({"sha256": None}, "damaged: its content does not have the sha256 it names"),
    ],
)
def test_a_model_with_another_header_is_refused(
    scratch: Path, header: dict[str, Any], rule: str
) -> None:
    write_bytes(scratch, bytes_of_arrays(ARRAYS, HEADER | header))
    with pytest.raises(ArtifactError, match=f"^{scratch}: {rule}"):
        load_model(scratch, VOCABULARY)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"W": None}, "KeyError('W')"),
        ({"G_W": None}, "KeyError('G_W')"),
        ({"h": None}, "KeyError('h')"),
        ({"more": np.zeros(1)}, f"its arrays are not {NAMES}"),
        ({"h": np.zeros(2, np.float32)}, "b has the shape (3,), not (2,)"),
        ({"h": np.zeros((3, 1), np.float32)}, "h has the shape (3, 1), not (3,)"),
        ({"b": np.zeros((3, 1), np.float32)}, "b has the shape (3, 1), not (3,)"),
        ({"b": np.zeros(0, np.float32)}, "b has the shape (0,), not (3,)"),
        ({"c": np.zeros(6, np.float32)}, "c has the shape (6,), not (5,)"),
        ({"U": WEIGHTS.U.T}, "U has the shape (5, 3), not (3, 5)"),
        ({"V": WEIGHTS.V.T}, "V has the shape (3, 5), not (5, 3)"),
        ({"W": np.zeros((3, 4), np.float32)}, "W has the shape (3, 4), not (3, 3)"),
        ({"V": WEIGHTS.V.astype(np.float64)}, "V holds float64"),
        ({"b": np.zeros(3, np.int32)}, "b holds int32"),
        ({"c": np.zeros(5, np.float16)}, "c holds float16"),
        *(
            ({name: with_first(a, value)}, f"{name} holds a number that is not finite")
            for name, a in ARRAYS.items()
            for value in (np.nan, -np.inf)
            if np.isnan(value) or not name.startswith("G_")
        ),
    ],
)
def test_arrays_that_are_no_model_are_refused(
    scratch: Path, change: dict[str, Any], rule: str
) -> None:
    arrays = {k: v for k, v in (ARRAYS | change).items() if v is not None}
    write_bytes(scratch, bytes_of_arrays(arrays, HEADER))
    message = re.escape(f"{scratch}: damaged: {rule}")
    with pytest.raises(ArtifactError, match=f"^{message}$"):
        load_model(scratch, VOCABULARY)


@given(content=st.binary(), place=st.integers(0, 2000), gone=st.integers(0, 2000))
def test_any_bytes_are_a_model_and_a_vocabulary_or_refused(
    scratch: Path, content: bytes, place: int, gone: int
) -> None:
    write_json(scratch, vocabulary_content(VOCABULARY))
    vocabulary, model = scratch.read_bytes(), WHOLE

    def is_vocabulary() -> bool:
        return load_vocabulary(scratch) == VOCABULARY

    def is_model() -> bool:
        found = load_model(scratch, VOCABULARY)
        recipe = Recipe(**found.recipe)
        return model_bytes(found.model, found.vocabulary, recipe) == model

    for whole, is_whole in ((vocabulary, is_vocabulary), (model, is_model)):
        at, end = place % len(whole), (place + gone) % len(whole)
        for damaged in (content, whole[:at] + content + whole[end:]):
            scratch.write_bytes(damaged)
            message = f"{scratch}: "
            try:
                assert is_whole()
            except ArtifactError as error:
                message = str(error)
            assert message.startswith(f"{scratch}: ")


def test_a_flipped_bit_of_the_arrays_is_noticed(scratch: Path) -> None:
    for place in range(1, sum(array.nbytes for array in ARRAYS.values()) + 1):
        damaged = bytearray(WHOLE)
        damaged[-place] ^= 1
        scratch.write_bytes(damaged)
        with pytest.raises(ArtifactError, match="does not have the sha256 it names"):
            load_model(scratch, VOCABULARY)


def write_book(scratch: Path, length: int, content: Any) -> tuple[Path, Path]:
    paths = scratch.with_name("book.npy"), scratch
    write_bytes(paths[0], bytes_of_array(np.arange(length, dtype=np.uint8)))
    write_json(paths[1], content)
    return paths


PARTS = Parts((Piece(0, 1), Piece(2, 3)), (Piece(1, 2),), (Piece(3, 5),))


def test_a_book_is_read_as_it_was_written(scratch: Path) -> None:
    book = load_book(*write_book(scratch, 5, parts_content(PARTS)), VOCABULARY)
    np.testing.assert_array_equal(book.ids, np.arange(5))
    assert Parts(*book[1:]) == PARTS


def test_ids_beyond_the_vocabulary_are_refused(scratch: Path) -> None:
    paths = write_book(scratch, 6, parts_content(PARTS))
    rule = f"^{paths[0]}: an id is 5, but the vocabulary has only 5 characters$"
    with pytest.raises(ArtifactError, match=rule):
        load_book(*paths, VOCABULARY)


@pytest.mark.parametrize(
    "change",
    [
        {"training": []},  # the book begins with a held-out block
        {"training": [[0, 2]]},  # overlaps
        {"training": [[-1, 1]]},
        {"training": [[2, 3], [0, 1]]},
        {"test": [[3, 6]]},  # beyond the book
        {"test": [[3.0, 5]]},
        {"test": [[True, 5]]},
        {"test": [[4, 4]]},
        {"test": [[5]]},
        {"test": 3},
        {"training": [], "validation": [], "test": []},
    ],
)
def test_bounds_that_are_no_parts_are_refused(scratch: Path, change: Any) -> None:
    paths = write_book(scratch, 5, parts_content(PARTS) | change)
    rule = f"^{scratch}: damaged: not the bounds of pieces of 5 characters$"
    with pytest.raises(ArtifactError, match=rule):
        load_book(*paths, VOCABULARY)
