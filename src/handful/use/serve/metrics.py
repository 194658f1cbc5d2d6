"""Counts and times of a server, as Prometheus reads them.

Labels are bounded: routes, codes, reasons, levels, modalities. No label holds anything a client
sent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping

PREFIX = "handful_"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

KNOWN: Mapping[str, tuple[str, str]] = {
    "requests_total": ("counter", "Requests by route and status."),
    "request_duration_seconds": ("histogram", "From the first byte of a request to its answer."),
    "queue_duration_seconds": ("histogram", "Wait of an item before it was answered."),
    "inference_duration_seconds": ("histogram", "Time of the model for one batch."),
    "batch_size": ("histogram", "Items answered together."),
    "queue_depth": ("gauge", "Items inside: being read, waiting, being answered."),
    "rejected_total": ("counter", "Requests and items refused, by reason."),
    "cache_hits_total": ("counter", "Items answered from memory."),
    "cache_misses_total": ("counter", "Items that had to be answered."),
    "cache_bytes": ("gauge", "Memory that kept answers take."),
    "answers_total": ("counter", "Answers by how sure they were, and where they came from."),
    "received_bytes_total": ("counter", "Bytes of requests."),
    "model_info": ("gauge", "1 for the release that answers."),
    "alias_changes_total": ("counter", "Times that another release began to answer."),
    "events_lost_total": ("counter", "Uses that the disk refused to keep."),
    "feedback_total": ("counter", "Feedback that is on disk, by verdict."),
    "incident_open": ("gauge", "1 while automatic changes are frozen and a person is needed."),
    "rollbacks_total": ("counter", "Releases taken back because of their answers, by reason."),
    "canary_weight": ("gauge", "Share of items that a challenger answers."),
    "shadow_disagreement_ratio": (
        "gauge",
        "Share of compared answers in which a new release differs from the one before.",
    ),
}
"""Name to its kind and what it tells."""

_Labels = tuple[tuple[str, str], ...]


class Metrics:
    """The numbers of one server; used from one thread."""

    def __init__(self) -> None:
        self._values: defaultdict[str, dict[_Labels, float]] = defaultdict(dict)
        self._spread: defaultdict[str, dict[_Labels, list[float]]] = defaultdict(dict)

    def add(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Count on."""
        place = tuple(labels.items())
        values = self._values[name]
        values[place] = values.get(place, 0.0) + value

    def set(self, name: str, value: float, **labels: str) -> None:
        """Say what is so now."""
        self._values[name][tuple(labels.items())] = value

    def clear(self, name: str) -> None:
        """Forget every value of a gauge, whatever its labels."""
        self._values.pop(name, None)

    def get(self, name: str, **labels: str) -> float:
        """A counter or gauge as it stands; 0 when nothing was said."""
        return self._values[name].get(tuple(labels.items()), 0.0)

    def see(self, name: str, value: float, **labels: str) -> None:
        """Put a value into a histogram."""
        bounds = SIZES if name == "batch_size" else SECONDS
        place = tuple(labels.items())
        found = self._spread[name].get(place)
        if found is None:
            found = self._spread[name][place] = [0.0] * (len(bounds) + 2)
        found[bisect_left(bounds, value)] += 1
        found[-1] += value

    def text(self) -> str:
        """Everything, in Prometheus' text format."""
        lines: list[str] = []
        for name, (kind, meaning) in KNOWN.items():
            full = PREFIX + name
            lines += [f"# HELP {full} {meaning}", f"# TYPE {full} {kind}"]
            lines += [
                f"{full}{_braces(labels)} {value:.10g}"
                for labels, value in self._values.get(name, {}).items()
            ]
            for labels, found in self._spread.get(name, {}).items():
                lines += _histogram(full, labels, found, SIZES if name == "batch_size" else SECONDS)
        return "\n".join(lines) + "\n"


def _histogram(
    full: str, labels: _Labels, found: list[float], bounds: tuple[float, ...]
) -> list[str]:
    lines, total = [], 0.0
    for bound, count in zip((*bounds, float("inf")), found[:-1], strict=True):
        total += count
        name = "+Inf" if bound == float("inf") else f"{bound:g}"
        lines.append(f"{full}_bucket{_braces((*labels, ('le', name)))} {total:.10g}")
    return [
        *lines,
        f"{full}_sum{_braces(labels)} {found[-1]:.10g}",
        f"{full}_count{_braces(labels)} {total:.10g}",
    ]


def _braces(labels: _Labels) -> str:
    if not labels:
        return ""
    shown = ",".join(f'{name}="{_plain(value)}"' for name, value in labels)
    return "{" + shown + "}"


def _plain(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
