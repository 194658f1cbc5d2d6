"""Run the server in this process, until it is told to stop; then let running requests end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from handful.foundation import config as configs
from handful.foundation.errors import UsageError
from handful.foundation.listening import listen_at
from handful.foundation.project import Project
from handful.use.release.signature import public_key
from handful.use.serve.app import Server
from handful.use.serve.journal import Journal
from handful.use.serve.keys import Keys
from handful.use.serve.settings import FILE, Config
from handful.use.serve.versions import Place, Versions
from handful.use.watch.incidents import FOLDER, Incidents

_GRACE_S = 0.2
"""Seconds between being no longer ready and taking no more connections."""


def settings_of(project: Project, path: Path | None = None) -> Config:
    """The server's settings.

    Args:
        project: Whose `serve.toml` is read where there is one.
        path: Another file.

    Raises:
        InputError: When it is no TOML.
        ConfigError: When it is wrong; all mistakes are named.
    """
    path = path or project.folder / FILE
    return configs.load(Config, path) if path.exists() else Config()


def make_server(project: Project, name: str, config: Config) -> Server:
    """Load a release, and everything around it.

    Args:
        project: Where it lies, and where uses are kept.
        name: An alias, which is then followed, or the first digits of a digest.
        config: Limits.

    Raises:
        UsageError: When there is no such release, or others could reach it without a key.
        ProjectError: When it was altered, is not signed as the settings ask, or does not answer.
        StorageError: When it may not be read.
    """
    keys = Keys(project.keys)
    if not config.is_loopback and not keys.all():
        raise UsageError(
            f'At "{config.host}" anybody who reaches this machine could ask.',
            "make a key first: `handful serve keys --add NAME`; or leave out --host",
        )
    trusted = public_key(project.keys) if project.settings.signing_required else None
    place = Place(project.releases, project.shelf, trusted)
    versions = Versions(place, name)
    journal = Journal(project.events, project.feedback)
    return Server(config, versions, journal, keys, Incidents(project.folder / FOLDER))


def run(server: Server, on_start: Callable[[str], None] = lambda address: None) -> None:
    """Serve until the process is told to stop (Ctrl-C or SIGTERM).

    Args:
        server: From `make_server`.
        on_start: Told the address once connections are taken.

    Raises:
        UsageError: When the address cannot be used.
    """
    config = server.config
    taken = listen_at(config.host, config.port)
    host, port = taken.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    runner = _Runner(_settings(server), server, lambda: on_start(f"http://{shown}:{port}"))
    with taken:
        asyncio.run(runner.serve([taken]))


def _settings(server: Server) -> uvicorn.Config:
    return uvicorn.Config(
        server.app(),
        log_level="warning",
        access_log=False,  # paths and addresses of clients stay out of files
        server_header=False,
        date_header=False,
        h11_max_incomplete_event_size=32_768,
        timeout_keep_alive=15,
        limit_concurrency=1_000,
        timeout_graceful_shutdown=max(1, round(server.config.drain_s)),
    )


class _Runner(uvicorn.Server):
    """Tells when it listens, and is first no longer ready and then gone."""

    def __init__(
        self, config: uvicorn.Config, server: Server, on_start: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._server = server
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not handed on: uvicorn would raise the signal again at the end, and to stop is no fault.
        if self._server.door.is_closing:
            self.force_exit = self.should_exit = True
            return
        self._server.close_door()
        asyncio.get_running_loop().call_later(_GRACE_S, self._stop)

    def _stop(self) -> None:
        self.should_exit = True
