"""Trials on workers of Dask, here or on other machines; the only importer of distributed.

A worker that would compute something else is not used: each worker process first shows
that it has this code, these versions and the known answer.
"""

import contextlib
import functools
import itertools
import logging
import os
import pickle
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import dask
import distributed
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from charrnn.errors import CharRnnError
from charrnn.files.artifacts import read_json
from charrnn.sweep.engine import Task, do_task
from charrnn.sweep.plan import digest_of
from charrnn.sweep.trial import LOST, Outcome, Precision, code_digest, known_answer

log = logging.getLogger("charrnn")
_dask: Any = distributed  # functions without types

Marks: TypeAlias = dict[str, str]
Do: TypeAlias = Callable[[Task, bytes], Outcome]

_PATIENCE = 60.0  # seconds to wait for a worker
_CONNECT = 10.0  # seconds for a scheduler to answer
_POLL = 0.2  # seconds
_LOOK = 1.0  # seconds between two looks at the workers
_AHEAD = 2  # trials for each thread of a worker: one runs, one waits
_DASHBOARD = "127.0.0.1:8787"
# Ctrl-C in a terminal reaches the workers, too; they end with this process.
_IGNORE_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
# If this process is killed, Python's helper for child processes prints a warning.
_NO_WARNING = ("PYTHONWARNINGS", "ignore:resource_tracker")
_CONFIG = {
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.worker-ttl": None,  # a worker that compiles does not answer
    # After this, a worker that starts again at that moment would be ended for good.
    "distributed.deploy.lost-worker-timeout": "1000 days",
    "distributed.admin.large-graph-warning-threshold": "1 TB",  # a book is large
}


class Place(NamedTuple):
    """Where the workers are.

    Attributes
    ----------
    workers : int or None
        The number of processes to start on this machine, if no scheduler is named.
    scheduler : str or None
        The address of a scheduler.
    scheduler_file : Path or None
        A file that a scheduler writes.
    dashboard : bool
        Whether a page on this machine shows the workers that are started here.
    """

    workers: int | None
    scheduler: str | None = None
    scheduler_file: Path | None = None
    dashboard: bool = False


class Rejected(NamedTuple):
    """A worker that is not used, and why."""

    address: str
    reason: str


class _Running(NamedTuple):
    """A task that was submitted, and the workers that may do it; None: any."""

    task: Task
    workers: list[str] | None


@functools.cache
def marks(precisions: tuple[Precision, ...]) -> Marks:
    """Return what the figures of this process depend on, by what each is called."""
    answers = [known_answer(precision)._asdict() for precision in precisions]
    return {
        "training code": code_digest(),
        "version of NumPy": metadata.version("numpy"),
        "version of Numba": metadata.version("numba"),
        "answer to a known task": digest_of({"answers": answers}),
    }


def rejected(expected: Marks, precisions: tuple[Precision, ...]) -> Rejected | None:
    """Say, in a worker, whether the worker differs from the client.

    Parameters
    ----------
    expected : dict
        The `marks` of the client.
    precisions : tuple of str
        For which there is a known answer.
    """
    found = marks(precisions)
    differing = [name for name, value in expected.items() if found[name] != value]
    if not differing:
        return None
    return Rejected(_dask.get_worker().address, f"another {differing[0]}")


def checked(
    expected: Marks, precisions: tuple[Precision, ...], call: bytes, text: bytes
) -> Outcome | Rejected:
    """Do a trial, in a worker, unless the worker differs from the client.

    Parameters
    ----------
    expected, precisions
        As for `rejected`.
    call : bytes
        The pickled function of the text; other code might not be able to read it.
    text : bytes
    """
    if (differing := rejected(expected, precisions)) is not None:
        return differing
    outcome: Outcome = pickle.loads(call)(text)
    return outcome


