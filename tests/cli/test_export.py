"""``charrnn export``: the same weights elsewhere, in a file that is not overwritten."""

import io
import os
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from charrnn.cli.exporting import npz, state_arrays, state_dict_file
from charrnn.files.models import load_model
from charrnn.files.prepared import load_vocabulary
from charrnn.network.model import Weights, initial_weights
from charrnn.network.scoring import network_scores
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths

Ask = Callable[..., tuple[int, str, str]]


def make(characters: str, dtype: DTypeLike = np.float32) -> tuple[Weights, Vocabulary]:
    vocabulary = Vocabulary.of(characters)
    rng = np.random.default_rng(1)
    weights = initial_weights(7, vocabulary.size, sigma=0.5, dtype=dtype, rng=rng)
    return weights, vocabulary


characters = st.text(
    st.characters(exclude_categories=["Cs"]) | st.just("\0"), min_size=1, max_size=20
)


@given(characters=characters, dtype=st.sampled_from([np.float32, np.float64]))
def test_an_npz_file_holds_the_weights_and_the_characters(
    characters: str, dtype: DTypeLike
) -> None:
    weights, vocabulary = make(characters, dtype)
    with np.load(io.BytesIO(npz(weights, vocabulary)), allow_pickle=False) as file:
        assert set(file) == {"b", "c", "U", "W", "V", "characters"}
        for name, array in weights.named():
            np.testing.assert_array_equal(file[name], array, strict=True)
        # NumPy reads NUL as the empty string; the code points tell them apart.
        assert file["characters"].shape == (vocabulary.size,)
        points = file["characters"].view("<u4")
        assert "".join(map(chr, points)) == vocabulary.characters
        if "\0" not in characters:
            assert "".join(file["characters"]) == vocabulary.characters


def test_an_npz_file_has_the_same_bytes_at_any_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights, vocabulary = make("abc")
    monkeypatch.setattr(time, "time", lambda: 1e9)
    before = npz(weights, vocabulary)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert npz(weights, vocabulary) == before
    with zipfile.ZipFile(io.BytesIO(before)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert {entry.create_system for entry in archive.infolist()} == {3}


def test_names_and_shapes_are_pytorchs() -> None:
    weights, _ = make("abc")
    shapes = {name: array.shape for name, array in state_arrays(weights).items()}
    assert shapes == {
        "rnn.weight_ih_l0": (7, 3),
        "rnn.weight_hh_l0": (7, 7),
        "rnn.bias_ih_l0": (7,),
        "rnn.bias_hh_l0": (7,),
        "linear.weight": (3, 7),
        "linear.bias": (3,),
    }


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)]
)
def test_pytorch_finds_the_same_losses(dtype: DTypeLike, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    weights, vocabulary = make("abcdefgh\n", dtype)
    content = state_dict_file(weights)
    assert content == state_dict_file(weights.copy())

    class CharRNN(torch.nn.Module):  # type: ignore[name-defined, misc, unused-ignore]
        def __init__(self, K: int, m: int) -> None:
            super().__init__()
            self.rnn = torch.nn.RNN(K, m)
            self.linear = torch.nn.Linear(m, K)

        def forward(self, x: Any) -> Any:
            states, _ = self.rnn(x)
            return self.linear(states)

    state = torch.load(io.BytesIO(content), weights_only=True)
    assert set(state) == set(state_arrays(weights))
    network = CharRNN(weights.vocabulary_size, weights.hidden_size)
    network.to(state["linear.weight"].dtype)
    network.load_state_dict(state, strict=True)
    rng = np.random.default_rng(2)
    ids = rng.integers(0, vocabulary.size, 300).astype(np.uint8)
    inputs, targets = torch.tensor(ids[:-1]).long(), torch.tensor(ids[1:]).long()
    rows = torch.nn.functional.one_hot(inputs, vocabulary.size)
    with torch.no_grad():
        losses = torch.nn.functional.cross_entropy(
            network(rows.to(network.linear.weight.dtype)), targets, reduction="none"
        )
    expected = network_scores(weights, ids).nats
    np.testing.assert_allclose(losses.numpy(), expected, rtol=0, atol=tolerance)


def test_the_file_is_written_and_not_overwritten(here: Path, ask: Ask) -> None:
    vocabulary = load_vocabulary(paths.VOCABULARY)
    content, K = npz(load_model(paths.BEST, vocabulary), vocabulary), vocabulary.size
    path, before = here / "sub/char-rnn.npz", set(here.iterdir())
    export = ("export", "--to", "numpy", "--output", "sub/char-rnn.npz")
    listed = (
        f"{Path('sub/char-rnn.npz')}: b (5,), c ({K},), U (5, {K}), W (5, 5), "
        f"V ({K}, 5), characters ({K},)\n"
    )
    assert ask(*export) == ask(*export) == (0, listed, "")
    assert path.read_bytes() == content
    assert set(here.iterdir()) == before | {path.parent}
    path.write_bytes(b"another")
    assert ask(*export) == (
        1,
        "",
        (
            f"charrnn: error: {Path('sub/char-rnn.npz')}: exists and differs; --force "
            f"overwrites the file\n"
        ),
    )
    assert path.read_bytes() == b"another"
    assert ask(*export, "--force") == (0, listed, "")
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == content


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
def test_a_file_name_need_not_be_text(here: Path, ask: Ask) -> None:
    name = os.fsdecode(b"\xff.npz")
    assert ask("export", "--to", "numpy", "--output", name)[0] == 0
    assert (here / name).exists()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_place_that_cannot_be_written_is_one_line(
    here: Path, ask: Ask, force: tuple[str, ...]
) -> None:
    (here / "folder").mkdir()
    code, _, error = ask("export", "--to", "numpy", "--output", "folder", *force)
    assert code == 1
    assert error.startswith("charrnn: error: folder: cannot be ")
    assert error.count("\n") == 1
    assert list((here / "folder").iterdir()) == []


def test_without_pytorch_one_line_says_so(
    here: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert ask("export", "--to", "torch") == (
        1,
        "",
        (
            "charrnn: error: PyTorch, which writes this file, is not installed: pip install "
            "torch\n"
        ),
    )
    assert not list(here.glob("*.pt"))
