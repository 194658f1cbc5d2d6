"""`handful ask`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from handful.data.library.items import Part
from handful.data.modalities.reading import Unreadable
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.doors.cli.viewer import show
from handful.doors.python import Project
from handful.foundation.console import Column, Console, Table, plural
from handful.foundation.errors import UsageError
from handful.use.explore.asking import Question

_MOST_WORDS = 300
_HOW = "a number or a new name; Enter skips, `undo` takes the last one back, `quit` ends"


def ask(
    *,
    labels: str,
    count: int = 20,
    only_list: bool = False,
    look: bool = True,
    annotator: str = "me",
    project: Path | None = None,
) -> None:
    """Ask about the items that teach most, one after the other.

    Every third item is drawn by chance: only these show how often the model is right. Each answer
    is kept at once, so stop whenever you like.

    Args:
        labels: What to ask, such as `grade`; a new name begins a new task.
        count: How many questions.
        only_list: List the items instead of asking.
        look: Open pictures and sounds in the programs of this computer.
        annotator: Who answers.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    asked = shop.ask(labels, count)
    if only_list or console.mode == "json":
        console.table(_table(shop, asked))
        console.done(f"{plural(len(asked), 'item')} to answer.", next_step=_again(labels))
        return
    if not asked:
        console.done(f"Every item has an answer to {labels}.", next_step=_train(labels))
        return
    with TemporaryDirectory() as made:
        given = Round(shop, console, labels, annotator, look, _line, Path(made)).all(asked)
    console.sentence(shop.checked(labels).sentence)
    console.done(f"{plural(given, 'answer')} kept.", record=shop.library, next_step=_train(labels))


class Round:
    """One sitting: questions, answers, and the way back.

    Args:
        shop: The project.
        console: Where it talks.
        labels: The task.
        annotator: Who answers.
        look: Whether pictures and sounds are opened.
        line: Gives the next line that is typed; None at the end.
        made: A folder for files of what has none of its own, so that a program can open it.
    """

    def __init__(
        self,
        shop: Project,
        console: Console,
        labels: str,
        annotator: str,
        look: bool,
        line: Callable[[str], str | None],
        made: Path,
    ) -> None:
        self._shop, self._console, self._labels = shop, console, labels
        self._annotator, self._look, self._line = annotator, look, line
        self._made = made
        self._names = sorted(set(shop.answers(labels).counting.values()) if self._known() else ())
        self._given: list[Question] = []

    def all(self, asked: list[Question]) -> int:
        """Ask all of them; how many were answered in the end."""
        self._console.note(f"Type {_HOW}.")
        place = 0
        while place < len(asked):
            self._show(asked[place], place, len(asked))
            typed = self._line("> ")
            if typed is None or typed.strip().lower() in ("quit", "q"):
                break
            if typed.strip().lower() in ("undo", "u"):
                place = self._back(asked, place)
                continue
            try:
                self._keep(asked[place], typed.strip())
            except UsageError as error:
                self._console.warn(error.what, error.hint)
                continue
            place += 1
        return len(self._given)

    def _known(self) -> bool:
        library = self._shop.items
        return bool(library.items(labelled=self._labels, with_quarantined=True, limit=1))

    def _show(self, question: Question, place: int, count: int) -> None:
        item = question.item
        self._console.note(f"[{place + 1}/{count}] {item.key}: {question.reason}")
        for words in item.words.values():
            self._console.note(f"  {words[:_MOST_WORDS]}")
        for name in item.modalities:
            path = self._file(item.parts[name]) if name != "text" else None
            if path is not None:
                self._console.note(f"  {path}")
                if self._look:
                    show(path)
        named = "  ".join(f"{at} {name}" for at, name in enumerate(self._names, 1))
        if named:
            self._console.note(f"  {named}")

    def _file(self, part: Part) -> Path | None:
        try:
            return self._shop.items.media.file_of(part, self._made)
        except Unreadable as error:
            self._console.warn(f"{part.origin}: {error.what}")
            return None

    def _keep(self, question: Question, typed: str) -> None:
        if not typed:
            return
        answer = typed
        if typed.isdigit():
            if not 1 <= int(typed) <= len(self._names):
                raise UsageError(
                    f"There is no answer {typed}.", f"a number from 1 to {len(self._names)}"
                )
            answer = self._names[int(typed) - 1]
        self._shop.reply(question, answer, labels=self._labels, annotator=self._annotator)
        self._given.append(question)
        if answer not in self._names:
            self._names.append(answer)

    def _back(self, asked: list[Question], place: int) -> int:
        if not self._given:
            self._console.warn("There is nothing to take back.", "answer first")
            return place
        last = self._given.pop()
        self._shop.take_back(last, labels=self._labels, annotator=self._annotator)
        return asked.index(last)


def _line(prompt: str) -> str | None:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    typed = sys.stdin.readline()
    return typed.rstrip("\n") if typed else None


def _table(shop: Project, asked: list[Question]) -> Table:
    table = Table("questions", ["item", "why", "guess", Column("share", side="right")])
    for each in asked:
        share = f"{each.share:.0%}" if each.guess else ""
        table.add(each.item.key, each.why, each.guess, share)
    return table


def _again(labels: str) -> str:
    return f"handful ask --labels {labels}"


def _train(labels: str) -> str:
    return f"handful train --labels {labels}, then {_again(labels)}"
