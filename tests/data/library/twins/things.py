"""Pictures, sounds and texts that look and sound like something, and ways to change them."""

import io

import numpy as np
import soundfile
import soxr
from PIL import Image, ImageDraw

from handful.data.modalities.base import Sound

RATE = 16_000


def scene(seed, size=(160, 120)):
    """A photo of a sort: soft light, some shapes, grain."""
    dice = np.random.default_rng(seed)
    rough = dice.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    picture = Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = dice.integers(0, size[0]), dice.integers(0, size[1])
        wide, high = dice.integers(10, 60, 2)
        colour = tuple(int(each) for each in dice.integers(0, 256, 3))
        draw.ellipse([x - wide, y - high, x + wide, y + high], fill=colour)
    grain = dice.normal(0, 4, (size[1], size[0], 3))
    return np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)


def product(seed, backdrop=0, size=(160, 120)):
    """Something of its own in the middle of a backdrop that many share."""
    picture = Image.fromarray(scene(backdrop, size))
    thing = Image.fromarray(scene(1000 + seed, (70, 60)))
    picture.paste(thing, (45, 30))
    return np.asarray(picture)


def jpeg(picture, quality):
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def resized(picture, share):
    high, wide = picture.shape[:2]
    size = (round(wide * share), round(high * share))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def music(seed, seconds=3.0):
    """Notes with overtones at irregular times, over a little noise."""
    dice = np.random.default_rng(seed)
    samples = dice.normal(0, 0.003, int(seconds * RATE))
    for start in np.sort(dice.uniform(0, seconds - 0.3, int(6 * seconds))):
        time = np.arange(int(0.3 * RATE)) / RATE
        pitch = dice.uniform(150, 1200)
        note = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3)], axis=0)
        at = int(start * RATE)
        samples[at : at + len(note)] += 0.1 * note * np.exp(-8 * time)
    return Sound(samples.astype(np.float32), RATE)


def vorbis(sound):
    data = io.BytesIO()
    soundfile.write(data, sound.samples, sound.rate, format="OGG")
    data.seek(0)
    samples, rate = soundfile.read(data, dtype="float32")
    return Sound(samples.astype(np.float32), rate)


def resampled(sound, rate):
    return Sound(soxr.resample(sound.samples, sound.rate, rate).astype(np.float32), rate)


WORDS = [f"{a}{b}{c}" for a in "bdklmnprst" for b in "aeiou" for c in ("n", "rk", "st", "ll", "m")]


def story(seed, length=120):
    return " ".join(np.random.default_rng(seed).choice(WORDS, length))


def reworded(text, share, seed=0):
    dice = np.random.default_rng(seed)
    words = text.split()
    return " ".join(str(dice.choice(WORDS)) if dice.random() < share else word for word in words)
