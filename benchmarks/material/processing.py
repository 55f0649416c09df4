"""What phones and apps do to a whole photo, and what broken transport leaves of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
Generator = np.random.Generator
Change = Callable[[RGB, Generator], RGB]


def _bytes(values: npt.NDArray[Any]) -> RGB:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def _soft_mask(shape: tuple[int, ...], rng: Generator, *, share: tuple[float, float], soft: float) -> npt.NDArray[Any]:
    """Return 1 on a large smooth subject in the middle, 0 on the ground."""
    height, width = shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = np.arctan2(y - height / 2, x - width / 2)
    wave = sum(rng.normal(0, 0.12 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 6))
    cy, cx = rng.uniform(0.4, 0.6, 2) * (height, width)
    radius = np.sqrt(rng.uniform(*share) / np.pi)
    away = np.hypot((y - cy) / height, (x - cx) / width * rng.uniform(0.8, 1.2)) / radius
    return 1 / (1 + np.exp((away - 1 - wave) / soft))


def beauty(rgb: RGB, rng: Generator) -> RGB:
    """Smooth skin-like places, keep edges, brighten."""
    smooth = cv2.bilateralFilter(rgb, 0, rng.uniform(15, 45), rng.uniform(2, 6))
    ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    skin = cv2.inRange(ycc, (60, 133, 77), (255, 178, 130)) if rng.random() < 0.6 else np.full(rgb.shape[:2], 255)
    alpha = cv2.GaussianBlur(skin.astype(np.float32) / 255, (0, 0), 5)[..., None] * rng.uniform(0.4, 1)
    mixed = rgb + alpha * (smooth.astype(np.float32) - rgb)
    lift = rng.uniform(0, 0.12)
    return _bytes(mixed + lift * mixed * (1 - mixed / 255))


def colour_filter(rgb: RGB, rng: Generator) -> RGB:
    """Apply a look: curves by channel, saturation, fade."""
    levels = np.linspace(0, 1, 256)
    tables = []
    for _ in range(3):
        curve = np.interp(levels, [0, 0.25, 0.5, 0.75, 1], np.sort(np.linspace(0, 1, 5) + rng.normal(0, 0.06, 5)))
        tables.append(np.clip(255 * (rng.uniform(0, 0.06) + (1 - rng.uniform(0, 0.06)) * curve) + 0.5, 0, 255))
    out = np.stack([np.take(t, rgb[..., k]) for k, t in enumerate(tables)], axis=-1)
    grey = out.mean(axis=2, keepdims=True)
    return _bytes(grey + rng.uniform(0.5, 1.5) * (out - grey))


def sharpen(rgb: RGB, rng: Generator) -> RGB:
    """Sharpen as editors do."""
    soft = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.7, 3)).astype(np.float32)
    return _bytes(rgb + rng.uniform(0.4, 2.0) * (rgb - soft))


def tone_map(rgb: RGB, rng: Generator) -> RGB:
    """Lift shadows and bring out detail by place, as HDR modes do."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    if rng.random() < 0.5:
        tiles = int(rng.choice([4, 8, 12]))
        lab[..., 0] = cv2.createCLAHE(float(rng.uniform(1.2, 4)), (tiles, tiles)).apply(lab[..., 0])
        return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
    light = np.log1p(lab[..., 0].astype(np.float32))
    base = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.01, 0.06) * max(rgb.shape))
    mapped = base.mean() + rng.uniform(0.5, 0.85) * (base - base.mean()) + rng.uniform(1, 1.6) * (light - base)
    gain = (np.expm1(mapped) + 1) / (lab[..., 0].astype(np.float32) + 1)
    return _bytes(rgb * gain[..., None])


def night(rgb: RGB, rng: Generator) -> RGB:
    """Shoot in the dark: less light, more noise, strong denoising, gain, sharpening."""
    dim, gain = rgb.astype(np.float32), rng.uniform(0.25, 0.6)
    noisy = dim * gain + rng.normal(0, 1, rgb.shape) * np.sqrt(rng.uniform(4, 40) + 0.3 * dim * gain)
    lifted = _bytes(noisy / gain * rng.uniform(0.5, 0.9))
    clean = cv2.bilateralFilter(lifted, 0, rng.uniform(20, 60), rng.uniform(2, 5))
    return _bytes(clean + rng.uniform(0, 0.8) * (clean.astype(np.float32) - cv2.GaussianBlur(clean, (0, 0), 1.5)))


