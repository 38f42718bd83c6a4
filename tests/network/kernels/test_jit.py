"""Where compiled code is kept."""

from pathlib import Path

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
