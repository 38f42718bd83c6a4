"""dvc.yaml declares the code, files and values of each stage; two clones agree."""

import ast
import inspect
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from charrnn.files.params import PARAMS, load_section
from charrnn.settings import SECTIONS, Section, meanings
from stages.runtime import paths
from tests import small_run
from tests.imports import ROOT, closure
from tests.pipeline import BOOK, PIPELINE, STAGES, Stage, copy_sources


@pytest.mark.parametrize("stage", STAGES)
def test_the_code_that_a_stage_runs_lies_within_its_dependencies(stage: str) -> None:
    files, declared = closure(f"stages.{stage}"), STAGES[stage].code
    outside = {
        file
        for file in files
        if not any(f"{file}/".startswith(f"{path}/") for path in declared)
    }
    assert not outside
    idle = {
        path
        for path in declared
        if not any(f"{file}/".startswith(f"{path}/") for file in files)
    }
    assert not idle


def test_a_change_to_what_is_drawn_or_measured_does_not_train_again() -> None:
    """Training does not depend on packages that change no weight."""
    for package in ("cli", "evaluation", "inspection", "plots", "report"):
        assert f"src/charrnn/{package}" not in STAGES["train"].code


def test_the_report_depends_on_each_value() -> None:
    assert PARAMS in STAGES["report"].reads


