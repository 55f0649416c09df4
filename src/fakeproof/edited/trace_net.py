"""The trace net: what it is given of a photo, and its two halves run over parts of any photo.

Between the halves each cell's vector is set against the mean and the spread of the whole photo's, so that a cell is
judged by the photo that it is in, however the photo is cut up.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fakeproof.artefact import shipped

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = [
    "CELL",
    "LOW",
    "PART",
    "Seen",
    "cell_logits",
    "coefficient_features",
    "high_pass",
    "quantised",
    "seen",
    "zigzag",
]

Plane = npt.NDArray[np.float32]

PART = "edited.consistency"
CELL = 8
LOW = 28
"""Frequencies, in zigzag order, whose values count; of the others only whether they are 0."""
TILE = 64
"""Cells a side of the parts in which pixels are read."""
RIM = 2
"""Cells around a part that the first half sees beside it."""
STRIP = 96
"""Rows of cells that the second half judges at once."""
REACH = 32
"""Cells that the second half sees to each side: the sum of its dilations."""
SPREAD_FLOOR = 0.1
"""Added to the spread, as in training."""
LARGEST = 127
"""Quantised coefficients are clipped here."""
PLANES = np.array([[0.299, 0.587, 0.114], [-0.299, -0.587, 0.886], [0.701, -0.587, -0.114]], np.float32)
"""From RGB to luma, blue minus luma, red minus luma."""

_local = threading.local()


@dataclass(frozen=True)
class Seen:
    """A photo as its file stores it: pixels (rows, columns, 3) RGB and the luma's DCT in steps of the file's table.

    `dct` is int8 (rows, columns of cells, 64), or None where no JPEG says which steps.
    """

    rgb: npt.NDArray[np.uint8]
    dct: npt.NDArray[np.int8] | None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of whole cells."""
        return self.rgb.shape[0] // CELL, self.rgb.shape[1] // CELL


def seen(photo: Photo) -> Seen:
    """Return a photo in stored orientation, where its JPEG grid starts at the corner."""
    jpeg = photo.jpeg
    if jpeg is None:
        return Seen(photo.rgb, None)
    rgb = np.ascontiguousarray(_stored(photo.rgb, jpeg.orientation))  # the photo's own pixels where it is upright
    if jpeg.colour not in ("grey", "ycc") or not jpeg.quantization:
        return Seen(rgb, None)
    return Seen(rgb, quantised(jpeg.luma_plane(), jpeg.quantization[0]))


