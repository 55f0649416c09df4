"""A clone's transform in numbers and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fakeproof.words import Phrase, phrase

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


def _shift(dx: float, dy: float) -> list[Phrase]:
    ways = ((dx, "right", "left"), (dy, "down", "up"))
    return [
        phrase(f"clone.{more if value > 0 else less}", px=abs(value)) for value, more, less in ways if abs(value) >= 0.5
    ]


def describe(pair: dict[str, Any]) -> Phrase:
    """Return the pair in words.

    Examples
    --------
    >>> describe({"dx": 212.0, "dy": 0.0, "rotation_deg": 30.0, "scale": 0.8, "mirrored": False})["en"]
    'the same patch again, 212 px to the right, turned by 30 degrees, scaled to 80 %'
    """
    moved = _shift(pair["dx"], pair["dy"])
    parts = [phrase("clone.shifts", shifts=moved)] if moved else []
    angle = abs(pair["rotation_deg"])
    if angle >= STRAIGHT:
        parts.append(phrase("clone.turned", angle=angle))
    if abs(pair["scale"] - 1) >= SAME_SIZE:
        parts.append(phrase("clone.scaled", percent=round(100 * pair["scale"])))
    if pair["mirrored"]:
        parts.append(phrase("clone.mirrored"))
    return phrase("clone.again", parts=parts)
