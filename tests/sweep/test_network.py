"""A scheduler and a worker in two network namespaces, over TLS."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from distributed import security

from charrnn.files.artifacts import read_json
from tests.command_line import ENVIRONMENT
from tests.sweeping import FOLDER, write_plan

pytestmark = pytest.mark.slow

PORT = 8786


class Network(NamedTuple):
    """Two machines, as it were: their namespaces and their addresses."""

    names: tuple[str, str]
    addresses: tuple[str, str]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def network() -> Iterator[Network]:
    """Return two namespaces with a cable between them, or skip the test."""
    names = f"charrnn-{os.getpid()}-a", f"charrnn-{os.getpid()}-b"
    found = Network(names, ("10.231.7.1", "10.231.7.2"))
    with contextlib.ExitStack() as stack:
        try:
            for name in names:
                ip("netns", "add", name)
                stack.callback(ip, "netns", "del", name)
            ends = [f"charrnn{os.getpid() % 10_000}{end}" for end in "ab"]
            ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
            for name, end, address in zip(names, ends, found.addresses, strict=True):
                ip("link", "set", end, "netns", name)
                ip("-n", name, "address", "add", f"{address}/24", "dev", end)
                ip("-n", name, "link", "set", end, "up")
                ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces cannot be made here: {error}")
        yield found


@pytest.mark.usefixtures("project")
def test_a_sweep_on_another_machine_over_tls(network: Network, tmp_path: Path) -> None:
    write_plan()
    run = [sys.executable, "-m", "charrnn", "sweep", str(FOLDER)]
    subprocess.run([*run, "--workers", "1"], env=ENVIRONMENT, check=True)
    rows = (FOLDER / "results.csv").read_bytes()
    for path in Path(".sweep").iterdir():
        path.unlink()
    environment = ENVIRONMENT | tls(tmp_path)
    here, there = (["ip", "netns", "exec", name] for name in network.names)
    scheduler = f"tls://{network.addresses[0]}:{PORT}"
    module = [sys.executable, "-m"]
    with contextlib.ExitStack() as stack:

        def start(machine: list[str], *words: str) -> None:
            process = subprocess.Popen(
                [*machine, *module, *words], env=environment, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait)
            stack.callback(process.kill)

        start(
            here, "distributed.cli.dask_scheduler", "--no-dashboard", "--protocol", "tls",
            "--host", network.addresses[0], "--port", str(PORT),
        )  # fmt: skip
        start(
            there, "distributed.cli.dask_worker", scheduler, "--no-dashboard",
            "--no-nanny", "--nthreads", "1", "--protocol", "tls",
        )  # fmt: skip
        options = ["--scheduler", scheduler]
        done = subprocess.run(
            [*here, *run, *options], env=environment, check=False, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        # Without the certificate nobody is let in.
        refused = subprocess.run(
            [*here, *run, "--check", "1", "--scheduler", scheduler],
            env=ENVIRONMENT, check=False, capture_output=True, text=True,
        )  # fmt: skip
    assert (FOLDER / "results.csv").read_bytes() == rows
    assert read_json(FOLDER / "summary.json")["trials"]["ok"] == 16
    assert refused.returncode == 1
    assert refused.stderr.startswith("charrnn: error: no scheduler answers at tls://")
    assert refused.stderr.count("\n") == 1


def tls(folder: Path) -> dict[str, str]:
    """Write a certificate and its key; return the variables that tell Dask of them."""
    untyped: Any = security.Security
    made, ca, key = untyped.temporary(), folder / "ca.pem", folder / "key.pem"
    ca.write_text(made.tls_ca_file)
    key.write_text(made.tls_client_key)
    prefix = "DASK_DISTRIBUTED__COMM__"
    roles = ("CLIENT", "SCHEDULER", "WORKER")
    return {
        f"{prefix}REQUIRE_ENCRYPTION": "True",
        f"{prefix}TLS__CA_FILE": str(ca),
        **{f"{prefix}TLS__{role}__KEY": str(key) for role in roles},
        **{f"{prefix}TLS__{role}__CERT": str(ca) for role in roles},
    }