def test_the_report_draws_its_curves_itself() -> None:
    assert not [path for path in STAGES["report"].reads if path.suffix == ".svg"]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_script_names_the_files_of_dvc_yaml(stage: Stage) -> None:
    tree = ast.parse((ROOT / f"stages/{stage.name}.py").read_text(encoding="utf-8"))
    named = {
        getattr(paths, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == paths.__name__
        for alias in node.names
    }
    # A value of params.yaml and the library name the other two.
    assert named == {*stage.reads, *stage.writes} - {BOOK, PARAMS}


def test_each_path_is_the_output_of_a_stage() -> None:
    known = {path for path in vars(paths).values() if isinstance(path, Path)}
    assert known == {path for stage in STAGES.values() for path in stage.writes}


@pytest.mark.parametrize("stage", STAGES)
def test_a_command_is_shell_neutral(stage: str) -> None:
    entry = PIPELINE["stages"][stage]
    assert entry["cmd"] == f"python -m stages.{stage}"
    assert entry["desc"]


def test_only_the_model_and_the_book_are_kept_out_of_git() -> None:
    cached = {
        out
        for stage in PIPELINE["stages"].values()
        for out in stage.get("outs", [])
        if isinstance(out, str)
    }
    assert {Path(path).suffix for path in cached} == {
        ".safetensors",
        ".npy",
        ".txt",
    }
    for path in cached:
        ignored = subprocess.run(
            ["git", "check-ignore", "-q", path], cwd=ROOT, check=False
        )
        assert ignored.returncode == 0, f"{path} must be ignored before it is made"


def test_train_waits_for_the_verdict_and_not_for_its_figures() -> None:
    assert paths.VERDICT in STAGES["train"].reads
    assert paths.GRADIENTS not in STAGES["train"].reads


def test_each_section_of_params_has_its_type_and_a_stage() -> None:
    sections = set(yaml.safe_load((ROOT / "params.yaml").read_text()))
    assert sections == {kind.section for kind in SECTIONS}
    used = {key.split(".")[0] for stage in STAGES.values() for key in stage.values}
    assert used == sections


def test_the_comments_of_params_yaml_are_the_meanings_of_the_schema() -> None:
    """params.yaml explains each section and each value as the schema does."""
    text = (ROOT / "params.yaml").read_text()
    for kind in SECTIONS:
        about = (inspect.getdoc(kind) or "").partition("\n")[0]
        _, found, rest = text.partition(f"\n{kind.section}: # {about}\n")
        assert found
        lines = re.findall(r"  (\w+): .*? # (.*)", rest.partition("\n\n")[0])
        assert dict(lines) == {key: str(of) for key, of in meanings(kind).items()}


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_committed_values_are_the_defaults_of_the_schema(
    kind: type[Section],
) -> None:
    assert load_section(kind, ROOT / "params.yaml") == kind()


TRACE = """
import os, sys
from pathlib import Path
root = Path.cwd()
def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path = Path(os.path.abspath(arguments[0]))
        if path.is_relative_to(root) and "__pycache__" not in path.parts:
            writes = any(letter in (arguments[1] or "r") for letter in "wxa+")
            print("WROTE" if writes else "READ", path.relative_to(root), file=sys.stderr)
    elif event == "os.rename" and "__pycache__" not in str(arguments[1]):
        print("MADE", Path(arguments[1]), file=sys.stderr)
sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of these sources, with a small book and small values."""
    folder = tmp_path_factory.mktemp("project")
    copy_sources(folder)
    params = small_run.PARAMS.replace("book.txt", "data/raw/mine.txt")
    (folder / "params.yaml").write_text(params, encoding="utf-8")
    book = folder / "data" / "raw" / "mine.txt"
    book.write_text(small_run.make_book(1500), encoding="utf-8")
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", "-f", "data/raw/mine.txt")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def reproduced(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone after `dvc repro`; to be copied, not changed."""
    clone = clone_of(project, tmp_path_factory.mktemp("reproduced") / "clone")
    run(clone, "dvc", "repro")
    return clone


def run(folder: Path, *command: str, code: int = 0) -> str:
    """Run a command in a clone.

    The stages are those of the clone.  The library is the installed one, of equal content,
    with its cache of compiled code.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout + result.stderr


def commit(folder: Path) -> None:
    run(folder, "git", "add", "-A")
    who = ("-c", "user.name=t", "-c", "user.email=t@t")
    run(folder, "git", *who, "commit", "-qm", "a project")


def clone_of(project: Path, folder: Path) -> Path:
    run(project, "git", "clone", "-q", str(project), str(folder))
    return folder


@pytest.mark.slow
def test_stages_open_what_they_declare(project: Path, tmp_path: Path) -> None:
    clone = clone_of(project, tmp_path / "clone")
    for stage in STAGES.values():
        said = run(
            clone,
            sys.executable,
            "-c",
            f"{TRACE}\nfrom stages import {stage.name} as s; s.main()",
        )
        opened = re.findall(
            r"^(READ|MADE) (?!src/|stages/|\.checkpoints/)(.+)$", said, re.MULTILINE
        )
        read = {Path(name) for how, name in opened if how == "READ"}
        read = {path for path in read if not (clone / path).is_dir()}  # are flushed
        made = {Path(name) for how, name in opened if how == "MADE"}
        declared = {Path("data/raw/mine.txt") if p == BOOK else p for p in stage.reads}
        # Each stage reads params.yaml, and declares the values.
        assert read - {PARAMS} == declared - {PARAMS}, stage.name
        assert made == set(stage.writes), stage.name


@pytest.mark.slow
@pytest.mark.dvc
def test_two_clones_without_a_common_cache_give_the_same_lock(
    project: Path, reproduced: Path, tmp_path: Path
) -> None:
    clone = clone_of(project, tmp_path / "clone")
    run(clone, "dvc", "repro")
    assert (clone / "dvc.lock").read_bytes() == (reproduced / "dvc.lock").read_bytes()
    assert "up to date" in run(clone, "dvc", "repro")
    run(clone, "dvc", "repro", "--force")
    assert (clone / "dvc.lock").read_bytes() == (reproduced / "dvc.lock").read_bytes()

    verify = [sys.executable, "-m", "charrnn", "verify", "--updates", "100"]
    assert "training again gives the same curve" in run(clone, *verify)
    curve = clone / "metrics" / "loss.csv"
    lines = curve.read_text(encoding="utf-8").splitlines()
    epoch, update, loss, share = lines[3].split(",")
    lines[3] = f"{epoch},{update},{math.nextafter(float(loss), 99)!r},{share}"
    curve.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (clone / "data/model/best.safetensors").unlink()
    said = run(clone, *verify, code=1).splitlines()
    assert said[0].startswith(
        "FAIL data/model/best.safetensors (train makes the file) cannot be"
    )
    assert said[1] == (
        "FAIL metrics/loss.csv (train makes the file) differs from dvc.lock"
    )
    assert said[-2].startswith(
        f"FAIL training again differs from metrics/loss.csv at update {update}"
    )
    assert "comparisons failed" in said[-1]


@pytest.mark.slow
@pytest.mark.dvc
def test_an_experiment_runs_only_the_stages_that_depend_on_a_value(
    reproduced: Path, tmp_path: Path
) -> None:
    clone = shutil.copytree(reproduced, tmp_path / "clone")
    commit(clone)
    said = run(clone, "dvc", "exp", "run", "-S", "train.epsilon=1e-6")
    assert "Running stage 'train'" in said
    assert "Running stage 'gradcheck'" not in said
    assert "train.epsilon" in run(clone, "dvc", "params", "diff")
    assert "network.bits_per_character" in run(clone, "dvc", "metrics", "diff")
    assert "best" in run(clone, "dvc", "exp", "show", "--csv")
    page = tmp_path / "page"
    run(clone, "dvc", "plots", "diff", "--out", str(page))
    content = (page / "index.html").read_text(encoding="utf-8")
    assert '"epoch"' in content
    assert "viridis" in content  # our template, not a built-in one
    assert (
        len(list((page / "static").glob("*.svg"))) == 6
    )  # three figures, two revisions


@pytest.mark.slow
@pytest.mark.dvc
def test_dvc_knows_nothing_of_sweeps(reproduced: Path, tmp_path: Path) -> None:
    clone = shutil.copytree(reproduced, tmp_path / "clone")
    shutil.rmtree(clone / "sweep", ignore_errors=True)
    commit(clone)
    commands = (
        ("status",),
        ("metrics", "show", "--json"),
        ("exp", "show", "--json", "--hide-workspace"),
        ("params", "diff", "--all"),
    )
    before = [run(clone, "dvc", *command) for command in commands]
    folder = clone / "sweep" / "small"
    folder.mkdir(parents=True)
    (folder / "plan.yaml").write_text(
        "sweep:\n  grid: {train: {learning_rate: [0.05, 0.1]}}\n  random: null\n"
        "  seeds: [1, 2]\n  confirm_seeds: [3]\n"
    )
    sweep = ("-m", "charrnn", "sweep", "sweep/small", "--workers", "1")
    run(clone, sys.executable, *sweep)
    assert len(list((clone / ".sweep").iterdir())) > 4
    assert [run(clone, "dvc", *command) for command in commands] == before
    assert run(clone, "git", "status", "--short") == "?? sweep/\n"
