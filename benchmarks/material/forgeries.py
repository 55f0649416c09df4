"""Realistic forgeries made from untouched photos, with the mask of what was altered; seeded, so repeatable.

A forger opens a JPEG, alters a place, saves the whole. :func:`forge` does that; :func:`untouched` does the same
with nothing altered, because "was saved twice" must never be learned as "was altered".
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, ImageOps

from benchmarks.material.chains import apply_chain

RGB = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Generator = np.random.Generator

KINDS = ("clone", "splice", "text", "stain", "erase", "blur", "recolour", "resave")
FIRST_QUALITY = (60, 97)
LAST_QUALITY = (70, 98)
AREA_SHARE = (0.003, 0.08)
LONG_SIDES = (720, 1080, 1280, 1440, 1920)


@dataclass(frozen=True)
class Forgery:
    """A photo's bytes and what was done to it; `mask` (displayed pixels) is empty for an untouched one."""

    data: bytes
    mask: Mask
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def forge(
    host: bytes,
    *,
    kind: str,
    seed: int,
    donor: bytes | None = None,
    chain: str = "asis",
    sizes: Sequence[int] | None = LONG_SIDES,
) -> Forgery:
    """Alter one place of a photo and save it again.

    Parameters
    ----------
    host : bytes
        The untouched photo's file.
    kind : str
        One of :data:`KINDS`, or ``"none"`` for :func:`untouched`.
    seed : int
        Same seed, same bytes.
    donor : bytes, optional
        Where a splice takes its piece from; without it the piece comes from the host, mirrored.
    chain : str
        Delivery chain afterwards, see :mod:`benchmarks.material.chains`.
    sizes : sequence of int or None
        Long sides in pixels to which larger hosts are first reduced (and saved, as a phone or chat app does);
        None keeps the host's own pixels and its own first compression.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, sum(map(ord, kind))]))
    rgb, first = _host_pixels(host, rng, sizes)
    if kind == "none":
        altered, mask = rgb, np.zeros(rgb.shape[:2], bool)
    else:
        other = _decode(donor) if donor is not None else rgb[:, ::-1]
        altered, mask = _ALTER[kind](rgb, other, rng)
    data, last = _save(altered, rng)
    delivered = apply_chain(data, chain, seed=seed)
    facts = {"first": first, "last": last, "chain": chain, "seed": seed, "share": float(mask.mean())}
    return Forgery(delivered.data, delivered.mask(mask), kind, MappingProxyType(facts))


def untouched(host: bytes, *, seed: int, chain: str = "asis", sizes: Sequence[int] | None = LONG_SIDES) -> Forgery:
    """Save a photo as a forger would, with nothing altered."""
    return forge(host, kind="none", seed=seed, chain=chain, sizes=sizes)


def series(
    hosts: Sequence[bytes],
    *,
    per_host: int = 1,
    kinds: Sequence[str] = KINDS,
    chain: str = "asis",
    seed: int = 0,
    sizes: Sequence[int] | None = LONG_SIDES,
) -> Iterator[tuple[int, Forgery]]:
    """Yield (index of the host, forgery or untouched twin): each host `per_host` times, both ways.

    Kinds rotate so that every kind comes about equally often; donors are the other hosts.
    """
    for i, host in enumerate(hosts):
        for k in range(per_host):
            number = seed + i * per_host + k
            donor = hosts[(i + 1 + k) % len(hosts)]
            kind = kinds[number % len(kinds)]
            yield i, forge(host, kind=kind, seed=number, donor=donor, chain=chain, sizes=sizes)
            yield i, untouched(host, seed=number, chain=chain, sizes=sizes)


def _decode(data: bytes) -> RGB:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def _encode(rgb: RGB, quality: int, sampling: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, subsampling=sampling)
    return out.getvalue()


def _host_pixels(host: bytes, rng: Generator, sizes: Sequence[int] | None) -> tuple[RGB, int | None]:
    rgb = _decode(host)
    side, quality = int(rng.choice(sizes or [0])), int(rng.integers(*FIRST_QUALITY))
    if not side or max(rgb.shape[:2]) <= side:
        return rgb, None
    scale = side / max(rgb.shape[:2])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _decode(_encode(small, quality, 2)), quality


def _save(rgb: RGB, rng: Generator) -> tuple[bytes, int]:
    quality, sampling = int(rng.integers(*LAST_QUALITY)), int(rng.choice([0, 2, 2]))
    if rng.random() < 0.08:
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "PNG", compress_level=1)
        return out.getvalue(), 100
    return _encode(rgb, quality, sampling), quality


def _blob(shape: tuple[int, ...], rng: Generator) -> tuple[Mask, tuple[int, int]]:
    """Return a smooth closed shape of 0.3-8 % of the photo, and its centre (x, y)."""
    height, width = shape[:2]
    share = np.exp(rng.uniform(*np.log(AREA_SHARE)))
    radius = max(10.0, np.sqrt(share * height * width / np.pi))
    radius = min(radius, 0.3 * min(height, width))
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    wave = sum(rng.uniform(0, 0.35 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(1, 6))
    stretch = rng.uniform(0.6, 1.5)
    reach = 1.35 * radius * max(stretch, 1 / stretch) + 2
    cx = int(rng.uniform(min(reach, width / 2), max(width - reach, width / 2)))
    cy = int(rng.uniform(min(reach, height / 2), max(height - reach, height / 2)))
    points = np.stack(
        [
            cx + radius * (1 + wave) * np.cos(angle) * stretch,
            cy + radius * (1 + wave) * np.sin(angle) / stretch,
        ],
        axis=1,
    )
    canvas = np.zeros((height, width), np.uint8)
    if rng.random() < 0.2:  # a rectangle, as sloppy work and screenshots paste
        canvas[max(0, int(cy - radius)) : int(cy + radius), max(0, int(cx - radius)) : int(cx + radius)] = 1
    else:
        cv2.fillPoly(canvas, [points.astype(np.int32)], 1)
    return canvas.astype(bool), (cx, cy)


def _blend(rgb: RGB, piece: npt.NDArray[Any], mask: Mask, rng: Generator) -> RGB:
    soft = float(rng.choice([0.0, 0.7, 1.5]))
    alpha = mask.astype(np.float32)
    if soft:
        alpha = cv2.GaussianBlur(alpha, (0, 0), soft)
    out = rgb + alpha[..., None] * (piece.astype(np.float32) - rgb)
    return np.clip(out.round(), 0, 255).astype(np.uint8)


def _moved(other: RGB, shape: tuple[int, ...], centre: tuple[int, int], rng: Generator) -> RGB:
    """Return `other` turned, scaled and shifted so that a random place of it lies at `centre`."""
    height, width = shape[:2]
    scale = 1.0 if rng.random() < 0.35 else float(np.exp(rng.uniform(np.log(0.7), np.log(1.4))))
    angle = 0.0 if rng.random() < 0.5 else float(rng.uniform(-25, 25))
    if other.shape[:2] != shape[:2]:
        fit = max(height / other.shape[0], width / other.shape[1])
        scale *= fit if rng.random() < 0.6 else max(1.0, fit)
    px = rng.uniform(0.3, 0.7) * other.shape[1]
    py = rng.uniform(0.3, 0.7) * other.shape[0]
    warp = cv2.getRotationMatrix2D((px, py), angle, scale)
    shift = np.array(centre) - (px, py)
    warp[:, 2] += np.round(shift) if scale == 1.0 and not angle else shift
    return cv2.warpAffine(other, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _clone(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    mask, (cx, cy) = _blob(rgb.shape, rng)
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    half_w, half_h = np.ptp(columns) // 2 + 2, np.ptp(rows) // 2 + 2
    for _ in range(50):  # the source should not overlap the copy
        sx = int(rng.integers(half_w, max(half_w + 1, width - half_w)))
        sy = int(rng.integers(half_h, max(half_h + 1, height - half_h)))
        if abs(sx - cx) > 2 * half_w or abs(sy - cy) > 2 * half_h:
            break
    turned = rng.random() < 0.4
    angle = float(rng.uniform(-20, 20)) if turned else 0.0
    scale = float(rng.uniform(0.8, 1.25)) if turned else 1.0
    warp = cv2.getRotationMatrix2D((float(sx), float(sy)), angle, scale)
    warp[:, 2] += (cx - sx, cy - sy)
    piece = cv2.warpAffine(rgb, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return _blend(rgb, piece, mask, rng), mask


def _splice(rgb: RGB, other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    mask, centre = _blob(rgb.shape, rng)
    piece = _moved(other, rgb.shape, centre, rng).astype(np.float32)
    if rng.random() < 0.6:  # a careful forger matches the light
        gap = rgb[mask].mean(axis=0) - piece[mask].mean(axis=0)
        piece = np.clip(piece + rng.uniform(0.3, 0.8) * gap, 0, 255)
    return _blend(rgb, piece, mask, rng), mask


def _text(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    height, width = rgb.shape[:2]
    words = str(rng.choice(["2026.05.14", "EXP 03/2025", "BATCH A7719", "12:47", "4.99", "No. 580231"]))
    size = int(np.clip(rng.uniform(0.03, 0.09) * max(height, width), 14, 160))
    layer = Image.new("L", (width, height), 0)
    font = ImageFont.load_default(size)
    box = ImageDraw.Draw(layer).textbbox((0, 0), words, font=font)
    x = int(rng.integers(2, max(3, width - box[2] - 2)))
    y = int(rng.integers(2, max(3, height - box[3] - 2)))
    ImageDraw.Draw(layer).text((x, y), words, fill=255, font=font)
    alpha = np.asarray(layer).astype(np.float32) / 255 * rng.uniform(0.8, 1.0)
    ink = np.array([[20, 20, 25], [235, 235, 230], [170, 25, 30]][int(rng.integers(3))], np.float32)
    out = rgb + alpha[..., None] * (ink - rgb)
    mask = cv2.dilate((alpha > 0.1).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    return np.clip(out.round(), 0, 255).astype(np.uint8), mask


def _stain(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    """Paint damage: a stain, mould spots or a crack."""
    mask, (cx, cy) = _blob(rgb.shape, rng)
    height, width = mask.shape
    style = int(rng.integers(3))
    if style == 0:
        cloud = cv2.resize(
            rng.random((max(2, height // 24), max(2, width // 24))).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 4) * (0.35 + 0.5 * cloud)
    else:
        canvas = np.zeros((height, width), np.uint8)
        reach = 0.9 * np.sqrt(mask.sum() / np.pi)
        if style == 1:
            for _ in range(int(rng.integers(15, 60))):
                x, y = rng.normal((cx, cy), reach / 2)
                cv2.circle(canvas, (int(x), int(y)), max(1, int(rng.uniform(0.01, 0.12) * reach)), 255, -1)
        else:
            point = np.array([cx - reach, cy + rng.uniform(-0.5, 0.5) * reach])
            for _ in range(24):
                after = point + np.array([reach / 10, rng.normal(0, reach / 12)])
                cv2.line(canvas, tuple(map(int, point)), tuple(map(int, after)), 255, int(rng.integers(1, 4)))
                point = after
        alpha = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), 0.9) * rng.uniform(0.7, 1.0)
    ink = np.array([[70, 45, 20], [35, 38, 30], [15, 14, 14]][style], np.float32)
    out = rgb + np.clip(alpha, 0, 1)[..., None] * (ink - rgb)
    touched = cv2.morphologyEx((alpha > 0.08).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return np.clip(out.round(), 0, 255).astype(np.uint8), touched.astype(bool)


def _erase(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    """Take something away: fill from the surroundings, on a reduced copy when the hole is large."""
    mask, _ = _blob(rgb.shape, rng)
    hole = mask.astype(np.uint8)
    step = max(1.0, np.sqrt(mask.sum()) / 60)
    small = cv2.resize(rgb, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    small_hole = cv2.resize(hole, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    method = cv2.INPAINT_TELEA if rng.random() < 0.5 else cv2.INPAINT_NS
    filled = cv2.inpaint(np.ascontiguousarray(small), cv2.dilate(small_hole, np.ones((3, 3))), 4, method)
    piece = cv2.resize(filled, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, rng.uniform(0, 2.5), rgb.shape)  # editors add grain so that it does not look smooth
    return _blend(rgb, np.clip(piece + grain, 0, 255), mask, rng), mask


def _blur(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    mask, _ = _blob(rgb.shape, rng)
    return _blend(rgb, cv2.GaussianBlur(rgb, (0, 0), float(rng.uniform(1.5, 6))), mask, rng), mask


def _recolour(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    mask, _ = _blob(rgb.shape, rng)
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(15, 165)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.8) + rng.uniform(0, 40), 0, 255)
    hsv[..., 2] = np.clip(hsv[..., 2] * rng.uniform(0.7, 1.3), 0, 255)
    piece = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    return _blend(rgb, piece, mask, rng), mask


def _resave(rgb: RGB, _other: RGB, rng: Generator) -> tuple[RGB, Mask]:
    """Paste back a place that was saved on its own, on another grid."""
    mask, _ = _blob(rgb.shape, rng)
    dy, dx = (int(v) for v in rng.integers(0, 8, 2))
    own = np.ascontiguousarray(rgb[dy:, dx:])
    piece = rgb.copy()
    piece[dy:, dx:] = _decode(_encode(own, int(rng.integers(50, 90)), 2))
    return _blend(rgb, piece, mask, rng), mask


_ALTER: dict[str, Callable[[RGB, RGB, Generator], tuple[RGB, Mask]]] = {
    "clone": _clone,
    "splice": _splice,
    "text": _text,
    "stain": _stain,
    "erase": _erase,
    "blur": _blur,
    "recolour": _recolour,
    "resave": _resave,
}
