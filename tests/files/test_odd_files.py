"""Files that are not files, and sizes that no file of the pipeline has: one line, no hang."""

import json
import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.errors import CharRnnError
from charrnn.files.arrays import bytes_of_arrays, read_arrays, read_ids
from charrnn.files.artifacts import read_bytes, read_json, read_table, write_bytes
from charrnn.files.lock import md5
from charrnn.files.metrics.schema import SampleMetrics, read_metrics
from charrnn.files.yaml12 import read_yaml
from stages.runtime.inputs import _digest
from tests.imports import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="FIFOs and devices of POSIX")

READERS: list[Callable[[Path], Any]] = [
    read_arrays, read_bytes, read_ids, read_json, read_yaml, md5, _digest,
    lambda path: read_table(path, ["a"]),
]  # fmt: skip


def fifo(path: Path) -> str:
    os.mkfifo(path)
    return "not a regular file"


def sparse(path: Path) -> str:
    path.touch()
    os.truncate(path, 1 << 40)
    return "longer than 64 GiB"


def link(target: str) -> Callable[[Path], str]:
    def make(path: Path) -> str:
        if not Path(target).exists():
            pytest.skip(f"{target} of Linux")
        path.symlink_to(target)
        return "not a regular file"

    return make


@pytest.mark.parametrize(
    "make",
    [
        fifo,
        sparse,
        *map(
            link, ["/dev/zero", "/dev/null", "/proc/self/environ", "/proc/self/pagemap"]
        ),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_is_refused_by_all(
    tmp_path: Path, read: Callable[[Path], Any], make: Callable[[Path], str]
) -> None:
    rule = make(tmp_path / "odd")
    with pytest.raises(CharRnnError, match=rf"odd: cannot be read: {rule}"):
        read(tmp_path / "odd")


def test_no_other_module_opens_a_file_to_read_it() -> None:
    opening = {
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "stages")
        for path in (ROOT / folder).rglob("*.py")
        if any(
            name in path.read_text(encoding="utf-8")
            for name in (
                ".read_text",
                "path.read_bytes",
                "path.open",
                'open(path, "rb"',
            )
        )
    }
    # Compiled code and its sources; the owner of a lock; the one place; a file that is
    # appended to; /proc; the scripts of the page, which are part of the package.
    assert opening <= {
        "src/charrnn/network/kernels/jit.py",
        "src/charrnn/page/building.py",
        "src/charrnn/files/checkpoints.py",
        "src/charrnn/files/checks.py",
        "src/charrnn/files/growing.py",
        "stages/runtime/signals.py",
    }


HUGE = {"data_offsets": [0, 4], "dtype": "F32", "shape": [1]}


@pytest.mark.parametrize("header", [2**24 + 1, 77 << 20, 2**63])
def test_a_long_header_is_refused_before_it_is_read(
    tmp_path: Path, header: int
) -> None:
    (tmp_path / "a").write_bytes(struct.pack("<Q", header))
    os.truncate(tmp_path / "a", 100 << 20)
    tracemalloc.start()
    with pytest.raises(
        CharRnnError, match=rf"a: damaged: a header of {header:,} bytes$"
    ):
        read_arrays(tmp_path / "a")
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_what_follows_the_arrays_is_refused_before_it_is_read(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", bytes_of_arrays({"b": np.zeros(3)}, {}))
    os.truncate(tmp_path / "a", 1 << 35)
    tracemalloc.start()
    with pytest.raises(CharRnnError, match=r"a: damaged: longer than its arrays$"):
        read_arrays(tmp_path / "a")
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "header",
    [
        "[]", "{}", "1", "", "[" * 9999, '{"b": 1}', '{"b": {}}', '{"b": {"data_offsets": 1}}',
        '{"b": {"data_offsets": [0, "x"]}}', '{"b": {"data_offsets": [0, 1e999]}}',
        json.dumps({"b": HUGE | {"data_offsets": [0, 10**30]}}),
    ],
)  # fmt: skip
def test_a_header_of_another_form_is_refused(tmp_path: Path, header: str) -> None:
    text = header.encode()
    (tmp_path / "a").write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(CharRnnError, match=r"a: damaged"):
        read_arrays(tmp_path / "a")


@pytest.mark.parametrize("digits", ["1" + "0" * 400, "-" + "9" * 5000, str(2**53 + 1)])
def test_a_whole_number_that_cannot_be_shown_is_refused(
    tmp_path: Path, digits: str
) -> None:
    text = f'{{"longest_copy_characters": {digits}}}'
    (tmp_path / "a.json").write_text(text)
    rule = rf"a\.json: damaged: a whole number of {len(digits):,} digits, beyond "
    with pytest.raises(CharRnnError, match=rule):
        read_metrics(SampleMetrics, tmp_path / "a.json")


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e400", "nan", "9" * 400])
def test_a_number_beyond_all_figures_is_refused(tmp_path: Path, number: str) -> None:
    (tmp_path / "a.csv").write_text(f"a\n{number}\n")
    with pytest.raises(CharRnnError, match=r"a\.csv: damaged: a value is not finite$"):
        read_table(tmp_path / "a.csv", ["a"])
