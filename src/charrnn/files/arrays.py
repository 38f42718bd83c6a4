"""Arrays as files: ids as .npy, everything else as safetensors, never compressed.

Reading such a file runs no code from it; equal arrays give equal bytes.
"""

import io
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from charrnn.errors import ArtifactError
from charrnn.files.checks import open_file

# The order in which safetensors writes its metadata differs between processes, so there
# is only one key, whose value is JSON with sorted keys.
_HEADER = "charrnn"

# A model's header has 2 kB and its characters: 4 bytes each, 12 if escaped, of at most
# 1.1 million. safetensors allows 100 MB, which take gigabytes and a minute.
_MOST_HEADER_BYTES = 1 << 24
_LENGTH_BYTES = 8

# The header of a .npy file of ids; NumPy pads it to this length.
_IDS_HEADER_BYTES = 128
_IDS_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00v\x00"
    rb"\{'descr': '([|<]u[124])', 'fortran_order': False, 'shape': \((\d{1,18}),\), \} *\n"
)


def bytes_of_array(array: NDArray[Any]) -> bytes:
    """Return one array as .npy."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def read_ids(path: Path) -> NDArray[np.unsignedinteger]:
    """Memory-map a one-dimensional array of character ids, read-only.

    The header must be exactly as `bytes_of_array` makes it: NumPy's own reader evaluates
    the header as Python.

    Raises
    ------
    ArtifactError
        If the file cannot be read or is not a whole array of unsigned integers.
    """
    with open_file(path) as file:
        header = _IDS_HEADER.fullmatch(file.read(_IDS_HEADER_BYTES))
        size = file.seek(0, os.SEEK_END)
        if header is not None:
            dtype, length = np.dtype(header[1].decode()), int(header[2])
            if size == _IDS_HEADER_BYTES + length * dtype.itemsize:
                if length == 0:  # an empty file range cannot be mapped
                    return np.zeros(0, dtype)
                return np.memmap(
                    file, dtype, mode="r", offset=_IDS_HEADER_BYTES, shape=(length,)
                )
    message = f"{path}: damaged: not a whole list of character ids"
    raise ArtifactError(message)


def bytes_of_arrays(
    arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]
) -> bytes:
    """Return named arrays and a header as safetensors."""
    text = json.dumps(header, sort_keys=True, allow_nan=False, ensure_ascii=False)
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return safetensors.save(contiguous, metadata={_HEADER: text})


def arrays_from(content: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the header from the result of `bytes_of_arrays`.

    Raises
    ------
    ArtifactError
        If the bytes are damaged or are another kind of file.
    """
    try:
        arrays = safetensors.load(content)
        length = int.from_bytes(content[:_LENGTH_BYTES], "little")
        text = content[_LENGTH_BYTES : _LENGTH_BYTES + length]
        metadata = json.loads(text)["__metadata__"]
        header = json.loads(metadata[_HEADER])
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        message = "damaged, or not a file of charrnn"
        raise ArtifactError(message) from None
    if not isinstance(header, dict):
        message = "damaged: its header is not an object"
        raise ArtifactError(message)
    return arrays, header


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a file of `bytes_of_arrays`: the arrays and the header.

    Raises
    ------
    ArtifactError
        If the file cannot be read, is damaged, or was not written by charrnn.
    """
    with open_file(path) as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > _MOST_HEADER_BYTES:
            message = f"{path}: damaged: a header of {length:,} bytes"
            raise ArtifactError(message)
        header = file.read(length)
        size = file.seek(0, os.SEEK_END)
        if size > _LENGTH_BYTES + length + _end_of_arrays(header):
            message = f"{path}: damaged: longer than its arrays"
            raise ArtifactError(message)
        file.seek(0)
        content = file.read()
    try:
        return arrays_from(content)
    except ArtifactError as error:
        message = f"{path}: {error}"
        raise ArtifactError(message) from None


def _end_of_arrays(header: bytes) -> int:
    """Return the bytes that all arrays have; 0 where `arrays_from` refuses the header."""
    try:
        arrays = json.loads(header).values()
        return max(
            (int(one.get("data_offsets", (0, 0))[1]) for one in arrays), default=0
        )
    except (
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    ):
        return 0
