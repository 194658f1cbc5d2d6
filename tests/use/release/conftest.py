"""Finished runs with small weights, as training leaves them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Level, Query
from handful.foundation.project.manifest import write_manifest
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.report import Report
from handful.trust.evaluate.suite import evaluate

CLASSES = ("first", "second", "cracked")


class Potter:
    """Believes the note unless it hears a crack."""

    name = "potter"
    classes = CLASSES
    modalities = ("text", "audio")

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        return [self._answer(query) for query in queries]

    def _answer(self, query: Query) -> Answer:
        label = query.get("audio") or query["text"]
        others = {name: 0.05 for name in CLASSES if name != label}
        return Answer(
            label=label,
            level=Level.SURE,
            probabilities={label: 0.9, **others},
            shares={name: 1 / len(query) for name in query},
            error_rate=0.05,
        )


def report_of(measures: list[str] | None = None, groups: int | None = 2) -> Report:
    rng = np.random.default_rng(0)
    cases = []
    for row in range(120):
        truth = CLASSES[int(rng.integers(3))]
        wrong = CLASSES[int(rng.integers(3))]
        query = {"text": truth if rng.random() < 0.6 else wrong, "audio": truth}
        if rng.random() < 0.2:
            query["audio"] = wrong
        group = None if groups is None else f"kiln {row % groups}"
        cases.append(Case(f"item {row}", query, truth, group))
    return evaluate(Potter(), cases, goal=Goal(), measures=measures)


def run_of(folder: Path, *, weights: int = 100, **changes: Any) -> Path:
    """A run as training leaves it; `changes` go into its record."""
    model = folder / "model"
    model.mkdir(parents=True)
    save_file({"head/weights": np.arange(weights, dtype=np.float32)}, model / "weights.safetensors")
    write_manifest(model, "model", {"task": "grade", "judge": {"sure": 0.81, "fairly": 0.62}})
    (folder / "config.toml").write_text('labels = "grade"\n')
    (folder / "answers.jsonl").write_text(json.dumps({"item": "secret"}) + "\n")
    record = {
        "labels": "grade",
        "classes": list(CLASSES),
        "library": {"version": 7, "digest": "abc123"},
        "items": 600,
        "groups": 12,
        "labelled": {"first": 20, "second": 20, "cracked": 19},
        "predicted": {"wall_s": 90.0},
        "cost": {"wall_s": 80.0, "cpu_s": 120.0, "energy_j": 480.0, "energy_mode": "estimated",
                 "peak_memory_bytes": 2**30, "money": 0.001, "currency": "EUR"},
        "table": [{"name": "ours", "accuracy": 0.81, "note": "kernel sum"},
                  {"name": "majority", "accuracy": 0.34, "note": None}],
        "state": "done",
    }  # fmt: skip
    write_manifest(folder, "run", {**record, **changes})
    return folder


@pytest.fixture(name="run_of")
def _run_of() -> Callable[..., Path]:
    return run_of


@pytest.fixture(name="report_of", scope="session")
def _report_of() -> Callable[..., Report]:
    return report_of


@pytest.fixture(scope="session")
def report() -> Report:
    return report_of()


@pytest.fixture
def run(tmp_path: Path, report: Report) -> Path:
    folder = run_of(tmp_path / "runs" / "20260101-grade")
    report.save(folder)
    return folder
