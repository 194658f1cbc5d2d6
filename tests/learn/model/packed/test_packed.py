"""The packed transformer against naive loops, one value at a time, and against padding."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handful.learn.model.packed import rotary
from handful.learn.model.packed.attention import attend, by_bounds
from handful.learn.model.packed.segments import Segments, mean
from handful.learn.model.packed.tokens import Piece, pack
from handful.learn.model.packed.transformer import Block, PackedTransformer
from handful.learn.model.sizes import SIZES, Shape, shape_of
from tiny.corpora import wake

WINDOWS = {"image": (3, 12, 12), "audio": (1, 8, 40)}


def network(seed: int = 0) -> PackedTransformer:
    torch.manual_seed(seed)
    made = PackedTransformer(Shape(width=32, layers=2, heads=2), WINDOWS, has_text=True)
    return wake(made, 0.2)


def piece(modality: str, row: int, count: int, seed: int = 0) -> Piece:
    dice = np.random.default_rng((seed, row, count))
    if modality == "text":
        raw = dice.integers(0, 8192, (count, 5)).astype(np.int32)
    else:
        raw = dice.integers(0, 256, (count, *WINDOWS[modality])).astype(np.uint8)
    wide = 3 if modality == "image" else 1
    places = np.stack([np.arange(count) // wide, np.arange(count) % wide], axis=1)
    return Piece(modality, row, raw, places.astype(np.float32))


def some() -> list[Piece]:
    return [
        piece("image", 0, 9),
        piece("text", 0, 3),
        piece("audio", 1, 5),
        piece("text", 2, 5),
        piece("image", 3, 6),
        piece("text", 3, 1),
    ]


def naive_attention(q, k, v, lengths):
    out, start = torch.zeros_like(v), 0
    for length in lengths:
        for place in range(start, start + length):
            for head in range(q.shape[1]):
                keys = k[start : start + length, head]
                weights = torch.softmax(keys @ q[place, head] / q.shape[2] ** 0.5, dim=0)
                out[place, head] = weights @ v[start : start + length, head]
        start += length
    return out


@pytest.mark.parametrize("lengths", [(1, 3, 3, 4), (5, 5), (1,), (2, 7)])
def test_attention_is_what_a_loop_computes(lengths):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, sum(lengths), 2, 8)
    found = attend(q, k, v, Segments(lengths))
    assert torch.allclose(found, naive_attention(q, k, v, lengths), atol=1e-5)


@pytest.mark.gpu
def test_the_kernel_for_all_lengths_agrees_with_the_loop():
    torch.manual_seed(0)
    lengths = (1, 3, 3, 4, 70)
    q, k, v = torch.randn(3, sum(lengths), 2, 64)
    found = by_bounds(*(x.cuda().bfloat16() for x in (q, k, v)), segments=Segments(lengths))
    assert torch.allclose(found.float().cpu(), naive_attention(q, k, v, lengths), atol=3e-2)


def test_turned_products_depend_on_distance_only():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 16)
    for axes in (1, 2):
        speeds = rotary.rates(16, axes)

        def product(at, other, speeds=speeds):
            first, second = (rotary.turn_of(torch.tensor([p]) @ speeds) for p in (at, other))
            return (rotary.turned(q, first) * rotary.turned(k, second)).sum()

        near, far = product([1.0, 2.0], [3.0, 5.0]), product([11.0, 22.0], [13.0, 25.0])
        assert near == pytest.approx(float(far), abs=1e-5)
        assert abs(near - product([1.0, 2.0], [4.0, 5.0])) > 1e-3


def test_each_value_alone_gives_the_same_vectors_as_all_packed():
    model, pieces = network(), some()
    packed = pack(pieces)
    together = model(packed).pooled_SD()
    for place, (row, kind) in enumerate(zip(packed.rows, packed.kinds, strict=True)):
        (own,) = [each for each in pieces if (each.row, each.modality) == (row, kind)]
        alone = model(pack([own])).pooled_SD()[0]
        assert torch.allclose(together[place], alone, atol=1e-5)


def padded(model: PackedTransformer, pieces: list[Piece]) -> torch.Tensor:
    """Pooled vectors the usual way: a rectangle with a mask."""
    longest = max(len(each.raw) for each in pieces)
    rows, turns, keep = [], [], torch.zeros(len(pieces), longest, dtype=torch.bool)
    for place, each in enumerate(pieces):
        tokens = pack([each])
        rows.append(F.pad(model.enter(tokens), (0, 0, 0, longest - len(tokens))))
        turn = model.trunk.turn(tokens)
        turns.append([F.pad(x[:, 0], (0, 0, 0, longest - len(tokens))) for x in turn])
        keep[place, : len(tokens)] = True
    x = torch.stack(rows)
    cos, sin = (torch.stack(parts)[:, None] for parts in zip(*turns, strict=True))
    for block in model.trunk.blocks:
        assert isinstance(block, Block)
        h = F.rms_norm(x, (32,))
        q, k, v = block.qkv(h).unflatten(-1, (3, 2, 16)).permute(2, 0, 3, 1, 4)

        def turned(y, cos=cos, sin=sin):
            a, b = F.rms_norm(y, (16,)).chunk(2, -1)
            return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

        mask = keep[:, None, None, :]
        a = F.scaled_dot_product_attention(turned(q), turned(k), v, attn_mask=mask)
        x = x + block.out(a.transpose(1, 2).flatten(2))
        x = x + block.down(F.relu(block.up(F.rms_norm(x, (32,)))).square())
    weights = keep[:, :, None].float()
    return (F.rms_norm(x, (32,)) * weights).sum(1) / weights.sum(1)


def test_packed_and_padded_have_one_loss_and_the_same_gradients():
    pieces = some()
    packed = pack(pieces)
    order = [
        next(p for p, x in enumerate(pieces) if (x.row, x.modality) == key)
        for key in zip(packed.rows, packed.kinds, strict=True)
    ]
    target = torch.randn(len(pieces), 32, generator=torch.Generator().manual_seed(1))
    first, second = network(), network()
    loss = ((first(packed).pooled_SD() - target) ** 2).mean()
    other = ((padded(second, pieces)[order] - target) ** 2).mean()
    loss.backward()
    other.backward()
    assert loss.item() == pytest.approx(other.item(), abs=1e-5)
    for (name, one), two in zip(first.named_parameters(), second.parameters(), strict=True):
        assert one.grad is not None, name
        assert two.grad is not None, name
        assert torch.allclose(one.grad, two.grad, atol=1e-5), name


def test_joined_values_of_an_item_see_each_other_and_nobody_else():
    model = network()
    apart, joined = pack(some()), pack(some(), is_joined=True)
    assert sorted(joined.rows) == [0, 1, 2, 3]
    both = joined.rows.index(0)
    (start, stop) = joined.segments.bounds()[both : both + 2].tolist()
    whole = model(joined).tokens_TD[start:stop].mean(0)
    single = [model(apart).pooled_SD()[p] for p, row in enumerate(apart.rows) if row == 0]
    assert min((whole - one).abs().max().item() for one in single) > 1e-3
    lonely = model(pack([each for each in some() if each.row == 0], is_joined=True))
    assert torch.allclose(whole, lonely.tokens_TD.mean(0), atol=1e-5)


def test_kept_tokens_are_those_that_were_chosen():
    packed = pack(some())
    keep = torch.zeros(len(packed), dtype=torch.bool)
    keep[packed.segments.bounds()[:-1].long()] = True
    keep[-1] = True
    few, chosen = packed.keep(keep)
    assert chosen.tolist() == keep.nonzero()[:, 0].tolist()
    assert few.segments.lengths == (1, 1, 1, 1, 1, 2)
    assert len(few) == int(keep.sum())
    model = network()
    assert torch.allclose(model.enter(few), model.enter(packed)[chosen], atol=1e-5)


def test_pieces_of_a_pack_give_what_the_whole_gives():
    model, packed = network(), pack(some())
    parts = packed.cut(10)
    assert [len(part) for part in parts] == [9, 5, 6, 9]
    pooled = torch.cat([model(part).pooled_SD() for part in parts])
    assert torch.allclose(pooled, model(packed).pooled_SD(), atol=1e-5)
    assert [row for part in parts for row in part.rows] == list(packed.rows)


def test_a_fresh_network_passes_on_what_enters():
    torch.manual_seed(0)
    model = PackedTransformer(Shape(width=32, layers=3, heads=2), WINDOWS, has_text=True)
    read = model(pack(some()))
    assert torch.equal(read.left[-1], read.entered_TD)


def test_a_described_network_is_made_again():
    model = network()
    again = PackedTransformer.from_dict(model.as_dict())
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(pack(some())).pooled_SD(), model(pack(some())).pooled_SD())


def test_means_and_padding_of_segments():
    segments = Segments((1, 2, 2))
    x = torch.arange(5.0)[:, None]
    assert mean(x, segments)[:, 0].tolist() == [0.0, 1.5, 3.5]
    assert segments.padding == pytest.approx(1 / 6)
    assert segments.span == pytest.approx(9 / 5)


def test_sizes_are_what_their_names_say():
    for name, shape in SIZES.items():
        assert shape.parameters / 1e6 == pytest.approx(float(name[:-1]), rel=0.13)
        assert shape.head_width == 64
        assert shape_of(name.lower()) is shape
    made = PackedTransformer(SIZES["3M"], WINDOWS, has_text=True)
    layers = sum(p.numel() for p in made.trunk.parameters())
    assert layers == SIZES["3M"].parameters
