"""A project whose methods are the verbs of the command line.

>>> import handful as hd
>>> shop = hd.project("shop")
>>> shop.add("photos/")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from handful.data.batches.loader import Config as BatchConfig
from handful.data.batches.loader import Loader
from handful.data.batches.order import Config as BatchOrder
from handful.data.library.answers import answers_of
from handful.data.library.holding import as_used
from handful.data.library.ingest import Config as Adding
from handful.data.library.ingest import ingest
from handful.data.library.items import Item, Split
from handful.data.library.library import Library
from handful.data.library.pausing import Pause
from handful.data.library.report import AddReport, Progress
from handful.data.library.twins.look import find_twins
from handful.data.modalities.base import MODALITIES
from handful.doors.python.asking import Asking
from handful.doors.python.mending import Mending
from handful.doors.python.pretraining import Pretraining
from handful.doors.python.releasing import Releasing
from handful.doors.python.towering import Towering, Towers
from handful.doors.python.withdrawing import Withdrawing
from handful.foundation.budget import seconds
from handful.foundation.errors import InputError
from handful.foundation.project.folder import SETTINGS
from handful.learn.routes.gathering import gather
from handful.learn.routes.local import remember
from handful.learn.routes.planning import Question, require_possible
from handful.learn.routes.planning import plan as plan_training
from handful.learn.routes.run import Run, pick
from handful.learn.routes.towers import Profile
from handful.learn.routes.train import Config, OnStage
from handful.learn.routes.train import train as train_run
from handful.learn.train.plan import Plan
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.report import Report
from handful.trust.evaluate.suite import evaluate
from handful.use.explore.autopilot.pilot import Autopilot, answering
from handful.use.explore.copying import copy, require_destination
from handful.use.explore.find import Finder, Found, find
from handful.use.explore.grouping import Grouping, find_groups
from handful.use.explore.sort import Sorted, Wanted, look
from handful.use.release.bundle import Release, make_release
from handful.use.release.golden import golden_of
from handful.use.release.signature import sign


class Project(Asking, Mending, Withdrawing, Towering, Pretraining, Releasing):
    """One project on disk, with everything that can be done with it.

    Get one by `handful.project`, or by `Project.create`, `Project.open` or `Project.find`.
    """

    def add(
        self,
        source: Path | str,
        *,
        labels_from_folders: bool | str = False,
        labels_from_keywords: str = "",
        columns: Mapping[str, Any] | None = None,
        licence: str = "",
        annotator: str = "import",
        again: bool = False,
        gentle: bool = False,
        copy: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> AddReport:
        """Take files into the library; they stay where they are, untouched.

        Args:
            source: A folder, a table (CSV, TSV, JSONL, Parquet), a ZIP or TAR archive, or one file.
            labels_from_folders: Take the name of the folder a file lies in as its answer; a text
                names the task, True calls it `folder`.
            labels_from_keywords: Take the keywords that a photo program wrote into a picture as
                answers: `grade:first` answers `grade`, and a keyword by itself this task.
            columns: For tables: role to column, such as `{"image": "photo", "labels": ["grade"]}`;
                roles left out are found by content.
            licence: Terms of everything that does not say its own, as an SPDX expression.
            annotator: Who the labels in the source are from.
            again: Take in what was forgotten as well; it stays out otherwise.
            gentle: Let everything else on the machine go first: one thread, low priority, and no
                work while the battery is in use and below 30 %.
            copy: Keep a copy of every file in the library, so that yours may be moved away.
            on_progress: Told how far it is.

        Returns:
            Counts that add up, and one remark for each file that needs one.

        Raises:
            InputError: When the source is not there, empty, or cannot be read.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; what was added so far is kept.
        """
        return ingest(
            self.items,
            Path(source).expanduser(),
            labels_from_folders=labels_from_folders,
            labels_from_keywords=labels_from_keywords,
            columns=columns,
            licence=licence,
            annotator=annotator,
            again=again,
            cache=self.cache,
            config=Adding(gentle=gentle, copy=copy),
            on_progress=on_progress,
        )

    def pause_adding(self) -> None:
        """Let the `add` that another process has at work wait; what it has read is kept.

        Raises:
            UsageError: When no files are being added.
            StorageError: When the disk refuses.
        """
        Pause(self.items.folder).ask()

    def resume_adding(self) -> bool:
        """Let an `add` that was asked to wait go on.

        Returns:
            Whether it was asked to wait.

        Raises:
            StorageError: When the disk refuses.
        """
        return Pause(self.items.folder).lift()

    def batches(
        self,
        size: int = 64,
        *,
        modalities: Sequence[str] = MODALITIES,
        split: str | None = None,
        by_length: bool = False,
        tokens: int | None = None,
        seed: int = 0,
    ) -> Loader:
        """Decoded items by the handful, read ahead by threads, for a training loop of your own.

        >>> for batch in shop.batches(32, modalities=("image", "text")).epoch(0):  # doctest: +SKIP
        ...     step(batch.values["image"])

        Every batch says its `position`; `Loader.after(position)` goes on exactly there.

        Args:
            size: Items per batch, at most.
            modalities: What is decoded; items with none of these are left out.
            split: Only items of this split.
            by_length: Put texts of alike length together.
            tokens: Most of a batch's longest text times its items, in letters.
            seed: The order follows from it and from the number of the epoch.

        Raises:
            UsageError: For an unknown modality or split.
            InputError: When no item has what is wanted.
        """
        dealt = BatchOrder(size=size, by_length=by_length, tokens=tokens, seed=seed)
        wanted = BatchConfig(modalities=tuple(modalities), split=split, order=dealt)
        return Loader(self.items, wanted)

    def plan(
        self,
        labels: str = "",
        budget: float | str = 300.0,
        *,
        profile: Profile | None = None,
        per_class: int | None = None,
        baselines: bool = True,
        seed: int = 0,
        towers: Towers | None = None,
        names: Sequence[str] = (),
    ) -> Plan:
        """Say what a training will cost, before it starts.

        A few files are timed, which takes some seconds; what past runs took here corrects it.

        Args:
            labels: The task, such as `grade`; empty to learn without labels.
            budget: How long it may take, in seconds or as text such as `5min`.
            profile: `fast` or `default` encoders; chosen by the budget when left out.
            per_class: Use only so many labels per class.
            baselines: Fill the table with what people would use instead, where the budget allows.
            seed: As in the training.
            towers: As in the training.
            names: As in the training.

        Returns:
            Stages, totals with an interval, and what would fit when this does not.

        Raises:
            UsageError: When no item has an answer to the task.
            InputError: When the labels are too few, or the files cannot be read.
        """
        wanted = self.wanted_towers(towers)
        config = _config(labels, budget, profile, per_class, baselines, seed, wanted, names)
        return self._plan(self.items, config)

    def train(
        self,
        labels: str = "",
        budget: float | str = 300.0,
        *,
        profile: Profile | None = None,
        per_class: int | None = None,
        baselines: bool = True,
        seed: int = 0,
        towers: Towers | None = None,
        names: Sequence[str] = (),
        on_stage: OnStage = lambda stage, done, total: None,
        on_plan: Callable[[Plan], None] = lambda plan: None,
    ) -> Run:
        """Learn from the library, beside what one would use instead, on items none had seen.

        Args:
            labels: The task, such as `grade`; empty to learn without labels.
            budget: How long it may take, in seconds or as text such as `5min`.
            profile: `fast` or `default` encoders; chosen by the budget when left out.
            per_class: Use only so many labels per class.
            baselines: Fill the table with what people would use instead, where the budget allows.
            seed: Everything random follows from it.
            towers: Modality to a model folder on disk that reads it as well, such as
                `{"text": "minilm"}`; `only:FOLDER` reads instead of the weight-free encoder,
                `FOLDER@6` listens to layer 6.
            names: Answers that are possible, such as `["bowl", "mug"]`; with them no label is
                needed where the library's texts say these words.
            on_stage: Told about progress.
            on_plan: Told what it will cost, before it starts.

        Returns:
            The finished run: it predicts, and holds the table and the costs.

        Raises:
            UsageError: When no item has an answer to the task, or the budget is too small.
            InputError: When the labels are too few.
            BusyError: When another process is training in this project.
        """
        with self.changing("train"):
            wanted = remember(self.wanted_towers(towers), self.folder)
            config = _config(labels, budget, profile, per_class, baselines, seed, wanted, names)
            library = self.items
            found = self._plan(library, config)
            on_plan(found)
            require_possible(found)
            config = replace(
                config,
                profile=found.profile,
                baselines=bool(found.baselines) or not labels,
            )
            return train_run(
                library,
                self.runs,
                self.cache,
                config,
                goal=self.goal(),
                tariff=self.settings.tariff,
                asks=dict(self.settings.asks),
                predicted=found.as_dict(),
                twins=find_twins(
                    library.media,
                    map(as_used, library.items(with_quarantined=True)),
                    self.cache,
                    on_items=lambda done, total: on_stage("looking for copies", done, total),
                ),
                picked=self.picked(labels),
                on_stage=on_stage,
            )

    def _plan(self, library: Library, config: Config) -> Plan:
        return plan_training(
            Question(
                library=library,
                learned=gather(
                    library,
                    config.labels,
                    per_class=config.per_class,
                    seed=config.seed,
                    names=config.names,
                ),
                config=config,
                runs=self.runs,
                cache=self.cache,
                tariff=self.settings.tariff,
            )
        )

    def run(self, name: str = "", task: str | None = None) -> Run:
        """A run of this project.

        Args:
            name: Its id or the start of it; the newest finished one when empty.
            task: Only runs for this task.

        Raises:
            UsageError: When there is none.
        """
        return pick(self.runs, name, task)

    def evaluate(
        self,
        run: Run | None = None,
        *,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> Report:
        """Measure a run on the items that were held back for the test, and keep the report.

        Args:
            run: The newest finished one when left out.
            on_progress: Told what is being done, how far and of how much.

        Returns:
            Figures with intervals, what they mean, and every single answer; saved with the run.

        Raises:
            InputError: When no labelled item is held back, or the run learned without labels.
            UsageError: When there is no run.
        """
        run = run or self.run()
        library = self.items
        counting = answers_of(library.items(with_quarantined=True), run.task).counting
        cases = [
            Case(item.id, self._query(item), counting[item.id], item.group or None)
            for split in (Split.TEST, Split.HOLDOUT)
            for item in library.items(labelled=run.task or None, split=split)
            if run.task and item.usable and counting.get(item.id) in run.manifest["classes"]
        ]
        if not cases:
            raise InputError(
                f'No item with a label for "{run.task}" is held back for a test.',
                "hold some back before you train: handful library split",
            )
        report = evaluate(
            run.model,
            cases,
            goal=self.goal(),
            on_progress=on_progress,
            tariff=self.settings.tariff,
        )
        report.save(run.folder)
        return report

    def release(self, run: Run | None = None, why: str = "") -> Release:
        """Bundle a run so that it never changes again, and put it on the shelf.

        Args:
            run: The newest finished one when left out.
            why: The reason, kept in the log.

        Returns:
            The release: weights, thresholds, goal, card and evidence under one digest, signed by
            this project's key.

        Raises:
            UsageError: When there is no run.
            ProjectError: When the run is not finished.
            BusyError: When another process is changing the project.
            StorageError: When the disk refuses.
        """
        run = run or self.run()
        licences = Counter(item.rights.licence or "not stated" for item in self.items.items())
        with self.changing("release"):
            made = make_release(
                run.folder,
                self.releases,
                goal=self.goal(),
                learned_from={"licences": dict(licences)},
                golden=golden_of(run.model) if run.is_done else None,
            )
            sign(made.folder, made.digest, self.keys)
            self._log().add(made.digest, why or f"run {run.id}")
        return made

    def search(
        self,
        *query: str | Path,
        top: int = 12,
        run: str = "",
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> Found:
        """Find items by words, a photo, a sound, or several of them: `handful find`.

        Args:
            query: Words, and paths of files with a picture, a sound or a text; each counts.
            top: How many items are wanted.
            run: Which run compares; the newest when empty. One without labels serves too.
            on_items: Told about progress where something has to be encoded.

        Returns:
            The best items with their reasons, and how many good finds there are in all.

        Raises:
            UsageError: When the query is empty, or there is no finished run.
            InputError: When a file cannot be read, the library is empty, or the run does not know
                a modality that is looked for.
        """
        return find(self.items, self.runs, self.cache, query, top=top, run=run, on_items=on_items)

    def finder(
        self,
        run: str = "",
        *,
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> Finder:
        """The library ready to be searched many times: a question then takes milliseconds.

        Args:
            run: Which run compares; the newest when empty.
            on_items: Told about progress where something has to be encoded.

        Returns:
            What answers `find(["blue bowl"])`; it sees the items of now, and none that come later.

        Raises:
            UsageError: When there is no finished run.
            InputError: When the library is empty.
        """
        return Finder.open(self.items, self.runs, self.cache, run=run, on_items=on_items)

    def groups(
        self,
        run: str = "",
        *,
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> Grouping:
        """Find the groups that the items fall into by themselves; no label is needed.

        Args:
            run: Whose latents are compared; the newest when empty.
            on_items: Told about progress where something has to be encoded.

        Returns:
            The groups, the largest first, and the items that fit none.

        Raises:
            UsageError: When there is no finished run.
            InputError: When the library is empty, or its files can no longer be read.
        """
        return find_groups(self.items, self.runs, self.cache, run=run, on_items=on_items)

    def sort(
        self,
        folder: Path | str,
        *,
        into: Path | str | None = None,
        level: Wanted = "sure",
        run: Run | None = None,
        on_items: Callable[[int, int], None] = lambda done, total: None,
    ) -> Sorted:
        """Answer every item of a folder, and copy those that are sure to a folder per answer.

        Originals are never moved or changed, and nothing that is there already is replaced.

        Args:
            folder: The files; paired to items as `add` would.
            into: Where copies and a table of it all go; nothing is written when left out.
            level: The lowest level that is copied.
            run: Which run answers; the newest finished one when left out.
            on_items: Told how many items were looked at, and how many there are.

        Returns:
            What was said of each item, what was done, and which files were left.

        Raises:
            InputError: When the folder is missing, empty, or nothing in it can be answered.
            UsageError: When a place is impossible, or the run learned without labels.
            StorageError: When the disk refuses; what was copied so far is whole.
        """
        source = Path(folder).expanduser()
        target = None if into is None else Path(into).expanduser()
        if target is not None:
            require_destination(source, target, self.folder)
        looked = look(source, run or self.run(), self.folder, on_items=on_items)
        return looked if target is None else copy(looked, target, self.folder, level=level)

    def autopilot(self) -> Autopilot:
        """Rules that act on new files by themselves: only when sure, written down first, undone.

        >>> from handful.use.explore.autopilot.rules import Rule
        >>> pilot = shop.autopilot()  # doctest: +SKIP
        >>> pilot.add(Rule(folder="Inbox", topic="kind", answer="Mugs", to="Shop/Mugs"))
        ... # doctest: +SKIP
        >>> pilot.plan().steps  # what would be done; nothing is written  # doctest: +SKIP

        Returns:
            The rules, what they would do, what they did, and the way back.
        """
        return Autopilot(self.folder, answering(lambda topic: self.run(task=topic)))

    def _query(self, item: Item) -> dict[str, Any]:
        """What the library knows of an item, as a query: words, and the files of the rest."""
        library = self.items
        query: dict[str, Any] = {}
        for name in item.modalities:
            part = item.parts[name]
            query[name] = dict(item.words) if name == "text" else library.value_of(part)
        return query


def _config(
    labels: str,
    budget: float | str,
    profile: Profile | None,
    per_class: int | None,
    baselines: bool,
    seed: int,
    towers: tuple[str, ...],
    names: Sequence[str],
) -> Config:
    return Config(
        labels=labels,
        budget_s=seconds(budget) if isinstance(budget, str) else budget,
        profile=profile,
        per_class=per_class,
        baselines=baselines,
        seed=seed,
        towers=towers,
        names=tuple(names),
    )


def project(folder: Path | str) -> Project:
    """Open the project in a folder, or make one there.

    Args:
        folder: Where.

    Raises:
        ProjectError: When what is there is damaged, or a file.
        NewerFormatError: When a newer Handful made it.
        StorageError: When the disk refuses.
    """
    path = Path(folder).expanduser()
    return Project.open(path) if (path / SETTINGS).is_file() else Project.create(path)
