"""A damaged object in DVC's cache is refused, named, and made again as the advice says."""

import hashlib
import os
from pathlib import Path

import pytest

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import write_json
from charrnn.files.lock import check_locked, object_file
from stages.runtime import paths
from stages.runtime.inputs import Inputs
from tests.command_line import python
from tests.faults import make_repository, outputs, training
from tests.pipeline import STAGES

GOOD = b"good"
DIGEST = hashlib.md5(GOOD).hexdigest()
OBJECT = Path("files/md5") / DIGEST[:2] / DIGEST[2:]
OUTPUT = paths.IDS


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lock(content: bytes) -> None:
    """Write an output with some content, and a dvc.lock that expects another."""
    outs = [{"path": OUTPUT.as_posix(), "md5": DIGEST}]
    write_json(Path("dvc.lock"), {"stages": {"prepare": {"outs": outs}}})
    OUTPUT.parent.mkdir(parents=True)
    OUTPUT.write_bytes(content)


def keep(cache: Path, content: bytes) -> Path:
    (cache / OBJECT).parent.mkdir(parents=True)
    (cache / OBJECT).write_bytes(content)
    return cache / OBJECT


@pytest.mark.parametrize("config", ["", "config", "config.local"])
@pytest.mark.parametrize("content", [b"", b"gooe"])
def test_a_damaged_object_is_named_wherever_the_cache_is(
    config: str, content: bytes, tmp_path: Path
) -> None:
    lock(content)
    cache = Path(".dvc/cache")
    if config:
        cache = tmp_path / "else where"
        Path(".dvc").mkdir()
        Path(".dvc", config).write_text(
            f"['remote \"a\"']\n    url = b\n[cache]\n    dir = {cache}\n"
        )
    named = keep(cache, content)
    assert object_file(DIGEST) == named
    with pytest.raises(ArtifactError) as caught:
        check_locked(OUTPUT)
    assert str(caught.value) == (
        f"{OUTPUT}: damaged: not as in dvc.lock; remove {named}, then dvc repro"
    )


def test_a_damaged_copy_of_a_good_object_is_named_itself() -> None:
    lock(b"other")
    keep(Path(".dvc/cache"), GOOD)
    with pytest.raises(ArtifactError, match=rf"; remove {OUTPUT}, then dvc repro$"):
        check_locked(OUTPUT)


def test_under_dvc_a_stage_compares_what_dvc_lock_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock(b"other")
    own = Path("own.txt")
    own.write_bytes(b"a book of one's own")
    Inputs([], [OUTPUT, own])  # by hand dvc.lock may be of another run
    monkeypatch.setenv("DVC_STAGE", "train")
    Inputs([], [own])
    for read in (lambda: Inputs([], [OUTPUT]), lambda: Inputs([]).add(OUTPUT, "*")):
        with pytest.raises(ArtifactError, match=r"not as in dvc\.lock"):
            read()
    OUTPUT.write_bytes(GOOD)
    Inputs([], [OUTPUT])


@pytest.mark.parametrize("text", ["", "stages: []", "stages: {a: {outs: [{}]}}", "["])
def test_with_a_damaged_lock_nothing_is_compared(text: str) -> None:
    lock(b"other")
    Path("dvc.lock").write_text(text, encoding="utf-8")
    check_locked(OUTPUT)


def damage(path: Path, *, is_noticed: bool) -> None:
    """Change a byte of a file in place, as root can, or as a disk can."""
    before = path.stat()
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content)
    path.chmod(before.st_mode)
    if not is_noticed:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.slow
@pytest.mark.dvc
def test_an_output_that_is_damaged_through_its_link_is_made_again(
    tmp_path: Path,
) -> None:
    make_repository(tmp_path)
    expected = OUTPUT.read_bytes()
    for is_noticed in (True, False):
        damage(OUTPUT, is_noticed=is_noticed)
        with training(tmp_path, "-m", "dvc", "repro", "train") as dvc:
            assert dvc.end() != 0
        (advice,) = [line for line in dvc.said.splitlines() if "; remove " in line]
        assert advice.startswith(f"train: error: {OUTPUT}: damaged: ")
        assert outputs(tmp_path) == {}
        assert "FAIL " in charrnn_verify(tmp_path, advice)
        Path(advice.split("; remove ")[1].split(",")[0]).unlink()
        with training(tmp_path, "-m", "dvc", "repro", "gradcheck") as dvc:
            assert dvc.end() == 0, dvc.said
        assert OUTPUT.read_bytes() == expected
    with training(tmp_path, "-m", "dvc", "repro", "train") as dvc:
        assert dvc.end() == 0, dvc.said
    assert len(outputs(tmp_path)) == len(STAGES["train"].writes)


def charrnn_verify(folder: Path, advice: str) -> str:
    """Verify; the advice must be the one of the stage."""
    remove = advice.split("; remove ")[1].split(", then ")[0]
    done = python(folder, "-m", "charrnn", "verify", "--updates", "20")
    assert done.returncode == 1
    assert f"; remove {OUTPUT} {remove}, then dvc repro" in done.stdout
    return done.stdout
