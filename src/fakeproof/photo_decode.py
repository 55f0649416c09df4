"""Pixels of every container but JPEG. Bounds come first.

Pillow's plugin classes are used directly, chosen by magic bytes, never through ``Image.open``: its own bomb check warns
through a global limit, while the limits here are the photo's and were checked before.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fakeproof.errors import PhotoError
from fakeproof.reading.containers import png_chunks, png_raw_bytes
from fakeproof.reading.tiff import parse_tiff
from fakeproof.words import phrase

if TYPE_CHECKING:
    from PIL import Image

    from fakeproof.types import RGB8

__all__ = ["decode_other"]

_PILLOW_ERRORS = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, struct.error,
                  OverflowError, AttributeError, AssertionError, RuntimeError, MemoryError, zlib.error, Warning)  # fmt: skip
"""What Pillow's readers are known to raise on damaged files; each becomes a PhotoError with its cause."""
_PNG_KEEP = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


def decode_other(
    data: bytes, kind: str, *, name: str, check: Callable[[tuple[int, int]], None], salvage: bool = False
) -> tuple[RGB8, int | None]:
    """Decode the first picture of any container but JPEG.

    16 bits a channel become 8 by dropping the low byte, palettes are resolved, transparency lies on white.

    Parameters
    ----------
    data, kind, name
        The file, its container, the photo's name for errors.
    check : callable
        Called with (width, height) before pixels are decoded; raises PhotoError beyond the limits.
    salvage : bool
        Fill up what a truncated PNG lacks with black.

    Returns
    -------
    rgb : ndarray
        uint8 (rows, columns, 3), stored orientation.
    orientation : int or None
        How an AVIF is yet to be turned, by its own transformations, which only its reader finds; None for others.
    """
    import numpy as np
    from PIL.Image import DecompressionBombError

    if kind == "PNG":
        data = _png_pixels(data, salvage=salvage)
    try:
        with _opener(kind, name)(io.BytesIO(data)) as image:
            check(image.size)
            turn = parse_tiff(_tiff_of(image)).orientation if kind == "AVIF" else None
            return np.ascontiguousarray(_to_rgb(image)), turn
    except PhotoError:
        raise
    except (*_PILLOW_ERRORS, DecompressionBombError) as error:
        raise PhotoError(
            name, phrase("problem.undecodable_as", format=kind, why=str(error or type(error).__name__))
        ) from error


def _tiff_of(image: Image.Image) -> bytes:
    """Return the EXIF that Pillow hands out for an AVIF: its orientation follows the file's transformations."""
    return bytes(image.info.get("exif") or b"").removeprefix(b"Exif\0\0")


def _opener(kind: str, name: str) -> Callable[[Any], Image.Image]:
    from PIL import AvifImagePlugin, BmpImagePlugin, GifImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

    if kind == "HEIC":
        try:
            from pillow_heif import HeifImageFile
        except ImportError as error:
            raise PhotoError(name, phrase("problem.heic")) from error
        return HeifImageFile  # type: ignore[no-any-return]
    return {
        "PNG": PngImagePlugin.PngImageFile, "WEBP": WebPImagePlugin.WebPImageFile,
        "AVIF": AvifImagePlugin.AvifImageFile, "GIF": GifImagePlugin.GifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile, "TIFF": TiffImagePlugin.TiffImageFile,
    }[kind]  # fmt: skip


def _to_rgb(image: Image.Image) -> RGB8:
    import numpy as np
    from PIL import Image

    if image.mode in ("F", "I"):
        raise ValueError(f"mode {image.mode}: 32 bits a pixel is a measurement, not a photo")
    if image.mode.startswith("I;16"):
        high = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(high[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        above = image.convert("RGBA")
        ground = Image.new("RGBA", above.size, (255, 255, 255, 255))
        return np.array(Image.alpha_composite(ground, above).convert("RGB"))
    return np.array(image.convert("RGB"))


def _png_pixels(data: bytes, *, salvage: bool) -> bytes:
    """Return only the chunks that pixels need: text and profile bombs never reach the decoder."""
    chunks = list(png_chunks(data))
    whole = bool(chunks) and chunks[-1][0] == b"IEND"
    kept = [(kind, data[at : at + length]) for kind, at, length in chunks if kind in _PNG_KEEP]
    if whole or not salvage or not kept or kept[0][0] != b"IHDR":
        return data[:8] + b"".join(data[at - 8 : at + length + 4] for kind, at, length in chunks if kind in _PNG_KEEP)
    last = chunks[-1][1] + chunks[-1][2] + 4
    rest = data[last + 8 :] if data[last + 4 : last + 8] == b"IDAT" else b""
    packed = b"".join(body for kind, body in kept if kind == b"IDAT") + rest
    need = png_raw_bytes(kept[0][1])
    try:
        raw = zlib.decompressobj().decompress(packed, need)
    except zlib.error:
        raw = b""
    filled = zlib.compress(raw.ljust(need, b"\0"), 1)
    parts = [(k, b) for k, b in kept if k in (b"IHDR", b"PLTE", b"tRNS")] + [(b"IDAT", filled), (b"IEND", b"")]
    return data[:8] + b"".join(
        len(b).to_bytes(4, "big") + k + b + zlib.crc32(k + b).to_bytes(4, "big") for k, b in parts
    )
