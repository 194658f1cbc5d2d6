"""`handful selftest`."""

from __future__ import annotations

from typing import Literal

from handful.data.checks.selftest import selftest as prove
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, plural
from handful.foundation.errors import FindingError


def selftest(what: Literal["checks"] = "checks", *, seed: int = 0) -> None:
    """Prove that the checks find what they are for.

    Each check gets a small made-up library with its fault planted, which it must find, and one
    without, where it must stay silent.

    Args:
        what: What to test.
        seed: What the made-up files look like.
    """
    console = speaker()
    proofs = prove(seed=seed)
    table = Table(what, ["check", "planted", "found", "false_alarms", "verdict"])
    for proof in proofs:
        table.add(
            proof.check,
            proof.planted,
            proof.planted - len(proof.missed),
            len(proof.false_alarms),
            "PASS" if proof.passed else "FAIL",
        )
    console.table(table)
    failed = [proof for proof in proofs if not proof.passed]
    if failed:
        reasons = "; ".join(
            f"{proof.check}: {proof.error or ', '.join([*proof.missed, *proof.false_alarms])}"
            for proof in failed
        )
        raise FindingError(f"{plural(len(failed), 'check')} failed: {reasons}")
    console.done(f"All {len(proofs)} checks found their fault and passed the clean control.")
