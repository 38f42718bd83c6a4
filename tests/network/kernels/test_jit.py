"""Where compiled code is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from charrnn import exact
from charrnn.network.kernels import jit


def test_the_folder_is_of_all_sources_and_of_the_vectors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def folder() -> Path:
        return Path(jit._cache_folder.__wrapped__())

    monkeypatch.setitem(vars(numba.config), "CACHE_DIR", str(tmp_path))
    first = folder()
    monkeypatch.setattr(jit, "VECTOR_BYTES", 128)
    second = folder()
    monkeypatch.undo()
    monkeypatch.setitem(vars(numba.config), "CACHE_DIR", str(tmp_path))
    copy = tmp_path / "exact.py"
    copy.write_bytes(Path(str(exact.__file__)).read_bytes() + b"#")
    monkeypatch.setattr(exact, "__file__", str(copy))
    found = {first, second, folder()}
    assert len(found) == 3
    assert {path.parent for path in found} == {tmp_path}


def double(x: float) -> float:
    return x + x


def compiled(caplog: pytest.LogCaptureFixture) -> tuple[list[str], int]:
    """Compile and call; return what was said, and how often the cache was of use."""
    caplog.clear()
    jit._say.cache_clear()
    function: Any = jit.jit(double)
    assert (function(1.5), function(1)) == (3.0, 2)
    return caplog.messages, sum(function.stats.cache_hits.values())


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[: len(content) // 2],
        lambda content: b"x" * len(content),
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
)
def test_damaged_code_is_compiled_again_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr(jit, "_cache_folder", lambda: str(tmp_path))
    assert compiled(caplog) == ([], 0)
    assert compiled(caplog) == ([], 2)
    for path in tmp_path.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    line = f"{tmp_path}: compiled code is damaged, and is compiled again"
    assert compiled(caplog) == ([line], 0)
    assert compiled(caplog) == ([], 2)


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("/dev/null/a", "Not a directory"),
        ("~no-such-user/a", "Could not determine home directory."),
    ],
)
def test_code_that_cannot_be_kept_is_compiled_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    folder: str,
    reason: str,
) -> None:
    monkeypatch.setattr(jit, "_cache_folder", lambda: folder)
    line = (
        f"{folder}: compiled code cannot be kept, and is compiled in each run: {reason}"
    )
    assert compiled(caplog) == ([line], 0)


def test_a_full_disk_leaves_no_half_of_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fill(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:99])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jit, "_cache_folder", lambda: str(tmp_path))
    monkeypatch.setattr(Path, "write_bytes", fill)
    (line,), _ = compiled(caplog)
    assert line.endswith("compiled in each run: No space left on device")
    assert list(tmp_path.iterdir()) == []
