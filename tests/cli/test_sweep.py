"""``charrnn sweep``: its files, its modes, its errors, and how it goes on."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from charrnn.files.artifacts import read_json
from charrnn.sweep import engine
from charrnn.sweep.engine import do_task
from charrnn.sweep.trial import LOST, Outcome
from tests.command_line import ENVIRONMENT, Ask, Tell, python
from tests.conftest import Project
from tests.sweep.test_journal import Counting
from tests.sweeping import FOLDER, PLAN, write_plan

HERE = ("--workers", 1)
FILES = ["means.svg", "plan.yaml", "report.html", "results.csv", "summary.json"]
FILES += ["trials.svg"]


@pytest.fixture(autouse=True)
def small(project: Project) -> Project:
    """Return a project with a small sweep, the working folder."""
    write_plan()
    return project


def made() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}


def journal() -> set[str]:
    return {path.name for path in Path(".sweep").glob("*.json")}


def test_the_files_are_the_same_in_any_order_and_a_second_time_nothing_is_trained(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output, error = ask("sweep", FOLDER, *HERE)
    [book] = read_json(FOLDER / "summary.json")["books"]
    best = book["points"][str(book["best"])]["validation"]["mean"]
    assert book["best"] != book["baseline"] == 3
    assert (code, error.splitlines()) == (
        0,
        [
            (
                f"charrnn: 12 of 12 trials, 0 failed, best so far {best:.4f} bits "
                f"(point {book['best']})"
            ),
            "charrnn: 4 of 4 trials, 0 failed",
        ],
    )
    assert output.startswith("16 trials, 0 failed, 1,504 updates\n")
    first = made()
    assert [*first] == FILES
    with monkeypatch.context() as patched:
        patched.setattr(engine, "run_trial", None)  # which is not called
        assert ask("sweep", FOLDER, *HERE) == (0, output, "")
    assert made() == first
    for path in Path(".sweep").iterdir():
        path.unlink()
    monkeypatch.setattr("charrnn.cli.workers.in_process", Counting(seed=3))
    assert ask("sweep", FOLDER, *HERE)[1] == output
    assert made() == first


def test_the_rows_are_in_the_order_of_the_plan(ask: Ask) -> None:
    ask("sweep", FOLDER, *HERE)
    header, *rows = (FOLDER / "results.csv").read_text().splitlines()
    assert header == (
        "point,phase,model.hidden_size,train.learning_rate,model.seed,status,reason,"
        "updates,best_update,smooth_loss_nats_per_window,validation_nats_per_character,"
        "validation_bits_per_character,test_nats_per_character,test_bits_per_character,"
        "weights_sha256"
    )
    first = [",".join(row.split(",")[:6]) for row in rows]
    assert first[:4] == [
        "1,select,4,0.1,1,ok",
        "1,select,4,0.1,2,ok",
        "1,select,4,0.1,3,ok",
        "2,select,4,0.3,1,ok",
    ]
    assert [row.split(",")[1] for row in rows] == ["select"] * 12 + ["confirm"] * 4
    tests = [row.split(",")[12] for row in rows]
    assert all(tests[12:])
    assert not any(tests[:12])


def test_a_dry_run_says_what_would_be_done_and_does_nothing(told: Tell) -> None:
    output = told("sweep", FOLDER, "--dry-run", "--workers", 2)
    assert output.splitlines()[0] == (
        "point 1: model.hidden_size=4 train.learning_rate=0.1; 3 trials of 94 updates, "
        "0 kept"
    )
    assert "12 trials, 0 kept, and at most 4 that confirm" in output
    assert re.search(r"about \d+ s with one worker, \d+ s with 2\n$", output)
    assert not Path(".sweep").exists()
    assert [*made()] == ["plan.yaml"]


def test_rows_are_trained_again_and_compared(ask: Ask) -> None:
    ask("sweep", FOLDER, *HERE)
    code, output, error = ask("sweep", FOLDER, "--check", 3, *HERE)
    assert (code, error) == (0, "")
    assert output == (
        "ok   point 1, select, seed 3\n"
        "ok   point 3, select, seed 3\n"
        "ok   point 2, confirm, seed 102\n"
        "3 rows again: the same bits\n"
    )
    assert ask("sweep", FOLDER, "--check", 1, *HERE)[1].endswith("the same bits\n")
    assert ask("sweep", FOLDER, "--check", 99, *HERE)[1].startswith("ok   point 1, sel")
    rows = FOLDER / "results.csv"
    rows.write_text(re.sub(r"(94,\d+,\d+\.\d+?)\d,", r"\g<1>,", rows.read_text()))
    code, output, _ = ask("sweep", FOLDER, "--check", 2, *HERE)
    assert code == 1
    assert output.startswith(
        "FAIL point 2, select, seed 2: smooth_loss_nats_per_window"
    )
    assert output.endswith("2 of 2 rows differ\n")
    write_plan(PLAN.replace("[1, 2, 3]", "[7]"))
    code, _, error = ask("sweep", FOLDER, "--check", 2, *HERE)
    assert (code, error) == (
        1,
        f"charrnn: error: {rows}: is not of this plan: 2, select, 4, 0.3, 2\n",
    )


def test_the_status_says_what_has_changed(ask: Ask, small: Project) -> None:
    ask("sweep", FOLDER, *HERE)
    book = "data/raw/book.txt"
    assert ask("sweep", FOLDER, "--status") == (
        0,
        f"the plan: as then\nthe training code: as then\n{book}: as then\n",
        "",
    )
    small.configure(train={"epochs": 1})
    (small.folder / book).write_bytes((small.folder / book).read_bytes()[:-9])
    summary = FOLDER / "summary.json"
    code = read_json(summary)["code_sha256"]
    summary.write_text(summary.read_text().replace(code, "0" * 64))
    assert ask("sweep", FOLDER, "--status") == (
        1,
        (
            "the plan: has changed since\nthe training code: has changed since\n"
            f"{book}: has changed since\n"
        ),
        "",
    )


def test_what_was_lost_is_a_row_and_tried_again(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine(tasks: Any, texts: Any) -> Any:
        for task in tasks:
            is_lost = task.values.model.seed == 2
            yield (
                task,
                Outcome(LOST, "why") if is_lost else do_task(task, texts[task.text]),
            )

    monkeypatch.setattr("charrnn.cli.workers.in_process", engine)
    code, output, error = ask("sweep", FOLDER, *HERE)
    assert code == 1
    assert error.splitlines()[-1] == (
        "charrnn: error: 4 trials were lost; run the command again to try them again"
    )
    assert "no point has trials that are all ok" in output
    rows = (FOLDER / "results.csv").read_text().splitlines()
    assert rows[2].endswith(",2,lost,why,,,,,,,,")
    counting = Counting()
    monkeypatch.setattr("charrnn.cli.workers.in_process", counting)
    assert ask("sweep", FOLDER, *HERE)[0] == 0
    # Without a best point the baseline alone was confirmed, which is not the best.
    assert counting.count == 4 + 2


def test_errors_are_one_line(refusal: Tell, small: Project) -> None:
    small.configure(prepare={"validation_fraction": 0.0})
    assert refusal("sweep", FOLDER) == (
        "data/raw/book.txt: has no validation part, by which points are compared: "
        "prepare.validation_fraction is 0.0, and should hold out some characters"
    )
    small.configure(prepare={"validation_fraction": 0.1})
    write_plan(PLAN.replace("learning_rate: [0.1, 0.3]", "sequence_length: [400]"))
    assert "one window of train.sequence_length 400 needs 401" in refusal(
        "sweep", FOLDER
    )
    write_plan()
    (small.folder / "data/start/x.safetensors").touch()
    assert refusal("sweep", FOLDER) == (
        "data/start/x.safetensors: is a model to go on from, but a sweep trains from "
        "drawn weights: take the model away"
    )
    (small.folder / "data/start/x.safetensors").unlink()
    assert refusal("sweep", "nowhere") == (
        "nowhere/plan.yaml: cannot be read: No such file or directory"
    )
    assert "summary.json: cannot be read" in refusal("sweep", FOLDER, "--status")
    (small.folder / "data/raw/book.txt").unlink()
    assert refusal("sweep", FOLDER).startswith("data/raw/book.txt: cannot be read")


def test_the_environment_names_a_scheduler_and_options_come_first(
    refusal: Tell, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = pytest.importorskip("charrnn.sweep.cluster")
    monkeypatch.setattr(cluster, "_CONNECT", 0.3)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    assert "no scheduler answers at tcp://127.0.0.1:9" in refusal("sweep", FOLDER)
    other = refusal("sweep", FOLDER, "--scheduler", "tcp://127.0.0.1:7")
    assert "no scheduler answers at tcp://127.0.0.1:7" in other
    assert ask("sweep", FOLDER, *HERE)[0] == 0


def test_without_the_package_there_is_one_worker(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "charrnn.sweep.cluster", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert ask("sweep", FOLDER, "--workers", 2) == (
        1,
        "",
        "charrnn: error: several workers need a package: pip install -e '.[sweep]'\n",
    )
    assert ask("sweep", FOLDER)[0] == 0


def test_the_last_line_makes_the_best_point_the_run(told: Tell, ask: Ask) -> None:
    ask("sweep", FOLDER, *HERE)
    best = read_json(FOLDER / "summary.json")["books"][0]["best"]
    size, rate = [(4, 0.1), (4, 0.3), (5, 0.1), (5, 0.3)][best - 1]
    words = [] if size == 5 else [f"-S model.hidden_size={size}"]
    words += [] if rate == 0.1 else [f"-S train.learning_rate={rate}"]
    last = told("sweep", FOLDER, *HERE).splitlines()[-1]
    assert last == " ".join(["dvc exp run", *words])


def slow_sweep(small: Project) -> "subprocess.Popen[str]":
    """Start a sweep whose trials take some tenths of a second."""
    small.configure(train={"epochs": 15})
    process = subprocess.Popen(
        [sys.executable, "-m", "charrnn", "sweep", str(FOLDER), "--workers", "1"],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not journal() and process.poll() is None:
        time.sleep(0.01)
    return process


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, ["charrnn: stopped"]),
        (signal.SIGTERM, -signal.SIGTERM, []),
        (signal.SIGKILL, -signal.SIGKILL, []),
    ],
)
def test_a_sweep_that_is_stopped_goes_on(
    small: Project, monkeypatch: pytest.MonkeyPatch, ask: Ask,
    number: signal.Signals, code: int, said: list[str],
) -> None:  # fmt: skip
    process = slow_sweep(small)
    process.send_signal(number)
    output, error = process.communicate(timeout=60)
    assert (process.returncode, output, error.splitlines()[-1:]) == (code, "", said)
    kept = journal()
    assert 1 <= len(kept) < 12
    counting = Counting()
    monkeypatch.setattr("charrnn.cli.workers.in_process", counting)
    assert ask("sweep", FOLDER, *HERE)[0] == 0
    assert counting.count == len(journal()) - len(kept)
    assert kept < journal()


def test_the_command_needs_no_cluster_to_start(small: Project) -> None:
    """Neither one worker nor a sweep that is complete imports Dask."""
    watched = (
        "import sys; from charrnn.cli.main import main; code = main(sys.argv[1:]); "
        "print([name for name in ('dask', 'distributed') if name in sys.modules])"
    )
    for arguments in ([str(FOLDER), "--workers", "1"], [str(FOLDER)]):
        done = python(small.folder, "-c", watched, "sweep", *arguments)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr
