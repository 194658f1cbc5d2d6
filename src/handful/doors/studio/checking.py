"""The page Check: a deck of the items that teach most, every third drawn by chance."""

from __future__ import annotations

from typing import Any

from handful.doors.python import Project
from handful.doors.studio.given import Given, text_of
from handful.doors.studio.plain import plain
from handful.doors.studio.view import cards
from handful.foundation.errors import HandfulError, UsageError
from handful.learn.routes.run import Run
from handful.use.explore.asked import CHANCE, TEACHES
from handful.use.explore.asking import Question

DECK = 9


class Checking:
    """What Check does.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    def deck(self, given: Given) -> dict[str, Any]:
        """The next cards: `Project.ask`, `Run.predict`."""
        topic = text_of(given, "topic")
        asked = self._project.ask(topic, DECK)
        library = self._project.items
        shown = cards(library, [question.item for question in asked], topic)
        run = self._run(topic)
        found = [
            card
            | {"why": question.why, "guess": question.guess, "share": question.share}
            | self._said(question, run)
            for card, question in zip(shown, asked, strict=True)
        ]
        return {"cards": found, **self._promise(topic)}

    def reply(self, given: Given) -> dict[str, Any]:
        """Keep an answer: `Project.reply`."""
        topic = text_of(given, "topic")
        self._project.reply(self._question(given), text_of(given, "answer"), labels=topic)
        return self._promise(topic)

    def take_back(self, given: Given) -> dict[str, Any]:
        """Take an answer back: `Project.take_back`."""
        topic = text_of(given, "topic")
        self._project.take_back(self._question(given), labels=topic)
        return self._promise(topic)

    def _question(self, given: Given) -> Question:
        item = self._project.items.item(text_of(given, "item"))
        why = text_of(given, "why")
        if why not in (CHANCE, TEACHES):
            raise UsageError(f'"{why}" is no reason to ask.', f"{CHANCE} or {TEACHES}")
        guess = given.get("guess", "")
        return Question(item, why, guess if isinstance(guess, str) else "")

    def _promise(self, topic: str) -> dict[str, Any]:
        found = self._project.checked(topic)
        return {
            "promise": plain(found.sentence),
            "drawn": found.drawn,
            "right": found.right,
            "more": found.more,
        }

    def _run(self, topic: str) -> Run | None:
        try:
            return self._project.run(task=topic)
        except UsageError:
            return None

    def _said(self, question: Question, run: Run | None) -> dict[str, str]:
        """How sure it is and what decided; nothing where nothing was learned yet."""
        if run is None or not question.guess:
            return {"level": "", "reason": ""}
        library, item = self._project.items, question.item
        try:
            query = {
                name: dict(item.words) if name == "text" else library.value_of(item.parts[name])
                for name in item.modalities
                if name in run.model.modalities
            }
            answer = run.model.predict([query])[0]
        except HandfulError:  # a file that is gone meanwhile is said where it is shown
            return {"level": "", "reason": ""}
        return {"level": str(answer.level), "reason": plain(answer.reason)}
