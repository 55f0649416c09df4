"""What a photo looks like, as vectors: features of EfficientNet-lite0 over several views of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeproof.backbone import STRIDE, features, resized, squared
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.geometry.foreground import Foreground
    from fakeproof.types import RGB8

__all__ = ["DIGEST", "VIEWS", "embed"]

DIGEST = "ca594ec082366ae843f28e1100a0524b3f4936968c1e18cfa944f97ac44ca823"
"""SHA-256 of embedding.onnx, as benchmarks/training/embedding.py writes it."""
LARGE_SIDE = 320
"""Longer side, px, of the finer pass; 384 and 448 gained nothing measurable (benchmarks product)."""
MIDDLE = 0.72
"""Side of the middle crop."""
VIEWS = ("whole", "fine", "product", "middle", "close")
"""What each row of an embedding shows."""


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
    cells = features(resized(rgb, (fine[0], fine[1])))[0]
    # both in one pass: a fifth faster than one by one
    whole, close = features(squared(rgb), squared(_close(rgb, foreground))).mean(axis=(1, 2))
    weight = foreground.resized(cells.shape[0], cells.shape[1])[..., None]
    views = [whole, cells.mean(axis=(0, 1)), (cells * weight).sum(axis=(0, 1)), _middle(cells), close]
    out = np.stack(views).astype(np.float32)
    return frozen_array(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9))
