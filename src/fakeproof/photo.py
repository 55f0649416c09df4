"""The questioned photo: bytes in, cached read-only views out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from fakeproof.errors import ParameterError, PhotoError
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from fakeproof.types import RGB8, Luma

__all__ = ["Photo", "PhotoLimits"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PhotoLimits:
    """What a photo may cost; checked from the header before any decoder runs."""

    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000
    max_side: int = 65_500
    min_side: int = 8


class Photo:
    """A photo with its bytes and its views, upright as displayed.

    Make one with :meth:`open`, :meth:`from_bytes` or :meth:`from_array`.
    """

    def __init__(self, *, name: str, data: bytes | None, rgb: RGB8 | None, limits: PhotoLimits) -> None:
        self.name = name
        self._data = data
        self._limits = limits
        self._lock = threading.RLock()
        self._views: dict[Any, Any] = {}
        if rgb is not None:
            self._views["rgb"] = frozen_array(rgb)

    def cached(self, key: Any, compute: Callable[[], T]) -> T:
        """Return the view stored under `key`, computing it once; detectors share work through this.

        Arrays must be handed in read-only. :meth:`release` drops them all.
        """
        with self._lock:
            if key not in self._views:
                self._views[key] = compute()
            return self._views[key]  # type: ignore[no-any-return]
