"""The cost of two towers that read the same files: each file is read once, each tower works."""

import pytest

from handful.learn.routes.planning_local import both
from handful.learn.train.counts import Files


def files(fresh: int, encode_s: float, width: int, lean: int = 0) -> Files:
    return Files(
        items=100,
        fresh=fresh,
        labelled=40,
        widths={f"view {width}": width},
        fitted_on=50,
        read_s=0.01,
        encode_s=encode_s,
        fit_s=1.0,
        fit_bytes=10.0 * width,
        cached_bytes=2.0 * width,
        lean_width=lean,
    )


def test_work_and_bytes_add_up_to_those_of_both() -> None:
    one, other = files(100, 0.2, 10), files(20, 0.5, 7)
    found = both(one, other)
    assert found.fresh == 100
    assert found.fresh * found.encode_s == pytest.approx(100 * 0.2 + 20 * 0.5)
    assert found.fresh * found.cached_bytes == pytest.approx(100 * 20 + 20 * 14)
    assert found.width == 17
    assert (found.read_s, found.fit_s, found.fit_bytes) == (0.01, 2.0, 100.0)
    assert both(other, one).encode_s == pytest.approx(found.encode_s)


def test_nothing_to_encode_costs_nothing() -> None:
    found = both(files(0, 0.2, 10), files(0, 0.5, 7))
    assert (found.fresh, found.encode_s, found.cached_bytes) == (0, 0.0, 0.0)


def test_leaner_views_keep_the_folder_beside_them() -> None:
    assert both(files(1, 0.1, 10, lean=4), files(1, 0.1, 7)).lean_width == 11
    assert both(files(1, 0.1, 10), files(1, 0.1, 7)).lean_width == 0
