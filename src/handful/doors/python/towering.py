"""The part of a project that knows model folders on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from handful.data.library.library import Library
from handful.data.modalities.base import MODALITIES
from handful.foundation.project import Project
from handful.learn.routes.comparing import Comparison, compare_towers
from handful.learn.routes.local import BESIDE, PLACES, places_near, wanted_in
from handful.learn.towers.local.fetching import Offer, OnBytes, ask, fetch, source_of
from handful.learn.towers.local.listing import Listed, list_folders

Towers = Mapping[str, str | Path | Sequence[str | Path]] | Sequence[str]
"""Modality to a model folder or several; or texts such as `image=FOLDER`."""

__all__ = ["BESIDE", "PLACES", "Towering", "Towers"]


class Towering(Project):
    """A project that finds, fetches and compares model folders.

    A model folder is named by its path, or by its name in the project's `towers` or one above it,
    in a folder of the setting `towers`, in one of the environment's HANDFUL_TOWERS, or where an
    earlier training was shown one.
    """

    @property
    def tower_places(self) -> tuple[Path, ...]:
        """Folders that hold model folders, those that are there."""
        own = self.folder / BESIDE
        named = [self.folder / Path(each).expanduser() for each in self.settings.towers]
        places = dict.fromkeys((own, *named, *places_near(self.folder)))
        return tuple(path for path in places if path.is_dir())

    def towers(self, *folders: Path | str) -> list[Listed]:
        """Model folders on disk: what each reads, and why some cannot be used.

        Args:
            folders: Where to look as well: model folders, or folders that hold some.

        Raises:
            InputError: When a folder is not there.
            StorageError: When one may not be read.
        """
        return list_folders([*map(Path, folders), *self.tower_places])

    def get_tower(
        self,
        name: str,
        *,
        url: str = "",
        sha256: str = "",
        into: Path | str | None = None,
        on_bytes: OnBytes = lambda done, total: None,
    ) -> Path:
        """Fetch a model folder; nothing else in Handful reaches the network.

        Args:
            name: What the folder will be called.
            url: Where its archive (ZIP or TAR) lies; left out for one that is known by name.
            sha256: What the archive must hash to.
            into: Where the folder goes; the project's `towers` when left out.
            on_bytes: Told how far it is.

        Returns:
            The folder.

        Raises:
            UsageError: When it is not known, or there already.
            InputError: When the download stops (the next call goes on), the hash is another (the
                file is deleted), or the archive holds no usable model folder.
            StorageError: When the disk is full or refuses.
        """
        return fetch(source_of(name, url, sha256), self._into(into), on_bytes=on_bytes)

    def ask_tower(
        self, name: str, *, url: str = "", sha256: str = "", into: Path | str | None = None
    ) -> Offer:
        """Ask a server how large a model folder's archive is; nothing is fetched.

        Args:
            name: What the folder will be called.
            url: As in `get_tower`.
            sha256: As in `get_tower`.
            into: As in `get_tower`.

        Raises:
            UsageError: When it is not known, or there already.
            InputError: When the server does not answer, or has no such file.
        """
        return ask(source_of(name, url, sha256), self._into(into))

    def compare_towers(
        self,
        towers: Towers | None = None,
        *,
        labels: str = "",
        seed: int = 0,
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> Comparison:
        """Say which towers and layers agree on the library's items, and which two to have both.

        Args:
            towers: Model folders, as in `train`; all that are found here when left out.
            labels: A task; views whose neighbours share its answers are good.
            seed: Of the draw, where there are more than 2,000 items.
            on_items: Told about progress.

        Raises:
            UsageError: When no item has an answer to the task.
            InputError: When too few items have anything in common, or a folder cannot be used.
        """
        library = Library.open_or_create(self.library)
        wanted = self.wanted_towers(towers) if towers else self._every(library)
        return compare_towers(
            library, self.cache, wanted, labels=labels, seed=seed, on_items=on_items
        )

    def wanted_towers(self, towers: Towers | None) -> tuple[str, ...]:
        """What was asked for, as texts: folders near the project by name, others by their path.

        Args:
            towers: As in `train`.

        Raises:
            UsageError: When something names no tower.
            InputError: When there is no such folder.
        """
        near = places_near(self.cache)
        return wanted_in(towers, self.tower_places, near) if towers else ()

    def _every(self, library: Library) -> tuple[str, ...]:
        held = {name for item in library.items() for name in item.modalities}
        return tuple(
            f"{modality}={each.path}"
            for each in self.towers()
            for modality in MODALITIES
            if each.is_usable and modality in each.widths and modality in held
        )

    def _into(self, into: Path | str | None) -> Path:
        return self.folder / BESIDE if into is None else Path(into).expanduser().absolute()
