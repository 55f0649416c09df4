"""The version that each detector has now."""

from __future__ import annotations

import fakeproof as fp


def versions() -> dict[str, int]:
    """Return the version of each detector by its name."""
    return {d.name: d.version for d in fp.detectors()}
