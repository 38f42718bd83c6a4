"""What changes while a stage reads it: the stage says so, fails, and writes nothing."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import prepare
from stages.runtime.running import run
from tests.conftest import BOOK, Project
from tests.faults import ENVIRONMENT, STAGES, WRITES, finish
from tests.imports import ROOT, closure

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
SECTIONS = {stage: sorted(PIPELINE[stage].get("params", [])) for stage in STAGES}
IN_SECTIONS = [(stage, name) for stage in STAGES for name in SECTIONS[stage]]
IN_FILES = [
    (stage, BOOK if name == "${prepare.book}" else Path(name))
    for stage in STAGES
    for name in PIPELINE[stage]["deps"]
    if not name.startswith(("src/", "stages/"))
]
# What each stage calls when it has read its inputs.
MIDDLE = {
    "fetch": "verses",
    "prepare": "split",
    "gradcheck": "check",
    "train": "start",
    "evaluate": "spread",
    "plot": "epoch_panels",
    "sample": "longest_copy",
    "report": "render",
}
# A valid other value of each.
CHANGES: dict[str, dict[str, object]] = {
    "fetch": {"last_book": "Revelation"},
    "prepare": {"test_fraction": 0.2},
    "model": {"seed": 2},
    "gradcheck": {"seed": 2},
    "train": {"seed": 2},
    "train.sequence_length": {"sequence_length": 6},
    "evaluate": {"blocks": 4},
    "plot": {"width": 7.0},
    "sample": {"seed": 2},
}
Edit = Callable[[], object]
Fails = Callable[[str, Edit, str], None]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    finish(folder)
    return folder


@pytest.fixture
def whole(project: Project, finished: Path) -> Project:
    """Return a project with the outputs of all stages, but not up to date."""
    shutil.copytree(finished, project.folder, dirs_exist_ok=True)
    return project


def run_while(stage: str, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a stage as a command, and change something in the middle."""
    middle: Any = getattr(STAGES[stage], MIDDLE[stage])

    def edit_first(*arguments: object, **names: object) -> object:
        edit()
        return middle(*arguments, **names)

    with monkeypatch.context() as patch:
        patch.setattr(STAGES[stage], MIDDLE[stage], edit_first)
        run(stage, STAGES[stage].main)


@pytest.fixture
def fails(
    whole: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Fails:
    """Return a check that a stage fails with a message (a regular expression)."""

    def check(stage: str, edit: Edit, message: str) -> None:
        for path in WRITES[stage]:
            path.write_bytes(b"old")
        with pytest.raises(SystemExit, match=r"^1$"):
            run_while(stage, edit, monkeypatch)
        errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
        assert len(errors) == 1
        assert re.fullmatch(f"error: {message}", errors[0]), errors[0]
        assert all(path.read_bytes() == b"old" for path in WRITES[stage])
        assert not list(whole.folder.rglob("*.tmp"))

    return check


def changed(name: str) -> str:
    return rf"{name} changed while the stage ran: nothing was written, run it again"


@pytest.mark.parametrize(("stage", "name"), IN_SECTIONS)
def test_a_changed_value_is_named(
    whole: Project, fails: Fails, stage: str, name: str
) -> None:
    change = {name.split(".")[0]: CHANGES[name]}
    fails(stage, lambda: whole.configure(**change), changed(f"params.yaml: {name}"))


# The report shows all values, so it has no others.
@pytest.mark.parametrize("stage", [stage for stage in STAGES if SECTIONS[stage]])
def test_the_values_of_others_may_change(
    whole: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    others = {
        name: change
        for name, change in CHANGES.items()
        if name not in SECTIONS[stage] and "." not in name
    }
    for path in WRITES[stage]:
        path.unlink()
    run_while(stage, lambda: whole.configure(**others), monkeypatch)
    assert all(path.exists() for path in WRITES[stage])


@pytest.mark.parametrize(("stage", "path"), IN_FILES)
def test_a_changed_file_is_named(fails: Fails, stage: str, path: Path) -> None:
    # A new file under the old name: what is mapped into memory stays as it was.
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes() + b"\n")
    fails(stage, lambda: other.replace(path), changed(path.as_posix()))


@pytest.mark.parametrize(("stage", "path"), IN_FILES)
def test_a_file_that_has_gone_is_named(fails: Fails, stage: str, path: Path) -> None:
    fails(stage, path.unlink, f"{path}: cannot be read: No such file or directory")


def test_params_that_break_meanwhile_are_named(whole: Project, fails: Fails) -> None:
    params = whole.folder / "params.yaml"
    fails(
        "train", lambda: params.write_text("a: ["), r"params\.yaml, .*not valid YAML.*"
    )


@pytest.mark.parametrize("stage", STAGES)
def test_changed_code_is_named(
    fails: Fails, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stage: str
) -> None:
    copies = []
    for name in sorted(closure(f"stages.{stage}")):
        copies.append(tmp_path / "copies" / name)
        copies[-1].parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copies[-1])
        module = name.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
        module = module.replace("/", ".")
        monkeypatch.setattr(sys.modules[module], "__file__", str(copies[-1]))

    def edit() -> None:
        for copy in copies:
            copy.write_bytes(copy.read_bytes() + b"# edited\n")

    names = ["/".join(copy.parts[-2:]) for copy in copies]
    assert len(names) > 5
    fails(stage, edit, changed("".join(f"(?=.*{name})" for name in names) + ".*"))


# The stage as DVC runs it, its own source file edited just before the inputs are checked.
EDITED = """
import runpy
from pathlib import Path
from stages.runtime import inputs
check = inputs.Inputs.check
def edit_and_check(self):
    with Path("stages/prepare.py").open("a") as file:
        file.write("# edited")
    check(self)
inputs.Inputs.check = edit_and_check
runpy.run_module("stages.prepare", run_name="__main__", alter_sys=True)
"""


def test_the_changed_code_of_the_command_itself_is_named(project: Project) -> None:
    shutil.copytree(ROOT / "stages", project.folder / "stages")
    done = subprocess.run(
        [sys.executable, "-c", EDITED],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert re.search(changed("stages/prepare.py"), done.stderr)
    assert not prepare.VOCABULARY.exists()


def test_a_section_that_holds_itself_is_refused(
    whole: Project, caplog: pytest.LogCaptureFixture
) -> None:
    (whole.folder / "params.yaml").write_text("prepare: &this {book: *this}")
    with pytest.raises(SystemExit, match=r"^1$"):
        run("prepare", prepare.main)
    assert "params.yaml" in caplog.messages[-1]


@pytest.mark.parametrize("change", ["edited", "missing"])
def test_code_that_dvc_lock_would_not_name_is_refused(
    change: str, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    here = project.folder / "src/charrnn"
    shutil.copytree(
        ROOT / "src/charrnn", here, ignore=shutil.ignore_patterns("__pycache__")
    )
    prepare.main()
    before = project.files()
    module = here / "text/vocabulary.py"
    if change == "edited":
        module.write_text(module.read_text(encoding="utf-8") + "# edited\n")
    else:
        module.unlink()
    with pytest.raises(SystemExit):
        run("prepare", prepare.main)
    after = project.files()
    for files in (before, after):
        files.pop("src/charrnn/text/vocabulary.py", None)
    assert after == before
    said = caplog.text
    assert "src/charrnn/text/vocabulary.py is not the code that runs" in said
    assert "pip install -e ." in said
