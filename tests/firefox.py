"""A local page in headless Firefox, driven by WebDriver BiDi over aiohttp.

The sibling of `tests.browser`::

    with firefox() as browser:
        browser.open(path)
        assert browser.evaluate("document.title") == "A page"
        assert browser.requests == browser.console == []
"""

import asyncio
import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest

NAMES = ("firefox-esr", "firefox")
_EVENTS = ["log.entryAdded", "network.beforeRequestSent"]
_SECONDS = 60


class Firefox:
    """One window of a running Firefox.

    Attributes
    ----------
    requests, console : list of str
        Every requested address except the file itself and ``data:``; every message.
    """

    def __init__(self, address: str) -> None:
        self.requests: list[str] = []
        self.console: list[str] = []
        self._file = ""
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        # In a thread: Playwright's own loop may run in this one.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wait(self._connect(address))
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=_EVENTS)
        tree = self.send("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    async def _connect(self, address: str) -> None:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(address, max_msg_size=0)
        self._listener = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        async for message in self._socket:
            content = json.loads(message.data)
            if content["type"] != "event":
                self._answers.pop(content["id"]).set_result(content)
            elif content["method"] == "log.entryAdded":
                told = content["params"]
                self.console.append(f"{told['level']}: {told['text']}")
            else:
                url = content["params"]["request"]["url"]
                if not url.startswith("data:") and url.partition("#")[0] != self._file:
                    self.requests.append(url)

    async def _send(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._numbers)
        self._answers[number] = answer = self._loop.create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await answer

    def send(self, method: str, **params: Any) -> Any:
        """Send a command of WebDriver BiDi and return its result."""
        answer = self._wait(self._send(method, params))
        assert answer["type"] == "success", answer
        return answer["result"]

    def open(self, path: Path, *, width: int = 1280, height: int = 800) -> None:
        """Open a file, in a viewport of some CSS pixels."""
        self._file = path.resolve().as_uri()
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self._context, viewport=size)
        self.send(
            "browsingContext.navigate",
            context=self._context, url=self._file, wait="complete",
        )  # fmt: skip

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, or of its promise."""
        answer = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context}, awaitPromise=True,
        )  # fmt: skip
        assert answer["type"] == "success", answer
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def screenshot(self, path: Path, origin: str = "document") -> None:
        """Save a picture of the whole page, or of the viewport."""
        answer = self.send(
            "browsingContext.captureScreenshot", context=self._context, origin=origin
        )
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        """Close the connection."""
        self._wait(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def firefox(scheme: Literal["light", "dark"] = "light") -> Iterator[Firefox]:
    """Start the system's Firefox with an empty profile; skip the test if there is none."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        override = "layout.css.prefers-color-scheme.content-override"
        settings = f'user_pref("{override}", {int(scheme == "light")});\n'
        (Path(profile) / "user.js").write_text(settings, encoding="utf-8")
        command = [
            found[0],
            "--headless",
            "--no-remote",
            "--remote-debugging-port",
            "0",
        ]
        process = subprocess.Popen(
            [*command, "--profile", profile],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        try:
            lines = iter(process.stderr.readline, "")
            said = (re.search(r"BiDi listening on (ws:\S+)", line) for line in lines)
            address = next(filter(None, said))[1]
            # What Firefox says later must not fill the pipe.
            reader = threading.Thread(target=process.stderr.read, daemon=True)
            reader.start()
            browser = Firefox(f"{address}/session")
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()
            process.wait(_SECONDS)
            reader.join()
            process.stderr.close()
