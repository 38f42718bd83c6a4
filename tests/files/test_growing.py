"""The growing curve of a training: what was written is read, at any moment."""

from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from charrnn.files import growing
from charrnn.files.artifacts import read_table
from charrnn.files.growing import FollowedCurve, GrowingCurve, is_training, running
from charrnn.network.model import Model, Weights
from charrnn.training.state import Row, Run, Validation
from stages import train
from stages.runtime.paths import LOSS, VALIDATIONS
from tests.conftest import Project

LOSSES = st.floats(1e-6, 1e6)


def empty_run() -> Run:
    """Return a run of which only the curve is looked at."""
    none: Any = None
    weights = Weights(none, none, none, none, none)
    model = Model(weights, none, weights)
    return Run(model=model, first_loss=1.0, smooth_loss=1.0)


@pytest.fixture(autouse=True)
def each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write at each look, not once a second."""
    monkeypatch.setattr(growing, "_SECONDS", 0.0)


@given(st.lists(st.tuples(st.booleans(), LOSSES), max_size=30), st.integers(0, 200))
def test_what_was_written_is_read_at_any_moment(
    points: list[tuple[bool, float]], missing: int
) -> None:
    growing._SECONDS = 0.0
    path = Path("any.curve")
    run = empty_run()
    curve = GrowingCurve(path, run, sequence_length=25, updates=1000)
    followed = FollowedCurve(path)
    followed.read()
    for update, (is_validation, loss) in enumerate(points):
        if is_validation:
            run.validations.append(Validation(1, update, loss, loss))
        else:
            run.rows.append(Row(1, update, loss, 0.25))
        curve.show()
        followed.read()
        assert followed.rows == run.rows
        assert followed.validations == run.validations
    content = path.read_bytes()
    part = Path("part.curve")  # a reader that comes while a line is half written
    part.write_bytes(content[: max(0, len(content) - missing)])
    late = FollowedCurve(part)
    late.read()
    assert late.rows == run.rows[: len(late.rows)]
    assert late.validations == run.validations[: len(late.validations)]
    part.write_bytes(content)
    late.read()
    assert (late.rows, late.validations) == (run.rows, run.validations)
    assert (late.sequence_length, late.updates) == (25, 1000)
    run.rows.append(Row(2, 999, 1.0, 0.5))
    curve.close()
    assert not path.exists()
    followed.read()  # of the file that was removed
    assert followed.rows == run.rows
    followed.close()
    late.close()


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "[", "[]", "5", "{}", '{"rows": 1}', '{"rows": [[1, 2, 3]]}', "\xff",
        '{"rows": [[1, 2, 3.0, 0.5]], "validations": [1]}', '{"updates": "x"}',
        '{"rows": [[1, 2, NaN, 0.5]]}', '{"updates": Infinity}', "[" * 100_000,
        '{"updates": 1e999}',
    ],
)  # fmt: skip
def test_a_damaged_line_is_ignored(line: str) -> None:
    good = '{"sequence_length": 25, "updates": 90}\n{"rows": [[1, 2, 3.0, 0.5]]}\n'
    Path("a.curve").write_bytes(f"{line}\n{good}".encode("latin-1"))
    followed = FollowedCurve(Path("a.curve"))
    followed.read()
    followed.close()
    assert followed.rows == [Row(1, 2, 3.0, 0.5)]
    assert followed.updates == 90


def test_a_curve_that_cannot_be_written_does_not_disturb_training() -> None:
    run = empty_run()
    curve = GrowingCurve(Path("no/folder.curve"), run, sequence_length=1, updates=1)
    run.rows.append(Row(1, 1, 1.0, 0.0))
    curve.show()
    curve.close()


def test_only_a_training_that_holds_its_lock_runs() -> None:
    for name in ("old", "now"):
        Path(f"{name}.owner").touch()
        Path(f"{name}.lock").touch()
    assert running(Path()) == []
    with FileLock("now.lock"):
        assert running(Path()) == [Path("now.curve")]
        assert is_training(Path("now.curve"))
        assert not is_training(Path("old.curve"))
    assert running(Path("nowhere")) == []


def test_training_shows_its_curve_and_removes_it(
    whole: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    followers = []

    def followed(path: Path, *arguments: Any, **named: Any) -> GrowingCurve:
        curve = GrowingCurve(path, *arguments, **named)
        followers.append(FollowedCurve(path))
        followers[-1].read()
        return curve

    monkeypatch.setattr(train, "GrowingCurve", followed)
    train.main()
    (follower,) = followers
    follower.read()
    follower.close()
    assert follower.curve.tolist() == read_table(LOSS, Row._fields).tolist()
    checked = read_table(VALIDATIONS, Validation._fields)
    assert follower.checked.tolist() == checked.tolist()
    assert follower.updates == follower.rows[-1].update
    assert not list(Path().rglob("*.curve"))
    assert whole.folder == Path.cwd()
