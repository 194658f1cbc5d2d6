"""`handful serve keys`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table
from handful.foundation.errors import UsageError
from handful.foundation.project import Project
from handful.use.serve.keys import SCOPES, Keys


def serve_keys(
    *,
    add: str = "",
    revoke: str = "",
    scopes: str = ",".join(SCOPES),
    days: float = 0,
    requests_per_minute: int = 0,
    bytes_per_minute: int = 0,
    project: Path | None = None,
) -> None:
    """List the keys that clients show to the server; make one or revoke one.

    A key is shown once, when it is made; only its hash is kept. From the first key on, nobody is
    answered without one.

    Args:
        add: Make a key, and call it so.
        revoke: The id of a key that shall count no more.
        scopes: What the new key is for: predict, embed, feedback, metrics, with commas.
        days: How long the new key counts; 0 for ever.
        requests_per_minute: How much it may ask; 0 for any number.
        bytes_per_minute: How much it may send; 0 for any number.
        project: The project; the nearest one when left out.
    """
    if add and revoke:
        raise UsageError("One key at a time is made or revoked.", "say it twice")
    shop = Project.open(project) if project else Project.find()
    keys, console = Keys(shop.keys), speaker()
    if add:
        made = keys.make(
            add,
            scopes=[each.strip() for each in scopes.split(",") if each.strip()],
            days=days,
            requests_per_minute=requests_per_minute,
            bytes_per_minute=bytes_per_minute,
        )
        console.sentence(made.secret, id=made.key.id, key=made.secret)
        console.done(
            f'Key {made.key.id} for "{add}" was made; the line above is shown only now.',
            record=keys.path,
            next_step="send it as `Authorization: Bearer KEY`",
        )
        return
    if revoke:
        key = keys.revoke(revoke)
        console.done(f'Key {key.id} of "{key.name}" counts no more.', record=keys.path)
        return
    every = keys.all()
    if not every:
        console.sentence("There are no keys: whoever reaches this machine's own address may ask.")
        return
    table = Table("keys", ["id", "name", "for", "made", "ends", "counts"])
    for key in every:
        ends = key.expires[:10] or "never"
        counts = "no, revoked" if key.is_revoked else "yes"
        table.add(key.id, key.name, ", ".join(key.scopes), key.created[:10], ends, counts)
    console.table(table)
