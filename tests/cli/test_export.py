"""``charrnn export``: the same weights in a file that is not overwritten."""

import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from charrnn.cli.exporting import npz, npz_arrays, state_arrays, torch_file
from charrnn.files.models import load_model
from charrnn.network.model import Model, initial_weights
from charrnn.network.scoring import all_scores, pieces_of_scores
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths
from tests.command_line import Tell


def make(characters: str, dtype: DTypeLike = np.float32) -> tuple[Model, Vocabulary]:
    vocabulary = Vocabulary.of(characters)
    rng = np.random.default_rng(1)
    weights = initial_weights(7, vocabulary.size, sigma=0.5, dtype=dtype, rng=rng)
    return Model(weights, rng.random(7).astype(dtype), weights), vocabulary


characters = st.text(
    st.characters(exclude_categories=["Cs"]) | st.just("\0"), min_size=1, max_size=20
)


@given(characters=characters, dtype=st.sampled_from([np.float32, np.float64]))
def test_an_npz_file_holds_the_weights_and_the_characters(
    characters: str, dtype: DTypeLike
) -> None:
    model, vocabulary = make(characters, dtype)
    content = npz(npz_arrays(model, vocabulary))
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        assert set(file) == {"b", "c", "U", "W", "V", "h", "characters"}
        for name, array in [*model.weights.named(), ("h", model.hidden)]:
            np.testing.assert_array_equal(file[name], array, strict=True)
        # NumPy reads NUL as the empty string; the code points tell them apart.
        assert file["characters"].shape == (vocabulary.size,)
        points = file["characters"].view("<u4")
        assert "".join(map(chr, points)) == vocabulary.characters
        if "\0" not in characters:
            assert "".join(file["characters"]) == vocabulary.characters


def test_an_npz_file_names_neither_a_time_nor_a_system() -> None:
    with zipfile.ZipFile(io.BytesIO(npz(npz_arrays(*make("abc"))))) as archive:
        found = {(one.date_time, one.create_system) for one in archive.infolist()}
    assert found == {((1980, 1, 1, 0, 0, 0), 3)}


def test_names_and_shapes_are_pytorchs() -> None:
    model, _ = make("abc")
    shapes = {name: array.shape for name, array in state_arrays(model.weights).items()}
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
    (weights, hidden, _), vocabulary = make("abcdefgh\n", dtype)
    content = torch_file(state_arrays(weights))
    assert content == torch_file(state_arrays(weights.copy()))
    h_0 = torch.load(io.BytesIO(torch_file(hidden[np.newaxis])), weights_only=True)
    state = torch.load(io.BytesIO(content), weights_only=True)
    network, kind = torch.nn.Module(), state["linear.weight"].dtype
    network.rnn = torch.nn.RNN(weights.vocabulary_size, weights.hidden_size, dtype=kind)
    network.linear = torch.nn.Linear(
        weights.hidden_size, weights.vocabulary_size, dtype=kind
    )
    network.load_state_dict(state, strict=True)
    rng = np.random.default_rng(2)
    ids = rng.integers(0, vocabulary.size, 300).astype(np.uint8)
    inputs, targets = torch.tensor(ids[:-1]).long(), torch.tensor(ids[1:]).long()
    with torch.no_grad():
        rows = torch.nn.functional.one_hot(inputs, vocabulary.size).to(kind)
        scores = network.linear(network.rnn(rows, h_0)[0])
        losses = torch.nn.functional.cross_entropy(scores, targets, reduction="none")
    expected = all_scores(pieces_of_scores(weights, ids, hidden)).nats
    np.testing.assert_allclose(losses.numpy(), expected, rtol=0, atol=tolerance)


def test_the_file_is_written_and_not_overwritten(
    here: Path, told: Tell, refusal: Tell
) -> None:
    model, vocabulary, _ = load_model(paths.BEST)
    content, K = npz(npz_arrays(model, vocabulary)), vocabulary.size
    path, before = Path("sub/char-rnn.npz"), set(here.iterdir())
    export = ("export", "--to", "numpy", "--output", path)
    listed = (
        f"{path}: b (5,), c ({K},), U (5, {K}), W (5, 5), V ({K}, 5), h (5,), "
        f"characters ({K},)\n"
    )
    assert told(*export) == told(*export) == listed
    assert path.read_bytes() == content
    assert set(here.iterdir()) == before | {here / "sub"}
    path.write_bytes(b"another")
    assert refusal(*export) == (
        f"{path}: exists and differs; --force overwrites the file"
    )
    assert path.read_bytes() == b"another"
    assert told(*export, "--force") == listed
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == content


@pytest.mark.usefixtures("here")
def test_a_state_dict_and_beside_it_the_state(told: Tell, refusal: Tell) -> None:
    torch = pytest.importorskip("torch")
    told("export", "--to", "torch", "--output", "a/m.pt")
    state = torch.load("a/m.h.pt", weights_only=True).numpy()
    hidden = load_model(paths.BEST).model.hidden
    np.testing.assert_array_equal(state, hidden[np.newaxis], strict=True)
    Path("a/m.pt").unlink()
    Path("a/m.h.pt").write_bytes(b"another")
    reason = refusal("export", "--to", "torch", "--output", "a/m.pt")
    assert reason == "a/m.h.pt: exists and differs; --force overwrites the file"
    assert not Path("a/m.pt").exists()


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
def test_a_file_name_need_not_be_text(here: Path, told: Tell) -> None:
    name = os.fsdecode(b"\xff.npz")
    told("export", "--to", "numpy", "--output", name)
    assert (here / name).exists()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_place_that_cannot_be_written_is_named(
    here: Path, refusal: Tell, force: tuple[str, ...]
) -> None:
    (here / "folder").mkdir()
    reason = refusal("export", "--to", "numpy", "--output", "folder", *force)
    assert reason.startswith("folder: cannot be ")
    assert list((here / "folder").iterdir()) == []


def test_without_pytorch_the_package_is_named(
    here: Path, refusal: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert refusal("export", "--to", "torch") == (
        "PyTorch, which writes this file, is not installed: pip install torch"
    )
    assert not list(here.glob("*.pt"))
