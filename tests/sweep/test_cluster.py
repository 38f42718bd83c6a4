"""Workers of Dask give what this process gives, or an error of one line, whatever dies."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from charrnn.errors import CharRnnError
from charrnn.sweep import cluster
from charrnn.sweep.cluster import Cluster, Do, Place
from charrnn.sweep.engine import do_task
from charrnn.sweep.trial import LOST, OK, Outcome
from tests import sweeping
from tests.imports import ROOT
from tests.sweep.conftest import Dask
from tests.sweeping import expected, small_plan, tasks_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("project")]


@contextlib.contextmanager
def on(place: Place, do: Do = do_task) -> Iterator[Cluster]:
    """Return an engine, and end it."""
    with contextlib.closing(Cluster(place, ("float32",), do)) as engine:
        yield engine


def outcomes(engine: Cluster) -> dict[str, Outcome]:
    """Return what comes of the small sweep, by the names of the tasks."""
    plan, books = small_plan()
    done = engine(tasks_of(plan, books), books.contents)
    return {task.name: outcome for task, outcome in done}


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_give_the_same_as_this_process(workers: int) -> None:
    with on(Place(workers), sweeping.do_unevenly) as engine:
        found = outcomes(engine)
        assert_no_listener_beyond_loopback()
    assert found == expected(*small_plan())
    assert {outcome.status for outcome in found.values()} == {OK}
    if workers > 1:
        assert [*found] != sorted(found, key=int), "all done in their order"


def assert_no_listener_beyond_loopback() -> None:
    this = psutil.Process()
    listening = {
        connection.laddr.ip
        for process in [this, *this.children(recursive=True)]
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_costs_nothing(workers: int) -> None:
    """With one worker, it takes the only copy of the book along."""
    with on(Place(workers), sweeping.die_once) as engine:
        assert outcomes(engine) == expected(*small_plan())
    assert Path("died").exists()


def test_a_trial_that_kills_each_worker_is_lost_alone() -> None:
    with on(Place(2), sweeping.die_always) as engine:
        found = outcomes(engine)
    assert found.pop("3") == Outcome(LOST, "the worker died, 4 times")
    assert found == {k: v for k, v in expected(*small_plan()).items() if k != "3"}


def test_a_trial_is_not_lost_with_its_neighbour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two threads of a worker do two trials: when one kills it, both are counted."""
    local = cluster._dask.LocalCluster
    monkeypatch.setattr(
        cluster._dask,
        "LocalCluster",
        lambda **options: local(**options | {"threads_per_worker": 2}),
    )
    plan, books = small_plan()
    with on(Place(1), sweeping.die_with_neighbour) as engine:
        done = engine(tasks_of(plan, books)[:2], books.contents)
        found = {task.name: outcome for task, outcome in done}
    lost = Outcome(LOST, "the worker died, 4 times")
    assert found == {"0": lost, "1": expected(plan, books)["1"]}


def test_a_book_that_dask_gives_up_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "bytes", sweeping.die_with_book, raising=False)
    with on(Place(1)) as engine:
        assert outcomes(engine) == expected(*small_plan())


def test_a_bug_stops_the_sweep() -> None:
    with on(Place(1), sweeping.fail) as engine, pytest.raises(ZeroDivisionError):
        outcomes(engine)


def test_the_scheduler_dies(dask: Dask) -> None:
    dask.start_worker()
    plan, books = small_plan()
    with on(Place(None, dask.address), sweeping.do_slowly) as engine:
        done = engine(tasks_of(plan, books), books.contents)
        found = dict([next(done), next(done)])
        dask.scheduler.kill()
        with pytest.raises(CharRnnError) as caught:
            found |= dict(done)
    assert str(caught.value) == (
        f"the scheduler has ended; run the command again: the {len(found)} trials that "
        f"were done are kept"
    )


def test_a_late_worker_with_other_code_does_nothing(
    dask: Dask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other"
    shutil.copytree(ROOT / "src" / "charrnn", other / "charrnn")
    loop = other / "charrnn" / "training" / "loop.py"
    loop.write_text(loop.read_text() + "# other\n")
    dask.start_worker()
    plan, books = small_plan()
    with (
        on(Place(None, None, dask.file), sweeping.do_slowly) as engine,
        caplog.at_level(logging.WARNING, "charrnn"),
    ):
        done = engine(tasks_of(plan, books), books.contents)
        first = next(done)
        late = dask.start_worker(PYTHONPATH=f"{other}:{ROOT}")
        engine._client.wait_for_workers(2, timeout=30)
        found = {task.name: outcome for task, outcome in [first, *done]}
        assert late.poll() is None
    assert found == expected(plan, books)
    assert "has another training code: not used" in caplog.text


def test_no_worker_is_right(dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 2.0)
    with on(Place(None, dask.address)) as engine:
        with pytest.raises(CharRnnError, match=r"^no worker to use for 2 s$"):
            outcomes(engine)
        monkeypatch.setattr(cluster, "code_digest", lambda: "other")
        cluster.marks.cache_clear()
        dask.start_worker()
        engine._client.wait_for_workers(1, timeout=30)
        with pytest.raises(
            CharRnnError, match=r"no worker .*; tcp:.* has another train"
        ):
            outcomes(engine)
    cluster.marks.cache_clear()


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 0.5)
    monkeypatch.setattr(cluster, "_PATIENCE", 0.5)
    for place, said in (
        (
            Place(None, "tcp://127.0.0.1:9"),
            "^no scheduler answers at tcp://127.0.0.1:9:",
        ),
        (Place(None, "nonsense://x"), "^no scheduler answers at nonsense://x:"),
        (Place(None, None, Path("no.json")), "^no.json: no scheduler has written the"),
    ):
        with on(place) as engine, pytest.raises(CharRnnError, match=said):
            outcomes(engine)
