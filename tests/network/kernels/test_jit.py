"""Where compiled code is kept."""

from pathlib import Path
from typing import Any

import numba
import pytest

from charrnn import exact
from charrnn.network.kernels import jit


@pytest.mark.parametrize("own", ["", "somewhere"])
def test_other_libraries_keep_their_setting(
    own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(numba.config), "CACHE_DIR", own)
    jit.jit(lambda x: x)
    assert vars(numba.config)["CACHE_DIR"] == own


@pytest.fixture
def fresh() -> Any:
    """Return a function that says the folder again."""
    return jit._cache_folder.__wrapped__


def test_the_folder_is_of_all_sources_and_of_the_vectors(
    fresh: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(vars(numba.config), "CACHE_DIR", str(tmp_path))
    first = Path(fresh())
    assert first.parent == tmp_path
    monkeypatch.setattr(jit, "VECTOR_BYTES", 128)
    assert Path(fresh()).parent == tmp_path
    assert fresh() != str(first)
    monkeypatch.undo()
    copy = tmp_path / "exact.py"
    copy.write_bytes(Path(str(exact.__file__)).read_bytes() + b"#")
    monkeypatch.setattr(exact, "__file__", str(copy))
    assert Path(fresh()).name != first.name
