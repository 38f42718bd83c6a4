"""Training that goes on from a model: `train.start`."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from charrnn.errors import ArtifactError, CharRnnError
from charrnn.files.models import arrays_of, load_model
from charrnn.files.params import load_section
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.network.kernels import learning
from charrnn.settings import TrainConfig
from stages import prepare, train
from stages.runtime import paths
from tests.conftest import Project
from tests.pipeline import BOOK, START

FILE = START / "m.safetensors"


@pytest.fixture
def second(whole: Project) -> Project:
    """Return a project with a trained model in data/start, and a shorter book."""
    shutil.copy(paths.LAST, FILE)
    (whole.folder / BOOK).write_text("In him was life; and the life was light. " * 6)
    return whole


def test_training_goes_on_from_weights_sums_and_state(second: Project) -> None:
    second.configure(
        prepare={"validation_fraction": 0.0, "test_fraction": 0.0},
        train={"epochs": 1, "warmup_updates": 3},
    )
    known = load_model(FILE).vocabulary
    prepare.main()
    assert load_vocabulary(paths.VOCABULARY) == known
    train.main()
    model, recipe = load_model(FILE).model, load_section(TrainConfig)
    ids = load_book(paths.IDS, paths.PARTS, known).ids
    learning.train_windows(model, ids, recipe, first_update=0, smooth_loss=0.0)
    found = arrays_of(load_model(paths.LAST).model)
    for name, array in arrays_of(model).items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_characters_that_the_model_does_not_know_are_named(second: Project) -> None:
    (second.folder / BOOK).write_text("In Kyoto, 12 Zen monks. " * 20)
    rule = (
        f"{BOOK}: 4 of the text's characters are not among the 44 of {FILE}, which "
        "training is to go on from: '1', '2', 'K', 'Z'; remove them from the text, "
        "or take the model away"
    )
    before = second.files()
    with pytest.raises(CharRnnError, match=f"^{re.escape(rule)}$"):
        prepare.main()
    assert second.files() == before


@pytest.mark.parametrize(
    ("section", "key", "value", "rule"),
    [
        ("model", "hidden_size", 6, "has model.hidden_size 5, but params.yaml has 6"),
        (
            "train",
            "precision",
            "float64",
            "has train.precision float32, but params.yaml has float64",
        ),
    ],
)
def test_a_model_of_another_kind_is_refused(
    second: Project, section: str, key: str, value: object, rule: str
) -> None:
    prepare.main()
    second.configure(**{section: {key: value}})
    with pytest.raises(ArtifactError, match=f"^{FILE}: {rule}$"):
        train.main()


def test_a_folder_of_several_models_and_no_folder_are_refused(second: Project) -> None:
    shutil.copy(FILE, START / "b.safetensors")
    rule = (
        r": has several models, b\.safetensors, m\.safetensors: it should have at most"
    )
    with pytest.raises(ArtifactError, match=f"^{START}{rule} one$"):
        prepare.main()
    second.configure(train={"start": str(BOOK)})
    with pytest.raises(ArtifactError, match=f"^{BOOK}: is not a folder; train.start"):
        prepare.main()
    Path(START, "b.safetensors").write_bytes(FILE.read_bytes()[:1000])
    FILE.unlink()
    second.configure(train={"start": str(START)})
    with pytest.raises(ArtifactError, match=r"b\.safetensors: damaged"):
        prepare.main()
