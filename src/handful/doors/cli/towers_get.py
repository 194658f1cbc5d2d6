"""`handful towers get`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, bytes_text
from handful.learn.towers.local.listing import list_folders


def towers_get(
    name: str,
    *,
    url: Annotated[str, Parameter(name="--from")] = "",
    sha256: str = "",
    into: Path | None = None,
    yes: bool = False,
    project: Path | None = None,
) -> None:
    """Show what fetching a model folder means; with --yes fetch it.

    This is the only verb that reaches the network. The archive is compared with its hash before
    anything of it is read, and only data is unpacked: no code, no pickles. A download that stops
    goes on where it was when the same command is given again.

    Args:
        name: What the folder will be called.
        url: Where its archive lies: a ZIP or TAR of the folder, weights in safetensors.
        sha256: What the archive must hash to, as whoever offers it states.
        into: Where the folder goes; the project's `towers` when left out.
        yes: Fetch. Without it the server is asked for the size, and nothing is fetched.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    offer = shop.ask_tower(name, url=url, sha256=sha256, into=into)
    place = into or shop.folder / "towers"
    table = Table("offer", ["what", "is"], title=f"Model folder {name}")
    table.add("from", offer.source.url)
    size = "not stated" if offer.size_bytes is None else bytes_text(offer.size_bytes)
    here = f", {bytes_text(offer.here_bytes)} of it is here already" if offer.here_bytes else ""
    table.add("size", f"{size}{here}")
    table.add("licence", offer.source.licence or "not known before it is here: ask who offers it")
    table.add("SHA-256", offer.source.sha256)
    table.add("goes to", str(place / name))
    console.table(table)
    if not yes:
        again = f"handful towers get {name}"
        again += f" --from {url} --sha256 {sha256}" if url else ""
        again += f" --into {into}" if into else ""
        console.done("Nothing was fetched.", next_step=f"{again} --yes")
        return
    with console.progress("Fetching", offer.size_bytes or 0, unit="byte") as progress:
        folder = shop.get_tower(
            name,
            url=url,
            sha256=sha256,
            into=into,
            on_bytes=lambda done, total: progress.update(done),
        )
    (listed,) = list_folders([folder])
    reads = " and ".join(listed.widths)
    licence = listed.licence or "not stated in it"
    console.done(
        f"{name} is here: it reads {reads}; its licence is {licence}.",
        record=folder,
        next_step=f"handful train --labels TASK --tower {next(iter(listed.widths))}={name}",
    )
