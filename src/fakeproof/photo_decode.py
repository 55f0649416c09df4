"""Containers: what a file is by its magic bytes, how large its picture is, and its pixels. Bounds come first.

Pillow's plugin classes are used directly, chosen by magic bytes, never through ``Image.open``: its own bomb check warns
through a global limit, while the limits here are the photo's and were checked before.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakeproof.errors import PhotoError

if TYPE_CHECKING:
    from PIL import Image

    from fakeproof.types import RGB8

__all__ = ["Header", "decode_other", "read_exif", "read_header", "sniff"]

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
}
_PILLOW_ERRORS = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, struct.error,
                  OverflowError, AttributeError, AssertionError, RuntimeError, MemoryError, zlib.error, Warning)  # fmt: skip
"""What Pillow's readers are known to raise on damaged files; each becomes a PhotoError with its cause."""
_PNG_KEEP = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
MAX_CHUNKS = 200_000
"""PNG chunks looked at; a 64 MiB file in 8 KiB chunks, as libpng writes them, has 8,192."""
DEFLATE_RATIO = 1032
"""Most that deflate can pack, output by input (zlib's technical notes): a PNG with less data cannot be whole."""
EXIF_TAGS = {
    0x010E: "description", 0x010F: "make", 0x0110: "model", 0x0112: "orientation", 0x0131: "software",
    0x0132: "modified", 0x8769: "exif", 0x9003: "taken", 0x927C: "maker_note", 0x9286: "comment",
    0xA002: "width", 0xA003: "height",
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What a container says before its pixels are decoded: stored size, EXIF block, text keys, whether it is whole."""

    size: tuple[int, int]
    exif: bytes = b""
    texts: tuple[str, ...] = ()
    complete: bool = True
    lossless: bool = False


def sniff(data: bytes) -> str | None:
    """Return the container's name by its first bytes, or None."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 256)
        brands = [data[8:12], *(data[i : i + 4] for i in range(16, size - 3, 4))]
        names = [_BRANDS[b] for b in brands if b in _BRANDS]
        return "AVIF" if "AVIF" in names else names[0] if names else None
    return None


def read_header(data: bytes, kind: str) -> Header | None:
    """Return the header of a PNG, WebP, AVIF or HEIC file; None where it cannot be made out or for other kinds."""
    readers: dict[str, Callable[[bytes], Header | None]] = {
        "PNG": _png_header, "WEBP": _webp_header, "AVIF": _ispe_header, "HEIC": _ispe_header,
    }  # fmt: skip
    try:
        return readers[kind](data) if kind in readers else None
    except struct.error:
        return None


def _png_chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    """Return (type, offset of the body, length) of each whole chunk up to IEND."""
    chunks: list[tuple[bytes, int, int]] = []
    at = 8
    while at + 12 <= len(data) and len(chunks) < MAX_CHUNKS:
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        kind = data[at + 4 : at + 8]
        chunks.append((kind, at + 8, length))
        if kind == b"IEND":
            break
        at += 12 + length
    return chunks


def _png_header(data: bytes) -> Header | None:
    chunks = _png_chunks(data)
    if not chunks or chunks[0][0] != b"IHDR" or chunks[0][2] != 13:
        return None
    exif = b""
    texts: list[Any] = []
    for kind, at, length in chunks:
        if kind == b"eXIf" and not exif:
            exif = data[at : at + length]
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and len(texts) < 64:
            texts.append(data[at : at + min(length, 79)].split(b"\0", 1)[0].decode("latin-1"))
    width, height = struct.unpack_from(">II", data, 16)
    packed = sum(length for kind, _, length in chunks if kind == b"IDAT")
    enough = _png_raw_bytes(data[16:29]) <= DEFLATE_RATIO * packed + 1024
    return Header((width, height), exif, tuple(texts), enough and chunks[-1][0] == b"IEND", True)


def _webp_header(data: bytes) -> Header | None:
    end = 8 + int.from_bytes(data[4:8], "little")
    size, exif, at, lossless = (0, 0), b"", 12, False
    for _ in range(64):
        if at + 8 > min(end, len(data)):
            break
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 18]
        if kind == b"VP8X" and len(body) == 10:
            size = (1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
        elif kind == b"VP8 " and not size[0] and body[3:6] == b"\x9d\x01\x2a":
            size = tuple(v & 0x3FFF for v in struct.unpack("<HH", body[6:10]))  # type: ignore[assignment]
        elif kind == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            lossless = True
            size = size if size[0] else ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
        elif kind == b"EXIF":
            exif = data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)
    return Header(size, exif.removeprefix(b"Exif\0\0"), (), len(data) >= end, lossless) if size[0] else None


def _ispe_header(data: bytes) -> Header | None:
    """Return the largest size that an ``ispe`` property of the first MiB declares (thumbnails and tiles are smaller)."""
    sizes: list[tuple[int, int]] = []
    at = data.find(b"ispe", 0, 2**20)
    while at >= 0 and len(sizes) < 256 and at + 16 <= len(data):
        sizes.append(struct.unpack_from(">II", data, at + 8))
        at = data.find(b"ispe", at + 4, 2**20)
    return Header(max(sizes, key=lambda s: s[0] * s[1])) if sizes else None


