"""Asks the application in this process, as a browser would; no socket is opened."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

KEY, PORT = "the-key", 4321
OURS = {"host": f"127.0.0.1:{PORT}", "cookie": f"handful-{PORT}={KEY}"}


class Said(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


def ask(
    app: Any,
    path: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Said:
    path, _, query = path.partition("?")
    given = OURS if headers is None else headers
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[Any] = []

    waiting = [True]

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(60)  # whoever waits for the other side to leave is cancelled
        waiting.clear()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = sent[0]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Said(start["status"], found, b"".join(each.get("body", b"") for each in sent[1:]))


def act(app: Any, name: str, **given: Any) -> Said:
    return ask(app, f"/api/{name}", method="POST", body=json.dumps(given).encode())
