"""One process of several that write the sample: `python -m ...kiln.worker '{"seed": 0, ...}'`.

It answers one dot per row on stdout, and a refusal of the disk as JSON on stderr.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from handful.data.samples.kiln.plan import make_plan
from handful.data.samples.kiln.write import share_of, write_share
from handful.foundation.errors import HandfulError


def main(order: str) -> int:
    """Write this worker's share of the rows.

    Args:
        order: JSON with `folder`, `seed`, `items`, `faults`, `worker` and `workers`.

    Returns:
        The exit status: 0 when all went well.
    """
    task = json.loads(order)
    plan = make_plan(task["seed"], task["items"], faults=task["faults"])
    rows = share_of(plan.rows, task["worker"], task["workers"])
    try:
        write_share(Path(task["folder"]), rows, _dot)
    except HandfulError as error:
        sys.stderr.write(json.dumps({"what": error.what, "hint": error.hint}))
        return error.exit_code
    return 0


def _dot() -> None:
    sys.stdout.write(".")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
