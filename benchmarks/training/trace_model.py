"""The trace net: a pixel stream and a compression stream, joined at cells of 8 px, seen relative to the photo."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.training.trace_export import DILATIONS
from fakeproof.edited.trace_net import LOW, SPREAD_FLOOR

FEATURES = 64 + 5 * LOW
CHANNELS = 72
SHARES = (200, 30)
"""The photo's logit looks at the strongest 1/200 and 1/30 of the cells, and at the median."""


class Streams(nn.Module):
    """From high-passed pixels and features of the coefficients to one vector a cell; sees 8 px cells and their rim."""

    def __init__(self, channels: int = CHANNELS, *, compression: bool = True) -> None:
        super().__init__()
        self.pixels = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        )  # fmt: skip
        self.coefficients = nn.Sequential(
            nn.Conv2d(FEATURES, 64, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
            nn.Conv2d(64, 64, 3, 1, 1, groups=64), nn.ReLU(),
            nn.Conv2d(64, 64, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        ) if compression else None  # fmt: skip
        self.joined = nn.Conv2d(128 if compression else 64, channels, 1)

    def forward(self, pixels: Tensor, features: Tensor) -> Tensor:
        """Return (photos, channels, rows, columns)."""
        seen = self.pixels(pixels)
        if self.coefficients is not None:
            seen = torch.cat([seen, self.coefficients(features)], 1)
        out: Tensor = self.joined(seen)
        return out


class Spread(nn.Conv2d):
    """A dilated 3 x 3 convolution channel by channel; while training by the same sums on interleaved parts.

    Dilated convolutions take a CPU six times as long as plain ones.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__(channels, channels, 3, 1, dilation, dilation=dilation, groups=channels)

    def forward(self, cells: Tensor) -> Tensor:
        """Return (photos, channels, rows, columns)."""
        count, channels, rows, columns = cells.shape
        step = self.dilation[0]
        if not self.training or step not in (2, 4, 8) or rows % step or columns % step:
            return super().forward(cells)
        parts = cells.view(count, channels, rows // step, step, columns // step, step).permute(0, 3, 5, 1, 2, 4)
        parts = parts.reshape(-1, channels, rows // step, columns // step)
        out = functional.conv2d(parts, self.weight, self.bias, padding=1, groups=channels)
        out = out.view(count, step, step, channels, rows // step, columns // step).permute(0, 3, 4, 1, 5, 2)
        return out.reshape(count, channels, rows, columns)


class Context(nn.Module):
    """From plain and relative cell vectors to a logit a cell."""

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.first = self._block(2 * channels, channels, 1)
        self.blocks = nn.ModuleList([self._block(channels, channels, d) for d in DILATIONS[1:]])
        self.logit = nn.Conv2d(channels, 1, 1)

    @staticmethod
    def _block(inside: int, outside: int, dilation: int) -> nn.Sequential:
        return nn.Sequential(
            Spread(inside, dilation), nn.ReLU(),
            nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(),
        )  # fmt: skip

    def forward(self, cells: Tensor) -> Tensor:
        """Return (photos, 1, rows, columns)."""
        cells = self.first(cells)
        for block in self.blocks:
            cells = cells + block(cells)
        out: Tensor = self.logit(cells)
        return out


class TraceNet(nn.Module):
    """Both halves, with the photo's statistics between them."""

    def __init__(self, channels: int = CHANNELS, *, compression: bool = True) -> None:
        super().__init__()
        self.streams = Streams(channels, compression=compression)
        self.context = Context(channels)
        self.photo = nn.Linear(3, 1)

    def forward(self, pixels: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the cells' logits (photos, rows, columns) and the photos' (photos,)."""
        cells = self.streams(pixels, features.float()).float()
        logits = self.context(torch.cat([cells, relative(cells)], 1))[:, 0].float()
        return logits, self.photo(strongest(logits))[:, 0]


def relative(cells: Tensor) -> Tensor:
    """Return the cells against the photo's own mean and spread."""
    mean = cells.mean((2, 3), keepdim=True)
    spread = ((cells - mean) ** 2).mean((2, 3), keepdim=True).sqrt() + SPREAD_FLOOR
    out: Tensor = (cells - mean) / spread
    return out


def strongest(logits: Tensor) -> Tensor:
    """Return (photos, 3): means of the strongest cells, and the median."""
    ordered = logits.flatten(1).sort(1, descending=True)[0]
    count = ordered.shape[1]
    tops = [ordered[:, : max(4 * (i + 1), count // share)].mean(1) for i, share in enumerate(SHARES)]
    return torch.stack([*tops, ordered[:, count // 2]], 1)


def losses(net: TraceNet, batch: dict[str, Any]) -> Tensor:
    """Return the loss of a batch: cells (weighted, overlap) and photos; partly altered cells do not count."""
    logits, photos = net(batch["pixels"], batch["features"])
    share = batch["altered"]
    altered = (share > 0.5).float()
    counts = ((share < 0.1) | (share > 0.6)).float()
    weight = counts * (1 + 4 * altered)
    loss = functional.binary_cross_entropy_with_logits(logits, altered, reduction="none")
    total = (loss * weight).sum() / weight.sum()
    chance, altered = torch.sigmoid(logits) * counts, altered * counts
    overlap = 1 - (2 * (chance * altered).sum((1, 2)) + 1) / (chance.sum((1, 2)) + altered.sum((1, 2)) + 1)
    any_altered = (altered.sum((1, 2)) > 0).float()
    total = total + 0.3 * (overlap * any_altered).mean()
    out: Tensor = total + 0.3 * functional.binary_cross_entropy_with_logits(photos, any_altered)
    return out
