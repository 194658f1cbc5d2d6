"""Answers that were given before, by content and by the release that gave them.

The key holds the release's digest, so after a rollback nobody meets another version's answer.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

_BESIDE = 200
"""Bytes that an entry costs beside its own."""


def key_of(digest: str, kind: str, parts: Mapping[str, str]) -> bytes:
    """The name of an answer.

    Args:
        digest: Of the release.
        kind: What was asked for, such as `predict`.
        parts: Modality to the SHA-256 of its content.
    """
    text = "\n".join([digest, kind, *(f"{name} {parts[name]}" for name in sorted(parts))])
    return hashlib.sha256(text.encode()).digest()


class Cache:
    """The answers used last, within a number of bytes.

    Args:
        most: Bytes; 0 keeps nothing.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._kept: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> Any | None:
        """What was kept; None when nothing was."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: bytes, value: Any, size: int) -> None:
        """Keep something, and let go of what was used longest ago.

        Args:
            key: From `key_of`.
            value: Not changed afterwards.
            size: About how many bytes it takes.
        """
        size += _BESIDE
        if size > self.most:
            return
        before = self._kept.pop(key, None)
        self.bytes += size - (before[1] if before else 0)
        self._kept[key] = (value, size)
        while self.bytes > self.most:
            _, (_, gone) = self._kept.popitem(last=False)
            self.bytes -= gone
