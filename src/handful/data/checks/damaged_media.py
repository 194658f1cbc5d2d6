"""Find files that cannot be read, are gone, or are no longer what was added.

Use when: always, and again before training on a library that is older than its files.
Cost: one look at each file's size and time; a file whose time changed is read and hashed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handful.data.checks.base import Check, Finding, Severity, View, some
from handful.data.checks.workbench import Workbench
from handful.data.library.holding import held
from handful.data.library.items import Item, Part
from handful.data.modalities.reading import reason_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How closely files are looked at."""

    rehash: bool = False
    """Read and hash every file, even where size and time say that it did not change."""


class DamagedMedia(Check):
    """Parts and items in quarantine, missing files, and files that changed since they came."""

    not_covered = (
        "Damage that leaves a file decodable is not seen, such as wrong samples in a WAV or wrong "
        "pixels in a BMP."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Sort all parts by what is wrong with them now."""
        now: dict[str, list[tuple[Item, Part]]] = defaultdict(list)
        before: dict[str, list[tuple[Item, Part]]] = defaultdict(list)
        aside = [item for item in view.items if held(item)]
        for item in view.items:
            if held(item):
                continue
            for part in item.parts.values():
                if not part.usable:
                    before[part.reason].append((item, part))
                elif fault := view.library.media.fault(part, rehash=self.config.rehash):
                    now[fault].append((item, part))
        return [
            *([self._about_aside(aside)] if aside else []),
            *(self._about_now(code, found) for code, found in sorted(now.items())),
            *(self._about_quarantine(code, found) for code, found in sorted(before.items())),
        ]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """A picture cut in half, a sound cut in half, a file deleted and one replaced later."""
        for key in ("whole-1", "whole-2", "half-picture", "half-sound", "gone", "replaced"):
            bench.item(key, dice)
        for name in ("half-picture.png", "half-sound.wav"):
            path = bench.files / name
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        bench.library()
        (bench.files / "gone.png").unlink()
        bench.sound("replaced.wav", dice)
        return ["half-picture", "half-sound", "gone", "replaced"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Whole files, one of them with a new time and the same content."""
        for place in range(6):
            bench.item(f"whole-{place}", dice)
        bench.library()
        path = bench.files / "whole-0.png"
        path.write_bytes(path.read_bytes())

    def _about_now(self, code: str, found: list[tuple[Item, Part]]) -> Finding:
        reason = reason_of(code)
        return self.finding(
            f"{_files(len(found))}: {reason.what}",
            Severity.SERIOUS,
            (item.id for item, _ in found),
            evidence=_evidence(found, lambda part: reason.what),
            meaning="The library counts on these files. Training would stop at them or learn from "
            "something else than what was labelled.",
            fix=_advice(reason.hint),
        )

    def _about_aside(self, items: list[Item]) -> Finding:
        why = {item.key: held(item) for item in items}
        first = next(f"{key}, {said.because} ({said.by})" for key, said in why.items() if said)
        return self.finding(
            f"{'1 item is' if len(items) == 1 else f'{len(items)} items are'} set aside by hand",
            Severity.NOTE,
            (item.id for item in items),
            evidence={"why": {key: said._asdict() for key, said in why.items() if said}},
            meaning=f"Left out of everything, as somebody wanted. First: {first}.",
            fix="Nothing, or take them back with `handful library restore`.",
        )

    def _about_quarantine(self, code: str, found: list[tuple[Item, Part]]) -> Finding:
        reason = reason_of(code)
        items = {item.id: item for item, _ in found}
        lost = sum(not item.usable for item in items.values())
        rest = len(items) - lost
        return self.finding(
            f"{_files(len(found))} in quarantine: {code}",
            Severity.WARNING,
            (item.id for item, _ in found),
            evidence=_evidence(found, lambda part: part.detail),
            meaning=f"They are left out of everything. {lost} items cannot be used at all; {rest} "
            f"go on with what else they have. First: "
            f"{some((part.origin for _, part in found), 3)}.",
            fix=_advice(reason.hint),
        )


def _evidence(
    found: list[tuple[Item, Part]], sentence: Callable[[Part], str]
) -> dict[str, list[dict[str, str]]]:
    return {
        "files": [
            {"item": item.id, "file": part.origin or part.path, "what": sentence(part)}
            for item, part in found
        ]
    }


def _advice(hint: str) -> str:
    """The catalogue's hints are commands and clauses; here a sentence is wanted."""
    return f"For each file: {hint or 'replace it'}. Then add its folder again."


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
