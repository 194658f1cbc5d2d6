"""The head as torch trains it: tokens of what is there, bottlenecks, attention, scores."""
# M items, T tokens (bottlenecks first), D numbers of a token, H heads, E = D / H, K classes

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn


class Layer(nn.Module):
    """Pre-norm attention and a small perceptron, both beginning as nothing.

    Args:
        width: D.
        heads: H.
        dropout: Share of numbers that are dropped in training.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_mix = nn.LayerNorm(width)
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.before_wide = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)
        for last in (self.out, self.narrow):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x_MTD: Tensor, present_MT: Tensor) -> Tensor:
        """`[M, T, D]` to the same; what is not present is looked at by nobody."""
        items, tokens, width = x_MTD.shape
        parts = self.mix(self.before_mix(x_MTD)).view(items, tokens, 3, self.heads, -1)
        q_MHTE, k_MHTE, v_MHTE = parts.permute(2, 0, 3, 1, 4)
        seen = present_MT[:, None, None, :]
        gathered = F.scaled_dot_product_attention(q_MHTE, k_MHTE, v_MHTE, attn_mask=seen)
        gathered = gathered.transpose(1, 2).reshape(items, tokens, width)
        x_MTD = x_MTD + self.drop(self.out(gathered))
        wide = F.gelu(self.wide(self.before_wide(x_MTD)))
        return x_MTD + self.drop(self.narrow(wide))


class Network(nn.Module):
    """Tokens, bottlenecks, layers, and a straight line from the inputs beside them.

    Args:
        widths: `modality/kind` to numbers per item.
        classes: K.
        width: D.
        heads: H.
        layers: How many.
        tokens: Per `modality/kind`.
        bottlenecks: How many.
        dropout: Share of numbers that are dropped in training.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        classes: int,
        *,
        width: int,
        heads: int,
        layers: int,
        tokens: int,
        bottlenecks: int,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.names = sorted(widths)
        self.width, self.heads, self.tokens = width, heads, tokens
        self.bottlenecks = nn.Parameter(torch.randn(bottlenecks, width) * 0.5)
        embed = {n: nn.Linear(widths[n], tokens * width) for n in self.names}
        straight = {n: nn.Linear(widths[n], classes, bias=False) for n in self.names}
        self.embed = nn.ModuleDict(embed)
        self.straight = nn.ModuleDict(straight)
        self.bias = nn.Parameter(torch.zeros(classes))
        self.layers = nn.ModuleList([Layer(width, heads, dropout) for _ in range(layers)])
        self.last = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes, bias=False)
        self.drop = nn.Dropout(dropout)
        nn.init.zeros_(self.head.weight)
        for name in self.names:
            nn.init.zeros_(straight[name].weight)
            # Rows have unit mean norm: so do tokens, number by number, with this.
            nn.init.normal_(embed[name].weight, std=1.0)

    def forward(self, rows: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """Scores.

        Args:
            rows: `modality/kind` to `[M, W]`.
            present: `modality/kind` to `[M]`; rows of the others are never looked at.

        Returns:
            `[M, K]`.
        """
        items = len(next(iter(rows.values())))
        starts = self.bottlenecks.expand(items, -1, -1)
        tokens, held = [starts], [torch.ones(starts.shape[:2], dtype=torch.bool)]
        scores = self.bias.expand(items, -1)
        for name in self.names:
            values = torch.where(present[name][:, None], rows[name], 0.0)
            made = self.embed[name](self.drop(values)).view(items, self.tokens, self.width)
            tokens.append(made)
            held.append(present[name][:, None].expand(-1, self.tokens))
            scores = scores + self.straight[name](values) * present[name][:, None]
        x_MTD, present_MT = torch.cat(tokens, dim=1), torch.cat(held, dim=1)
        for layer in self.layers:
            x_MTD = layer(x_MTD, present_MT)
        gathered = self.last(x_MTD[:, : starts.shape[1]]).mean(dim=1)
        return scores + self.head(self.drop(gathered))


def plain_weights(network: Network) -> dict[str, NDArray[np.float32]]:
    """The weights as numpy answers with them.

    Args:
        network: Trained or not.
    """
    found = {
        name.replace(".", "/"): value.detach().numpy().copy()
        for name, value in network.state_dict().items()
    }
    return found | {"heads": np.asarray(network.heads)}
