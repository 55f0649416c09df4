"""How a picture is saved and sent: by phone apps and editors, WeChat, WhatsApp, older chats, as PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.material.traces.shapes import BGR, Generator

SAMPLINGS = {
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}
WECHAT_QUALITIES = (52, 60, 64, 75, 76)
"""IJG qualities of WeChat's default way, as measured on real files."""
# fmt: off
WHATSAPP_TABLE = (
    6, 6, 6, 7, 10, 15, 22, 34, 6, 7, 8, 11, 14, 16, 21, 30, 6, 8, 10, 12, 17, 25, 36, 54, 7, 11, 12, 16, 21, 30, 42, 62,
    10, 14, 17, 21, 28, 38, 52, 76, 15, 16, 25, 30, 38, 50, 68, 95, 22, 21, 36, 42, 52, 68, 90, 124, 34, 30, 54, 62, 76,
    95, 124, 167,
)
"""WhatsApp's commonest table, row by row; one for luma and chroma alike."""
WHATSAPP_STRONG_TABLE = (
    8, 8, 8, 9, 13, 19, 28, 43, 8, 9, 10, 14, 17, 20, 27, 38, 8, 10, 12, 16, 22, 31, 46, 68, 9, 14, 16, 20, 27, 37, 53,
    78, 13, 17, 22, 27, 35, 47, 66, 95, 19, 20, 31, 37, 47, 62, 85, 119, 28, 27, 46, 53, 66, 85, 113, 156, 43, 38, 68,
    78, 95, 119, 156, 209,
)
# fmt: on
WHATSAPP_SHARES = (0.6, 0.08, 0.24, 0.08)
"""How often: the table, the strong one, IJG 80, IJG 75 (752 real files)."""

CHAINS = {"app": 0.34, "wechat": 0.22, "wechat_large": 0.08, "whatsapp": 0.17, "chat": 0.08, "old": 0.06, "png": 0.05}
"""Share of the samples that each chain gets."""
EARLY_CHAINS = {
    "app": 0.68,
    "wechat": 0.06,
    "wechat_large": 0.1,
    "whatsapp": 0.05,
    "chat": 0.03,
    "old": 0.06,
    "png": 0.02,
}
"""The same while the net begins to learn: traces show best before strong compression."""


@dataclass(frozen=True)
class Saved:
    """A file as it is read again: pixels, luma, and the luma table's steps (8, 8), or None where there is no JPEG."""

    pixels: BGR
    luma: npt.NDArray[np.uint8]
    table: npt.NDArray[np.float32] | None


def scale_of(chain: str, rng: Generator) -> float:
    """Return by how much the chain reduces the picture."""
    if chain in ("app", "png", "old"):
        return 1.0 if rng.random() < 0.8 else float(rng.uniform(0.7, 1.0))
    if chain == "wechat_large":
        return 1.0 if rng.random() < 0.5 else float(rng.uniform(0.7, 1.0))
    return 1.0 if rng.random() < 0.3 else float(rng.uniform(0.58, 1.0))


def jpeg(picture: BGR, quality: int, sampling: str = "4:2:0") -> BGR:
    """Save as JPEG and read again."""
    return cv2.imdecode(_encode(picture, quality, sampling), cv2.IMREAD_COLOR)


def deliver(picture: BGR, chain: str, scale: float, rng: Generator) -> Saved:
    """Reduce and save as the chain does."""
    if scale != 1.0:
        way = int(rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA]))
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
    if chain == "png":
        return Saved(picture, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), None)
    return read(_file(picture, chain, rng))


def read(data: npt.NDArray[np.uint8]) -> Saved:
    """Read a JPEG file's pixels, luma and luma table."""
    with Image.open(io.BytesIO(data.tobytes())) as opened:
        table = np.array(opened.quantization[0], np.float32).reshape(8, 8)  # type: ignore[attr-defined]
    return Saved(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), table)


def _file(picture: BGR, chain: str, rng: Generator) -> npt.NDArray[np.uint8]:
    if chain == "whatsapp":
        return _whatsapp(picture, rng)
    if chain == "wechat":
        return _encode(picture, int(rng.choice(WECHAT_QUALITIES)), "4:2:0")
    if chain == "wechat_large":
        return _encode(picture, int(rng.integers(88, 101)), "4:2:0")
    if chain == "chat":
        return _encode(picture, int(rng.integers(70, 86)), "4:2:0")
    quality = int(rng.integers(72, 96)) if chain == "old" else int(rng.integers(82, 100))
    return _encode(picture, quality, str(rng.choice(["4:2:0", "4:2:0", "4:2:0", "4:2:2", "4:4:4"])))


def _whatsapp(picture: BGR, rng: Generator) -> npt.NDArray[np.uint8]:
    way = int(rng.choice(4, p=WHATSAPP_SHARES))
    if way >= 2:
        return _encode(picture, (80, 75)[way - 2], "4:2:0")
    table = list((WHATSAPP_TABLE, WHATSAPP_STRONG_TABLE)[way])
    out, options = io.BytesIO(), {"qtables": [table, table], "subsampling": 2}
    Image.fromarray(picture[..., ::-1]).save(out, "JPEG", **options)  # type: ignore[arg-type]
    return np.frombuffer(out.getvalue(), np.uint8)


def _encode(picture: BGR, quality: int, sampling: str) -> npt.NDArray[Any]:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling]]
    return cv2.imencode(".jpg", picture, options)[1].ravel()
