"""The commands of docs/experiments.md, run in order with small values.

They run in a new clone and a new home folder: no setting of the user and no network
affects them.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml

from charrnn.files.artifacts import read_json
from tests.imports import ROOT
from tests.pipeline import copy_sources
from tests.small_run import PARAMS, make_book

BETTER = (ROOT / "docs" / "better.args").read_text(encoding="utf-8").split()
GUIDE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
SMALL = (
    PARAMS.replace("book.txt", "data/raw/kjv-new-testament.txt")
    .replace("epochs: 2", "epochs: 1")
    .replace("start: start", "start: data/start")
    .replace(
        "validate_every: 100, text_every: 100", "validate_every: 9999, text_every: 9999"
    )
)
SECONDS = 900  # time limit of a block of commands, on a loaded machine too
MODEL = "data/model/best.safetensors"


def sections() -> dict[str, list[str]]:
    """Return the blocks of commands of the guide, by the heading above them."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^#+ ", GUIDE, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        if blocks := re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL):
            found[heading] = blocks
    return found


class Reader:
    """A user who types the commands of the guide, in a project of small values."""

    def __init__(self, home: Path) -> None:
        """Make a home folder with a project that has run once."""
        self.home, self.project = home, home / "project"
        kept = ("PATH", "LANG", "TMPDIR", "NUMBA_CACHE_DIR", "LD_LIBRARY_PATH")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(home),
            "PATH": path,
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_SYSTEM_CONFIG_DIR": str(home / "system"),
            "DVC_GLOBAL_CONFIG_DIR": str(home / "global"),
            "DVC_SITE_CACHE_DIR": str(home / "site"),
            "DVC_NO_ANALYTICS": "1",
            "COLUMNS": "200",
        }
        self._left = sections()
        self._printed: dict[str, str] = {}
        self.first = self.warm = ""  # digests of the model
        self.project.mkdir(parents=True)
        (home / ".gitconfig").write_text(
            "[user]\nname = t\nemail = t@t\n[init]\ndefaultBranch = main\n"
        )
        (home / "mine.txt").write_text(make_book(1200, seed=1), encoding="utf-8")
        copy_sources(self.project)
        (self.project / "params.yaml").write_text(SMALL, encoding="utf-8")
        self.type(
            "git init -q; git add -A; git commit -qm small; dvc repro; git add -A; "
            "git commit -qm run"
        )

    def type(self, commands: str, folder: Path | None = None) -> str:
        """Run commands in a shell until one fails; return their output."""
        # A file, not a pipe: a worker of the queue outlives the shell and keeps it open.
        with (self.home / "output.txt").open("w+", encoding="utf-8") as output:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                cwd=folder or self.project,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
            )
            output.seek(0)
            content = output.read()
        assert done.returncode == 0, f"{commands}\n{content}"
        return content

    def read(self, section: str) -> str:
        """Type all commands to the end of a section; return the output of its own."""
        while section in self._left:
            heading = next(iter(self._left))
            commands = [
                block.replace("/srv", str(self.home / "srv"))
                for block in self._left.pop(heading)
            ]
            self._printed[heading] = "".join(map(self.type, commands))
        return self._printed[section]

    def values(self, revision: str = "", folder: str = "project") -> dict[str, Any]:
        """Return the content of params.yaml in a folder or in a commit."""
        command = f"git show {revision}:params.yaml" if revision else "cat params.yaml"
        values: dict[str, Any] = yaml.safe_load(self.type(command, self.home / folder))
        return values

    def experiment(self, name: str) -> str:
        """Return the reference to an experiment's commit."""
        pattern = f"refs/exps/*/*/{name}"
        return self.type(f"git for-each-ref --format='%(refname)' '{pattern}'").strip()

    def digest(self, folder: str = "project") -> str:
        """Return the sha256 of the best weights."""
        content = (self.home / folder / MODEL).read_bytes()
        return hashlib.sha256(content).hexdigest()

    def is_clean(self) -> bool:
        """Return whether no file of the project differs from the last commit."""
        return self.type("git diff --name-only") == ""

    def is_up_to_date(self, folder: str = "project") -> bool:
        """Return whether no stage of a folder has to run."""
        return "up to date" in self.type("dvc status", self.home / folder)


SERVER = """
import asyncio, sys, asyncssh
async def serve(authorized_keys):
    server = await asyncssh.listen(
        "127.0.0.1", 0, authorized_client_keys=authorized_keys, sftp_factory=True,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
    )
    print(server.get_port(), flush=True)
    await server.wait_closed()
asyncio.run(serve(*sys.argv[1:]))
"""


