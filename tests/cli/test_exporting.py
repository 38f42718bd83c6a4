"""Weights that go elsewhere are the same weights there."""

import io
import time
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from charrnn.cli.exporting import npz, state_arrays, state_dict_file
from charrnn.network.model import Weights, initial_weights
from charrnn.network.scoring import network_scores
from charrnn.text.vocabulary import Vocabulary


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
        # As text a NUL is the empty one; its code point is what it is.
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


def load_into_pytorch(weights: Weights) -> Any:
    torch = pytest.importorskip("torch")

    class CharRNN(torch.nn.Module):  # type: ignore[name-defined, misc, unused-ignore]
        def __init__(self, K: int, m: int) -> None:
            super().__init__()
            self.rnn = torch.nn.RNN(K, m)
            self.linear = torch.nn.Linear(m, K)

        def forward(self, x: Any) -> Any:
            states, _ = self.rnn(x)
            return self.linear(states)

    state = torch.load(io.BytesIO(state_dict_file(weights)), weights_only=True)
    network = CharRNN(weights.vocabulary_size, weights.hidden_size)
    network.to(state["linear.weight"].dtype)
    network.load_state_dict(state, strict=True)
    return network


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)]
)
def test_pytorch_finds_the_same_losses(dtype: DTypeLike, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    weights, vocabulary = make("abcdefgh\n", dtype)
    network = load_into_pytorch(weights)
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


def test_a_pytorch_file_has_the_same_bytes_again() -> None:
    pytest.importorskip("torch")
    weights, _ = make("abc")
    assert state_dict_file(weights) == state_dict_file(weights.copy())
