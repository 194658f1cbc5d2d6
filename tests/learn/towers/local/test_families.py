"""What comes out is what the reference library gives, and so are the pixels and samples that go in.

The reference is asked in its own words: its processor prepares, its model answers.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from PIL import Image

from handful.foundation.errors import InputError, UsageError
from handful.learn.towers.local.networks import offline
from handful.learn.towers.local.opening import families, open_folder
from handful.learn.towers.local.taps import OUTPUT, Tap
from tiny import models

CLOSE = {"rtol": 0, "atol": 1e-5}


def encoder(folder: Path, modality: str) -> Any:
    opened = open_folder(folder)
    return opened.family.load(opened.folder, modality, "float32")


def own(value: Any) -> Any:
    """The output of transformers' `get_*_features`."""
    return value.pooler_output.detach().numpy()


@contextmanager
def caught(module: Any, name: str) -> Iterator[list[Any]]:
    """Every tensor that reaches a network under one name."""
    found: list[Any] = []

    def note(_: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        found.append(given[name] if name in given else args[0])

    handle = module.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield found
    finally:
        handle.remove()


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_pictures_give_what_the_reference_gives_from_the_same_pixels(
    shelf: Path, family: str
) -> None:
    with offline():
        from transformers import AutoImageProcessor, AutoModel

        reference = AutoModel.from_pretrained(shelf / family).eval()
        prepare = AutoImageProcessor.from_pretrained(shelf / family)
    values = models.pictures()
    ours = encoder(shelf / family, "image")
    with caught(ours._network.vision_model, "pixel_values") as pixels:
        found = ours.encode(values, {OUTPUT})[OUTPUT]
    given = prepare(images=[Image.fromarray(value) for value in values], return_tensors="pt")
    np.testing.assert_array_equal(
        np.concatenate([each.numpy() for each in pixels]), given["pixel_values"].numpy()
    )
    np.testing.assert_allclose(found, own(reference.get_image_features(**given)), **CLOSE)
    assert np.linalg.norm(found[0] - found[1]) > 1e-3, "pictures are told apart"


def test_the_pixels_of_clip_are_those_of_its_paper(shelf: Path) -> None:
    """Shorter side to 32 by bicubic, middle cut out, mean and spread of the training pictures."""
    (value,) = models.pictures()[:1]
    ours = encoder(shelf / "clip", "image")
    with caught(ours._network.vision_model, "pixel_values") as pixels:
        ours.encode([value], {OUTPUT})
    height, width = value.shape[:2]
    picture = Image.fromarray(value).resize(
        (int(32 * width / height), 32), Image.Resampling.BICUBIC
    )
    left = (picture.width - 32) // 2
    cut = np.asarray(picture)[:, left : left + 32].astype(np.float32) / 255
    mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
    spread = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
    expected = ((cut - mean) / spread).transpose(2, 0, 1)
    np.testing.assert_allclose(pixels[0][0].numpy(), expected, atol=1e-5)


def test_clip_texts_give_what_the_reference_gives(shelf: Path) -> None:
    with offline():
        from transformers import AutoTokenizer, CLIPModel

        reference = CLIPModel.from_pretrained(shelf / "clip").eval()
        tokenizer: Any = AutoTokenizer.from_pretrained(shelf / "clip")
    given = tokenizer(
        models.texts(), padding=True, truncation=True, max_length=16, return_tensors="pt"
    )
    expected = own(
        reference.get_text_features(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"]
        )
    )
    found = encoder(shelf / "clip", "text").encode(models.texts(), {OUTPUT})[OUTPUT]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_siglip_texts_are_padded_as_siglip_learned_them(shelf: Path) -> None:
    with offline():
        from transformers import AutoTokenizer, SiglipModel

        reference = SiglipModel.from_pretrained(shelf / "siglip").eval()
        tokenizer: Any = AutoTokenizer.from_pretrained(shelf / "siglip")
    given = tokenizer(
        models.texts(), padding="max_length", truncation=True, max_length=16, return_tensors="pt"
    )
    expected = own(reference.get_text_features(input_ids=given["input_ids"]))
    found = encoder(shelf / "siglip", "text").encode(models.texts(), {OUTPUT})[OUTPUT]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_whisper_hears_the_samples_and_leaves_the_padding_out(shelf: Path) -> None:
    with offline():
        from transformers import WhisperFeatureExtractor, WhisperModel

        reference = WhisperModel.from_pretrained(shelf / "whisper").eval().encoder
        prepare = WhisperFeatureExtractor.from_pretrained(shelf / "whisper")
    ours = encoder(shelf / "whisper", "audio")
    values = models.sounds()
    with caught(ours._network, "input_features") as heard:
        found = ours.encode(values, {OUTPUT})[OUTPUT]
    resampled = [
        value.samples
        if value.rate == 16_000
        else soxr.resample(value.samples, value.rate, 16_000, quality="HQ")
        for value in values
    ]
    given = prepare(resampled, sampling_rate=16_000, return_tensors="pt")["input_features"]
    np.testing.assert_array_equal(np.concatenate([each.numpy() for each in heard]), given.numpy())
    tokens = reference(given).last_hidden_state.detach().numpy()
    for place, samples in enumerate(resampled):
        frames = -(-len(samples) // 320)  # 10 ms hops, two of them per token
        np.testing.assert_allclose(found[place], tokens[place, :frames].mean(axis=0), **CLOSE)


@pytest.mark.parametrize("folder", ["clap", "clap-fused"])
def test_clap_hears_a_short_sound_as_the_reference_does(shelf: Path, folder: str) -> None:
    with offline():
        from transformers import ClapFeatureExtractor, ClapModel

        reference = ClapModel.from_pretrained(shelf / folder).eval()
        prepare = ClapFeatureExtractor.from_pretrained(shelf / folder)
    ours = encoder(shelf / folder, "audio")
    values = [each for each in models.sounds() if each.seconds <= 1]
    with caught(ours._network.audio_model, "input_features") as heard:
        found = ours.encode(values, {OUTPUT})[OUTPUT]
    spectra = np.concatenate([each.numpy() for each in heard])
    for place, value in enumerate(values):
        samples = value.samples
        if value.rate != 48_000:
            samples = soxr.resample(samples, value.rate, 48_000, quality="HQ")
        given = prepare(samples, sampling_rate=48_000, return_tensors="pt")
        np.testing.assert_array_equal(spectra[place], given["input_features"][0].numpy())
        expected = own(reference.get_audio_features(**given))[0]
        np.testing.assert_allclose(found[place], expected, **CLOSE)


def test_a_long_sound_is_the_mean_of_its_pieces_and_never_a_matter_of_luck(shelf: Path) -> None:
    ours = encoder(shelf / "clap", "audio")
    random = np.random.default_rng(5)
    samples = random.normal(0, 0.1, 48_000 * 3).astype(np.float32)
    sound = models.Sound(samples, 48_000)
    whole = ours.encode([sound], {OUTPUT})[OUTPUT]
    again = ours.encode([sound, models.sounds()[0]], {OUTPUT})[OUTPUT][:1]
    pieces = [models.Sound(part, 48_000) for part in np.split(samples, 3)]
    np.testing.assert_allclose(whole, again, atol=1e-6)
    np.testing.assert_allclose(
        whole[0], ours.encode(pieces, {OUTPUT})[OUTPUT].mean(axis=0), atol=1e-6
    )


def test_clap_texts_give_what_the_reference_gives(shelf: Path) -> None:
    with offline():
        from transformers import AutoTokenizer, ClapModel

        reference = ClapModel.from_pretrained(shelf / "clap").eval()
        tokenizer: Any = AutoTokenizer.from_pretrained(shelf / "clap")
    given = tokenizer(models.texts()[:2], padding=True, return_tensors="pt")
    expected = own(
        reference.get_text_features(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"]
        )
    )
    found = encoder(shelf / "clap", "text").encode(models.texts()[:2], {OUTPUT})[OUTPUT]
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("folder", ["minilm", "routed"])
def test_sentences_are_those_of_the_library(shelf: Path, folder: str) -> None:
    with offline():
        from sentence_transformers import SentenceTransformer

        reference = SentenceTransformer(str(shelf / folder), device="cpu")
        expected = reference.encode(models.texts(), show_progress_bar=False)
    found = encoder(shelf / folder, "text").encode(models.texts(), {OUTPUT})[OUTPUT]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_a_route_for_pictures_gives_what_the_library_gives(shelf: Path) -> None:
    with offline():
        from sentence_transformers import SentenceTransformer

        reference = SentenceTransformer(str(shelf / "routed"), device="cpu")
        shown = [Image.fromarray(value) for value in models.pictures()]
        expected = reference.encode(shown, show_progress_bar=False)
    found = encoder(shelf / "routed", "image").encode(models.pictures(), {OUTPUT})[OUTPUT]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_sounds_reach_sentence_transformers_at_their_rate(shelf: Path) -> None:
    with offline():
        from sentence_transformers import SentenceTransformer

        reference = SentenceTransformer(str(shelf / "st-whisper"), device="cpu")
        (value,) = models.sounds()[:1]
        given = {"array": value.samples, "sampling_rate": 16_000}
        expected = reference.encode([given], show_progress_bar=False)
    found = encoder(shelf / "st-whisper", "audio").encode([value], {OUTPUT})[OUTPUT]
    np.testing.assert_allclose(found, expected, **CLOSE)


CASES = [
    ("clip", "text", models.texts),
    ("clip", "image", models.pictures),
    ("siglip", "text", models.texts),
    ("siglip", "image", models.pictures),
    ("whisper", "audio", models.sounds),
    ("clap", "audio", models.sounds),
    ("clap-fused", "audio", models.sounds),
    ("minilm", "text", models.texts),
    ("routed", "image", models.pictures),
]


@pytest.mark.parametrize(("folder", "modality", "values"), CASES)
def test_a_row_depends_on_its_value_alone(
    shelf: Path, folder: str, modality: str, values: Callable[[], list[Any]]
) -> None:
    ours, given = encoder(shelf / folder, modality), values()
    together = ours.encode(given, {OUTPUT})[OUTPUT]
    alone = np.concatenate([ours.encode([value], {OUTPUT})[OUTPUT] for value in given])
    turned = ours.encode(given[::-1], {OUTPUT})[OUTPUT][::-1]
    np.testing.assert_allclose(together, alone, **CLOSE)
    np.testing.assert_allclose(together, turned, **CLOSE)


@pytest.mark.parametrize(("folder", "modality", "values"), CASES)
def test_the_width_that_is_listed_is_the_one_that_comes(
    shelf: Path, folder: str, modality: str, values: Callable[[], list[Any]]
) -> None:
    about = open_folder(shelf / folder).about
    found = encoder(shelf / folder, modality).encode(values()[:1], {OUTPUT})[OUTPUT]
    assert found.shape == (1, about.widths[modality])
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("folder", "modality", "values"),
    [case for case in CASES if case[0] != "routed"],
)
def test_layers_are_listened_to_up_to_the_last(
    shelf: Path, folder: str, modality: str, values: Callable[[], list[Any]]
) -> None:
    last = open_folder(shelf / folder).about.layers[modality]
    ours = encoder(shelf / folder, modality)
    taps = {Tap(0, "mean"), Tap(last, "mean"), Tap(last, "first"), OUTPUT}
    found = ours.encode(values()[:2], taps)
    assert set(found) == taps
    assert not np.allclose(found[Tap(last, "mean")], found[Tap(last, "first")])
    with pytest.raises(UsageError, match=f"There is no layer {last + 9}"):
        ours.encode(values()[:1], {Tap(last + 9, "mean")})


def test_a_layer_is_the_mean_of_the_tokens_that_count(shelf: Path) -> None:
    """Two texts of different length in one batch: padding must not enter the mean."""
    with offline():
        from transformers import AutoTokenizer, BertModel

        reference = BertModel.from_pretrained(shelf / "minilm").eval()
        tokenizer: Any = AutoTokenizer.from_pretrained(shelf / "minilm")
    ours = encoder(shelf / "minilm", "text")
    said = ["a red bowl of glaze", "blue"]
    found = ours.encode(said, {Tap(2, "mean")})[Tap(2, "mean")]
    for place, text in enumerate(said):
        given = tokenizer(text, return_tensors="pt")
        tokens = reference(**given, output_hidden_states=True).hidden_states[2][0]
        np.testing.assert_allclose(found[place], tokens.detach().numpy().mean(axis=0), **CLOSE)


def test_layers_of_routes_are_refused_in_words(shelf: Path) -> None:
    with pytest.raises(UsageError, match="cannot be listened to one by one"):
        encoder(shelf / "routed", "text").encode(["a"], {Tap(1, "mean")})


def test_nothing_reaches_the_network_not_even_a_text_that_is_an_address(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sentence-transformers would fetch a bare string that looks like a picture's address."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    said = ["https://example.org/bowl.jpg", "/etc/hostname.png", "a red bowl"]
    for folder in ("routed", "minilm", "clip"):
        found = encoder(shelf / folder, "text").encode(said, {OUTPUT})[OUTPUT]
        assert len(found) == 3
    for folder, modality, values in CASES:
        assert len(encoder(shelf / folder, modality).encode(values()[:1], {OUTPUT})[OUTPUT]) == 1


def test_an_empty_sound_is_refused_in_words(shelf: Path) -> None:
    empty = models.Sound(np.zeros(0, np.float32), 16_000)
    with pytest.raises(InputError, match="no samples"):
        encoder(shelf / "clap", "audio").encode([empty], {OUTPUT})


def test_half_a_network_computes_in_bfloat16_when_told(shelf: Path) -> None:
    opened = open_folder(shelf / "clip")
    half = opened.family.load(opened.folder, "image", "bfloat16")
    found = half.encode(models.pictures(), {OUTPUT})[OUTPUT]
    full = encoder(shelf / "clip", "image").encode(models.pictures(), {OUTPUT})[OUTPUT]
    assert found.dtype == np.float32
    assert not np.array_equal(found, full)
    np.testing.assert_allclose(found, full, atol=0.05)


def test_every_family_says_what_it_is(shelf: Path) -> None:
    names = {family.name for family in families()}
    theirs = {"clap", "clip", "sentence_transformers", "siglip", "whisper"}
    assert names == theirs | {"own"}
    known = {open_folder(path).family.name for path in shelf.iterdir() if path.name != "bert"}
    assert known == theirs
