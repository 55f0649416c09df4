"""Write the two halves of a trained trace net as ONNX, batch norms folded, byte for byte the same each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.training.embedding import OPSET, attribute, chunk, described, number, tensor

DILATIONS = (1, 2, 4, 8, 16, 1)
"""Of the second half's blocks."""
EPSILON = 1e-5
"""Of torch's batch norms."""

Weights = Mapping[str, Any]


class Half:
    """Collects one half's nodes and weights in the order in which they run."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[bytes] = []
        self.stored: list[bytes] = []

    def node(self, kind: str, inputs: list[str], output: str, *attributes: bytes) -> str:
        """Append an operation and return its output's name."""
        body = b"".join(chunk(1, name) for name in inputs) + chunk(2, output) + chunk(3, output) + chunk(4, kind)
        self.nodes.append(chunk(1, body + b"".join(attributes)))
        return output

    def conv(self, x: str, name: str, norm: str = "", *, stride: int = 1, dilation: int = 1) -> str:
        """Append a convolution with its batch norm folded in."""
        weight = np.asarray(self.weights[f"{name}.weight"], np.float64)
        bias = np.asarray(self.weights.get(f"{name}.bias", np.zeros(len(weight))), np.float64)
        if norm:
            gain = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"] + EPSILON)
            weight = weight * gain[:, None, None, None]
            bias = (bias - self.weights[f"{norm}.running_mean"]) * gain + self.weights[f"{norm}.bias"]
        side = weight.shape[-1]
        pad = dilation * (side // 2)
        self.stored += [tensor(name + "_w", weight.astype("<f4")), tensor(name + "_b", bias.astype("<f4"))]
        return self.node(
            "Conv",
            [x, name + "_w", name + "_b"],
            name + "_y",
            attribute("dilations", [dilation, dilation]),
            attribute("group", len(weight) if weight.shape[1] == 1 and side > 1 else 1),
            attribute("kernel_shape", [side, side]),
            attribute("pads", [pad] * 4),
            attribute("strides", [stride, stride]),
        )

    def relu(self, x: str) -> str:
        """Append a rectifier."""
        return self.node("Relu", [x], x + "_r")

    def file(self, name: str, inputs: Mapping[str, tuple[int | str, ...]], output: str, channels: int) -> bytes:
        """Return the ONNX file's bytes."""
        body = b"".join(self.nodes) + chunk(2, name) + b"".join(self.stored)
        body += b"".join(described(11, key, shape) for key, shape in inputs.items())
        body += described(12, output, [1, channels, "rows", "columns"])
        return number(1, 8) + chunk(2, "fakeproof") + chunk(7, body) + chunk(8, number(2, OPSET))


def streams(weights: Weights) -> bytes:
    """Return the first half: pixels and features to a vector a cell."""
    half = Half(weights)
    seen = "pixels"
    for index in (0, 3, 6):
        name = f"streams.pixels.{index}"
        seen = half.relu(half.conv(seen, name, f"streams.pixels.{index + 1}", stride=2))
    said = half.relu(half.conv("features", "streams.coefficients.0", "streams.coefficients.1"))
    said = half.relu(half.conv(said, "streams.coefficients.3"))
    said = half.relu(half.conv(said, "streams.coefficients.5", "streams.coefficients.6"))
    both = half.node("Concat", [seen, said], "both", attribute("axis", 1))
    out = half.conv(both, "streams.joined")
    count = len(weights["streams.joined.weight"])
    features = weights["streams.coefficients.0.weight"].shape[1]
    shapes: dict[str, tuple[int | str, ...]] = {
        "pixels": (1, 3, "height", "width"),
        "features": (1, features, "rows", "columns"),
    }
    return half.file("streams", shapes, out, count)


def context(weights: Weights) -> bytes:
    """Return the second half: plain and relative vectors to a logit a cell."""
    half = Half(weights)
    cells = _block(half, "cells", "context.first", 1)
    for index, dilation in enumerate(DILATIONS[1:]):
        after = _block(half, cells, f"context.blocks.{index}", dilation)
        cells = half.node("Add", [cells, after], f"sum{index}")
    out = half.conv(cells, "context.logit")
    channels = len(weights["context.first.0.weight"])
    return half.file("context", {"cells": (1, channels, "rows", "columns")}, out, 1)


def _block(half: Half, x: str, name: str, dilation: int) -> str:
    spread = half.relu(half.conv(x, f"{name}.0", dilation=dilation))
    return half.relu(half.conv(spread, f"{name}.2", f"{name}.3"))
