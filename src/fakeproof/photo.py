"""The questioned photo: bytes in, cached read-only views out."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from fakeproof.errors import ParameterError, PhotoError
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.types import RGB8, Luma

__all__ = ["Photo", "PhotoLimits"]

T = TypeVar("T")

_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")


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

    def __init__(self, *, name: str, data: bytes | None, limits: PhotoLimits, format: str) -> None:  # noqa: A002
        self.name = name
        self.format = format
        self._data = data
        self._limits = limits
        self._lock = threading.RLock()
        self._views: dict[Any, Any] = {}
        self.size: tuple[int, int] = (0, 0)

    @classmethod
    def open(cls, path: str | Path, *, limits: PhotoLimits | None = None) -> Self:
        """Read a file."""
        limits = limits or PhotoLimits()
        path = Path(path)
        try:
            if path.is_dir():
                raise PhotoError(str(path), "is a directory, not a photo")
            length = path.stat().st_size
            if length > limits.max_bytes:
                raise PhotoError(
                    str(path), f"{length} bytes is above the limit of {limits.max_bytes}",
                    value=length, limit=limits.max_bytes,
                )
            data = path.read_bytes()
        except OSError as error:
            raise PhotoError(str(path), f"cannot be read ({error.strerror or error})") from error
        return cls.from_bytes(data, name=str(path), limits=limits)

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "photo", limits: PhotoLimits | None = None) -> Self:
        """Read a file's bytes."""
        from PIL import Image, UnidentifiedImageError

        limits = limits or PhotoLimits()
        if not data:
            raise PhotoError(name, "is empty (0 bytes)", value=0)
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                width, height = image.size
                kind = "JPEG" if image.format == "MPO" else str(image.format)
                if width * height > limits.max_pixels:
                    raise PhotoError(name, f"{width}x{height} is above the limit of {limits.max_pixels} pixels",
                                     value=width * height, limit=limits.max_pixels)
                if min(width, height) < limits.min_side:
                    raise PhotoError(name, f"{width}x{height} is below the limit of {limits.min_side} px a side",
                                     value=min(width, height), limit=limits.min_side)
                photo = cls(name=name, data=data, limits=limits, format=kind)
                turned = photo.orientation >= 5
        except UnidentifiedImageError as error:
            raise PhotoError(name, "is not a photo in a known format") from error
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            if isinstance(error, PhotoError):
                raise
            raise PhotoError(name, f"cannot be read ({error})") from error
        photo.size = (height, width) if turned else (width, height)
        return photo

    @classmethod
    def from_array(cls, rgb: RGB8, *, name: str = "array") -> Self:
        """Take pixels, uint8 of shape (rows, columns, 3) or (rows, columns)."""
        import numpy as np

        array = np.asarray(rgb)
        if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
            raise ParameterError("rgb", f"{array.dtype} {array.shape}", "uint8 of shape (rows, columns, 3) or (rows, columns)")
        if array.ndim == 2:
            array = np.repeat(array[..., None], 3, axis=2)
        photo = cls(name=name, data=None, limits=PhotoLimits(), format="array")
        photo._views["rgb"] = frozen_array(array.copy())
        photo.size = (array.shape[1], array.shape[0])
        return photo

    @property
    def data(self) -> bytes | None:
        """The file's bytes, or None for a photo made from an array."""
        return self._data

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes, or of the pixels for a photo made from an array."""
        return self.cached("sha256", lambda: hashlib.sha256(self._data if self._data is not None else self.rgb.tobytes()).hexdigest())

    @property
    def orientation(self) -> int:
        """EXIF orientation 1-8; 1 where there is none."""
        return self.cached("orientation", self._read_orientation)

    def _read_orientation(self) -> int:
        from PIL import Image

        if self._data is None:
            return 1
        with Image.open(io.BytesIO(self._data), formats=_FORMATS) as image:
            value = image.getexif().get(0x0112, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1

    @property
    def rgb(self) -> RGB8:
        """Displayed pixels, uint8 (rows, columns, 3), read-only."""
        return self.cached("rgb", self._decode)

    def _decode(self) -> RGB8:
        import numpy as np
        from PIL import Image, ImageOps

        assert self._data is not None
        try:
            with Image.open(io.BytesIO(self._data), formats=_FORMATS) as image:
                image.load()
                upright = ImageOps.exif_transpose(image)
                return frozen_array(np.array(upright.convert("RGB")))  # type: ignore[no-any-return]
        except (OSError, ValueError, SyntaxError) as error:
            raise PhotoError(self.name, f"cannot be decoded ({error})") from error

    @property
    def luma(self) -> Luma:
        """Displayed BT.601 luma, float32 (rows, columns), 0-255, read-only."""
        return self.cached("luma", self._luma)

    def _luma(self) -> Luma:
        import numpy as np

        weights = np.array([0.299, 0.587, 0.114], np.float32)
        return frozen_array(self.rgb.astype(np.float32) @ weights)  # type: ignore[no-any-return]

    def cached(self, key: Any, compute: Callable[[], T]) -> T:
        """Return the view stored under `key`, computing it once; detectors share work through this.

        Arrays must be handed in read-only. :meth:`release` drops them all.
        """
        with self._lock:
            if key not in self._views:
                self._views[key] = compute()
            return self._views[key]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Photo({self.name!r}, {self.format}, {self.size[0]}x{self.size[1]})"
