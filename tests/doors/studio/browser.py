"""A browser without a screen, spoken to over two pipes; nothing has to be installed beside it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of one browser with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        arguments = [
            *(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--mute-audio",
            ),
            *("--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking"),
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        # The browser reads on 3 and writes on 4; a shell puts them there, so nothing forks here.
        shell = f'exec 90<&{to_read} 91>&{to_write}; exec "$0" "$@" 3<&90 4>&91'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", shell, PROGRAM, *arguments],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._left = b""
        self._number = 0
        self._session = ""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in pages if each["type"] == "page")
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._read)
        os.close(self._write)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, found
                return found["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            read = os.read(self._read, 1 << 20)
            assert read, "the browser ended"
            self._left += read
        line, _, self._left = self._left.partition(b"\0")
        found = json.loads(line)
        given = found.get("params", {})
        match found.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(given["exceptionDetails"].get("text", "") + str(given)[:500])
            case "Log.entryAdded" if given["entry"]["level"] == "error":
                self.complaints.append(given["entry"]["text"] + " " + given["entry"].get("url", ""))
        return found

    def go(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def do(self, script: str) -> Any:
        found = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script: str, seconds: float = 20) -> Any:
        """Wait until a condition of the page holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.do(script)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never came true: {script}\n{self.do('document.body.innerText')}")

    def click(self, text: str) -> None:
        """Press the button or link that says this."""
        found = f"""[...document.querySelectorAll('button, a, [role=option]')].find(each =>
            (each.innerText.trim() === {text!r} || each.innerText.trim().startsWith({text!r}) ||
             each.ariaLabel === {text!r}) && !each.disabled)"""
        self.until(f"!!({found})")
        self.do(f"({found}).click()")

    def type(self, selector: str, text: str) -> None:
        self.until(f"!!document.querySelector({selector!r})")
        self.do(f"document.querySelector({selector!r}).focus()")
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, text=key if len(key) == 1 else ""
            )

    def look(self, *, width: int, height: int = 860, dark: bool = False) -> None:
        """How large the window is, and whether it is dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def violations(self, axe: str) -> list[str]:
        """What the accessibility rules say of what is shown now."""
        self.do(f"if (!window.axe) {{ {axe} }}; true")
        found = self.do("axe.run(document).then(found => found.violations.map(each => "
                        "each.id + ': ' + each.nodes.map(n => n.html.slice(0, 120) + ' ' + n.failureSummary.slice(0, 200)).join(' | ')))")  # fmt: skip # noqa: E501
        return list(found)
