"""The part of a project that keeps what people answered."""

from __future__ import annotations

from collections import Counter

from handful.data.library.answers import Answers, answers_of
from handful.data.library.renaming import Renamed, rename
from handful.doors.python.keeping import Keeping
from handful.foundation.errors import UsageError, did_you_mean


class Answering(Keeping):
    """A project whose items people answer questions about."""

    def label(self, item: str, answer: str, *, task: str, annotator: str = "me") -> str | None:
        """Say what an item is; what was said before is kept, and the latest answer counts.

        Args:
            item: Its key, as in the table or folder it came from, or its id.
            answer: What it is, such as `cracked`.
            task: What is answered, such as `grade`.
            annotator: Who says so.

        Returns:
            The answer that counted before; None when there was none.

        Raises:
            UsageError: When there is no such item, or several have this key.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing was said.
        """
        library = self.items
        every = library.items(with_quarantined=True)
        named = [each for each in every if item in (each.id, each.key)]
        if not named:
            known = [each.key for each in every]
            raise UsageError(f'There is no item "{item}".', did_you_mean(item, known))
        if len(named) > 1:
            raise UsageError(
                f'{len(named)} items are called "{item}".',
                f"name one by its id: {', '.join(each.id for each in named[:5])}",
            )
        before = named[0].label(task)
        library.label({named[0].id: answer}, task=task, annotator=annotator)
        return before

    def answers(self, task: str) -> Answers:
        """What counts of all that people answered, and about which items they do not agree.

        Args:
            task: What was answered, such as `grade`.

        Raises:
            UsageError: When nobody answered it.
        """
        every = self.items.items(with_quarantined=True)
        found = answers_of(every, task)
        if not found.annotators:
            known = Counter(label.task for item in every for label in item.labels)
            hint = did_you_mean(task, known) if known else "label some items first: handful label"
            raise UsageError(f'No item has an answer to "{task}".', hint)
        return found

    def rename_answer(self, old: str, new: str, *, task: str) -> Renamed:
        """Give an answer another name, or make it one with another answer.

        Args:
            old: What was answered.
            new: What it means from now on; one that exists already takes the other one in.
            task: What is answered, such as `grade`.

        Raises:
            UsageError: When nobody gave the old answer, or the new one is empty or the same.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing was changed.
        """
        return rename(self.items, task, old, new)