def decode_other(
    data: bytes, kind: str, *, name: str, check: Callable[[tuple[int, int]], None], salvage: bool = False
) -> tuple[RGB8, bytes]:
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
    exif : bytes
        The TIFF bytes of AVIF's and HEIC's EXIF block, which only their readers find; empty for other containers.
    """
    import numpy as np
    from PIL.Image import DecompressionBombError

    if kind == "PNG":
        data = _png_pixels(data, salvage=salvage)
    try:
        with _opener(kind, name)(io.BytesIO(data)) as image:
            check(image.size)
            exif = image.info.get("exif") if kind in ("AVIF", "HEIC") else b""
            return np.ascontiguousarray(_to_rgb(image)), (exif or b"").removeprefix(b"Exif\0\0")
    except PhotoError:
        raise
    except (*_PILLOW_ERRORS, DecompressionBombError) as error:
        raise PhotoError(name, f"cannot be decoded as {kind} ({error or type(error).__name__})") from error


def _opener(kind: str, name: str) -> Callable[[Any], Image.Image]:
    from PIL import AvifImagePlugin, BmpImagePlugin, GifImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

    if kind == "HEIC":
        try:
            from pillow_heif import HeifImageFile
        except ImportError as error:
            raise PhotoError(name, "is HEIC; install fakeproof[heif] to read it") from error
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
    chunks = _png_chunks(data)
    whole = bool(chunks) and chunks[-1][0] == b"IEND"
    kept = [(kind, data[at : at + length]) for kind, at, length in chunks if kind in _PNG_KEEP]
    if whole or not salvage or not kept or kept[0][0] != b"IHDR":
        return data[:8] + b"".join(data[at - 8 : at + length + 4] for kind, at, length in chunks if kind in _PNG_KEEP)
    last = chunks[-1][1] + chunks[-1][2] + 4
    rest = data[last + 8 :] if data[last + 4 : last + 8] == b"IDAT" else b""
    packed = b"".join(body for kind, body in kept if kind == b"IDAT") + rest
    need = _png_raw_bytes(kept[0][1])
    try:
        raw = zlib.decompressobj().decompress(packed, need)
    except zlib.error:
        raw = b""
    filled = zlib.compress(raw.ljust(need, b"\0"), 1)
    parts = [(k, b) for k, b in kept if k in (b"IHDR", b"PLTE", b"tRNS")] + [(b"IDAT", filled), (b"IEND", b"")]
    return data[:8] + b"".join(
        len(b).to_bytes(4, "big") + k + b + zlib.crc32(k + b).to_bytes(4, "big") for k, b in parts
    )


def _png_raw_bytes(header: bytes) -> int:
    """Return how many bytes a PNG's pixels unpack to, filter bytes included."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    total = 0
    for x, y, dx, dy in passes:
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def read_exif(tiff: bytes) -> dict[str, Any]:
    """Return the few EXIF values that reading a photo needs: bounded, never raises.

    Returns
    -------
    dict
        ``orientation`` (1-8), ``make``, ``model``, ``software``, ``taken``, ``modified``, ``description``,
        ``comment`` (text), ``width``, ``height`` (pixels), ``maker_note`` (bytes), as far as they are there.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return {}
    found: dict[str, Any] = {}
    pointers = [struct.unpack_from(order + "I", tiff, 4)[0]]
    for depth in range(2):
        if not pointers:
            break
        found.update({k: v for k, v in _read_ifd(tiff, order, pointers.pop()).items() if k not in found})
        if depth == 0 and isinstance(found.get("exif"), int):
            pointers.append(found["exif"])
    found.pop("exif", None)
    value = found.get("orientation")
    if not (isinstance(value, int) and 1 <= value <= 8):
        found.pop("orientation", None)
    return found


def _read_ifd(tiff: bytes, order: str, at: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if at + 2 > len(tiff):
        return found
    for i in range(min(struct.unpack_from(order + "H", tiff, at)[0], 512)):
        entry = at + 2 + 12 * i
        if entry + 12 > len(tiff):
            break
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, entry)
        if tag not in EXIF_TAGS:
            continue
        if kind in (3, 4) and count == 1:
            found[EXIF_TAGS[tag]] = struct.unpack_from(order + ("H" if kind == 3 else "I"), tiff, entry + 8)[0]
        elif kind in (1, 2, 7):
            start = entry + 8 if count <= 4 else struct.unpack_from(order + "I", tiff, entry + 8)[0]
            if tag == 0x927C:
                found["maker_note"] = max(0, min(count, len(tiff) - start))
            else:
                text = tiff[start : start + min(count, 256)].split(b"\0\0", 1)[-1 if tag == 0x9286 else 0]
                found[EXIF_TAGS[tag]] = text.rstrip(b"\0 ").decode("utf-8", "replace")
    return found
