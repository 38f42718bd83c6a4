"""Equal bytes for all processors, optimisation levels and environments."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest

from tests.imports import ROOT
from tests.pipeline import STAGES
from tests.small_run import unwanted

pytestmark = pytest.mark.slow
Digests = dict[str, str]


def small_run(
    folder: Path, *arguments: str, **environment: str
) -> tuple[Digests, list[str]]:
    """Run `tests.small_run` in a new process and folder; return its output."""
    folder.mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "tests.small_run", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    digests, found = json.loads(result.stdout)
    return digests, found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    return small_run(tmp_path_factory.mktemp("run") / "here")[0]


def test_every_output_of_dvc_yaml_is_compared(expected: Digests) -> None:
    compared = {
        path.as_posix()
        for stage in STAGES.values()
        if stage.name != "fetch"
        for path in stage.writes
    }
    assert compared == set(expected) - {"book.txt", "params.yaml"}


@pytest.mark.parametrize(
    "environment",
    [
        {"NUMBA_CPU_NAME": "generic"},
        {"NUMBA_OPT": "0"},
    ],
    ids=lambda environment: " ".join(environment.values()),
)
def test_compiled_otherwise(
    environment: dict[str, str], expected: Digests, tmp_path: Path
) -> None:
    cache = str(tmp_path / "cache")  # Numba's cache ignores NUMBA_OPT
    digests, _ = small_run(tmp_path / "run", NUMBA_CACHE_DIR=cache, **environment)
    assert digests == expected


@pytest.mark.parametrize(
    "environment",
    [
        {
            "OPENBLAS_CORETYPE": "Nehalem",
            "OPENBLAS_NUM_THREADS": "1",
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
            "PYTHONHASHSEED": "1",
            "LC_ALL": "C",
            "TZ": "Asia/Kathmandu",
        },
        {
            "OPENBLAS_CORETYPE": "Haswell",
            "OPENBLAS_NUM_THREADS": "2",
            # Other code for pow, exp and so on in the C library, which no stage may call.
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4,-AVX2_Usable",
            "PYTHONHASHSEED": "2",
            "LC_ALL": "tr_TR.UTF-8",
            "PYTHONUTF8": "0",
        },
    ],
    ids=["old processor", "other C library"],
)
def test_in_another_environment(
    environment: dict[str, str], expected: Digests, tmp_path: Path
) -> None:
    digests, _ = small_run(tmp_path / "run", **environment)
    assert digests == expected


def test_compiled_code_fuses_nothing_and_calls_no_math_library(
    expected: Digests, tmp_path: Path
) -> None:
    # Cached code cannot be inspected, so this run compiles.
    cache = str(tmp_path / "cache")
    digests, found = small_run(tmp_path / "run", "--inspect", NUMBA_CACHE_DIR=cache)
    assert found == []
    assert digests == expected


def test_the_inspection_finds_fused_operations_and_library_calls() -> None:
    def fused(x: Any, y: float) -> float:
        for i in range(x.size):
            y += x[i] * y
        return y

    def called(x: float) -> float:
        return math.tanh(x) + math.exp(x)

    compile_fast: Any = numba.njit(fastmath=True)
    compile_fast_fused = compile_fast(fused)
    compile_fast_fused(np.ones(3), 1.0)
    (assembly,) = compile_fast_fused.inspect_asm().values()
    # A processor without fused operations compiles none.
    assert unwanted(assembly) or not llvm.get_host_cpu_features().get("fma")

    compile_called: Any = numba.njit(called)
    compile_called(1.0)
    (assembly,) = compile_called.inspect_asm().values()
    found = " ".join(unwanted(assembly))
    assert "tanh" in found
    assert "exp" in found
