"""Read batches of a library ahead of time, in bounded memory, and go on exactly where one stopped.

Threads read, because decoders let go of the interpreter and a forked worker hangs with the table
that its parent had opened (the library refuses it there). A loader may be sent to a worker that
was spawned. What is held at any time is the items' places and lengths, some bytes each, and a few
batches.
"""
# N items

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.data.batches import order
from handful.data.batches.waiting import Waiting
from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.library.outline import outline
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import InputError, UsageError, did_you_mean, require
from handful.foundation.hardware import choose_threads, look_at_processor

_TOGETHER = 256
"""Items that are looked up at once; what is known of one takes about a kilobyte."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is read, and how."""

    modalities: tuple[str, ...] = MODALITIES
    """What is decoded; the others are left on the disk."""
    complete: bool = False
    """Only items that have all these modalities; otherwise those that have any."""
    split: str | None = None
    """Only items of this split; all when left out."""
    length_of: str = "text"
    """The modality whose length is meant where lengths count: letters, pixels or samples."""
    ahead: int = 4
    """Batches read ahead, at most; what is held in memory grows with it. 2 to 16 is usual."""
    threads: int = 0
    """Readers; 0 for one per core."""
    order: order.Config = field(default_factory=order.Config)
    """How items are put into batches."""

    def __post_init__(self) -> None:
        require(len(self.modalities) > 0, "modalities", self.modalities, "at least one")
        for name in (*self.modalities, self.length_of):
            if name not in MODALITIES:
                raise UsageError(f'There is no modality "{name}".', did_you_mean(name, MODALITIES))
        require(self.ahead >= 1, "ahead", self.ahead, "1 or more")
        require(self.threads >= 0, "threads", self.threads, "0 or more")


