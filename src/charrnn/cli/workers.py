"""Where the trials of ``charrnn sweep`` are done, by the options and the environment."""

import argparse
import contextlib
import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence

from charrnn.errors import CharRnnError
from charrnn.sweep.engine import Engine, Task, in_process
from charrnn.sweep.plan import Plan
from charrnn.sweep.trial import Outcome

_VARIABLE = "DASK_SCHEDULER_ADDRESS"


@contextlib.contextmanager
def engine_of(options: argparse.Namespace, plan: Plan) -> Iterator[Engine]:
    """Return what does the trials; workers are started with the first one."""
    with contextlib.ExitStack() as stack:
        chosen: list[Engine] = []

        def engine(
            tasks: Sequence[Task], texts: Mapping[str, bytes]
        ) -> Iterator[tuple[Task, Outcome]]:
            if not chosen:
                chosen.append(_chosen(options, plan, stack))
            return chosen[0](tasks, texts)

        yield engine


def workers_of(options: argparse.Namespace) -> int | None:
    """Return the number of processes on this machine, None if there is a scheduler."""
    if options.scheduler or options.scheduler_file:
        return None
    if options.workers is not None:
        return int(options.workers)
    if os.environ.get(_VARIABLE):
        return None
    if importlib.util.find_spec("distributed") is None:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _chosen(
    options: argparse.Namespace, plan: Plan, stack: contextlib.ExitStack
) -> Engine:
    workers = workers_of(options)
    if workers == 1:
        return in_process
    try:
        from charrnn.sweep.cluster import Cluster, Place
    except ImportError:
        message = "several workers need a package: pip install -e '.[sweep]'"
        raise CharRnnError(message) from None
    place = Place(
        workers=workers,
        scheduler=options.scheduler or os.environ.get(_VARIABLE),
        scheduler_file=options.scheduler_file,
        dashboard=options.dashboard,
    )
    precisions = dict.fromkeys(point.train.precision for point in plan.points)
    return stack.enter_context(contextlib.closing(Cluster(place, tuple(precisions))))
