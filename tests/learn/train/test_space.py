"""Memory and disk follow from the arrays that are held."""

from dataclasses import replace

from handful.learn.train import space
from handful.learn.train.counts import Counts, Files


def told(items: int = 400, labelled: int = 200, width: int = 20_000) -> Counts:
    image = Files(
        items=items,
        fresh=items // 2,
        labelled=labelled,
        widths={"hog": width},
        fitted_on=items,
        read_s=0.0,
        encode_s=0.0,
        fit_s=0.0,
        cached_bytes=2.0 * width,
    )
    return Counts(
        files={"image": image},
        items=items,
        labelled=labelled,
        classes=3,
        groups=20,
        baselines=("concatenation",),
        held_bytes=200 * 2**20,
    )


def test_the_cache_grows_by_fresh_rows_only() -> None:
    assert space.cache_bytes(told()) == 200 * 40_000


def test_a_run_holds_the_rows_of_the_kernels_and_the_directions() -> None:
    rows, directions = 4 * 200 * 20_000, 4 * 200 * 20_000
    assert space.run_bytes(told()) >= rows + directions
    assert space.run_bytes(told()) < 1.1 * (rows + directions)
    unlabelled = replace(
        told(), labelled=0, files={"image": replace(told().files["image"], labelled=0)}
    )
    assert space.run_bytes(told()) - space.run_bytes(unlabelled) >= rows


def test_the_peak_lies_above_what_is_held_already_and_grows() -> None:
    sizes = [space.peak_bytes(told(items=n, labelled=n // 2)) for n in (20, 200, 2000)]
    assert sizes == sorted(sizes)
    assert sizes[0] > 200 * 2**20
    assert space.peak_bytes(replace(told(), held_bytes=0)) == sizes_of_arrays()


def sizes_of_arrays() -> int:
    views, directions = 6 * 400 * 20_000, 4 * 20_000 * 200
    rows, kernel = 4 * 200 * 20_000, 4 * 200 * 200
    ladder = views + directions + 2 * rows + 2 * kernel + 3 * rows + 60 * 2**20
    aligning = views + 16 * 400 * 20_000 + 16 * 20_000 * 200
    return round(1.12 * max(ladder, aligning))


def test_without_baselines_the_ladder_holds_less() -> None:
    two = dict.fromkeys(("text", "image"), told(labelled=400).files["image"])
    many = replace(told(labelled=400), files=two)
    assert space.peak_bytes(replace(many, baselines=())) < space.peak_bytes(many)


def test_fitting_may_be_the_peak() -> None:
    image = replace(told(items=8, labelled=8, width=10).files["image"], fit_bytes=400 * 2**20)
    small = replace(told(items=8, labelled=8, width=10), files={"image": image})
    assert space.peak_bytes(small) >= 600 * 2**20
