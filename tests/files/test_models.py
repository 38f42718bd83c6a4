"""Tests of vocabularies and models on disk: what does not fit is refused."""

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
WHOLE = {"characters": VOCABULARY.characters, "sha256": VOCABULARY.digest, "version": 1}
NAN, INF = float("nan"), float("inf")


def weights(m: int = 3, K: int = 5, dtype: Any = np.float32) -> Weights:
    """Draw weights of a given size."""
    rng = np.random.default_rng(1)
    return initial_weights(m, K, sigma=0.1, dtype=dtype, rng=rng)


def with_first(array: Any, value: float) -> Any:
    """Return an array with another first element."""
    array = array.copy()
    array.flat[0] = value
    return array


@given(TEXTS)
def test_a_vocabulary_is_read_as_it_was_written(scratch: Path, text: str) -> None:
    write_json(scratch, vocabulary_content(Vocabulary.of(text)))
    assert load_vocabulary(scratch) == Vocabulary.of(text)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", [1, 3])
def test_a_model_is_read_as_it_was_written(tmp_path: Path, dtype: Any, m: int) -> None:
    path, model = tmp_path / "a", weights(m, dtype=dtype)
    write_bytes(path, model_bytes(model, VOCABULARY))
    found = load_model(path, VOCABULARY)
    for (name, array), expected in zip(found.named(), model, strict=True):
        assert array.dtype == dtype, name
        np.testing.assert_array_equal(array, expected)
    first = path.read_bytes()
    write_bytes(path, model_bytes(found, VOCABULARY))
    assert path.read_bytes() == first


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
        (
            {"characters": ""},
            "damaged: a vocabulary needs at least one character",
        ),
        (
            {"characters": "ab"},
            "damaged: its characters do not have the sha256 it names",
        ),
        (
            {"sha256": "0" * 64},
            "damaged: its characters do not have the sha256 it names",
        ),
        ({"sha256": None}, "damaged: its characters do not have the sha256 it names"),
    ],
)
def test_a_vocabulary_that_is_not_whole_is_refused(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    write_json(tmp_path / "a", WHOLE | change)
    with pytest.raises(ArtifactError, match=f"{re.escape(f'a: {rule}')}$"):
        load_vocabulary(tmp_path / "a")


def test_a_vocabulary_with_a_lone_surrogate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(json.dumps(WHOLE | {"characters": "a\ud800"}))
    with pytest.raises(ArtifactError, match=r"a: damaged: .* surrogates not allowed$"):
        load_vocabulary(tmp_path / "a")


def test_a_model_of_another_vocabulary_is_refused(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", model_bytes(weights(), VOCABULARY))
    with pytest.raises(ArtifactError, match=r"a: was trained with another vocabulary$"):
        load_model(tmp_path / "a", Vocabulary("abcde"))


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({"version": 2}, "is of version 2; this charrnn reads 1"),
        ({"vocabulary_sha256": None}, "was trained with another vocabulary"),
    ],
)
def test_a_model_with_another_header_is_refused(
    tmp_path: Path, header: dict[str, Any], rule: str
) -> None:
    write_bytes(tmp_path / "a", bytes_of_arrays(weights()._asdict(), HEADER | header))
    with pytest.raises(ArtifactError, match=f"a: {rule}$"):
        load_model(tmp_path / "a", VOCABULARY)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"W": None}, "its arrays are not b, c, U, W, V"),
        ({"more": np.zeros(1)}, "its arrays are not b, c, U, W, V"),
        ({"b": np.zeros((3, 1), np.float32)}, "b has the shape (3, 1), not (3,)"),
        ({"b": np.zeros(0, np.float32)}, "b has the shape (0,), not (0,)"),
        ({"c": np.zeros(6, np.float32)}, "c has the shape (6,), not (5,)"),
        ({"U": weights().U.T}, "U has the shape (5, 3), not (3, 5)"),
        ({"V": weights().V.T}, "V has the shape (3, 5), not (5, 3)"),
        ({"W": np.zeros((3, 4), np.float32)}, "W has the shape (3, 4), not (3, 3)"),
        ({"V": weights().V.astype(np.float64)}, "V holds float64"),
        ({"b": np.zeros(3, np.int32)}, "b holds int32"),
        ({"c": np.zeros(5, np.float16)}, "c holds float16"),
        *(
            (
                {name: with_first(array, value)},
                f"{name} holds a number that is not finite",
            )
            for name, array in weights().named()
            for value in (NAN, -INF)
        ),
    ],
)
def test_arrays_that_are_no_model_are_refused(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    arrays = {k: v for k, v in (weights()._asdict() | change).items() if v is not None}
    write_bytes(tmp_path / "a", bytes_of_arrays(arrays, HEADER))
    with pytest.raises(ArtifactError, match=f"{re.escape(f'a: damaged: {rule}')}$"):
        load_model(tmp_path / "a", VOCABULARY)


@given(content=st.binary(), place=st.integers(0, 900), gone=st.integers(0, 900))
def test_any_bytes_are_a_model_or_refused(
    scratch: Path, content: bytes, place: int, gone: int
) -> None:
    write_bytes(scratch, model_bytes(weights(), VOCABULARY))
    whole = scratch.read_bytes()
    for damaged in (content, whole[:place] + content + whole[place + gone :]):
        scratch.write_bytes(damaged)
        message = f"{scratch}: "
        try:
            load_model(scratch, VOCABULARY)
        except ArtifactError as error:
            message = str(error)
        assert message.startswith(f"{scratch}: ")


@given(content=st.binary(), place=st.integers(0, 140), gone=st.integers(0, 140))
def test_any_bytes_are_a_vocabulary_or_refused(
    scratch: Path, content: bytes, place: int, gone: int
) -> None:
    write_json(scratch, vocabulary_content(VOCABULARY))
    whole = scratch.read_bytes()
    for damaged in (content, whole[:place] + content + whole[place + gone :]):
        scratch.write_bytes(damaged)
        message = f"{scratch}: "
        try:
            assert load_vocabulary(scratch) == VOCABULARY
        except ArtifactError as error:
            message = str(error)
        assert message.startswith(f"{scratch}: ")


def test_ids_beyond_the_vocabulary_are_refused(scratch: Path) -> None:
    for length in (0, 5):
        ids = np.arange(length, dtype=np.uint8)
        write_bytes(scratch, bytes_of_array(ids))
        np.testing.assert_array_equal(load_ids(scratch, VOCABULARY), ids)
    write_bytes(scratch, bytes_of_array(np.arange(6, dtype=np.uint8)))
    rule = f"^{scratch}: an id is 5, but the vocabulary has only 5 characters$"
    with pytest.raises(ArtifactError, match=rule):
        load_ids(scratch, VOCABULARY)


def test_a_flipped_bit_of_the_weights_is_noticed(scratch: Path) -> None:
    weights = initial_weights(
        3, VOCABULARY.size, sigma=0.1, dtype="float32", rng=np.random.default_rng(0)
    )
    write_bytes(scratch, model_bytes(weights, VOCABULARY))
    whole = scratch.read_bytes()
    data = sum(array.nbytes for array in weights)
    for place in range(len(whole) - data, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        scratch.write_bytes(damaged)
        with pytest.raises(ArtifactError, match="do not have the sha256 it names"):
            load_model(scratch, VOCABULARY)