@contextmanager
def ssh_server(home: Path) -> Iterator[None]:
    """Serve on loopback; the home's ssh configuration names the server and its key."""
    folder = home / ".ssh"
    folder.mkdir(mode=0o700)
    key, public = folder / "id_ed25519", folder / "authorized_keys"
    made = asyncssh.generate_private_key("ssh-ed25519")
    key.touch(mode=0o600)
    made.write_private_key(key)
    made.write_public_key(public)
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, public], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            (folder / "config").write_text(
                f"Host server.example\n  HostName 127.0.0.1\n  "
                f"Port {server.stdout.readline()}  IdentityFile {key}\n"
            )
            yield
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    home = tmp_path_factory.mktemp("home")
    with ssh_server(home):
        yield Reader(home)


def start(reader: Reader, printed: str) -> None:
    assert "up to date" in printed
    assert reader.is_clean()
    reader.first = reader.digest()


def change(reader: Reader, printed: str) -> None:
    assert re.findall("Running stage '(.*)'", printed)[0] == "train"
    assert reader.values()["train"]["warmup_updates"] == 1000
    reader.warm = reader.digest()
    assert reader.warm != reader.first


def compare(reader: Reader, printed: str) -> None:
    assert re.search(r"train\.warmup_updates +0 +1000\n", printed)
    assert printed.count("network.bits_per_character") == 2
    assert printed.count("best.validation_nats_per_character") == 1
    page = (reader.project / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "saturated_share" in page
    two = (reader.project / "compare.html").read_text(encoding="utf-8")
    assert "train.warmup_updates" in two
    assert two.count("The passage belongs to the test part of this run.") == 2
    assert "compare.html" not in reader.type("git status --short")


def table(_: Reader, printed: str) -> None:
    for word in ("warm", "best.val", "network.bits", "train.warmup_updates"):
        assert word in printed
    for word in ("epochs.", ".py", "metrics/", "train.epochs"):
        assert word not in printed


def back(reader: Reader, _: str) -> None:
    assert reader.is_clean()
    assert reader.digest() == reader.first
    assert reader.is_up_to_date()


def queue(reader: Reader, printed: str) -> None:
    assert printed.count("Queued experiment") == 2
    assert "train: wrote data/model/best.safetensors" in printed
    assert printed.count("[rise-") == 2
    back(reader, printed)


def take(reader: Reader, printed: str) -> None:
    assert re.search(r"params\.yaml +\|", printed)
    experiments = reader.type("dvc exp list")
    assert "warm" in experiments
    assert "rise-2" not in experiments
    assert reader.values("slow-rise")["train"]["warmup_updates"] == 100
    back(reader, printed)


def better(reader: Reader, printed: str) -> None:
    assert "network.bits_per_character" in printed
    train = reader.values(reader.experiment("better"))["train"]
    for argument in BETTER:
        name, value = argument.removeprefix("--set-param=train.").split("=")
        assert train[name] == float(value)
    back(reader, printed)


def folder(reader: Reader, _: str) -> None:
    assert reader.digest("friend") == reader.warm
    assert reader.values(folder="friend")["train"]["warmup_updates"] == 1000
    assert reader.is_up_to_date("friend")
    assert reader.is_clean()


def server(reader: Reader, _: str) -> None:
    assert reader.digest("colleague") == reader.first
    reader.type("dvc exp apply better", reader.home / "colleague")
    assert reader.is_up_to_date("colleague")


def own_book(reader: Reader, _: str) -> None:
    for name, seed in (("mine", 1), ("mine-2", 2)):
        values = reader.values(reader.experiment(name))
        assert values["prepare"]["book"] == "data/raw/mine.txt"
        assert values["model"]["seed"] == seed
    assert reader.is_clean()


def several_books(reader: Reader, printed: str) -> None:
    assert "trigram.bits_per_character" in printed
    for name in ("law", "poems"):
        commit = reader.experiment(name)
        corpus = json.loads(reader.type(f"git show {commit}:metrics/corpus.json"))
        book = reader.project / "data" / "raw" / f"{name}.txt"
        assert corpus["characters"] == len(book.read_text(encoding="utf-8"))
        assert f"[{name}]" in printed
    assert reader.type("git status --short") == ""


CHECKS: dict[str, Callable[[Reader, str], None]] = {
    "Experiments": start,
    "Change a value": change,
    "Compare two": compare,
    "See all of them": table,
    "Go back": back,
    "Queue several": queue,
    "Take one, drop one": take,
    "Better values": better,
    "Share through a folder": folder,
    "Share through a server": server,
    "Your own book": own_book,
    "Several books": several_books,
}


@pytest.mark.slow
@pytest.mark.dvc
@pytest.mark.parametrize("section", CHECKS)
def test_the_commands_do_what_the_guide_says(reader: Reader, section: str) -> None:
    CHECKS[section](reader, reader.read(section))


def test_each_section_with_commands_is_checked() -> None:
    assert list(sections()) == list(CHECKS)


def test_the_guide_starts_from_the_committed_results() -> None:
    network = read_json(ROOT / "metrics" / "evaluation.json")["network"]
    for name, value in network.items():
        assert re.search(rf"network\.{name} +{round(value, 5)} ", GUIDE), name
