"""From raw tokens to vectors: small convolutions over windows, and bags of letters for words.

Pictures and sounds come as windows: a patch with a margin of its surroundings. Each goes through
convolutions of its own, so a stem costs what the visible tokens cost, knows no size of a picture,
and still sees edges across patches. A small convolutional stem is what learned at all within
seconds where plain patches did not. Words come as bags of hashed byte n-grams (any language, no
vocabulary to fit), as fastText reads them.

Source: early convolutions, arXiv 2106.14881; subword bags, arXiv 1607.04606 eq. 2.
"""
# n tokens, C channels, h and w window, G n-grams per word, D width

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GRAMS = 8192
"""Buckets that n-grams are hashed into; 0 is no n-gram."""
_GRAM_WIDTH = 96
_CHANNELS = (32, 64)


class WindowStem(nn.Module):
    """Windows `[n, C, h, w]` uint8 to `[n, D]`.

    Args:
        window: C, h and w.
        width: D.
    """

    def __init__(self, window: tuple[int, int, int], width: int) -> None:
        super().__init__()
        channels, *size = window
        self.convolutions = nn.ModuleList()
        for wide in _CHANNELS:
            self.convolutions.append(nn.Conv2d(channels, wide, 3, stride=2, padding=1))
            channels, size = wide, [-(-side // 2) for side in size]
        self.line = nn.Linear(channels * size[0] * size[1], width)

    def forward(self, windows_nChw: Tensor) -> Tensor:
        """`[n, D]`."""
        x_nChw = windows_nChw.to(self.line.weight.dtype) / 127.5 - 1
        x_nChw = x_nChw.contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions:
            x_nChw = F.relu(convolution(x_nChw))
        return self.line(x_nChw.flatten(1))


class WordStem(nn.Module):
    """Words `[n, G]` of n-gram numbers to `[n, D]`: the mean of their n-grams' vectors.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.grams = nn.Parameter(torch.empty(GRAMS, _GRAM_WIDTH))
        self.line = nn.Linear(_GRAM_WIDTH, width)
        nn.init.normal_(self.grams)

    def forward(self, words_nG: Tensor) -> Tensor:
        """`[n, D]`."""
        # In float32 whatever the rest computes in: sums over n-grams are cheap.
        bags_nE = F.embedding_bag(words_nG.int(), self.grams.float(), mode="mean", padding_idx=0)
        scale = (words_nG != 0).sum(dim=1, keepdim=True).clamp(min=1).sqrt()
        return self.line((bags_nE * scale).to(self.line.weight.dtype))
