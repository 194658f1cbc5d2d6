"""Incidents: what went wrong, by which evidence, and what was done about it, each in a file.

incidents/<time>-<what>.json holds what triggered it, the releases, what was done and whether that
was checked, and the questions that stay open. It names no content.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handful.foundation.errors import storage
from handful.foundation.project.atomic import write_json

FOLDER = "incidents"
"""In a project."""


class Incidents:
    """The incidents of a project.

    Args:
        folder: The project's `incidents`; made with the first one.
        now: Gives the time.
    """

    def __init__(
        self, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.folder = folder
        self._now = now

    def write(self, code: str, severity: str, content: Mapping[str, Any]) -> Path:
        """Write an incident down.

        Args:
            code: What happened, such as `differs`.
            severity: `handled`, or `person needed`.
            content: Plain data: trigger, releases, what was done.

        Returns:
            Its file.

        Raises:
            StorageError: When the disk refuses.
        """
        now = self._now().astimezone(UTC)
        with storage("make", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{now:%Y%m%d-%H%M%S}-{code}-{secrets.token_hex(2)}"
        path = self.folder / f"{name}.json"
        when = now.isoformat(timespec="milliseconds")
        write_json(path, {"id": name, "when": when, "severity": severity, "code": code, **content})
        return path

    def taken_back(self, within_s: float) -> int:
        """How many releases were taken back automatically lately.

        Args:
            within_s: Seconds that count as lately.
        """
        found = 0
        for path in self.folder.glob("*.json") if self.folder.is_dir() else []:
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                when = datetime.fromisoformat(content["when"])
                is_lately = (self._now() - when).total_seconds() <= within_s
                found += bool(content.get("rolled_back")) and is_lately
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return found
