"""`handful serve`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from handful.doors.cli.speaker import speaker
from handful.foundation.errors import MissingExtraError
from handful.foundation.hardware.extras import find_module
from handful.foundation.project import Project

NEEDED = ("starlette", "uvicorn", "orjson", "python_multipart")


def serve(
    release: str = "champion",
    *,
    host: str = "",
    port: int | None = None,
    settings: Path | None = None,
    project: Path | None = None,
) -> None:
    """Answer over HTTP with a release, until Ctrl-C.

    Only this machine can ask, unless keys were made (`handful serve keys`) and --host names another
    address. While it runs, `handful promote` and `handful rollback` change which release answers.
    Uses go to events/ and what people say of answers to feedback/.

    Args:
        release: An alias, which is followed, or the first digits of a digest, which stays.
        host: Address to listen on; 127.0.0.1 when neither said here nor in serve.toml.
        port: Port to listen on; 8000 when not said; 0 takes a free one.
        settings: A file with limits; the project's serve.toml when left out.
        project: The project; the nearest one when left out.
    """
    for name in NEEDED:
        if not find_module(name).is_installed:
            raise MissingExtraError("Serving", name, "serve")
    from handful.use.serve.running import make_server, run, settings_of

    # Not `open_project`: what it can do with the library is not loaded into a serving process.
    shop = Project.open(project) if project else Project.find()
    config = settings_of(shop, settings)
    config = dataclasses.replace(
        config, host=host or config.host, port=config.port if port is None else port
    )
    server = make_server(shop, release, config)
    console = speaker()

    def started(address: str) -> None:
        replica = server.versions.current
        console.done(
            f"Release {replica.name} answers at {address} for {', '.join(replica.modalities)}.",
            record=shop.events,
            next_step=f"curl {address}/v1/ready",
            address=address,
            digest=replica.digest,
        )

    run(server, started)
