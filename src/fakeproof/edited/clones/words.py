"""A clone's transform in numbers and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fakeproof.types import Language

__all__ = ["describe", "numbers"]

STRAIGHT = 2.0
"""Degrees below which nobody would call it turned."""
SAME_SIZE = 0.04
"""Relative change of size below which it counts as the same size."""


def numbers(affine: npt.NDArray[np.float64], centre: tuple[float, float]) -> dict[str, Any]:
    """Return shift (px at the place's centre), rotation (degrees, counter-clockwise as seen), scale, mirrored.

    Examples
    --------
    >>> numbers(np.array([[1.0, 0.0, 212.0], [0.0, 1.0, 0.0]]), (10, 10))["dx"]
    212.0
    """
    linear = affine[:, :2]
    mirrored = bool(np.linalg.det(linear) < 0)
    turned = linear @ np.diag([-1.0, 1.0]) if mirrored else linear
    # Pixels run downwards, so a positive angle of the matrix is clockwise for the eye.
    angle = -float(np.degrees(np.arctan2(turned[1, 0] - turned[0, 1], turned[0, 0] + turned[1, 1])))
    there = linear @ np.asarray(centre) + affine[:, 2]
    return {
        "dx": round(float(there[0] - centre[0]), 1),
        "dy": round(float(there[1] - centre[1]), 1),
        "rotation_deg": round(angle, 1),
        "scale": round(float(np.sqrt(abs(np.linalg.det(linear)))), 3),
        "mirrored": mirrored,
        "from": [round(float(centre[0]), 1), round(float(centre[1]), 1)],
        "to": [round(float(there[0]), 1), round(float(there[1]), 1)],
    }


def _shift(dx: float, dy: float, lang: Language) -> str:
    parts = []
    for value, (more, less) in ((dx, _WAYS[lang][0]), (dy, _WAYS[lang][1])):
        if abs(value) >= 0.5:
            way = more if value > 0 else less
            parts.append(f"{way}{abs(value):.0f}像素" if lang == "zh" else f"{abs(value):.0f} px {way}")
    return ("，" if lang == "zh" else " and ").join(parts)


_WAYS: dict[Language, tuple[tuple[str, str], tuple[str, str]]] = {
    "en": (("to the right", "to the left"), ("down", "up")),
    "zh": (("向右", "向左"), ("向下", "向上")),
}


def describe(pair: dict[str, Any], lang: Language) -> str:
    """Return the pair in words.

    Examples
    --------
    >>> describe({"dx": 212.0, "dy": 0.0, "rotation_deg": 30.0, "scale": 0.8, "mirrored": False}, "en")
    'the same patch again, 212 px to the right, turned by 30 degrees, scaled to 80 %'
    """
    parts = [_shift(pair["dx"], pair["dy"], lang)]
    angle = abs(pair["rotation_deg"])
    if angle >= STRAIGHT:
        parts.append(f"旋转{angle:.0f}度" if lang == "zh" else f"turned by {angle:.0f} degrees")
    if abs(pair["scale"] - 1) >= SAME_SIZE:
        percent = round(100 * pair["scale"])
        parts.append(f"缩放至{percent}%" if lang == "zh" else f"scaled to {percent} %")
    if pair["mirrored"]:
        parts.append("镜像" if lang == "zh" else "mirrored")
    parts = [p for p in parts if p]
    if lang == "zh":
        return "同一块画面再次出现：" + "，".join(parts)
    return "the same patch again, " + ", ".join(parts)