def _stored(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn displayed pixels back as they are stored; 6 and 8 undo each other, the others themselves."""
    from fakeproof.jpeg.file import upright

    return upright(array, {6: 8, 8: 6}.get(orientation, orientation))


@lru_cache(maxsize=1)
def _basis() -> Plane:
    """Return the 64 x 64 matrix that takes a block's pixels to its DCT."""
    n = np.arange(CELL)
    basis = np.cos((2 * n[None] + 1) * n[:, None] * np.pi / 16) * np.where(n[:, None] == 0, np.sqrt(1 / 8), 0.5)
    return np.kron(basis, basis).astype(np.float32)


def quantised(luma: npt.NDArray[np.uint8], table: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Return a luma plane's DCT in steps of its file's table, int8 (rows, columns of whole blocks, 64), clipped.

    Only ratios to the table's steps are kept: which table it was, and so which program saved the file, is not seen.
    """
    rows, columns = luma.shape[0] // CELL, luma.shape[1] // CELL
    out = np.empty((rows, columns, 64), np.int8)
    steps = np.maximum(table.reshape(1, 64).astype(np.float32), 1)
    for row in range(0, rows, TILE):
        strip = luma[row * CELL : (row + TILE) * CELL, : columns * CELL]
        strip = strip[: len(strip) // CELL * CELL]
        blocks = strip.reshape(-1, CELL, columns, CELL).swapaxes(1, 2).reshape(-1, 64).astype(np.float32) - 128
        ratio = np.rint((blocks @ _basis().T) / steps)
        out[row : row + TILE] = np.clip(ratio, -LARGEST, LARGEST).reshape(-1, columns, 64)
    return out


def zigzag() -> list[int]:
    """Return the 64 frequencies, row by row, in zigzag order (ITU-T T.81, figure 5)."""
    return sorted(range(64), key=lambda i: (i // 8 + i % 8, (i % 8, i // 8)[(i // 8 + i % 8) % 2]))


@lru_cache(maxsize=1)
def _values() -> Plane:
    """Return what each coefficient size 0-127 is turned into: is 1, is 2, even, divisible by three, how large."""
    size = np.arange(LARGEST + 1, dtype=np.float32)
    views = [size == 1, size == 2, np.cos(np.pi * size), np.cos(2 * np.pi / 3 * size), np.tanh(size / 4)]
    return np.stack(views).astype(np.float32)


def coefficient_features(dct: npt.NDArray[np.int8]) -> Plane:
    """Return the net's view of coefficients (rows, columns, 64): float32 (204, rows, columns)."""
    size = np.abs(dct).transpose(2, 0, 1)
    few = size[zigzag()[:LOW]]
    out = np.empty((64 + 5 * LOW, *dct.shape[:2]), np.float32)
    out[:64] = size == 0
    for k, values in enumerate(_values()):
        np.take(values, few, out=out[64 + k * LOW : 64 + (k + 1) * LOW])
    return out


def high_pass(rgb: npt.NDArray[np.uint8]) -> Plane:
    """Return (3, rows, columns): luma and two colour differences without their 5 x 5 mean, strong edges compressed."""
    import cv2

    planes = cv2.transform(rgb.astype(np.float32), PLANES)
    rest = np.asarray(planes - cv2.blur(planes, (5, 5), borderType=cv2.BORDER_REFLECT_101), np.float32)
    rest /= 2 + np.abs(rest) / 4
    return np.ascontiguousarray(rest.transpose(2, 0, 1))


def cell_logits(view: Seen) -> Plane:
    """Return the log odds of each whole cell, (rows, columns), as stored."""
    cells = _cells(view)
    mean = np.array([one.mean(dtype=np.float64) for one in cells])
    spread = np.array([one.std(dtype=np.float64) for one in cells]) + SPREAD_FLOOR
    centre, scale = (v.astype(np.float32)[:, None, None] for v in (mean, 1 / spread))
    rows = view.shape[0]
    out = np.empty(view.shape, np.float32)
    for row in range(0, rows, STRIP):
        top, bottom = max(0, row - REACH), min(rows, row + STRIP + REACH)
        part = cells[:, top:bottom]
        judged = _forward("context", cells=np.concatenate([part, (part - centre) * scale])[None])[0, 0]
        out[row : row + STRIP] = judged[row - top : row - top + STRIP]
    return out


def _cells(view: Seen) -> Plane:
    """Return the first half's vectors, (channels, rows, columns)."""
    (rows, columns), out = view.shape, None
    for row in range(0, rows, TILE):
        for column in range(0, columns, TILE):
            top, bottom = max(0, row - RIM), min(rows, row + TILE + RIM)
            left, right = max(0, column - RIM), min(columns, column + TILE + RIM)
            part = _vectors(view, (top, bottom), (left, right))
            if out is None:
                out = np.empty((len(part), rows, columns), np.float32)
            inside = part[:, row - top : row - top + TILE, column - left : column - left + TILE]
            out[:, row : row + TILE, column : column + TILE] = inside
    assert out is not None
    return out


def _vectors(view: Seen, rows: tuple[int, int], columns: tuple[int, int]) -> Plane:
    """Run the first half over a part; the pixels' mean looks two pixels further where the photo goes on."""
    (top, bottom), (left, right) = ((CELL * a, CELL * b) for a, b in (rows, columns))
    up, before = min(top, CELL), min(left, CELL)
    pixels = high_pass(view.rgb[top - up : bottom + CELL, left - before : right + CELL])
    pixels = pixels[:, up : up + bottom - top, before : before + right - left]
    if view.dct is None:
        features = np.zeros((64 + 5 * LOW, rows[1] - rows[0], columns[1] - columns[0]), np.float32)
    else:
        features = coefficient_features(view.dct[rows[0] : rows[1], columns[0] : columns[1]])
    found = _forward("streams", pixels=np.ascontiguousarray(pixels)[None], features=features[None])
    return np.asarray(found[0], np.float32)


def _forward(half: str, **inputs: Plane) -> Any:
    """Run one half; each thread has its own, because cv2's nets keep state between setInput and forward."""
    net = _networks()[half]
    for name, values in inputs.items():
        net.setInput(np.ascontiguousarray(values), name)
    return net.forward()


def _networks() -> dict[str, Any]:
    import cv2

    if not hasattr(_local, "nets"):
        part = shipped(PART)
        files = {half: part.beside(f"consistency_{half}.onnx") for half in ("streams", "context")}
        _local.nets = {half: cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8)) for half, data in files.items()}
    return _local.nets  # type: ignore[no-any-return]
