"""Inputs that change while a stage runs: the stage names them, fails and writes no file."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from charrnn.files.params import PARAMS
from stages.runtime import paths
from stages.runtime.inputs import Inputs
from tests.conftest import Project
from tests.faults import ENVIRONMENT
from tests.imports import ROOT, closure
from tests.pipeline import STAGES

VALUES = [(stage.name, value) for stage in STAGES.values() for value in stage.values]
FILES = [(stage.name, path) for stage in STAGES.values() for path in stage.reads]
Edit = Callable[[], object]
Fails = Callable[[str, Edit, str], None]


def run_and_edit(stage: str, edit: Edit) -> None:
    """Run a stage, and change an input just before the stage writes its outputs."""
    check = Inputs.check

    def edit_first(inputs: Inputs) -> None:
        edit()
        check(inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inputs, "check", edit_first)
        STAGES[stage].run()


@pytest.fixture
def fails(whole: Project, caplog: pytest.LogCaptureFixture) -> Fails:
    """Return a check that a stage fails with a message (a regular expression)."""

    def check(stage: str, edit: Edit, message: str) -> None:
        for path in STAGES[stage].writes:
            path.write_bytes(b"old")
        with pytest.raises(SystemExit, match=r"^1$"):
            run_and_edit(stage, edit)
        errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
        assert len(errors) == 1
        assert re.fullmatch(f"error: {message}", errors[0]), errors[0]
        assert all(path.read_bytes() == b"old" for path in STAGES[stage].writes)
        assert not list(whole.folder.rglob("*.tmp"))

    return check


def changed(*names: str) -> str:
    """Return the message that names the changed inputs, in any order."""
    those = "".join(f"(?=.*{re.escape(name)}(, | changed))" for name in names)
    commas = rf"[^,]+(, [^,]+){{{len(names) - 1}}}"
    return f"{those}{commas} changed while the stage ran: nothing was written, run it again"


@pytest.mark.parametrize(("stage", "value"), VALUES)
def test_a_changed_value_is_named(
    whole: Project, fails: Fails, stage: str, value: str
) -> None:
    section, _, key = value.partition(".")
    change = {section: {key or next(iter(whole.values[section])): "another"}}
    fails(stage, lambda: whole.configure(**change), changed(f"params.yaml: {value}"))


# A stage that reads the whole params.yaml depends on all values.
@pytest.mark.parametrize(
    "stage", [stage.name for stage in STAGES.values() if PARAMS not in stage.reads]
)
def test_values_of_other_stages_may_change(whole: Project, stage: str) -> None:
    read, writes = STAGES[stage].values, STAGES[stage].writes
    others = {
        section: {key: "another" for key in values if f"{section}.{key}" not in read}
        for section, values in whole.values.items()
        if section not in read
    }
    for path in writes:
        path.unlink()
    run_and_edit(stage, lambda: whole.configure(**others))
    assert all(path.exists() for path in writes)


@pytest.mark.parametrize(("stage", "path"), FILES)
def test_a_changed_file_is_named(fails: Fails, stage: str, path: Path) -> None:
    # A new file under the old name: a memory-mapped file keeps its content.
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes() + b"\n")
    fails(stage, lambda: other.replace(path), changed(path.as_posix()))


def test_a_removed_file_is_named(fails: Fails) -> None:
    rule = "cannot be read: No such file or directory"
    fails("sample", paths.BEST.unlink, f"{paths.BEST}: {rule}")


def test_params_that_become_invalid_are_named(whole: Project, fails: Fails) -> None:
    params = whole.folder / PARAMS
    rule = r"params\.yaml, .*not valid YAML.*"
    fails("train", lambda: params.write_text("a: ["), rule)


@pytest.mark.parametrize("stage", STAGES)
def test_changed_code_is_named(
    fails: Fails, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stage: str
) -> None:
    module = STAGES[stage].module
    copies = []
    for name in sorted(closure(module.__name__)):
        copies.append(tmp_path / "copies" / name)
        copies[-1].parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copies[-1])
        dotted = name.removeprefix("src/").removesuffix(".py").replace("/", ".")
        monkeypatch.setattr(sys.modules[dotted], "__file__", str(copies[-1]))

    def edit() -> None:
        for copy in copies:
            copy.write_bytes(copy.read_bytes() + b"# edited\n")

    fails(stage, edit, changed(*("/".join(copy.parts[-2:]) for copy in copies)))


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
    assert not paths.VOCABULARY.exists()


@pytest.mark.parametrize("change", ["edited", "missing"])
def test_code_that_dvc_lock_would_not_record_is_refused(
    change: str, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    here = project.folder / "src/charrnn"
    shutil.copytree(
        ROOT / "src/charrnn", here, ignore=shutil.ignore_patterns("__pycache__")
    )
    module = here / "errors.py"
    if change == "edited":
        module.write_text(module.read_text(encoding="utf-8") + "# edited\n")
    else:
        module.unlink()
    with pytest.raises(SystemExit, match=r"^1$"):
        STAGES["prepare"].run()
    assert "src/charrnn/errors.py is not the code that runs" in caplog.text
    assert "pip install -e ." in caplog.text
    assert not any(path.exists() for path in STAGES["prepare"].writes)
