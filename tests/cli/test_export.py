"""``charrnn export`` writes a file, whole, and never over another one."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from charrnn.cli.exporting import npz
from charrnn.cli.main import main
from charrnn.files.models import load_model
from charrnn.files.prepared import load_vocabulary
from charrnn.text.vocabulary import Vocabulary
from stages.runtime import paths
from tests.command_line import charrnn, make_trained

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own, with the model where it is by default."""
    for path in (paths.BEST, paths.VOCABULARY):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes((trained / path).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(capture: Capture, *arguments: object) -> tuple[int, str, str]:
    code = main(["export", *map(str, arguments)])
    captured = capture.readouterr()
    return code, captured.out, captured.err


def expected() -> tuple[bytes, Vocabulary]:
    vocabulary = load_vocabulary(paths.VOCABULARY)
    return npz(load_model(paths.BEST, vocabulary), vocabulary), vocabulary


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"data"}


def test_it_writes_the_file_and_tells_what_is_in_it(
    here: Path, capsys: Capture
) -> None:
    code, said, complaint = export(capsys, "--to", "numpy")
    assert (code, complaint) == (0, "")
    content, vocabulary = expected()
    assert (here / "char-rnn.npz").read_bytes() == content
    K = vocabulary.size
    assert said == (
        f"char-rnn.npz: b (5,), c ({K},), U (5, {K}), W (5, 5), V ({K}, 5), "
        f"characters ({K},)\n"
    )
    assert files(here) == {"char-rnn.npz"}


def test_the_documented_use_of_the_file(here: Path, capsys: Capture) -> None:
    export(capsys, "--to", "numpy", "--output", "sub/model.npz")
    model = np.load(here / "sub/model.npz")
    h, x = np.zeros(len(model["b"])), 0
    h = np.tanh(model["U"][:, x] + model["W"] @ h + model["b"])
    p = np.exp(model["V"] @ h + model["c"])
    assert (
        model["characters"][np.argmax(p)]
        in load_vocabulary(paths.VOCABULARY).characters
    )


def test_the_same_again_is_no_error_and_another_file_is_one(
    here: Path, capsys: Capture
) -> None:
    path = here / "file"
    arguments = ("--to", "numpy", "--output", "file")
    assert export(capsys, *arguments)[0] == 0
    assert export(capsys, *arguments)[0] == 0
    path.write_bytes(b"another")
    code, said, complaint = export(capsys, *arguments)
    assert (code, said) == (1, "")
    assert complaint == (
        "charrnn: error: file: is there already and another file; --force overwrites "
        "it\n"
    )
    assert path.read_bytes() == b"another"
    assert export(capsys, *arguments, "--force")[0] == 0
    assert path.read_bytes() == expected()[0]


def test_a_place_that_cannot_be_written_is_one_line(
    here: Path, capsys: Capture
) -> None:
    (here / "folder").mkdir()
    for force in ([], ["--force"]):
        code, _, said = export(capsys, "--to", "numpy", "--output", "folder", *force)
        assert code == 1
        assert said.startswith("charrnn: error: folder: cannot be ")
        assert said.count("\n") == 1
    assert files(here) == {"folder"}


def test_without_pytorch_one_line_says_so(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    code, said, complaint = export(capsys, "--to", "torch")
    assert (code, said) == (1, "")
    assert complaint == (
        "charrnn: error: PyTorch is not installed, and it alone writes its files: "
        "pip install torch\n"
    )
    assert files(here) == set()


def test_for_pytorch_it_tells_its_names(here: Path) -> None:
    torch = pytest.importorskip("torch")
    done = charrnn(here, "export", "--to", "torch", "--output", "model.pt")
    assert (done.returncode, done.stderr) == (0, b"")
    told = dict(
        entry.split(" ", 1)
        for entry in done.stdout.decode().strip().removeprefix("model.pt: ").split(", ")
        if " " in entry
    )
    assert set(told) == set(torch.load(here / "model.pt", weights_only=True))


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
def test_a_file_name_need_not_be_text(here: Path) -> None:
    name = os.fsdecode(b"\xff.npz")
    done = charrnn(here, "export", "--to", "numpy", "--output", name)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (here / name).exists()
