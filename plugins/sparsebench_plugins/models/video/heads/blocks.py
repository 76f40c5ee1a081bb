"""The pre-norm transformer of CLIP4Clip's heads, which X-CLIP and DRL took over."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON = 1e-12
"""Of the heads' layer norms; CLIP's own is 1e-5."""

HEAD_WIDTH = 64
MASKED = -1e6


class Attention(nn.Module):
    """Self-attention with one matrix for queries, keys and values."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Transform states (N, L, d).

        mask: (N, L) bool; a masked key weighs exp(-1e6), as in the authors' code, not nothing.
        """
        merged = nn.functional.linear(states, self.in_proj_weight, self.in_proj_bias)
        parts = merged.view(*states.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (3, N, heads, L, d / heads)
        added = (~mask)[:, None, None, :].to(states.dtype) * MASKED
        mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=added)
        joined: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return joined


class Mlp(nn.Module):
    """Four times the width and back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, states: Tensor) -> Tensor:
        """Transform states, (…, d) -> (…, d)."""
        projected: Tensor = self.c_proj(quick_gelu(self.c_fc(states)))
        return projected


class Block(nn.Module):
    """Attention and MLP, each over a layer norm, each added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = Attention(width)
        self.ln_2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = Mlp(width)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Transform states (N, L, d). mask: (N, L) bool."""
        states = states + self.attn(self.ln_1(states), mask)
        added: Tensor = states + self.mlp(self.ln_2(states))
        return added


class Transformer(nn.Module):
    """Blocks without a norm at their end."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width) for _ in range(layers))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Transform states (N, L, d). mask: (N, L) bool."""
        for block in self.resblocks:
            states = block(states, mask)
        return states


def quick_gelu(states: Tensor) -> Tensor:
    """OpenAI's approximation of GELU."""
    gelu: Tensor = states * torch.sigmoid(1.702 * states)
    return gelu


def unit(vectors: Tensor) -> Tensor:
    """Vectors of length 1 along the last axis; one of length 0 becomes NaN, which the harness refuses by name."""
    lengths: Tensor = vectors.norm(dim=-1, keepdim=True)
    return torch.div(vectors, lengths)
