"""A server without a socket: a tiny model of the real kind, and a client that speaks ASGI."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handful.foundation.project import Project
from handful.use.release.bundle import make_release
from handful.use.serve.app import Server
from handful.use.serve.journal import Journal
from handful.use.serve.keys import Keys
from handful.use.serve.settings import Config
from handful.use.serve.versions import Place, Versions
from handful.use.watch.incidents import Incidents
from use.explore.things import photo, tap, trained_shop

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]


class Client:
    """Calls an application in a loop of its own, as a server would."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.app = server.app()
        self.loop = asyncio.new_event_loop()
        self._life = self.app.router.lifespan_context(self.app)
        self.loop.run_until_complete(self._life.__aenter__())

    def close(self) -> None:
        self.loop.run_until_complete(self._life.__aexit__(None, None, None))
        self.loop.close()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def get(self, path: str, **headers: str) -> Reply:
        return self.run(self.call("GET", path, b"", headers))

    def post(self, path: str, content: Any, headers: Mapping[str, str] = JSON) -> Reply:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.run(self.call("POST", path, body, headers))

    async def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        sent: list[dict[str, Any]] = []
        asked = iter([body[: len(body) // 2], body[len(body) // 2 :]])

        async def receive() -> dict[str, Any]:
            part = next(asked, b"")
            return {"type": "http.request", "body": part, "more_body": part != b"" or False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        every = {"host": "127.0.0.1:8000", "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(name.encode(), each.encode()) for name, each in every.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 8000),
        }
        await self.app(scope, receive, send)
        start = sent[0]
        got = {name.decode(): each.decode() for name, each in start["headers"]}
        return Reply(start["status"], got, b"".join(each.get("body", b"") for each in sent[1:]))


def form(parts: list[tuple[str, bytes]]) -> tuple[bytes, dict[str, str]]:
    """A multipart form as clients build it."""
    edge = secrets.token_hex(8)
    body = b"".join(
        f'--{edge}\r\ncontent-disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in parts
    )
    kind = f"multipart/form-data; boundary={edge}"
    return body + f"--{edge}--\r\n".encode(), {"content-type": kind}


@dataclass(frozen=True)
class Shop:
    """A project with two releases; the first is the champion."""

    project: Project
    champion: str
    other: str
    photo: bytes
    tap: bytes


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    base = tmp_path_factory.mktemp("serve")
    made = trained_shop(base)
    run = made.run(task="kind")
    first = made.release(run)
    again = made.runs / f"{run.id}-again"
    shutil.copytree(run.folder, again)  # the same weights under another name: another release
    second = make_release(again, made.releases)
    made.promote(first.digest, "the first", anyway=True)
    return Shop(
        Project.open(made.folder),
        first.digest,
        second.digest,
        photo(base / "bowl.png", 100).read_bytes(),
        tap(base / "bowl.wav", 100).read_bytes(),
    )


def server_of(shop: Shop, tmp_path: Path, name: str = "champion", **limits: Any) -> Server:
    place = Place(shop.project.releases, shop.project.shelf)
    journal = Journal(tmp_path / "events", tmp_path / "feedback")
    config = Config(**limits)
    incidents = Incidents(tmp_path / "incidents")
    return Server(config, Versions(place, name), journal, Keys(tmp_path / "keys"), incidents)


@pytest.fixture
def serving(released: Shop, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def start(name: str = "champion", **limits: Any) -> Client:
        clients.append(Client(server_of(released, tmp_path, name, **limits)))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def client(serving: Callable[..., Client]) -> Client:
    return serving()
