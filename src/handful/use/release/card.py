"""The card: what a release is, for people, written from its record and its evidence alone.

Every figure carries the id of the report it comes from. What nobody measured is said.

`learned_from` may hold what the library knows: `items` (a count), `labelled` (class to count),
`groups` (a count), `licences` (licence to count of items), `origins` (origin to count).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from handful.foundation.console.units import (
    GROUP,
    bytes_text,
    count_text,
    energy_text,
    money_text,
    number_text,
    percent_text,
    seconds_text,
)
from handful.foundation.goal import ANY, Goal
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.report import Report

NOT_MEASURED = "not measured"

_QUESTIONS = (
    ("accuracy", "how often it is right"),
    ("goal_cost", "what its mistakes cost by the goal"),
    ("calibration", "whether it is as sure as it should be"),
    ("groups", "whether all groups are served alike"),
    ("modalities", "what each modality brings, and whether one does harm"),
    ("latency", "how long an answer takes and what it costs"),
    ("memory", "how much memory it holds"),
    ("corruptions", "how it does with noise, blur, clipping and misspelling"),
    ("off_topic", "whether it notices items unlike any it saw"),
    ("leaks", "whether items of the evaluation leaked into the learning"),
    ("attacks", "whether somebody can fool it on purpose"),
    ("poisoning", "whether the items it learned from were tampered with"),
    ("privacy", "whether its answers tell which items it learned from"),
)
"""What a careful reader asks, and the measure that answers it."""

_FIGURES = (
    ("accuracy.accuracy", "right answers"),
    ("accuracy.balanced", "right answers, mean of the classes"),
    ("accuracy.commonest_class", "right if it always said the commonest class"),
    ("accuracy.answered", "cases it answers rather than saying not sure"),
    ("accuracy.among_answered", "right among those"),
    ("goal_cost.per_1000", "cost of 1000 items by the goal"),
    ("calibration.calibration_error", "error of its probabilities"),
    ("groups.gap", "distance between best and worst group"),
)
_COSTS = (
    ("latency.p50", "half of the answers within"),
    ("latency.p90", "nine of ten within"),
    ("latency.p99", "99 of 100 within"),
    ("latency.first_answer", "the very first"),
    ("latency.core_time", "core time of one answer, in batches"),
    ("latency.money_per_1000", "money for 1000 answers"),
    ("memory.peak", "memory held at most"),
)
_FAILURES = ("calibration", "groups", "modalities")
_MOST = 5


def write_card(about: Mapping[str, Any], goal: Goal, report: Report | None) -> str:
    """Write the card of a release.

    Args:
        about: The record: `labels`, `classes`, `run`, `library`, and what else is known.
        goal: What answers were worth.
        report: The evaluation; None when there is none.

    Returns:
        Markdown. The same arguments give the same text.
    """
    task = str(about.get("labels") or "items without labels")
    sections = [
        f"# {plain(task)}",
        _head(about, report),
        "## What it is for",
        *_purpose(about, goal, report),
        "## What it learned from",
        *_sources(about),
        "## How good it is",
        *_quality(about, report),
        "## How it fails",
        *_failures(report),
        "## What it costs",
        *_costs(about, report),
        "## What was not measured",
        *_missing(report),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def plain(text: object) -> str:
    """Text of users as it stands, so that nothing in it acts as Markdown or HTML.

    Args:
        text: Such as the name of a class.
    """
    one_line = " ".join(str(text).replace(GROUP, " ").split())
    escaped = re.sub(r"([\\`*_\[\]#|~])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _head(about: Mapping[str, Any], report: Report | None) -> str:
    said = f"Trained as run `{plain(about['run'])}` by {plain(about['made_by'])}."
    if report is None:
        return f"{said} It was released without an evaluation."
    return f"{said} Figures come from report `{report.id}`; each carries its id."


def _purpose(about: Mapping[str, Any], goal: Goal, report: Report | None) -> list[str]:
    classes = [str(name) for name in about.get("classes", ())]
    lines = [f"- It answers `{plain(about.get('labels') or 'nothing')}` with one of "
             f"{len(classes)} classes: {_listing(classes)}."]  # fmt: skip
    if report is not None:
        lines.append(f"- It reads {' and '.join(map(plain, report.modalities))}, in any mix.")
    lines.append(
        f"- By its goal a mistake costs {goal.mistake:g} and leaving an item to a person "
        f"{goal.not_sure:g}{_prices(goal)}."
    )
    lines.append(
        f'- "Sure" may be wrong in {percent_text(goal.sure_error)} of cases, "fairly sure" in '
        f"{percent_text(goal.fairly_sure_error)}."
    )
    for each in about.get("needs") or ():
        layer = "" if each["layer"] == "output" else f", layer {plain(each['layer'])}"
        lines.append(
            f"- It reads {plain(each['modality'])} with the model folder `{plain(each['folder'])}` "
            f"({plain(each['family'])}{layer}; weights `{str(each['weights'])[:16]}`), which is "
            "not part of this release."
        )
    lines.append("- Anything else is not what it was made for.")
    return ["\n".join(lines)]


def _prices(goal: Goal) -> str:
    words = {ANY: "anything"}
    named = [
        f"taking {plain(words.get(each.truth, each.truth))} for "
        f"{plain(words.get(each.said, each.said))} costs {each.cost:g}"
        for each in goal.mistakes
    ]
    return f"; {', '.join(named)}" if named else ""


def _sources(about: Mapping[str, Any]) -> list[str]:
    told = about.get("learned_from") or {}
    known = {**{key: about[key] for key in ("items", "labelled", "groups") if key in about}, **told}
    library = about.get("library") or {}
    lines = []
    if library:
        lines.append(
            f"- Library version {plain(library.get('version', 'unknown'))}, digest "
            f"`{plain(library.get('digest', 'unknown'))}`."
        )
    lines.append(f"- Items: {_count(known.get('items'))}.")
    lines.append(f"- Labelled: {_counts(known.get('labelled'))}.")
    lines.append(f"- Groups: {_count(known.get('groups'))}.")
    lines.append(f"- Licences: {_counts(known.get('licences'))}.")
    lines.append(f"- Origins: {_counts(known.get('origins'))}.")
    return ["\n".join(lines)]


def _quality(about: Mapping[str, Any], report: Report | None) -> list[str]:
    parts = []
    if report is None:
        parts.append("There is no evaluation, so nothing can be said.")
    else:
        over = f" from {count_text(report.groups)} groups" if report.groups is not None else ""
        parts.append(
            f"Measured on {count_text(report.n)} cases{over} (cases `{report.cases[:12]}`, seed "
            f"{report.seed}, code `{report.code}`)."
        )
        parts.append(_figures(report, _FIGURES))
    table = _table(about.get("table"))
    if table:
        parts += ["Ways to learn, side by side, each on items it had not seen in training:", table]
    return parts


def _figures(report: Report, wanted: Sequence[tuple[str, str]]) -> str:
    """A table of figures with their ids; what is not in the report reads "not measured"."""
    lines = ["| figure | value | cases | groups | id |", "|---|---|---|---|---|"]
    for name, words in wanted:
        if not report.has(name.partition(".")[0]):
            lines.append(f"| {words} | {NOT_MEASURED} | | | |")
            continue
        found = report.figure(name)
        identity = f"`{report.id}:{name}`"
        lines.append(f"| {words} | {found.text} | {found.n} | {found.groups or ''} | {identity} |")
    return "\n".join(lines)


def _table(rows: Any) -> str:
    """The run's own table, whatever its columns are."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return ""
    columns = list(rows[0])
    lines = [f"| {' | '.join(plain(name.replace('_', ' ')) for name in columns)} |"]
    lines.append("|" + "---|" * len(columns))
    lines += [f"| {' | '.join(_cell(row.get(name)) for name in columns)} |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return number_text(value) if isinstance(value, float) else plain(value)


def _failures(report: Report | None) -> list[str]:
    if report is None:
        return ["Unknown: there is no evaluation."]
    lines = []
    if report.has("accuracy"):
        classes, confusion = (report.finding("accuracy").sheets[place] for place in (0, 1))
        worst = sorted(classes.rows, key=lambda row: row["recall"])[:_MOST]
        lines += [
            f"- Of {plain(row['class'])} it finds "
            f"{percent_text(row['recall'], row['low'], row['high'])} of {row['n']}."
            for row in worst
            if row["recall"] < 1
        ]
        lines += _mixed_up(report, confusion.name)
    for name in _FAILURES:
        if report.has(name):
            lines += [f"- {plain(sentence)}" for sentence in report.finding(name).meaning]
    broken = [
        row["level"]
        for row in _rows(report, "calibration", "levels")
        if row["promise"] == Verdict.FAIL
    ]
    if broken:
        lines.insert(0, f"- **Its promise is broken for {_listing(broken)} answers.**")
    return ["\n".join(lines)] if lines else ["No failure was seen in these cases."]


def _mixed_up(report: Report, name: str) -> list[str]:
    """The commonest mistakes, read off the whole table of confusions."""
    data = report.finding("accuracy").data
    classes, counts = data["classes"], data[name]
    pairs = [
        (count, classes[truth], classes[said])
        for truth, row in enumerate(counts)
        for said, count in enumerate(row)
        if truth != said and count
    ]
    return [
        f"- It took {plain(truth)} for {plain(said)} {count} times."
        for count, truth, said in sorted(pairs, key=lambda pair: -pair[0])[:_MOST]
    ]


def _rows(report: Report, measure: str, sheet: str) -> Sequence[Mapping[str, Any]]:
    if not report.has(measure):
        return ()
    found = [each for each in report.finding(measure).sheets if each.name == sheet]
    return found[0].rows if found else ()


def _costs(about: Mapping[str, Any], report: Report | None) -> list[str]:
    told = about.get("costs") or {}
    actual = about.get("cost") or told.get("actual")
    predicted = about.get("predicted") or told.get("predicted")
    lines = [
        f"- Training took {_spent(actual)}.",
        f"- It was predicted to take {_spent(predicted)}.",
    ]
    parts = ["\n".join(lines)]
    if report is None:
        parts.append(f"Answering: {NOT_MEASURED}.")
    else:
        parts.append(_figures(report, _COSTS))
    return parts


def _spent(cost: Any) -> str:
    """A record of costs in words; whatever it holds of time, memory, energy and money."""
    if not isinstance(cost, Mapping):
        return "an unknown amount: not recorded"
    shows = (
        ("wall_s", seconds_text, ""),
        ("cpu_s", seconds_text, " of core time"),
        ("peak_memory_bytes", bytes_text, " of memory"),
        ("energy_j", energy_text, f" ({cost.get('energy_mode', 'estimated')})"),
    )
    said = [f"{show(cost[key])}{more}" for key, show, more in shows if cost.get(key) is not None]
    if cost.get("money") is not None:
        said.append(money_text(cost["money"], str(cost.get("currency", "EUR"))))
    return plain(", ".join(said)) if said else "an unknown amount: not recorded"


def _missing(report: Report | None) -> list[str]:
    lines = []
    for measure, question in _QUESTIONS:
        if report is not None and report.has(measure):
            continue
        why = "" if report is None else report.not_measured.get(measure, "")
        lines.append(
            f"- {question.capitalize()}: {NOT_MEASURED}." + (f" {plain(why)}" if why else "")
        )
    return ["\n".join(lines)]


def _count(count: Any) -> str:
    return plain(count_text(count)) if isinstance(count, int) else "not recorded"


def _counts(counts: Any) -> str:
    if not isinstance(counts, Mapping) or not counts:
        return "not recorded"
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], str(entry[0])))
    shown = [f"{plain(name or 'unknown')} {plain(count_text(n))}" for name, n in ordered[:20]]
    more = f" and {len(ordered) - 20} more" if len(ordered) > 20 else ""
    return ", ".join(shown) + more


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")
