"""The autopilot of a project: its rules, what they would do, what they did, and the way back."""

from __future__ import annotations

import csv
import io
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from handful.data.library.sources.base import Candidate
from handful.foundation.errors import InputError, UsageError
from handful.foundation.project.lock import locked
from handful.learn.routes.run import Run
from handful.use.explore.autopilot.doing import made_by, perform, take_back
from handful.use.explore.autopilot.journal import Act, Journal, now
from handful.use.explore.autopilot.planning import Answer, Plan, Step, plan
from handful.use.explore.autopilot.rules import FOLDER, Rule, read_rules, settled, write_rules
from handful.use.explore.sort import Left, Row, answered

POLL_S = 1.0


class Autopilot:
    """Acts on new files by rules, only when sure, and takes back what it did.

    Args:
        project: Its folder.
        answer: Says what items are.
    """

    def __init__(self, project: Path, answer: Answer) -> None:
        self._project = project
        self._answer = answer
        self.journal = Journal(project)

    def rules(self) -> list[Rule]:
        """All rules, in the order they are tried."""
        return read_rules(self._project)

    def add(self, rule: Rule) -> Rule:
        """Keep one more rule.

        Args:
            rule: A relative `to` lies beside its folder.

        Returns:
            It, with its name and whole paths.

        Raises:
            UsageError: When it could do harm, or its folder is missing.
        """
        write_rules(self._project, [*self.rules(), settled(rule, self._project)])
        return self.rules()[-1]

    def remove(self, name: str) -> None:
        """Forget a rule; what it did stays, and can be undone still.

        Args:
            name: Of the rule.
        """
        self._named(name)
        write_rules(self._project, [rule for rule in self.rules() if rule.name != name])

    def turn(self, name: str, is_on: bool) -> None:
        """Let a rule act while folders are watched, or not.

        Args:
            name: Of the rule.
            is_on: Whether it acts.
        """
        self._named(name)
        kept = [replace(r, is_on=is_on) if r.name == name else r for r in self.rules()]
        write_rules(self._project, kept)

    def plan(self, rules: Sequence[Rule] | None = None) -> Plan:
        """What would be done now; nothing is written anywhere.

        Args:
            rules: Which; all of them when left out.
        """
        rules = self.rules() if rules is None else rules
        acts = [act for act in self.journal.acts() if act.state in ("done", "undone")]
        done = {(act.rule, move.source, move.sha256) for act in acts for move in act.files}
        renamed = [act for act in acts if act.do == "rename"]  # by its new name it is not new
        done |= {(act.rule, move.target, move.sha256) for act in renamed for move in act.files}
        return plan(rules, self._project, self._answer, done)

    def run(
        self, rules: Sequence[Rule] | None = None, *, ready: Callable[[Row], bool] | None = None
    ) -> list[Act]:
        """Do it: each act stands in the journal before it begins.

        What a kill cut short is taken back first, and then done anew.

        Args:
            rules: Which; all of them when left out.
            ready: Whether an item is whole; all are when left out.

        Raises:
            BusyError: When another process acts in this project.
            StorageError: When the disk refuses; what was begun can be undone.
        """
        (self._project / FOLDER).mkdir(exist_ok=True)
        with locked(self._project / FOLDER / ".lock", "autopilot"):
            for act in reversed(self.journal.acts()):
                if act.state == "begun":
                    self._take_back(act)
            found = self.plan(rules)
            run = secrets.token_hex(4)
            steps = [step for step in found.steps if ready is None or ready(step.row)]
            ours = {path for act in self.journal.acts() for path in act.made}
            return [self._do(step, run, number, ours) for number, step in enumerate(steps, 1)]

    def undo(self, act: str = "", *, run: str = "") -> list[Act]:
        """Make it as it was before one act, or before a whole run.

        Args:
            act: The id of one.
            run: The id of a run.

        Returns:
            What was taken back; `remarks` say where something could not be.

        Raises:
            UsageError: When the journal holds none of it.
            BusyError: When another process acts in this project.
        """
        chosen = self.journal.chosen(act, run)
        with locked(self._project / FOLDER / ".lock", "autopilot"):
            return [self._take_back(each) for each in chosen]

    def watch(
        self,
        stop: threading.Event,
        *,
        poll_s: float = POLL_S,
        on_acts: Callable[[list[Act]], None] = lambda acts: None,
    ) -> None:
        """Look at the folders of all rules that are on, until told to stop.

        An item is acted on once its files were the same at two looks, so that neither a file that
        is still being written nor a photo whose sound is still to come is taken for whole.

        Args:
            stop: Set by another thread.
            poll_s: Seconds between two looks.
            on_acts: Told what was done.
        """
        before: dict[str, str] = {}
        signs = ""
        while not stop.wait(poll_s):
            rules = [rule for rule in self.rules() if rule.is_on]
            now_signs = _signs(rules)
            if not rules or (now_signs == signs and not before):
                continue
            signs = now_signs
            twice = _Twice(before)
            acts = self.run(rules, ready=twice.is_ready)
            before = twice.seen
            if acts:
                on_acts(acts)

    def _named(self, name: str) -> Rule:
        for rule in self.rules():
            if rule.name == name:
                return rule
        raise UsageError(f'There is no rule called "{name}".', "choose one of the list")

    def _do(self, step: Step, run: str, number: int, ours: set[str]) -> Act:
        """Do one step; `ours` are the folders and tables that earlier acts made."""
        identity, time = f"{run}-{number}", now()
        made = made_by(step.rule.do, Path(step.moves[0].target), ours)
        ours.update(made)
        act = Act(
            id=identity,
            run=run,
            time=time,
            rule=step.rule.name,
            do=step.rule.do,
            item=step.row.key,
            answer=step.row.label,
            files=step.moves,
            made=tuple(made),
            line=_line(step, time, identity) if step.rule.do == "row" else "",
        )
        self.journal.begin(act)
        try:
            perform(act)
        except InputError as error:
            undone = self._take_back(act, retry=True)
            return replace(undone, remarks=(error.what, *undone.remarks))
        self.journal.end(act, "done")
        return replace(act, state="done")

    def _take_back(self, act: Act, retry: bool = False) -> Act:
        remarks = take_back(act)
        # What never came to its end is planned again; what a person took back is not.
        how = "unbegun" if retry or act.state == "begun" else "undone"
        self.journal.end(act, how, remarks)
        return replace(act, state=how, remarks=tuple(remarks))


