"""A model folder as a tower: one view per tap, known by what decides its numbers."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handful.foundation.errors import InputError, MissingExtraError, UsageError
from handful.foundation.hardware import Module
from handful.learn.towers.joined import JoinedTower
from handful.learn.towers.local import networks
from handful.learn.towers.local.encoder import Rows
from handful.learn.towers.local.opening import open_folder
from handful.learn.towers.local.taps import Tap
from handful.learn.towers.local.tower import Chosen, LocalTower, towers_of
from tiny import models


def chosen(folder: Path, tap: str = "output", view: str = "") -> Chosen:
    opened = open_folder(folder)
    return Chosen(
        view=view or f"{folder.name}-{tap}",
        folder=str(folder),
        family=opened.family.name,
        tap=tap,
        arithmetic="float32",
        weights=opened.folder.weights_digest(opened.about.weights),
        settings=opened.folder.settings_digest(),
    )


def tower(folder: Path, modality: str, *taps: str) -> LocalTower:
    return LocalTower(modality, [chosen(folder, tap) for tap in taps or ("output",)])


WORDS = [{"und": "a red bowl"}, {"en": "blue mug", "de": "the pot"}, {"en": "a", "fr": "a"}]


def test_views_are_taps_and_only_those_asked_for_are_made(shelf: Path) -> None:
    made = tower(shelf / "clip", "text", "output", "1")
    found = made.encode(WORDS)
    assert {name: rows.shape for name, rows in found.items()} == {
        "clip-output": (3, 20),
        "clip-1": (3, 16),
    }
    only = made.encode(WORDS, only=["clip-1"])
    assert set(only) == {"clip-1"}
    np.testing.assert_array_equal(only["clip-1"], found["clip-1"])
    assert made.kernels() == {"clip-output": "linear", "clip-1": "linear"}
    with pytest.raises(UsageError, match="has no view `clip-2`"):
        made.encode(WORDS, only=["clip-2"])
    with pytest.raises(UsageError, match="no text to encode"):
        made.encode([])


def test_several_languages_are_the_mean_of_each_and_a_repeat_counts_once(shelf: Path) -> None:
    made = tower(shelf / "minilm", "text")
    both, english, german, twice, once = made.encode(
        [WORDS[1], {"en": "blue mug"}, {"de": "the pot"}, WORDS[2], {"und": "a"}]
    )["minilm-output"]
    np.testing.assert_allclose(both, (english + german) / 2, atol=1e-6)
    np.testing.assert_array_equal(twice, once)
    no_words = made.encode([{}])["minilm-output"]
    assert np.isfinite(no_words).all()


def test_it_learns_nothing(shelf: Path) -> None:
    made = tower(shelf / "clip", "text")
    assert not made.learns
    assert made.state() == {}
    made.load({})
    with pytest.raises(InputError, match="a model folder learns nothing"):
        made.load({"x.y": np.zeros(2)})


def test_the_fingerprint_follows_what_decides_the_numbers_and_nothing_else(
    shelf: Path, tmp_path: Path
) -> None:
    same = models.copy_of(shelf / "clip", tmp_path / "renamed")
    (same / "README.md").write_text("another card")
    (same / "training_args.bin").write_bytes(b"left over")
    first = tower(shelf / "clip", "image").fingerprints()["clip-output"]
    assert tower(same, "image").fingerprints()["renamed-output"] == first
    others = {
        tower(shelf / "clip", "text").fingerprints()["clip-output"],
        tower(shelf / "clip", "image", "1").fingerprints()["clip-1"],
        tower(shelf / "clip", "image", "1:first").fingerprints()["clip-1:first"],
        replace(chosen(shelf / "clip"), arithmetic="bfloat16").fingerprint("image", 1),
    }
    models.change_json(same / "preprocessor_config.json", resample=2)
    others.add(tower(same, "image").fingerprints()["renamed-output"])
    models.change_weights(same / "model.safetensors", lambda a: a["logit_scale"].__iadd__(1))
    others.add(tower(same, "image").fingerprints()["renamed-output"])
    assert first not in others
    assert len(others) == 6


@pytest.mark.parametrize(
    ("file", "key", "what"),
    [
        ("config.json", "dropout", "settings"),
        ("tokenizer_config.json", "model_max_length", "settings"),
        ("model.safetensors", "", "weights"),
    ],
)
def test_a_folder_that_changed_is_refused_by_name(
    shelf: Path, tmp_path: Path, file: str, key: str, what: str
) -> None:
    folder = models.copy_of(shelf / "clip", tmp_path / "clip")
    made = tower(folder, "text")
    if key:
        models.change_json(folder / file, **{key: 7})
    else:
        models.change_weights(folder / file, lambda a: a["logit_scale"].__iadd__(1))
    with pytest.raises(InputError, match=f"not the one that was trained with: its {what} differ"):
        made.encode(WORDS)


def test_a_folder_that_moved_is_found_near_and_one_that_is_gone_is_named(
    shelf: Path, tmp_path: Path
) -> None:
    folder = models.copy_of(shelf / "clip", tmp_path / "here" / "clip")
    entry = chosen(folder)
    (tmp_path / "there").mkdir()
    folder.rename(tmp_path / "there" / "clip")
    with pytest.raises(InputError, match="is not there") as caught:
        LocalTower("text", [entry]).encode(WORDS)
    assert "HANDFUL_TOWERS" in caught.value.hint
    assert LocalTower("text", [entry], [tmp_path / "there"]).encode(WORDS)


def test_an_entry_survives_json(shelf: Path) -> None:
    entry = chosen(shelf / "clip", "2:first")
    assert Chosen.from_dict(json.loads(json.dumps(entry.as_dict()))) == entry


def test_views_of_one_folder_share_a_network(shelf: Path) -> None:
    views = [chosen(shelf / "clip"), chosen(shelf / "minilm"), chosen(shelf / "clip", "2")]
    made = towers_of("text", views)
    assert [[each.view for each in part.chosen] for part in made] == [
        ["clip-output", "clip-2"],
        ["minilm-output"],
    ]


def test_answers_that_are_no_numbers_are_refused(shelf: Path, tmp_path: Path) -> None:
    """Finite weights can still overflow."""
    folder = models.copy_of(shelf / "clip", tmp_path / "clip")

    def harm(arrays: dict[str, np.ndarray]) -> None:
        arrays["text_projection.weight"] = np.full_like(arrays["text_projection.weight"], 3e38)

    models.change_weights(folder / "model.safetensors", harm)
    with pytest.raises(InputError, match="with NaN or infinity in the view `clip-output`"):
        tower(folder, "text").encode(WORDS)


def test_a_missing_extra_names_the_install_line(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        networks, "find_module", lambda name: Module(name=name, is_installed=name == "torch")
    )
    with pytest.raises(MissingExtraError, match="transformers") as caught:
        tower(shelf / "clip", "text").encode(WORDS)
    assert caught.value.hint == 'pip install "handful[towers]"'


def test_joined_towers_keep_their_views_apart(shelf: Path) -> None:
    from handful.learn.towers.classical.profiles import make_tower

    weight_free, local = make_tower("text", ["words"]), tower(shelf / "minilm", "text")
    joined = JoinedTower([weight_free, local])
    joined.fit(WORDS, seed=0)
    found = joined.encode(WORDS)
    assert list(found) == ["words", "minilm-output"]
    assert joined.kernels() == {"words": "linear", "minilm-output": "linear"}
    assert joined.fingerprints() == weight_free.fingerprints() | local.fingerprints()
    assert list(joined.encode(WORDS, only=["minilm-output"])) == ["minilm-output"]
    again = JoinedTower([make_tower("text", ["words"]), tower(shelf / "minilm", "text")])
    again.load(joined.state())
    np.testing.assert_array_equal(again.encode(WORDS)["words"], found["words"])
    with pytest.raises(InputError, match="belongs to none of its parts"):
        again.load({**joined.state(), "hog.x": np.zeros(2)})
    with pytest.raises(UsageError, match="has no view `wrods`"):
        joined.encode(WORDS, only=["wrods"])


def test_a_processor_that_does_not_fit_its_network_is_said(shelf: Path, tmp_path: Path) -> None:
    folder = models.copy_of(shelf / "clip", tmp_path / "clip")
    models.change_json(
        folder / "preprocessor_config.json",
        size={"shortest_edge": 64},
        crop_size={"height": 64, "width": 64},
    )
    with pytest.raises(InputError, match="it was not possible to read image with it"):
        tower(folder, "image").encode(models.pictures())


def test_many_long_sounds_are_heard_a_few_pieces_at_a_time(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handful.learn.towers.local.families import clap

    held: list[int] = []
    real = clap._Sounds._rows

    def noted(self: clap._Sounds, pieces: list[np.ndarray], taps: set[Tap]) -> Rows:
        held.append(len(pieces))
        return real(self, pieces, taps)

    monkeypatch.setattr(clap._Sounds, "_rows", noted)
    random = np.random.default_rng(0)
    long = [
        models.Sound(random.normal(0, 0.1, 48_000 * 30).astype(np.float32), 48_000)
        for _ in range(5)
    ]
    rows = tower(shelf / "clap", "audio").encode(long)["clap-output"]
    assert rows.shape == (5, 12)
    assert sum(held) == 5 * 12, "of thirty pieces twelve are heard"
    assert max(held) < 16 + 12


@pytest.mark.parametrize(
    ("name", "modality", "file", "changes"),
    [
        ("clap", "text", "config.json", {"text_config__pad_token_id": None}),
        ("clip", "image", "preprocessor_config.json", {"crop_size": "large"}),
        ("whisper", "audio", "preprocessor_config.json", {"hop_length": "x"}),
        ("clip", "text", "tokenizer.json", {"model": {"type": "Odd"}}),
        ("minilm", "text", "1_Pooling/config.json", {"pooling_mode": "evil"}),
    ],
)
def test_settings_that_break_while_loading_are_a_sentence(
    shelf: Path, tmp_path: Path, name: str, modality: str, file: str, changes: dict[str, object]
) -> None:
    folder = models.copy_of(shelf / name, tmp_path / name)
    models.change_json(folder / file, **changes)
    values = {"text": WORDS, "image": models.pictures(), "audio": models.sounds()}[modality]
    with pytest.raises(InputError, match="cannot be used: it was not possible to"):
        tower(folder, modality).encode(values)
