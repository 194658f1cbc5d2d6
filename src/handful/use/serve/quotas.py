"""How much each key may ask: a bucket of requests and one of bytes that fill up again evenly."""

from __future__ import annotations

import time
from collections.abc import Callable

from handful.use.serve.keys import Key
from handful.use.serve.refusals import Refusal


class Bucket:
    """So many a minute; a full bucket may be emptied at once.

    Args:
        per_minute: Its size, and what flows in each minute.
        clock: Gives seconds.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left = float(per_minute)
        self._at = clock()

    def take(self, wanted: int) -> float:
        """Take some out.

        Args:
            wanted: How many; more than the bucket holds empties a full one.

        Returns:
            0 when they were there, otherwise the seconds until they will be.
        """
        now = self._clock()
        self._left = min(self.per_minute, self._left + (now - self._at) * self.per_minute / 60)
        self._at = now
        asked = min(wanted, self.per_minute)
        # Rounding may leave a whole one a hair short.
        if self._left + 1e-9 >= asked:
            self._left -= asked
            return 0.0
        return (asked - self._left) * 60 / self.per_minute


class Quotas:
    """The buckets of every key.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def take(self, key: Key, requests: int = 0, received: int = 0) -> None:
        """Count a use.

        Args:
            key: Whose.
            requests: How many.
            received: Bytes.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        self._take(key, "requests", key.requests_per_minute, requests)
        self._take(key, "bytes", key.bytes_per_minute, received)

    def _take(self, key: Key, kind: str, per_minute: int, wanted: int) -> None:
        if not per_minute or not wanted:
            return
        bucket = self._buckets.get((key.id, kind))
        if bucket is None or bucket.per_minute != per_minute:
            bucket = self._buckets[key.id, kind] = Bucket(per_minute, self._clock)
        wait = bucket.take(wanted)
        if wait:
            raise Refusal(
                429,
                f"quota_{kind}",
                f"The key {key.id} may use {per_minute:,} {kind} a minute, and has.",
                "come back after the seconds in Retry-After",
                wait,
            )