class _Twice:
    """Which items are as they were at the look before."""

    def __init__(self, before: dict[str, str]) -> None:
        self._before = before
        self.seen: dict[str, str] = {}

    def is_ready(self, row: Row) -> bool:
        self.seen[row.key] = repr(row.files)
        return self._before.get(row.key) == self.seen[row.key]


def answering(run_of: Callable[[str], Run]) -> Answer:
    """Answers by the runs of a project.

    Args:
        run_of: Topic to the run that learned it.
    """

    def answer(topic: str, candidates: Sequence[Candidate], left: list[Left]) -> Iterable[Row]:
        return answered(candidates, run_of(topic), left) if candidates else ()

    return answer


def _signs(rules: Sequence[Rule]) -> str:
    """What the watched folders look like, without reading a file."""
    found = []
    for folder in dict.fromkeys(rule.folder for rule in rules):
        for path in sorted(Path(folder).rglob("*")):
            try:
                about = path.stat()
            except OSError:
                continue
            found.append((str(path), about.st_size, about.st_mtime_ns))
    return repr((rules, found))


def _line(step: Step, time: str, identity: str) -> str:
    text = io.StringIO()
    names = " + ".join(Path(move.source).name for move in step.moves)
    csv.writer(text).writerow([names, step.row.label, time, identity])
    return text.getvalue()
