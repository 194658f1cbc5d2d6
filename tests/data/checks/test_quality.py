import numpy as np
import pytest
from PIL import Image, ImageDraw

from handful.data.checks.evidence.measuring import picture_facts, sound_facts
from handful.data.checks.quality import is_filler
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove
from handful.data.modalities.base import Sound
from handful.foundation.errors import ConfigError


@pytest.mark.parametrize("seed", range(2, 5))
def test_it_proves_itself_whatever_the_files_look_like(seed):
    assert prove(make_check("quality"), seed).passed


def test_every_fault_is_named_once(bench, dice, found):
    make_check("quality").plant(bench, dice)
    assert found("quality") == {
        "1 picture of one colour": ["blank"],
        "1 dark picture": ["dark"],
        "1 burnt-out picture": ["burnt"],
        "1 blurred picture": ["blurred"],
        "1 silent sound": ["silent"],
        "1 clipped sound": ["clipped"],
        "1 text without words": ["wordless"],
        "1 text that only holds a place": ["filler"],
    }


def test_transparency_is_never_read_as_black(bench, dice, found):
    for place in range(3):
        bench.item(f"drawing-{place}", dice)
        drawing = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
        ImageDraw.Draw(drawing).line((8, 8, 50, 20 + place), (200, 30, 40, 255), width=4)
        drawing.save(bench.files / f"drawing-{place}.png")
        drawing.quantize(8).save(bench.files / f"drawing-{place}.png")
    assert found("quality") == {}


def test_blur_grows_with_blur_and_knows_nothing_of_one_colour():
    dice = np.random.default_rng(0)
    photo = Image.fromarray(dice.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    photo = photo.resize((256, 192), Image.Resampling.BICUBIC)
    sizes = [photo.resize((256 // by, 192 // by)).resize((256, 192)) for by in (1, 2, 4)]
    blur = [picture_facts(np.asarray(each)).blur for each in sizes]
    assert blur == sorted(blur)
    assert picture_facts(np.full((50, 50, 3), 90, np.uint8)).blur == 0.0


def test_a_square_wave_that_was_meant_is_all_that_clipping_could_be_mistaken_for():
    moments = np.arange(8000) / 8000
    tone = np.sin(2 * np.pi * 200 * moments).astype(np.float32)
    assert sound_facts(Sound(tone * np.float32(0.9), 8000)).clipped == 0.0
    assert sound_facts(Sound(np.clip(tone * 3, -1, 1), 8000)).clipped > 0.5
    assert sound_facts(Sound(np.zeros(0, np.float32), 8000)).silent == 1.0
    late = np.concatenate([np.zeros(4000, np.float32), tone])
    assert sound_facts(Sound(late, 8000)).silent_start == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    "text", ["N/A", "todo: write this", "IMG_2041.jpg", "DSC00042", "nan", "xxx"]
)
def test_fillers(text):
    assert is_filler(text)


@pytest.mark.parametrize(
    "text", ["a blue cup", "image of a cup", "todos los santos", "Nana", "p. 12"]
)
def test_no_fillers(text):
    assert not is_filler(text)


def test_a_limit_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="most_blur"):
        make_check("quality", {"most_blur": 2})
