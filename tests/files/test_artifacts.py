"""Tests of files: atomic writes, equal bytes for equal content."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from charrnn.errors import ArtifactError
from charrnn.files.arrays import bytes_of_array, bytes_of_arrays, read_arrays, read_ids
from charrnn.files.artifacts import (
    Outputs,
    read_json,
    read_table,
    write_bytes,
    write_json,
    write_text,
)

WORDS = st.text(st.characters(exclude_categories=["Cs"]))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    max_leaves=10,
)
UNSIGNED = hnp.unsigned_integer_dtypes(endianness="<", sizes=(8, 16, 32))
FLOATS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]), hnp.array_shapes(min_dims=1, max_dims=2)
)
# Writes arrays to a path.
WRITE_ARRAYS = """
import sys; from pathlib import Path; import numpy as np
from charrnn.files.arrays import bytes_of_arrays
from charrnn.files.artifacts import write_bytes
arrays = {name: np.full(3, ord(name), np.float32) for name in "bcUWV"}
header = {"z": 1, "version": 2, "a": {"d": 3, "c": 4}}
write_bytes(Path(sys.argv[1]), bytes_of_arrays(arrays, header))
"""


@settings(max_examples=40)
@given(st.dictionaries(WORDS, VALUES))
def test_json_is_read_as_it_was_written_whatever_the_order_of_keys(
    scratch: Path, content: dict[str, Any]
) -> None:
    write_json(scratch, content)
    assert read_json(scratch) == content
    first = scratch.read_bytes()
    assert first.endswith(b"}\n")
    write_json(scratch, dict(reversed(content.items())))
    assert scratch.read_bytes() == first


READABLE = FINITE.filter(lambda value: abs(value) < 1e300)


@given(st.lists(st.tuples(st.integers(-(2**53), 2**53), READABLE), min_size=1))
def test_a_table_is_read_as_it_was_written(
    scratch: Path, rows: list[tuple[int, float]]
) -> None:
    with Outputs() as out:
        out.table(scratch, ["a", "b"], rows)
    assert read_table(scratch, ["a", "b"]).tolist() == [list(row) for row in rows]
    assert b"\r" not in scratch.read_bytes()


@given(hnp.arrays(UNSIGNED, st.integers(0, 50)))
def test_ids_are_read_as_they_were_written(scratch: Path, ids: Any) -> None:
    write_bytes(scratch, bytes_of_array(ids))
    found = read_ids(scratch)
    assert found.dtype == ids.dtype
    np.testing.assert_array_equal(found, ids)


@settings(max_examples=40)
@given(st.dictionaries(WORDS, FLOATS, max_size=3), st.dictionaries(WORDS, VALUES))
def test_arrays_are_read_as_they_were_written(
    scratch: Path, arrays: dict[str, Any], header: dict[str, Any]
) -> None:
    arrays.pop("__metadata__", None)
    write_bytes(scratch, bytes_of_arrays(arrays, header))
    found, found_header = read_arrays(scratch)
    assert found_header == header
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_views_that_are_not_contiguous_are_written_by_their_values(
    tmp_path: Path,
) -> None:
    array = np.arange(12.0).reshape(3, 4)
    write_bytes(tmp_path / "a", bytes_of_arrays({"a": array.T, "b": array[:, ::2]}, {}))
    found, _ = read_arrays(tmp_path / "a")
    np.testing.assert_array_equal(found["a"], array.T)
    np.testing.assert_array_equal(found["b"], array[:, ::2])


def test_two_processes_write_the_same_arrays_in_the_same_bytes(tmp_path: Path) -> None:
    contents = set()
    for seed in ("1", "2", "3"):
        path = tmp_path / seed
        command = [sys.executable, "-c", WRITE_ARRAYS, str(path)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        contents.add(path.read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_with_a_number_that_is_not_finite_is_refused(
    tmp_path: Path, value: float
) -> None:
    with pytest.raises(ArtifactError, match="it contains a number that is not finite"):
        write_json(tmp_path / "a", {"a": [value]})
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "c", "é\n")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"\xc3\xa9\n"


def test_an_open_old_file_stays_complete(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"a long old content")
    with (tmp_path / "a").open("rb") as file:
        write_bytes(tmp_path / "a", b"new")
        assert file.read() == b"a long old content"


def test_a_folder_in_the_place_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ArtifactError, match="a: cannot be written: Is a directory"):
        write_bytes(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_in_the_place_of_a_folder_stays(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(
        ArtifactError, match=r"b: cannot be written: (Not a dir|File ex)"
    ):
        write_bytes(tmp_path / "a" / "b", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"old"
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ArtifactError, match="a: cannot be written: Permission denied"):
        write_bytes(tmp_path / "a", b"new")
    tmp_path.chmod(0o700)


def test_json_holds_the_shortest_text_of_a_number(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"b": 0.1, "a": 1e-08, "ü": 1 / 3})
    text = (tmp_path / "a").read_bytes().decode()
    assert text == '{\n  "a": 1e-08,\n  "b": 0.1,\n  "ü": 0.3333333333333333\n}\n'
    assert json.loads(text)["ü"] == 1 / 3
