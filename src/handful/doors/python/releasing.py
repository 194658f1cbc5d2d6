"""The part of a project that puts releases to use, takes them back and checks them."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path

from handful.foundation.errors import require
from handful.foundation.project import Project
from handful.foundation.project.manifest import read_manifest
from handful.use.release import promote as promoting
from handful.use.release.finding import find_release
from handful.use.release.promote import Promoted
from handful.use.release.seal import DIGEST, KIND, Verified, verify
from handful.use.release.shelf import Entry, Shelf
from handful.use.release.signature import Signed, public_key, signed


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a look at every byte of a release found, and who signed it."""

    folder: Path
    """Where it lies."""
    digest: str
    """What it says it is; empty when its manifest does not tell."""
    found: Verified
    """Files that are altered, missing or extra."""
    signed: Signed
    """Whether the key that was asked for signed it."""


class Releasing(Project):
    """A project with releases and a shelf that names the one in use."""

    def promote(
        self,
        release: str,
        why: str = "",
        *,
        anyway: bool = False,
        gradually: bool = False,
        margin: float = 0.01,
    ) -> Promoted:
        """Make a release the champion, if its evaluation beside the champion's lets it pass.

        Args:
            release: The first digits of its digest, or an alias.
            why: The reason, kept in the log; needed with `anyway`.
            anyway: Promote although the verdict is FAIL or CANNOT TELL; the log says so.
            gradually: Have a running server try it beside the champion first, on a growing share
                of items.
            margin: Loss that is accepted, as further mistakes per item.

        Returns:
            The line of the log, the verdict, and what it means.

        Raises:
            UsageError: When there is no such release, or `anyway` came without a reason.
            ProjectError: When it was altered, or not signed as the settings ask.
            FindingError: When the verdict is FAIL or CANNOT TELL; nothing changed.
            BusyError: When another process is changing the project.
            StorageError: When the disk refuses; the champion is then the one it was.
        """
        with self.changing("promote"):
            return promoting.promote(
                release,
                self.releases,
                self._log(),
                self.goal(),
                why=why,
                anyway=anyway,
                gradually=gradually,
                trusted=self._trusted(),
                margin=margin,
            )

    def rollback(self, why: str = "") -> Entry:
        """Make the release champion that was it before the one in use.

        Args:
            why: The reason, kept in the log.

        Returns:
            The line of the log.

        Raises:
            UsageError: When there is no earlier champion.
            ProjectError: When the earlier release is gone or altered, or not signed as the
                settings ask.
            BusyError: When another process is changing the shelf.
            StorageError: When the disk refuses; the champion is then the one it was.
        """
        # Not `changing`: a training that runs for an hour must not keep anybody from going back.
        return promoting.rollback(self._log(), self.releases, why=why, trusted=self._trusted())

    def verify(self, release: Path | str = "champion", *, key: str = "") -> Checked:
        """Look at every byte of a release, and at who signed it.

        Args:
            release: A folder, an alias, or the first digits of a digest.
            key: The public key that should have signed it; this project's own when left out.

        Raises:
            UsageError: When there is no such release.
            ConfigError: When the key is none.
            ProjectError: When there is no release in that folder, or its manifest is damaged.
            StorageError: When it may not be read.
        """
        fits = not key or bool(DIGEST.fullmatch(key))
        require(fits, "key", key, "64 hexadecimal digits, as in keys/release.pub")
        folder = Path(release).expanduser()
        if not folder.is_dir():
            aliases = self._log().aliases()
            folder = find_release(self.releases, aliases.get(str(release), str(release)))
        return look(folder, key or public_key(self.keys))

    def _log(self) -> Shelf:
        return Shelf(self.shelf, who=_user())

    def _trusted(self) -> str | None:
        """The key that releases must be signed with; None when the settings do not ask."""
        return public_key(self.keys) if self.settings.signing_required else None


def look(folder: Path, key: str) -> Checked:
    """Check a release anywhere, without a project.

    Args:
        folder: Its folder.
        key: The public key that should have signed it; empty for none.

    Raises:
        ProjectError: When there is no release, or its manifest is damaged.
        StorageError: When it may not be read.
    """
    found = verify(folder)
    digest = str(read_manifest(folder, KIND).get("digest", ""))
    return Checked(folder=folder, digest=digest, found=found, signed=signed(folder, digest, key))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process whose user has no name
        return ""
