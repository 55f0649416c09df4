"""The network whose features several detectors read: EfficientNet-lite0, cut off before its pooling."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fakeproof.artefact import shipped

if TYPE_CHECKING:
    from fakeproof.types import RGB8

__all__ = ["SMALL_SIDE", "STRIDE", "features", "resized", "squared"]

SMALL_SIDE = 224
"""Square, px, on which a picture is seen: what the network was trained on."""
STRIDE = 32
"""Pixels a feature cell."""
MEAN, SPREAD = 127.0, 128.0
"""Pixel normalisation of the published weights."""

_local = threading.local()


def _network() -> Any:
    """Return this thread's network: cv2's nets keep state between setInput and forward."""
    import cv2
    import numpy as np

    if not hasattr(_local, "net"):
        data = shipped("product.embedding").beside("embedding.onnx")
        _local.net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    return _local.net


def features(*pictures: Any) -> Any:
    """Features of RGB pictures of one size, shape (pictures, rows, columns, 1280).

    References
    ----------
    Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019,
    doi:10.48550/arXiv.1905.11946.
    """
    import numpy as np

    net = _network()
    pixels = (np.stack(pictures).astype(np.float32) - MEAN) / SPREAD
    net.setInput(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return net.forward().transpose(0, 2, 3, 1)


def resized(rgb: RGB8, size: tuple[int, int]) -> Any:
    """Bring a picture to (width, height), averaging where it shrinks."""
    import cv2

    shrinks = size[0] < rgb.shape[1] or size[1] < rgb.shape[0]
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def squared(rgb: Any) -> Any:
    """Pad the whole picture to a small square."""
    import numpy as np

    height, width = rgb.shape[:2]
    scale = SMALL_SIDE / max(height, width)
    inner = resized(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))
    square = np.full((SMALL_SIDE, SMALL_SIDE, 3), round(MEAN), np.uint8)
    top, left = (SMALL_SIDE - inner.shape[0]) // 2, (SMALL_SIDE - inner.shape[1]) // 2
    square[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return square
