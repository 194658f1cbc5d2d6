"""The features that a README would start from: histograms, pixels, cepstra, letters.

They are what the sets' own notes measured with logistic regression, made again here so that this
baseline is asked on the same items with the same labels as everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from handful.data.modalities.base import Picture, Sound, Words
from handful.learn.towers.classical.audio.hearing import Hearing, log_mel

Floats = NDArray[np.float64]

_CEPSTRA = 20


def features(name: str, values: Sequence[Any], train: NDArray[np.intp]) -> Floats:
    """Simple features of all values, fitted without labels on the training ones.

    Args:
        name: `colours`, `pixels`, `cepstra` or `characters`.
        values: `N` decoded values of one modality.
        train: Places of the values that may be learned from.

    Returns:
        `[N, D]`, centred on the training rows and scaled to unit mean norm there.
    """
    rows = _MAKERS[name](values, train)
    rows = rows - rows[train].mean(axis=0)
    size = np.sqrt((rows[train] ** 2).sum(axis=1).mean())
    return rows / max(float(size), 1e-12)


def colour_histograms(pictures: Sequence[Picture]) -> Floats:
    """Square roots of joint hue, saturation and value histograms, 16 x 4 x 4 in each quarter.

    Args:
        pictures: `N` pictures of any size.

    Returns:
        `[N, 1024]`.
    """
    side = 96
    found = np.empty((len(pictures), 4, 256))
    for row, picture in enumerate(pictures):
        image = Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)
        hue, saturation, value = np.moveaxis(np.asarray(image.convert("HSV"), dtype=int), -1, 0)
        code = (hue // 16) * 16 + (saturation // 64) * 4 + value // 64
        quarters = code.reshape(2, side // 2, 2, side // 2).swapaxes(1, 2).reshape(4, -1)
        found[row] = [np.bincount(quarter, minlength=256) for quarter in quarters]
    return np.sqrt(found.reshape(len(pictures), -1) / side**2)


def _colours(pictures: Sequence[Picture], train: NDArray[np.intp]) -> Floats:
    return _leading(colour_histograms(pictures), train, 200)


def _pixels(pictures: Sequence[Picture], train: NDArray[np.intp]) -> Floats:
    """24 x 24 pixels and their 150 leading directions."""
    small = [Image.fromarray(picture).resize((24, 24)) for picture in pictures]
    return _leading(np.array([np.asarray(image).ravel() / 255 for image in small]), train, 150)


def _cepstra(sounds: Sequence[Sound], train: NDArray[np.intp]) -> Floats:
    """Mean and spread of 20 cepstral coefficients over time, each brought to unit spread."""
    found = np.empty((len(sounds), 2 * _CEPSTRA))
    for row, sound in enumerate(sounds):
        over_time = dct(log_mel(sound, Hearing()), norm="ortho", axis=1)[:, :_CEPSTRA]
        found[row] = [*over_time.mean(axis=0), *over_time.std(axis=0)]
    return found / np.maximum(found[train].std(axis=0), 1e-9)


def _characters(texts: Sequence[Words], train: NDArray[np.intp]) -> Any:
    """TF-IDF of 2 to 4 letters of the English text; the span of the training rows loses nothing."""
    english = [text.get("en") or next(iter(text.values())) for text in texts]
    weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    weights.fit([english[place] for place in train])
    sparse: Any = weights.transform(english)
    width = min(300, len(train) - 1, sparse.shape[1] - 1)
    return TruncatedSVD(width, random_state=0).fit(sparse[train]).transform(sparse)


def _leading(rows: Any, train: NDArray[np.intp], width: int) -> Any:
    width = min(width, len(train) - 1)
    return PCA(width, random_state=0).fit(rows[train]).transform(rows)


_MAKERS: dict[str, Callable[[Sequence[Any], NDArray[np.intp]], Floats]] = {
    "colours": _colours,
    "pixels": _pixels,
    "cepstra": _cepstra,
    "characters": _characters,
}