class Cluster:
    """An engine whose workers are started, or reached, with the first task.

    Parameters
    ----------
    place : Place
    precisions : tuple of str
        Of the trials.
    do : callable
        What is done with a task and its text.
    """

    def __init__(
        self, place: Place, precisions: tuple[Precision, ...], do: Do = do_task
    ) -> None:
        self._place, self._precisions, self._do = place, precisions, do
        self._exit = contextlib.ExitStack()
        self._client: Any = None
        self._threads: dict[str, int] = {}  # of the workers in use, by their addresses
        self._rejected: dict[str, str] = {}
        self._looked = self._seen = 0.0
        self._attempts = itertools.count()
        self._kept = 0

    def close(self) -> None:
        """End the connection, and the workers that were started here."""
        self._exit.close()

    def __call__(
        self, tasks: Sequence[Task], texts: Mapping[str, bytes]
    ) -> Iterator[tuple[Task, Outcome]]:
        """Do the tasks, in any order.

        Dask counts the death of a worker against each task that it was to do. A trial
        that Dask gives up is done again after the others, alone: it is lost only if it
        fails then.

        Raises
        ------
        CharRnnError
            If there is no scheduler, if the scheduler ends, or if for a minute there is
            no worker to use.
        """
        expected = marks(self._precisions)  # compiles, for all workers of this machine
        if self._client is None:
            self._connect(expected)
        # Tasks of their own, which are done again if the workers that hold a book die.
        books = {
            name: self._client.submit(bytes, texts[name], key=f"book-{name}")
            for name in dict.fromkeys(task.text for task in tasks)
        }
        waiting, running = deque(tasks), dict[Any, _Running]()
        suspects: set[str] = set()  # the last in the queue, by their names
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        while waiting or running:
            if time.monotonic() - self._looked > _LOOK:
                self._look()
                waiting.extendleft(self._taken_back(running))
            room = _AHEAD * sum(int(count) for count in self._threads.values())
            while waiting and len(running) < room:
                is_suspect = waiting[0].name in suspects
                if is_suspect and running:
                    break
                task = waiting.popleft()
                # With a rejected worker about, each trial names those that may do it.
                workers = [*self._threads] if self._rejected else None
                future = self._client.submit(
                    checked,
                    expected,
                    self._precisions,
                    pickle.dumps(functools.partial(self._do, task)),
                    # Dask may have given up the task of the book, too.
                    texts[task.text] if is_suspect else books[task.text],
                    # The scheduler groups keys by the word before the first hyphen.
                    key=f"trial-{task.name}-{next(self._attempts)}",
                    workers=workers,
                )
                running[future] = _Running(task, workers)
                future.add_done_callback(done.put)
            # Those that were taken back are not running.
            ended = [future for future in _ended(done) if future in running]
            for future, outcome in self._outcomes(ended):
                task, _ = running.pop(future)
                future.release()
                if isinstance(outcome, Rejected):
                    self._reject(outcome)
                    waiting.appendleft(task)
                elif outcome.status == LOST and task.name not in suspects:
                    suspects.add(task.name)
                    waiting.append(task)
                else:
                    self._kept += outcome.status != LOST
                    yield task, outcome

    def _connect(self, expected: Marks) -> None:
        self._exit.enter_context(dask.config.set(_CONFIG))
        for name in ("distributed", "asyncio", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        if self._place.scheduler is None and self._place.scheduler_file is None:
            os.environ.setdefault(*_NO_WARNING)
            local = _dask.LocalCluster(
                n_workers=self._place.workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                dashboard_address=_DASHBOARD if self._place.dashboard else None,
                silence_logs=logging.CRITICAL,
                preload=[_IGNORE_CTRL_C],
            )
            self._exit.enter_context(local)
            self._client = self._exit.enter_context(_dask.Client(local))
            return
        address = self._place.scheduler or _address_in(self._place.scheduler_file)
        try:
            client = _dask.Client(address, timeout=_CONNECT)
        except (OSError, TypeError, ValueError) as error:  # TypeError: TLS, not set up
            message = f"no scheduler answers at {address}: {error}"
            raise CharRnnError(message) from None
        self._client = self._exit.enter_context(client)
        self._seen = time.monotonic()
        while not self._threads:
            self._look()
            time.sleep(_POLL)
        self._compile(expected)

    def _compile(self, expected: Marks) -> None:
        """Let one worker of each machine compile: the others find the code on its disk."""
        workers = self._client.scheduler_info()["workers"]
        of_host = {about["host"]: address for address, about in workers.items()}
        futures = [
            self._client.submit(
                rejected, expected, self._precisions, workers=[address], pure=False
            )
            for address in of_host.values()
        ]
        for future in futures:
            with contextlib.suppress(Exception):  # which a trial will have, too
                if (worker := future.result()) is not None:
                    self._reject(worker)

    def _look(self) -> None:
        """Note which workers there are."""
        try:
            threads = self._client.nthreads()
        except (OSError, RuntimeError):
            raise CharRnnError(self._end()) from None
        self._looked = time.monotonic()
        self._threads = {
            address: count
            for address, count in threads.items()
            if address not in self._rejected
        }
        if self._threads or not self._seen:
            self._seen = self._looked
        if self._looked - self._seen > _PATIENCE:
            known = [f"{address} has {why}" for address, why in self._rejected.items()]
            message = "; ".join([f"no worker to use for {_PATIENCE:.0f} s", *known])
            raise CharRnnError(message)

    def _taken_back(self, running: dict[Any, _Running]) -> list[Task]:
        """Take back the tasks that wait for workers that have all gone."""
        gone = [
            future
            for future, (_, workers) in running.items()
            if workers is not None and self._threads.keys().isdisjoint(workers)
        ]
        tasks = [running.pop(future).task for future in gone]
        self._client.cancel(gone)
        return tasks

    def _reject(self, worker: Rejected) -> None:
        self._threads.pop(worker.address, None)
        if worker.address not in self._rejected:
            self._rejected[worker.address] = worker.reason
            log.warning("the worker %s has %s: not used", *worker)

    def _outcomes(
        self, futures: Sequence[Any]
    ) -> Iterator[tuple[Any, Outcome | Rejected]]:
        """Return what came of tasks that have ended; results are fetched together."""
        finished = [future for future in futures if future.status == "finished"]
        fetched: dict[Any, Outcome | Rejected] = {}
        # If a worker has died since, a result is made again: then each is asked alone.
        with contextlib.suppress(Exception):
            fetched = dict(zip(finished, self._client.gather(finished), strict=True))
        for future in futures:
            yield future, fetched.get(future) or self._outcome(future)

    def _outcome(self, future: Any) -> Outcome | Rejected:
        try:
            outcome: Outcome | Rejected = future.result()
        except KilledWorker as error:
            return Outcome(LOST, f"the worker died, {error.allowed_failures + 1} times")
        except FutureCancelledError:
            raise CharRnnError(self._end()) from None
        except ImportError as error:
            message = f"a worker has not the code of charrnn sweep: {error}"
            raise CharRnnError(message) from error
        return outcome

    def _end(self) -> str:
        return (
            f"the scheduler has ended; run the command again: the {self._kept:,} trials "
            f"that were done are kept"
        )


def _ended(done: "queue.SimpleQueue[Any]") -> list[Any]:
    """Return what has ended, after a moment's wait for the first."""
    found = []
    with contextlib.suppress(queue.Empty):
        found.append(done.get(timeout=_LOOK))
        while True:
            found.append(done.get_nowait())
    return found


def _address_in(path: Path | None) -> str:
    """Return the address in the file of a scheduler; wait for the file."""
    assert path is not None
    began = time.monotonic()
    while not path.exists():
        if time.monotonic() - began > _PATIENCE:
            message = f"{path}: no scheduler has written the file in {_PATIENCE:.0f} s"
            raise CharRnnError(message)
        time.sleep(_POLL)
    address = read_json(path).get("address")
    if not isinstance(address, str):
        message = f"{path}: is not the file of a scheduler: it has no address"
        raise CharRnnError(message)
    return address
