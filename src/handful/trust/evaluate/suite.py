"""Evaluate a predictor: ask it the cases, let every measure read the answers, report.

report = evaluate(run, cases, goal=project.goal())
report.figure("accuracy.accuracy").text     # 87.2 % (83.1-90.5)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from handful.foundation.components import find, make
from handful.foundation.errors import UsageError
from handful.foundation.goal import Goal
from handful.foundation.hardware.power import Tariff
from handful.foundation.predictor import Predictor
from handful.foundation.project.manifest import stamp
from handful.numerics import stats
from handful.trust.evaluate.cases import Case, digest_of
from handful.trust.evaluate.compare import Judgement, compare
from handful.trust.evaluate.measures.base import Measure
from handful.trust.evaluate.report import KIND, Outcome, Report
from handful.trust.evaluate.sitting import Conditions, OnProgress, Sitting, quiet, side_by_side

ROOM = "handful.trust.evaluate.measures"

Chosen = Sequence[str | Measure]
"""Measures by name, or made with settings of one's own."""


class Both(NamedTuple):
    """Two predictors before the same cases."""

    old: Report
    new: Report
    judgement: Judgement


def evaluate(
    predictor: Predictor,
    cases: Sequence[Case],
    *,
    goal: Goal,
    measures: Chosen | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    tariff: Tariff | None = None,
) -> Report:
    """Measure one predictor on cases whose truth is known.

    Args:
        predictor: Who answers; a run, a release, or anything else that keeps the protocol.
        cases: Items that took no part in the learning, at least one.
        goal: What answers are worth.
        measures: Which measures, by name or ready made; all when left out.
        seed: Seed of everything that is drawn.
        on_progress: Told what is done, how much of it, and how much there is.
        tariff: What energy and machine time cost; a default when left out.

    Returns:
        The report, with every single answer.

    Raises:
        UsageError: When cases, measures or goal do not fit, or the predictor breaks its promise.
        InputError: When the predictor cannot answer a case; the case is named.
    """
    chosen = _made(measures)
    conditions = _conditions(seed, on_progress, tariff)
    return _report(Sitting(predictor, cases, goal=goal, conditions=conditions), chosen)


def evaluate_both(
    old: Predictor,
    new: Predictor,
    cases: Sequence[Case],
    *,
    goal: Goal,
    measures: Chosen | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    tariff: Tariff | None = None,
) -> Both:
    """Measure two predictors on the same cases and judge whether the new may replace the old.

    Single answers are timed in turns, so that a drift of the machine meets both.

    Args:
        old: The one in use.
        new: The one that would take its place.
        cases: As in `evaluate`.
        goal: As in `evaluate`.
        measures: As in `evaluate`.
        seed: As in `evaluate`.
        on_progress: As in `evaluate`.
        tariff: As in `evaluate`.

    Returns:
        Both reports and the judgement.

    Raises:
        UsageError: As in `evaluate`.
        InputError: As in `evaluate`.
    """
    chosen = _made(measures)
    conditions = _conditions(seed, on_progress, tariff)
    sittings = [Sitting(one, cases, goal=goal, conditions=conditions) for one in (old, new)]
    side_by_side(sittings)
    for sitting in sittings:
        assert sitting.asked.answers, "both have answered before either is timed"
    before, after = (_report(sitting, chosen) for sitting in sittings)
    return Both(before, after, compare(before, after, goal, seed=seed))


def _conditions(seed: int, on_progress: OnProgress | None, tariff: Tariff | None) -> Conditions:
    return Conditions(seed=seed, on_progress=on_progress or quiet, tariff=tariff or Tariff())


def _made(measures: Chosen | None) -> list[Measure]:
    chosen = list(find(ROOM)) if measures is None else measures
    made = [make(ROOM, one, Measure) if isinstance(one, str) else one for one in chosen]
    names = [one.name for one in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not made:
        what = f"{twice} stand more than once" if twice else "none is named"
        raise UsageError(f"Each measure can take part once, and {what}.", "name each once")
    return made


def _report(sitting: Sitting, measures: Sequence[Measure]) -> Report:
    total = len(measures)
    findings = []
    for done, measure in enumerate(measures):
        sitting.conditions.on_progress(f"measuring {measure.name.replace('_', ' ')}", done, total)
        findings.append(measure.measure(sitting))
    sitting.conditions.on_progress("measuring", total, total)
    groups, head = sitting.groups, stamp(KIND)
    return Report(
        predictor=sitting.predictor.name,
        classes=tuple(sitting.predictor.classes),
        modalities=tuple(sitting.predictor.modalities),
        goal=sitting.goal,
        seed=sitting.seed,
        created=head["created"],
        made_by=head["made_by"],
        code=_code_digest(),
        cases=digest_of(sitting.cases),
        n=len(sitting.cases),
        groups=None if groups is None else len(set(groups)),
        findings=tuple(findings),
        outcomes=_outcomes(sitting),
    )


def _outcomes(sitting: Sitting) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            id=case.id,
            truth=case.truth,
            group=case.group,
            modalities=present,
            label=answer.label,
            level=str(answer.level),
            probabilities=dict(answer.probabilities),
            shares=dict(answer.shares),
            error_rate=answer.error_rate,
        )
        for case, present, answer in zip(
            sitting.cases, sitting.present, sitting.asked.answers, strict=True
        )
    )


@cache
def _code_digest() -> str:
    """Hash of the code that measures, so that figures of two versions are not mixed unseen."""
    folders = [Path(__file__).parent, *map(Path, stats.__path__)]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
