"""The part of a project that asks people what teaches most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from handful.data.library.answers import answers_of
from handful.data.library.holding import as_used
from handful.data.library.twins.look import find_twins
from handful.data.library.units import copies_of
from handful.doors.python.answering import Answering
from handful.foundation.errors import UsageError
from handful.learn.routes.run import Run, pick
from handful.numerics.stats.promises import share_promised, trials_needed
from handful.use.explore.asked import CHANCE, TEACHES, Asked, asked_in, note
from handful.use.explore.asking import Question, questions
from handful.use.explore.corrections import Corrected, correct
from handful.use.explore.survey import survey

_ASSURANCE = 0.9


class Checked(NamedTuple):
    """How the model did on what was drawn by chance.

    Attributes:
        drawn: Answers to questions drawn by chance, where the run of then had a guess.
        right: How many of them it would have given.
        promised: Share that is right at least, at 90 % assurance.
        more: About how many more in a row make the promise of the goal good; 0 when it holds.
    """

    drawn: int
    right: int
    promised: float
    more: int

    @property
    def sentence(self) -> str:
        """It in words."""
        if not self.drawn:
            return f"Nothing was checked yet: {self.more} right in a row would do."
        told = (
            f"Of {self.drawn} drawn by chance I would have had {self.right} right: "
            f"{self.promised:.0%} are at least."
        )
        if not self.more:
            return f"{told} You can stop here."
        return f"{told} {self.more} more in a row, all right, would do."


class Asking(Answering):
    """A project that chooses what to ask, and keeps what was answered."""

    def ask(
        self,
        labels: str,
        count: int = 20,
        *,
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> list[Question]:
        """The next items worth an answer, the one that teaches most first.

        Every third is drawn by chance: only these show how often the model is right. The newest
        run that answers the task says what is in doubt; without one, another run's latents say
        what is typical; without any, all are drawn by chance.

        Args:
            labels: The task, such as `grade`.
            count: How many.
            on_items: Told about progress where something has to be encoded.

        Raises:
            UsageError: When the task has no name.
            InputError: When the library is empty.
        """
        if not labels.strip():
            raise UsageError("Nobody said what to ask about.", "name a task, such as kind")
        library = self.items
        everything = library.items(with_quarantined=True)
        items = [item for item in everything if item.usable]
        answered = set(answers_of(everything, labels).counting)
        twins = find_twins(library.media, map(as_used, everything), self.cache)
        run = self._teacher(labels)
        seen = survey(library, run, self.cache, on_items=on_items) if run else None
        if seen and run and run.task == labels:
            believed = correct(seen, run, items).said.astype(np.float32)
            seen = replace(seen, said={**seen.said, "": believed})
        return questions(
            items,
            answered,
            copies_of(everything, twins),
            count,
            seen=seen,
            classes=run.model.classes if run and run.task == labels else (),
            start=len(asked_in(self.feedback, labels)),
        )

    def reply(self, question: Question, answer: str, *, labels: str, annotator: str = "me") -> None:
        """Keep the answer to a question, and why it was asked.

        Args:
            question: From `ask`.
            answer: What the item is.
            labels: The task.
            annotator: Who answers.

        Raises:
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses.
        """
        asked = Asked(question.item.id, question.why, question.guess, answer)
        note(self.feedback, labels, asked, annotator)  # first: an answer without why would count
        self.items.label({question.item.id: answer}, task=labels, annotator=annotator)

    def take_back(self, question: Question, *, labels: str, annotator: str = "me") -> None:
        """Take the answer to a question back.

        Args:
            question: As it was answered.
            labels: The task.
            annotator: Who answered.

        Raises:
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses.
        """
        self.items.label({question.item.id: None}, task=labels, annotator=annotator)
        asked = Asked(question.item.id, question.why, question.guess, "")
        note(self.feedback, labels, asked, annotator, undone=True)

    def checked(self, labels: str) -> Checked:
        """How often the model was right on what was drawn by chance.

        Args:
            labels: The task.
        """
        found = [
            each
            for each in asked_in(self.feedback, labels).values()
            if each.why == CHANCE and each.guess
        ]
        right = sum(each.guess == each.answer for each in found)
        wanted, wrong = 1 - self.goal().sure_error, len(found) - right
        needed = trials_needed(wanted, _ASSURANCE, mistakes=wrong)
        share = share_promised(len(found), _ASSURANCE, mistakes=wrong) if found else 0.0
        return Checked(len(found), right, share, max(0, needed - len(found)))

    def effect(
        self,
        labels: str,
        *,
        on_items: Callable[[str, int, int], None] = lambda modality, done, total: None,
    ) -> Corrected:
        """What answers given since the last training change in all other items, without training.

        Args:
            labels: The task, such as `grade`.
            on_items: Told about progress where something has to be encoded.

        Returns:
            What is believed of every item now, what changed, and the answers behind each change.

        Raises:
            UsageError: When no finished run answers the task.
            InputError: When the library is empty.
        """
        run, library = pick(self.runs, task=labels), self.items
        return correct(survey(library, run, self.cache, on_items=on_items), run, library.items())

    def picked(self, labels: str) -> set[str]:
        """Ids of items that were asked about because they teach, and so promise nothing.

        Args:
            labels: The task.
        """
        asked = asked_in(self.feedback, labels)
        return {item for item, each in asked.items() if each.why == TEACHES}

    def _teacher(self, labels: str) -> Run | None:
        for task in (labels, None):
            try:
                return pick(self.runs, task=task)
            except UsageError:
                continue
        return None