class Position(NamedTuple):
    """Where a loader stands; enough to go on from, on any machine with the same library.

    Attributes:
        version: Of the library.
        digest: Of its rows.
        seed: Of the order.
        epoch: From 0.
        batch: Batches of this epoch that were given out.
    """

    version: int
    digest: str
    seed: int
    epoch: int
    batch: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self._asdict()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The position that `as_dict` described."""
        return cls(**{name: data[name] for name in cls._fields})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """Some items, decoded.

    Attributes:
        items: `n` of them.
        values: Modality to `n` decoded values, None where an item lacks it.
        lost: One sentence per file that is missing or changed; its value is None.
        position: From where the batch after this one follows.
    """

    items: list[Item]
    values: dict[str, list[Any]]
    lost: tuple[str, ...]
    position: Position

    def __len__(self) -> int:
        return len(self.items)


class Loader:
    """The batches of a library, epoch after epoch.

    Args:
        library: At the version that is read, whatever others write meanwhile.
        config: What and how.

    Raises:
        InputError: When no item has what is wanted.
    """

    def __init__(self, library: Library, config: Config | None = None) -> None:
        self.library = library
        self.config = config or Config()
        self._outline = outline(
            library,
            modalities=self.config.modalities,
            complete=self.config.complete,
            split=self.config.split,
            length_of=self.config.length_of if self.config.order.needs_lengths else "",
        )
        if not len(self._outline):
            kind = "all" if self.config.complete else "any"
            where = f" in the split {self.config.split}" if self.config.split else ""
            raise InputError(
                f"No item{where} has {kind} of {', '.join(self.config.modalities)}.",
                "ask for other modalities, or add files",
            )
        self._threads = self.config.threads or choose_threads(look_at_processor()).value
        self.waiting = Waiting(self._threads)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.library, self.config)

    def __len__(self) -> int:
        """Items per epoch."""
        return len(self._outline)

    @property
    def start(self) -> Position:
        """Before the first batch."""
        card = self.library.version, self.library.digest()
        return Position(*card, seed=self.config.order.seed, epoch=0, batch=0)

    def deal(self, epoch: int) -> list[NDArray[np.intp]]:
        """The places of the items of each batch of an epoch; nothing is read.

        Args:
            epoch: From 0.
        """
        return order.batches(len(self), self.config.order, epoch, self._outline.lengths)

    def epoch(self, epoch: int = 0) -> Generator[Batch]:
        """All batches of one epoch.

        Args:
            epoch: From 0.
        """
        return self.after(self.start._replace(epoch=epoch))

    def after(self, position: Position) -> Generator[Batch]:
        """The rest of an epoch: exactly the batches that were still to come.

        Args:
            position: Of a batch from this library with the same settings, or `start`.

        Raises:
            UsageError: When the position belongs to another library, version or seed.
        """
        self._require(position)
        return self._read(position)

    def _require(self, position: Position) -> None:
        here = self.start
        if position.digest != here.digest:
            raise UsageError(
                f"The position is of version {position.version} of a library with other rows; this "
                f"is version {here.version}.",
                f"open the library at that version: Library.open(folder, {position.version})",
            )
        if position.seed != here.seed:
            raise UsageError(
                f"The position follows the seed {position.seed}, and this loader {here.seed}.",
                f"make the loader with seed {position.seed}",
            )
        dealt = len(self.deal(position.epoch))
        if not 0 <= position.batch <= dealt:
            raise UsageError(
                f"The position stands at batch {position.batch}, and an epoch has {dealt}.",
                "make the loader with the same settings as the one it comes from",
            )

    def _read(self, position: Position) -> Generator[Batch]:
        waiting = self.waiting
        is_first = True
        with ThreadPoolExecutor(self._threads) as pool:
            coming: deque[_Coming] = deque()
            left = self._looked_up(position)
            try:
                while True:
                    asked = time.perf_counter()
                    while len(coming) < self.config.ahead and (following := next(left, None)):
                        coming.append(self._begin(pool, *following))
                    if not coming:
                        return
                    batch = coming.popleft().finish()
                    ready = time.perf_counter()
                    waiting.waited_s += ready - asked
                    if is_first:
                        waiting.first_s += ready - asked
                        is_first = False
                    yield batch
                    waiting.used_s += time.perf_counter() - ready
            finally:
                for each in coming:
                    each.cancel()

    def _looked_up(self, position: Position) -> Generator[tuple[list[Item], Position]]:
        """What is known of the items of each batch that is still to come, many looked up at once.

        A look costs nearly as much for 8 items as for 128: .3 ms an item for 32 of them, .07 for
        400.
        """
        dealt = self.deal(position.epoch)
        number = position.batch
        while number < len(dealt):
            together, count = [], 0
            while number + len(together) < len(dealt) and count < _TOGETHER:
                together.append(dealt[number + len(together)])
                count += len(together[-1])
            rows = self._outline.rows[np.concatenate(together)]
            items = iter(self.library.take(rows.tolist()))
            for places in together:
                number += 1
                yield list(islice(items, len(places))), position._replace(batch=number)

    def _begin(self, pool: ThreadPoolExecutor, items: list[Item], then: Position) -> _Coming:
        values = {
            modality: [
                pool.submit(self._decode, item, modality) if modality in item.modalities else None
                for item in items
            ]
            for modality in self.config.modalities
        }
        return _Coming(items, values, then)

    def _decode(self, item: Item, modality: str) -> _Decoded:
        start = time.perf_counter()
        try:
            return _Decoded(self.library.read_part(item, modality), "")
        except InputError as error:
            return _Decoded(None, error.what)
        finally:
            self.waiting.note(modality, time.perf_counter() - start)


class _Decoded(NamedTuple):
    value: Any
    lost: str


class _Coming(NamedTuple):
    """A batch that is being read."""

    items: list[Item]
    values: dict[str, list[Future[_Decoded] | None]]
    then: Position

    def finish(self) -> Batch:
        lost: list[str] = []
        values: dict[str, list[Any]] = {}
        for modality, futures in self.values.items():
            done = [future.result() if future else _Decoded(None, "") for future in futures]
            values[modality] = [each.value for each in done]
            lost += [each.lost for each in done if each.lost]
        return Batch(items=self.items, values=values, lost=tuple(lost), position=self.then)

    def cancel(self) -> None:
        for futures in self.values.values():
            for future in futures:
                if future:
                    future.cancel()
