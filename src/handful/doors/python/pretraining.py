"""The part of a project that makes an encoder of one's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from handful.doors.python.keeping import Keeping
from handful.foundation.budget import seconds
from handful.foundation.errors import MissingExtraError
from handful.foundation.hardware import find_module

if TYPE_CHECKING:
    from handful.learn.routes.pretrain import Pretrained  # loads torch


class Pretraining(Keeping):
    """A project whose raw files an encoder is made from."""

    def pretrain(
        self,
        budget: float | str = 1800.0,
        *,
        size: str = "3M",
        modalities: Sequence[str] = (),
        name: str = "own",
        batch: int = 128,
        picture_px: int = 64,
        only_plan: bool = False,
        seed: int = 0,
        on_plan: Callable[[Any], None] = lambda plan: None,
        on_stage: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ) -> Pretrained:
        """Make an encoder of one's own from the library's unlabelled files.

        Args:
            budget: How long it may take, in seconds or as text such as `30min`.
            size: `3M`, `22M`, `86M` or `300M`.
            modalities: What is learned from; all that the library has when left out.
            name: Of the encoder: a folder in `towers`.
            batch: Items per step.
            picture_px: Side of a square picture in pixels; others get its area.
            only_plan: Stop before the first step.
            seed: Everything random follows from it.
            on_plan: Told what it will take, before it starts.
            on_stage: Told about progress.

        Returns:
            Where the encoder lies, and what it took.

        Raises:
            MissingExtraError: When torch is not installed.
            UsageError: When the budget is too small, there is an encoder of this name, or one that
                stopped half way had other settings.
            BusyError: When another process is training in this project.
        """
        if not find_module("torch").is_installed:
            raise MissingExtraError("Pretraining", "torch", "train")
        from handful.learn.routes import pretrain

        config = pretrain.Config(
            name=name,
            budget_s=seconds(budget) if isinstance(budget, str) else budget,
            size=size,
            modalities=tuple(modalities),
            batch=batch,
            reading=pretrain.Reading(picture_px=picture_px),
            seed=seed,
        )
        # Of several processes the first holds the lock; the others wait for it at their first sum.
        is_first = os.environ.get("RANK", "0") == "0"
        with self.changing("train") if is_first else nullcontext():
            return pretrain.pretrain(
                self.items,
                self.folder,
                config,
                tariff=self.settings.tariff,
                only_plan=only_plan,
                on_plan=on_plan,
                on_stage=on_stage,
            )
