"""Tests of damaged files: the message names the file."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.errors import ArtifactError
from charrnn.files.arrays import bytes_of_array, bytes_of_arrays, read_arrays, read_ids
from charrnn.files.artifacts import Outputs, read_bytes, read_json, read_table

READERS: dict[str, Callable[[Path], Any]] = {
    "json": read_json,
    "table": lambda path: read_table(path, ["a", "b"]),
    "ids": read_ids,
    "arrays": read_arrays,
}


class Trap:
    """An object that raises when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the call that unpickling makes."""
        return (sys.exit, ("a pickle was loaded",))


def written(path: Path, kind: str) -> bytes:
    """Write a file of a kind and return its bytes."""
    with Outputs() as out:
        if kind == "json":
            out.json(path, {"a": [1, 2.5], "ä": None})
        elif kind == "table":
            out.table(path, ["a", "b"], [(1, 0.5), (2, 0.25)])
        elif kind == "ids":
            out.write(path, bytes_of_array(np.arange(300, dtype=np.uint16)))
        else:
            arrays = {"a": np.ones((2, 3)), "b": np.zeros(1)}
            out.write(path, bytes_of_arrays(arrays, {"version": 1}))
    return path.read_bytes()


def reads_or_refuses(path: Path, kind: str, content: bytes) -> None:
    """Assert that a file is read, or refused with a message that names the file."""
    path.write_bytes(content)
    message = str(path)
    try:
        READERS[kind](path)
    except ArtifactError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert "\n" not in message


@pytest.mark.parametrize("read", [read_bytes, *READERS.values()])
def test_a_missing_file_is_named(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(ArtifactError, match="gone: cannot be read: No such file"):
        read(tmp_path / "gone")


@pytest.mark.parametrize(
    ("kind", "content", "rule"),
    [
        ("json", b"{", "damaged: not valid JSON"),
        ("json", b'{"a": "\xff"}', "damaged: not valid JSON"),
        ("json", b"[" * 100_000, "damaged: not valid JSON"),
        ("json", b"[1]", "damaged: holds list, not an object"),
        ("table", b"", "damaged: not a table of numbers"),
        ("table", b"a,b\n1,x\n", "damaged: not a table of numbers"),
        ("table", b"a,b\n1,2\n3\n", "damaged: not a table of numbers"),
        ("table", b"a,c\n1,2\n", "damaged: its columns are not a, b"),
        ("table", b"a,b\n1,nan\n", "damaged: a value is not finite"),
        ("ids", b"\x93NUMPY", "damaged: not a whole list of character ids"),
        ("arrays", b"{}", "damaged, or not a file of charrnn"),
    ],
)
def test_damage_is_named(scratch: Path, kind: str, content: bytes, rule: str) -> None:
    scratch.write_bytes(content)
    with pytest.raises(ArtifactError, match=f"^{scratch}: {rule}$"):
        READERS[kind](scratch)


@pytest.mark.parametrize(
    "array",
    [np.zeros(3, np.int64), np.zeros((2, 2), np.uint8), np.zeros(3), np.uint8(1)],
)
def test_an_array_of_something_else_is_no_list_of_ids(
    tmp_path: Path, array: Any
) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(
        ArtifactError, match="damaged: not a whole list of character ids"
    ):
        read_ids(tmp_path / "a.npy")


def test_no_pickle_is_ever_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("a.npy", "b.npy"):
        with pytest.raises(
            ArtifactError, match="damaged: not a whole list of character ids"
        ):
            read_ids(tmp_path / name)


@pytest.mark.parametrize("kind", ["json", "ids", "arrays"])
def test_no_truncated_file_is_read(scratch: Path, kind: str) -> None:
    content = written(scratch, kind)
    for length in range(len(content) - 1):  # JSON is whole without its final newline
        scratch.write_bytes(content[:length])
        with pytest.raises(ArtifactError, match="damaged"):
            READERS[kind](scratch)


@pytest.mark.parametrize("kind", READERS)
@given(content=st.binary())
def test_any_bytes_are_read_or_refused(
    scratch: Path, kind: str, content: bytes
) -> None:
    reads_or_refuses(scratch, kind, content)


@pytest.mark.parametrize("kind", READERS)
@given(place=st.integers(0, 200), byte=st.binary(max_size=2), gone=st.integers(0, 2))
@example(place=10, byte=b"(", gone=0)  # an open bracket in the header of .npy
def test_a_file_with_other_bytes_somewhere_is_read_or_refused(
    scratch: Path, kind: str, place: int, byte: bytes, gone: int
) -> None:
    content = written(scratch, kind)
    reads_or_refuses(scratch, kind, content[:place] + byte + content[place + gone :])
