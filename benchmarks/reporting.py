"""What the comparison tells: its table, and the same as JSON."""

import statistics
import sys
from importlib import metadata
from typing import Any, NamedTuple

from benchmarks import floor
from benchmarks.machine import processor
from benchmarks.setting import HIDDEN_SIZE, RECIPE, Text

OURS = "ours, float32"


class Timing(NamedTuple):
    """What was measured of a contestant.

    Attributes
    ----------
    first : float
        Seconds that the check took: preparing, compiling, and its few windows.
    microseconds : list of float
        An update's, in each round.
    """

    first: float
    microseconds: list[float]


def _ratios(timings: dict[str, Timing], name: str) -> list[float]:
    """Return ours, float32, in parts of a contestant's time, round by round."""
    ours = timings[OURS].microseconds
    return [a / b for a, b in zip(ours, timings[name].microseconds, strict=True)]


Floors = dict[str, tuple[floor.Rates, floor.Floor]]


def say(line: str) -> None:
    """Write a line to the standard output."""
    sys.stdout.write(line + "\n")


def tell(timings: dict[str, Timing], floors: Floors) -> None:
    """Write the table and the floors."""
    say(f"{processor()}, one thread; microseconds per update\n")
    say("| contestant | median | least | times ours | first windows, s |")
    say("| --- | ---: | ---: | ---: | ---: |")
    for name, (first, times) in timings.items():
        ratio = statistics.median(_ratios(timings, name))
        say(
            f"| {name} | {statistics.median(times):,.1f} | {min(times):,.1f} | "
            f"{1 / ratio:.2f} | {first:.2f} |"
        )
    for name, (rates, parts) in floors.items():
        ours = statistics.median(timings[f"ours, {name}"].microseconds)
        say(
            f"\nfloor, {name}: {parts.total:.1f}; ours takes {ours / parts.total:.2f} "
            f"times as long\n"
            f"  recurrence {parts.recurrence:.1f} (products "
            f"{parts.recurrence_products:.1f}, reading {parts.recurrence_reading:.1f}), "
            f"other products {parts.other_products:.1f}, tanh and exp "
            f"{parts.functions:.1f}, AdaGrad {parts.adagrad:.1f}\n"
            f"  a nanosecond: {rates.products:.0f} products "
            f"({rates.row_products:.0f} by one row), {rates.reading:.0f} bytes, "
            f"{rates.tanh:.1f} tanh, {rates.exp:.1f} exp, {rates.adagrad:.1f} AdaGrad"
        )


def content_of(
    text: Text, timings: dict[str, Timing], floors: Floors
) -> dict[str, Any]:
    """Return what `compare.json` holds; no clock time, host or path."""
    packages = ("charrnn", "jax", "llvmlite", "numba", "numpy", "torch")
    versions = {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "processor": processor(),
        "python": sys.version.split()[0],
        "versions": versions,
        "hidden_size": HIDDEN_SIZE,
        "distinct_characters": text.vocabulary_size,
        "sequence_length": RECIPE.sequence_length,
        "training_characters": len(text.ids),
        "contestants": {
            name: {
                "median_microseconds": round(statistics.median(times), 2),
                "least_microseconds": round(min(times), 2),
                "rounds_microseconds": [round(t, 2) for t in times],
                "ours_in_parts_of_it": round(
                    statistics.median(_ratios(timings, name)), 4
                ),
                "first_windows_seconds": round(first, 3),
            }
            for name, (first, times) in timings.items()
        },
        "floor_microseconds": {
            name: {
                part: round(value, 2)
                for part, value in {**parts._asdict(), "total": parts.total}.items()
            }
            for name, (_, parts) in floors.items()
        },
        "rates_per_nanosecond": {
            name: {what: round(rate, 2) for what, rate in rates._asdict().items()}
            for name, (rates, _) in floors.items()
        },
    }