def portrait(rgb: RGB, rng: Generator) -> RGB:
    """Blur the ground behind a subject, growing away from it."""
    near = _soft_mask(rgb.shape, rng, share=(0.12, 0.45), soft=float(rng.choice([0.02, 0.05, 0.12])))
    out, sigma = rgb.astype(np.float32), rng.uniform(0.003, 0.012) * max(rgb.shape)
    for level in (0.35, 0.7, 1.0):
        alpha = np.clip((1 - near) / level, 0, 1)[..., None] ** 2
        out += alpha * (cv2.GaussianBlur(rgb, (0, 0), sigma * level) - out)
    return _bytes(out)


def tilt_shift(rgb: RGB, rng: Generator) -> RGB:
    """Blur above and below a band."""
    y = np.linspace(0, 1, rgb.shape[0])
    away = np.clip((np.abs(y - rng.uniform(0.35, 0.65)) - rng.uniform(0.1, 0.2)) / 0.25, 0, 1)[:, None, None]
    soft = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.003, 0.008) * max(rgb.shape)).astype(np.float32)
    return _bytes(rgb + away * (soft - rgb))


def straighten(rgb: RGB, rng: Generator) -> RGB:
    """Turn by a few degrees and crop what would be empty."""
    height, width = rgb.shape[:2]
    angle = rng.uniform(0.4, 8) * rng.choice([-1, 1])
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    flags = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    out = cv2.warpAffine(rgb, turn, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    lost = np.abs(np.sin(np.radians(angle))) * max(height, width) / min(height, width)
    dy, dx = int(height * lost / 2) + 2, int(width * lost / 2) + 2
    return np.ascontiguousarray(out[dy : height - dy, dx : width - dx])


def crop(rgb: RGB, rng: Generator) -> RGB:
    """Cut 10 to 60 % of the area away."""
    keep = np.sqrt(rng.uniform(0.4, 0.9))
    height, width = round(rgb.shape[0] * keep), round(rgb.shape[1] * keep)
    top, left = int(rng.integers(rgb.shape[0] - height + 1)), int(rng.integers(rgb.shape[1] - width + 1))
    return np.ascontiguousarray(rgb[top : top + height, left : left + width])


def perspective(rgb: RGB, rng: Generator) -> RGB:
    """Square up what was photographed at an angle."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)
    taken = corners + inward * rng.uniform(0, 0.12, (4, 2)).astype(np.float32) * [width, height]
    matrix = cv2.getPerspectiveTransform(taken.astype(np.float32), corners)
    return np.asarray(cv2.warpPerspective(rgb, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def lens(rgb: RGB, rng: Generator) -> RGB:
    """Correct a lens's distortion."""
    height, width = rgb.shape[:2]
    camera = np.array([[max(rgb.shape), 0, width / 2], [0, max(rgb.shape), height / 2], [0, 0, 1]], np.float64)
    return np.asarray(cv2.undistort(rgb, camera, np.array([rng.uniform(-0.15, -0.02), 0.02, 0, 0])), np.uint8)[
        12:-12, 12:-12
    ].copy()


def zoom(rgb: RGB, rng: Generator) -> RGB:
    """Zoom digitally: the middle, enlarged and sharpened."""
    factor = rng.uniform(1.2, 3)
    height, width = round(rgb.shape[0] / factor), round(rgb.shape[1] / factor)
    top, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
    flags = int(rng.choice([cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]))
    out = cv2.resize(rgb[top : top + height, left : left + width], rgb.shape[1::-1], interpolation=flags)
    return _bytes(out + rng.uniform(0, 0.6) * (out.astype(np.float32) - cv2.GaussianBlur(out, (0, 0), 1.5)))


def reduce(rgb: RGB, rng: Generator) -> RGB:
    """Make it smaller."""
    factor = rng.uniform(0.5, 0.95)
    size = (round(rgb.shape[1] * factor), round(rgb.shape[0] * factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=int(rng.choice([cv2.INTER_AREA, cv2.INTER_CUBIC]))), np.uint8)


def denoise(rgb: RGB, rng: Generator) -> RGB:
    """Take the noise away."""
    if rng.random() < 0.3:
        return np.asarray(cv2.medianBlur(rgb, int(rng.choice([3, 5]))), np.uint8)
    return np.asarray(cv2.bilateralFilter(rgb, 0, rng.uniform(10, 40), rng.uniform(1.5, 4)), np.uint8)


def vignette(rgb: RGB, rng: Generator) -> RGB:
    """Darken the corners."""
    y, x = np.mgrid[-1 : 1 : rgb.shape[0] * 1j, -1 : 1 : rgb.shape[1] * 1j]
    return _bytes(rgb * (1 - rng.uniform(0.2, 0.7) * ((x * x + y * y) / 2) ** rng.uniform(0.8, 2))[..., None])


def grain(rgb: RGB, rng: Generator) -> RGB:
    """Add film grain."""
    noise = rng.normal(0, rng.uniform(2, 10), rgb.shape[:2]).astype(np.float32)
    soft = float(rng.choice([0, 0.7, 1.1]))
    return _bytes(rgb + (cv2.GaussianBlur(noise, (0, 0), soft) if soft else noise)[..., None])


def grey(rgb: RGB, rng: Generator) -> RGB:
    """Make it black and white, toned at times."""
    tone = np.array([1.0, 1.0, 1.0]) if rng.random() < 0.6 else np.array([1.05, 1.0, 0.85])
    return _bytes(rgb.mean(axis=2, keepdims=True) * tone)


def mirror(rgb: RGB, rng: Generator) -> RGB:
    """Mirror it, as front cameras do."""
    return np.ascontiguousarray(rgb[:, ::-1])


def enhance(rgb: RGB, rng: Generator) -> RGB:
    """Set levels automatically: contrast, exposure, white balance."""
    low, high = np.percentile(rgb, [rng.uniform(0.1, 2), 100 - rng.uniform(0.1, 2)], axis=(0, 1))
    out = np.clip((rgb - low) / np.maximum(high - low, 16), 0, 1) ** rng.uniform(0.7, 1.3)
    return _bytes(255 * out)


def relight(rgb: RGB, rng: Generator) -> RGB:
    """Brighten towards one side."""
    y, x = np.mgrid[-1 : 1 : rgb.shape[0] * 1j, -1 : 1 : rgb.shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    return _bytes(rgb * (1 + rng.uniform(0.1, 0.4) * (x * np.cos(angle) + y * np.sin(angle)))[..., None])


def slim(rgb: RGB, rng: Generator) -> RGB:
    """Bend the middle inwards, as beauty apps slim a face."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cx, reach = width * rng.uniform(0.4, 0.6), rng.uniform(0.15, 0.3) * width
    pull = rng.uniform(0.01, 0.05) * width * (x - cx) / reach * np.exp(-(((x - cx) / reach) ** 2))
    return np.asarray(cv2.remap(rgb, (x + pull).astype(np.float32), y, cv2.INTER_LINEAR), np.uint8)


def repeated_rows(rgb: RGB, rng: Generator) -> RGB:
    """Break a JPEG in transport: a strip of rows of blocks comes again until the end, or for a while."""
    step = 16 * int(rng.integers(1, 4))
    top = step * int(rng.integers(1, max(2, int(0.9 * rgb.shape[0]) // step)))
    out = rgb.copy()
    bottom = rgb.shape[0] if rng.random() < 0.6 else min(rgb.shape[0], top + step * int(rng.integers(2, 8)))
    for y in range(top, bottom, step):
        tall = min(step, bottom - y)
        out[y : y + tall] = rgb[top - step : top - step + tall]
    return out


def grey_rows(rgb: RGB, rng: Generator) -> RGB:
    """Cut a JPEG off in transport: what did not come is one grey, or repeats the last block's colour."""
    top = 16 * int(rng.integers(int(0.3 * rgb.shape[0]) // 16, max(2, int(0.95 * rgb.shape[0]) // 16)))
    left = 16 * int(rng.integers(0, rgb.shape[1] // 16))
    fill = np.full(3, 128) if rng.random() < 0.6 else rgb[top - 8 : top, max(0, left - 8) : left + 8].mean(axis=(0, 1))
    out = rgb.copy()
    out[top : top + 16, left:] = fill
    out[top + 16 :] = fill
    return out


PROCESSING: dict[str, Change] = {
    "beauty": beauty, "colour filter": colour_filter, "sharpen": sharpen, "tone map": tone_map, "night": night,
    "portrait blur": portrait, "tilt shift": tilt_shift, "straighten": straighten, "crop": crop,
    "perspective": perspective, "lens": lens, "zoom": zoom, "reduce": reduce, "denoise": denoise,
    "vignette": vignette, "grain": grain, "grey": grey, "mirror": mirror, "enhance": enhance, "relight": relight,
    "slim": slim,
}  # fmt: skip
"""Whole-photo processing, by name."""
TRANSPORT: dict[str, Change] = {"repeated rows": repeated_rows, "grey rows": grey_rows}
"""What broken transport leaves, by name."""
