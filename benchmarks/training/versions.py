"""The version that each detector has now."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages


@lru_cache(maxsize=1)
def versions() -> dict[str, int]:
    """Return the version of each detector by its name."""
    from fakeproof.metadata import rules

    out = dict.fromkeys(rules.DETECTORS, rules.VERSION)
    for room in ("edited", "web", "product"):
        package = import_module(f"fakeproof.{room}")
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            version = getattr(import_module(found.name), "VERSION", None)
            if isinstance(version, int):
                out[found.name.rsplit(".", 1)[-1]] = version
    return out
