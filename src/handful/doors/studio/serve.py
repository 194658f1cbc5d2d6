"""Starts the studio: one socket on loopback, one key, one address."""

from __future__ import annotations

import secrets
import webbrowser
from collections.abc import Callable

from handful.doors.python import Project
from handful.foundation.errors import MissingExtraError
from handful.foundation.listening import listen_at

HOST = "127.0.0.1"


def serve(
    project: Project, port: int = 0, *, on_ready: Callable[[str], None], browser: bool = True
) -> None:
    """Show a project until Ctrl-C.

    Args:
        project: What it shows and changes.
        port: Where it listens on this computer; any free one when 0.
        on_ready: Told the address, with the key of this start.
        browser: Open the address in the browser.

    Raises:
        MissingExtraError: When the extra `studio` is not installed.
        UsageError: When the port is taken or impossible.
    """
    try:
        import uvicorn

        from handful.doors.studio.app import build
    except ImportError as error:
        raise MissingExtraError("The studio", error.name or "starlette", "studio") from None

    key = secrets.token_urlsafe(24)
    with listen_at(HOST, port) as sock:
        port = sock.getsockname()[1]
        config = uvicorn.Config(
            build(project, key, port),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        address = f"http://{HOST}:{port}/?key={key}"
        on_ready(address)
        if browser:
            webbrowser.open(address)
        uvicorn.Server(config).run(sockets=[sock])
