"""The version that each detector has now, or of which what was read is taken."""

from __future__ import annotations

from collections.abc import Mapping

import fakeproof as fp

_taken: dict[str, int] = {}


def versions() -> dict[str, int]:
    """Return the version of each detector by its name: the present one, or an earlier one that :func:`take` named."""
    return {**present(), **_taken}


def present() -> dict[str, int]:
    """Return the present version of each detector by its name."""
    return {d.name: d.version for d in fp.detectors()}


def take(earlier: Mapping[str, int]) -> None:
    """From now on fit on what earlier versions of detectors read."""
    _taken.update(earlier)
