"""What towers learned, on disk, by what they learned it from: fitting them again takes seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from handful.foundation.errors import storage
from handful.foundation.project.atomic import replacing

_KEPT = 24
"""Fits that are kept, the newest: three modalities of eight trainings, some 10 MB."""
_SUFFIX = ".safetensors"


class Fits:
    """States of fitted towers.

    Args:
        folder: Made when first written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def mark(tower: str, keys: Sequence[str], seed: int) -> str:
        """What decides a fit, as hexadecimal digits.

        Args:
            tower: Fingerprint of the tower before it learned anything.
            keys: Content hashes of what it is fitted on, in order.
            seed: Of the fit.
        """
        parts = [tower, str(seed), *keys]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def holds(self, mark: str) -> bool:
        """Whether there is a fit of this mark; it may still turn out to be damaged."""
        return self._path(mark).is_file()

    def read(self, mark: str) -> dict[str, NDArray[Any]] | None:
        """The state, or None when it is not there or damaged."""
        try:
            with safe_open(self._path(mark), framework="np") as file:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):
            return None

    def write(self, mark: str, state: Mapping[str, NDArray[Any]], keys: Sequence[str]) -> None:
        """Keep a state; the oldest give way.

        Args:
            mark: Of the fit.
            state: What the tower learned.
            keys: Content hashes of what it learned from, so that `forget` finds it.

        Raises:
            StorageError: When the disk refuses.
        """
        with storage("make", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        plain = {name: np.asarray(array, order="C") for name, array in state.items()}
        with replacing(self._path(mark)) as temporary:
            save_file(plain, temporary, metadata={"keys": "\n".join(keys)})
        for path in self._paths()[_KEPT:]:
            path.unlink(missing_ok=True)

    def forget(self, contents: Collection[str]) -> None:
        """Delete every fit that learned from some contents, and those that do not say from what.

        Args:
            contents: Content hashes.
        """
        for path in self._paths():
            keys = _keys(path)
            if keys is None or not keys.isdisjoint(contents):
                with storage("delete", path):
                    path.unlink(missing_ok=True)

    def _path(self, mark: str) -> Path:
        return self.folder / f"{mark}{_SUFFIX}"

    def _paths(self) -> list[Path]:
        """Newest first."""
        found = [
            (path.stat().st_mtime_ns, path) for path in self.folder.glob(f"[0-9a-f]*{_SUFFIX}")
        ]
        return [path for _, path in sorted(found, reverse=True)]


def _keys(path: Path) -> set[str] | None:
    try:
        with safe_open(path, framework="np") as file:
            return set((file.metadata() or {})["keys"].split("\n"))
    except (OSError, SafetensorError, KeyError):
        return None
