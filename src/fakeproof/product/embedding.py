"""What a photo looks like, as vectors: features of EfficientNet-lite0 over several views of the picture."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fakeproof.artefact import shipped
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.foreground import Foreground
    from fakeproof.types import RGB8

__all__ = ["DIGEST", "VIEWS", "embed"]

DIGEST = "ca594ec082366ae843f28e1100a0524b3f4936968c1e18cfa944f97ac44ca823"
"""SHA-256 of embedding.onnx, as benchmarks/training/embedding.py writes it."""
SMALL_SIDE = 224
"""Square, px, on which the whole picture is seen: what the network was trained on."""
LARGE_SIDE = 320
"""Longer side, px, of the finer pass; 384 and 448 gained nothing measurable (benchmarks product)."""
STRIDE = 32
"""Pixels a feature cell."""
MEAN, SPREAD = 127.0, 128.0
"""Pixel normalisation of the published weights."""
MIDDLE = 0.72
"""Side of the middle crop."""
VIEWS = ("whole", "fine", "product", "middle", "close")
"""What each row of an embedding shows."""

_local = threading.local()


def _network() -> Any:
    """Return this thread's network: cv2's nets keep state between setInput and forward."""
    import cv2
    import numpy as np

    if not hasattr(_local, "net"):
        data = shipped("product.embedding").beside("embedding.onnx")
        _local.net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    return _local.net


def _forward(*pictures: Any) -> Any:
    """Features of RGB pictures of one size, shape (pictures, rows, columns, 1280)."""
    import numpy as np

    net = _network()
    pixels = (np.stack(pictures).astype(np.float32) - MEAN) / SPREAD
    net.setInput(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return net.forward().transpose(0, 2, 3, 1)


def _resize(rgb: RGB8, size: tuple[int, int]) -> Any:
    import cv2

    shrinks = size[0] < rgb.shape[1] or size[1] < rgb.shape[0]
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _squared(rgb: Any) -> Any:
    """Pad the whole picture to a small square."""
    import numpy as np

    height, width = rgb.shape[:2]
    scale = SMALL_SIDE / max(height, width)
    inner = _resize(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))
    square = np.full((SMALL_SIDE, SMALL_SIDE, 3), round(MEAN), np.uint8)
    top, left = (SMALL_SIDE - inner.shape[0]) // 2, (SMALL_SIDE - inner.shape[1]) // 2
    square[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return square


def _middle(cells: Any) -> Any:
    rows, columns = cells.shape[:2]
    height, width = max(1, round(MIDDLE * rows)), max(1, round(MIDDLE * columns))
    y, x = round((rows - height) / 2), round((columns - width) / 2)
    return cells[y : y + height, x : x + width].mean(axis=(0, 1))


def _close(rgb: RGB8, foreground: Foreground) -> Any:
    """Cut out the product's place, at least 8 px a side."""
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = foreground.box
    top, left = min(int(y0 * height), height - 8), min(int(x0 * width), width - 8)
    return rgb[top : max(top + 8, int(y1 * height)), left : max(left + 8, int(x1 * width))]


def embed(rgb: RGB8, foreground: Foreground) -> npt.NDArray[np.float32]:
    """Return one unit vector a view.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (rows, columns, 3)
        Displayed pixels.
    foreground : Foreground
        Where the product lies: the view called ``product`` is weighted by it.

    Returns
    -------
    ndarray, shape (5, 1280), float32
        Rows in the order of :data:`VIEWS`: the whole picture; a finer pass, its part weighted by the foreground and its
        middle; the product's place cut out and seen like a whole picture.

    References
    ----------
    Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019,
    doi:10.48550/arXiv.1905.11946. Pooling windows of one feature map: Tolias, Sicre and Jegou, "Particular object
    retrieval with integral max-pooling of CNN activations", ICLR 2016, doi:10.48550/arXiv.1511.05879.
    """
    import numpy as np

    height, width = rgb.shape[:2]
    scale = LARGE_SIDE / max(height, width)
    fine = tuple(max(2, round(v * scale / STRIDE)) * STRIDE for v in (width, height))
    cells = _forward(_resize(rgb, (fine[0], fine[1])))[0]
    # both in one pass: a fifth faster than one by one
    whole, close = _forward(_squared(rgb), _squared(_close(rgb, foreground))).mean(axis=(1, 2))
    weight = foreground.resized(cells.shape[0], cells.shape[1])[..., None]
    views = [whole, cells.mean(axis=(0, 1)), (cells * weight).sum(axis=(0, 1)), _middle(cells), close]
    out = np.stack(views).astype(np.float32)
    return frozen_array(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9))
