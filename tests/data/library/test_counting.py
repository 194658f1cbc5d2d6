import hashlib

import numpy as np
import pyarrow as pa

from handful.data.library import counting
from handful.data.library.rows import LABELS


def pieces(rows, size=7):
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        yield pa.table({"id": [each[0] for each in some], "row_sha256": [each[1] for each in some]})


def test_the_digest_is_that_of_all_lines_in_order(monkeypatch):
    dice = np.random.default_rng(0)
    rows = [(f"{place}", dice.bytes(8).hex()) for place in range(400)]
    nothing = LABELS.empty_table()
    lines = [counting._line(row, []) for _, row in rows]
    expected = hashlib.sha256(b"".join(sorted(lines))).hexdigest()
    assert counting.digest(pieces(rows), nothing) == expected
    assert counting.digest(pieces(rows[::-1], 399), nothing) == expected

    # Lines that end in zeros, or hold them, must not be taken for shorter ones.
    odd = {row: bytes([place % 3, 0, place % 5]) + bytes(29) for place, (_, row) in enumerate(rows)}
    monkeypatch.setattr(counting, "_line", lambda row, answers: odd[row])
    expected = hashlib.sha256(b"".join(sorted(odd.values()))).hexdigest()
    assert counting.digest(pieces(rows), nothing) == expected


def test_counts_are_those_of_a_plain_loop():
    dice = np.random.default_rng(1)
    kinds = [None, "ok", "repaired", "quarantined"]
    rows = [[kinds[kind] for kind in each] for each in dice.integers(0, 4, (200, 3))]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(counting.STATUSES)}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    found = counting.count([table.slice(0, 50), table.slice(50)])
    good = ("ok", "repaired")
    assert found["items"] == 200
    assert found["usable"] == sum(any(one in good for one in row) for row in rows)
    assert found["image"] == sum(row[1] in good for row in rows)
    assert found["repaired_parts"] == sum(row.count("repaired") for row in rows)
    assert found["quarantined_parts"] == sum(row.count("quarantined") for row in rows)
