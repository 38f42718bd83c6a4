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
from charrnn.files.arrays import bytes_of_array, bytes_of_arrays
from charrnn.files.artifacts import write_bytes, write_json
from charrnn.files.models import load_model, model_bytes
from charrnn.files.prepared import load_ids, load_vocabulary, vocabulary_content
from charrnn.network.model import Weights, initial_weights
from charrnn.text.vocabulary import Vocabulary

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
VOCABULARY = Vocabulary("\nabé🙂")  # K = 5
HEADER = {"version": 1, "vocabulary_sha256": VOCABULARY.digest}


def draw(m: int = 3, dtype: Any = np.float32) -> Weights:
    rng = np.random.default_rng(1)
    return initial_weights(m, VOCABULARY.size, sigma=0.1, dtype=dtype, rng=rng)


WEIGHTS = draw()


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
    content = model_bytes(model, VOCABULARY)
    write_bytes(scratch, content)
    found = load_model(scratch, VOCABULARY)
    for (name, array), expected in zip(found.named(), model, strict=True):
        assert array.dtype == dtype, name
        np.testing.assert_array_equal(array, expected)
    assert model_bytes(found, VOCABULARY) == content


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
        ({"version": 2}, "is of version 2; this charrnn reads 1"),
        ({"vocabulary_sha256": None}, "was trained with another vocabulary"),
        (
            {"vocabulary_sha256": Vocabulary("abcde").digest},
            "was trained with another vocabulary",
        ),
        ({}, "names no sha256 of its weights: run dvc repro to make a new one"),
    ],
)
def test_a_model_with_another_header_is_refused(
    scratch: Path, header: dict[str, Any], rule: str
) -> None:
    write_bytes(scratch, bytes_of_arrays(WEIGHTS._asdict(), HEADER | header))
    with pytest.raises(ArtifactError, match=f"^{scratch}: {rule}$"):
        load_model(scratch, VOCABULARY)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"W": None}, "its arrays are not b, c, U, W, V"),
        ({"more": np.zeros(1)}, "its arrays are not b, c, U, W, V"),
        ({"b": np.zeros((3, 1), np.float32)}, "b has the shape (3, 1), not (3,)"),
        ({"b": np.zeros(0, np.float32)}, "b has the shape (0,), not (0,)"),
        ({"c": np.zeros(6, np.float32)}, "c has the shape (6,), not (5,)"),
        ({"U": WEIGHTS.U.T}, "U has the shape (5, 3), not (3, 5)"),
        ({"V": WEIGHTS.V.T}, "V has the shape (3, 5), not (5, 3)"),
        ({"W": np.zeros((3, 4), np.float32)}, "W has the shape (3, 4), not (3, 3)"),
        ({"V": WEIGHTS.V.astype(np.float64)}, "V holds float64"),
        ({"b": np.zeros(3, np.int32)}, "b holds int32"),
        ({"c": np.zeros(5, np.float16)}, "c holds float16"),
        *(
            ({name: with_first(a, value)}, f"{name} holds a number that is not finite")
            for name, a in WEIGHTS.named()
            for value in (np.nan, -np.inf)
        ),
    ],
)
def test_arrays_that_are_no_model_are_refused(
    scratch: Path, change: dict[str, Any], rule: str
) -> None:
    arrays = {k: v for k, v in (WEIGHTS._asdict() | change).items() if v is not None}
    write_bytes(scratch, bytes_of_arrays(arrays, HEADER))
    message = re.escape(f"{scratch}: damaged: {rule}")
    with pytest.raises(ArtifactError, match=f"^{message}$"):
        load_model(scratch, VOCABULARY)


@given(content=st.binary(), place=st.integers(0, 900), gone=st.integers(0, 900))
def test_any_bytes_are_a_model_and_a_vocabulary_or_refused(
    scratch: Path, content: bytes, place: int, gone: int
) -> None:
    write_json(scratch, vocabulary_content(VOCABULARY))
    vocabulary, model = scratch.read_bytes(), model_bytes(WEIGHTS, VOCABULARY)

    def is_vocabulary() -> bool:
        return load_vocabulary(scratch) == VOCABULARY

    def is_model() -> bool:
        return model_bytes(load_model(scratch, VOCABULARY), VOCABULARY) == model

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


def test_a_flipped_bit_of_the_weights_is_noticed(scratch: Path) -> None:
    whole = model_bytes(WEIGHTS, VOCABULARY)
    for place in range(1, sum(array.nbytes for array in WEIGHTS) + 1):
        damaged = bytearray(whole)
        damaged[-place] ^= 1
        scratch.write_bytes(damaged)
        with pytest.raises(ArtifactError, match="do not have the sha256 it names"):
            load_model(scratch, VOCABULARY)


def test_ids_beyond_the_vocabulary_are_refused(scratch: Path) -> None:
    for length in (0, 5):
        ids = np.arange(length, dtype=np.uint8)
        write_bytes(scratch, bytes_of_array(ids))
        np.testing.assert_array_equal(load_ids(scratch, VOCABULARY), ids)
    write_bytes(scratch, bytes_of_array(np.arange(6, dtype=np.uint8)))
    rule = f"^{scratch}: an id is 5, but the vocabulary has only 5 characters$"
    with pytest.raises(ArtifactError, match=rule):
        load_ids(scratch, VOCABULARY)
