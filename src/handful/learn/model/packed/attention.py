"""Attention within segments of packed tokens: one function, a backend per kind of processor.

CPU: the kernels for variable lengths have no CPU code (`varlen_attn` fails, FlexAttention has no
backward), so every block of segments of one length is an ordinary batch. As segments lie in order
of length, such a batch is a view. CUDA: `varlen_attn` (PyTorch 2.10 and later) takes all segments
at once; it computes in half precision, so float32 goes through SDPA block by block there too.

Source: scaled dot-product attention, arXiv 1706.03762 eq. 1; packing, NaViT, arXiv 2307.06304.
"""
# T tokens, H heads, d numbers per head, n segments of one length, L that length

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from handful.learn.model.packed.segments import Segments


def attend(q_THd: Tensor, k_THd: Tensor, v_THd: Tensor, segments: Segments) -> Tensor:
    """What every token takes from the tokens of its segment.

    Args:
        q_THd: Queries, `[T, H, d]`.
        k_THd: Keys.
        v_THd: Values.
        segments: Which tokens see each other.

    Returns:
        `[T, H, d]`.
    """
    is_half = q_THd.dtype in (torch.bfloat16, torch.float16)
    if q_THd.is_cuda and is_half:
        return by_bounds(q_THd, k_THd, v_THd, segments)
    return by_runs(q_THd, k_THd, v_THd, segments)


def by_runs(q_THd: Tensor, k_THd: Tensor, v_THd: Tensor, segments: Segments) -> Tensor:
    """The backend for a CPU: one SDPA per length; see `attend`."""
    if len(segments.runs) == 1:
        return _one_length(q_THd, k_THd, v_THd, *segments.runs[0])
    sizes = [count * length for count, length in segments.runs]
    parts = zip(
        q_THd.split(sizes), k_THd.split(sizes), v_THd.split(sizes), segments.runs, strict=True
    )
    return torch.cat([_one_length(q, k, v, *run) for q, k, v, run in parts])


def _one_length(q_THd: Tensor, k_THd: Tensor, v_THd: Tensor, count: int, length: int) -> Tensor:
    def apart(x_THd: Tensor) -> Tensor:
        return x_THd.unflatten(0, (count, length)).transpose(1, 2)

    out_nHLd = F.scaled_dot_product_attention(apart(q_THd), apart(k_THd), apart(v_THd))
    return out_nHLd.transpose(1, 2).flatten(0, 1)


def by_bounds(q_THd: Tensor, k_THd: Tensor, v_THd: Tensor, segments: Segments) -> Tensor:
    """The backend for CUDA: one kernel for all lengths; see `attend`."""
    from torch.nn.attention.varlen import varlen_attn

    bounds = segments.bounds(q_THd.device)
    out = varlen_attn(
        q_THd.contiguous(),
        k_THd.contiguous(),
        v_THd.contiguous(),
        bounds,
        bounds,
        segments.longest,
        segments.longest,
    )
    assert isinstance(out, Tensor)
    return out
