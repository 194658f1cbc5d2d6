"""Which release answers: loaded and checked beside the one in use, then put in its place at once.

Where the champion is served, the shelf is looked at over and over: `handful promote` and `handful
rollback` in another window change who answers without a restart. Requests that are being answered
keep the release they began with. A release that cannot be loaded or does not answer changes
nothing; it is said why. A challenger is loaded beside the champion, to be tried (`guarding.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from handful.foundation.errors import HandfulError, UsageError
from handful.use.release.finding import find_release
from handful.use.release.shelf import CHALLENGER, CHAMPION, Shelf
from handful.use.release.signature import require_signed
from handful.use.serve.replica import Replica

log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where releases come from.

    Attributes:
        releases: The project's `releases`.
        shelf: The project's `shelf.jsonl`.
        trusted: The key that they must be signed with; None when the settings do not ask.
    """

    releases: Path
    shelf: Path
    trusted: str | None = None

    def digest_of(self, name: str) -> str:
        """The release that a name means now.

        Args:
            name: An alias, or the first digits of a digest.

        Raises:
            UsageError: When it means none.
        """
        aliases = Shelf(self.shelf).aliases()
        if name in aliases:
            return aliases[name]
        if name == CHAMPION:
            raise UsageError(
                "There is no champion to serve.",
                "`handful promote RELEASE` names one; `handful serve RELEASE` serves any",
            )
        return find_release(self.releases, name).name

    def challenger(self) -> str:
        """The release that is to be tried beside the champion; empty for none."""
        aliases = Shelf(self.shelf).aliases()
        found = aliases.get(CHALLENGER, "")
        return "" if found == aliases.get(CHAMPION) else found

    def open(self, digest: str) -> Replica:
        """Load a release, if it is whole, signed as the settings ask, and answers.

        Args:
            digest: All of it.

        Raises:
            HandfulError: When it cannot be used; the message says why.
        """
        folder = find_release(self.releases, digest)
        if self.trusted is not None:
            require_signed(folder, folder.name, self.trusted)
        return Replica.open(folder)


class Versions:
    """The release that answers, following an alias.

    Args:
        place: Where releases come from.
        name: An alias that is followed, or the first digits of a digest that stays.
        on_change: Told when another release begins to answer.
    """

    def __init__(
        self,
        place: Place,
        name: str,
        on_change: Callable[[Replica, str], None] = lambda replica, why: None,
    ) -> None:
        self.place, self.name, self.on_change = place, name, on_change
        self.fault = ""
        self.before: Replica | None = None
        self.challenger: Replica | None = None
        self._served: set[str] = set()
        self.current = place.open(place.digest_of(name))
        self._mark = self._marked()

    async def follow(self, every_s: float) -> None:
        """Look at the shelf over and over.

        Args:
            every_s: Seconds in between.
        """
        while True:
            await asyncio.sleep(every_s)
            mark = self._marked()
            if mark != self._mark:
                self._mark = mark
                await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Put the releases that the shelf names now in place, those that answer."""
        self._look_at_champion()
        if self.name == CHAMPION:
            self.look_at_challenger()

    def look_at_challenger(self) -> None:
        """Load the challenger beside the champion, or let go of one that is none any more."""
        held = self.challenger.digest if self.challenger else ""
        digest = held
        try:
            digest = self.place.challenger()
            if digest == held:
                return
            replica = self.place.open(digest) if digest else None
            if replica and (replica.classes != self.current.classes or not replica.answers):
                raise UsageError("it does not choose from the champion's classes")
        except HandfulError as error:
            self.fault = f"{digest[:12]} is not tried: {error.what}"
            log.error("%s", self.fault)
            replica = None
        if replica or self.challenger:
            self.challenger = replica
            self.on_change(self.current, "")

    def _look_at_champion(self) -> None:
        digest = self.current.digest
        try:
            digest = self.place.digest_of(self.name)
            if digest == self.current.digest:
                self.fault = ""
                return
            # The release before is loaded still, while the new one is on trial.
            # So is a challenger that became champion.
            loaded = (each for each in (self.before, self.challenger) if each)
            known = next((each for each in loaded if each.digest == digest), None)
            replica = known or self.place.open(digest)
        except HandfulError as error:
            self.fault = f"{digest[:12]} is not served: {error.what}"
            log.error("%s", self.fault)
            return
        self.fault = ""
        # Going back to one that was served before is no trial.
        self.before = None if digest in self._served else self.current
        self._served.add(self.current.digest)
        self.current = replica
        self.on_change(replica, self.name)

    def _marked(self) -> tuple[int, int] | None:
        try:
            found = self.place.shelf.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
