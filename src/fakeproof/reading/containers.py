"""What a file is by its magic bytes, how large its picture is, whether it is whole, and its blocks of metadata.

JPEG segments, PNG, WebP and GIF chunks, ISO boxes; bounded, each with its offset.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fakeproof.jpeg.markers import Structure
from fakeproof.jpeg.markers import walk as map_jpeg
from fakeproof.reading.tiff import Problem

__all__ = ["Block", "Container", "from_structure", "png_chunks", "png_raw_bytes", "read_container", "sniff"]

MAX_BLOCKS = 1_024
"""Blocks kept, and WebP chunks or ISO boxes walked."""
MAX_CHUNKS = 200_000
"""PNG chunks looked at; a 64 MiB file in 8 KiB chunks, as libpng writes them, has 8,192."""
DEFLATE_RATIO = 1032
"""Most that deflate can pack, output by input (zlib's technical notes): a PNG with less data cannot be whole."""
ISPE_SEARCH = 1 << 20
"""Bytes of an ISO file in which sizes are sought."""
MAX_STORED = 16 << 20
"""Bytes kept of all blocks together."""
MAX_INFLATED = 1 << 20
"""Bytes inflated of one compressed text; deflate reaches 1:1032, so the cap decides, not the file."""

Kind = Literal[
    "exif", "xmp", "xmp_part", "iptc", "jumbf", "comment", "text", "icc", "ducky", "adobe", "mpf", "app", "trailer"
]

_APP: tuple[tuple[int, bytes, Kind, int], ...] = (
    (0xE1, b"Exif\0", "exif", 6),
    (0xE1, b"http://ns.adobe.com/xap/1.0/\0", "xmp", 29),
    (0xE1, b"http://ns.adobe.com/xmp/extension/\0", "xmp_part", 35),
    (0xE2, b"ICC_PROFILE\0", "icc", 14),
    (0xE2, b"MPF\0", "mpf", 4),
    (0xEB, b"JP", "jumbf", 0),
    (0xEC, b"Ducky", "ducky", 5),
    (0xED, b"Photoshop 3.0\0", "iptc", 14),
    (0xEE, b"Adobe", "adobe", 5),
)


MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)
BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
}


@dataclass(frozen=True)
class Block:
    """A piece of metadata: what it is, where its payload begins in the file, what tells it apart (keyword, marker)."""

    kind: Kind
    offset: int
    data: bytes = field(repr=False)
    label: str = ""


@dataclass(frozen=True)
class Container:
    """A file's blocks in order.

    Attributes
    ----------
    format : str
        As :func:`sniff` names it; ``other`` for what it does not know, ``array`` for a photo without a file.
    size : tuple of int
        The stored (width, height) by the header, (0, 0) where it cannot be made out.
    order : tuple of str
        The names of segments or chunks as they follow each other, without the picture's.
    end : int
        Offset behind the picture.
    complete : bool
        Whether the file reaches the end that it announces, with as many bytes as its picture needs.
    lossless : bool
        Whether it is a PNG, or a WebP that says that its pixels are stored without loss.
    """

    format: str
    blocks: tuple[Block, ...]
    problems: tuple[Problem, ...] = ()
    size: tuple[int, int] = (0, 0)
    progressive: bool = False
    order: tuple[str, ...] = ()
    end: int = 0
    complete: bool = True
    lossless: bool = False

    def of(self, *kinds: str) -> tuple[Block, ...]:
        """Return the blocks of these kinds, in file order."""
        return tuple(b for b in self.blocks if b.kind in kinds)


class _Walk:
    def __init__(self, data: bytes, form: str) -> None:
        self.data, self.form = data, form
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self.order: list[str] = []
        self.size = (0, 0)
        self.progressive = False
        self.end = len(data)
        self.complete, self.lossless = True, False
        self.stored = 0

    def add(self, kind: Kind, offset: int, data: bytes, label: str = "") -> None:
        self.stored += len(data)
        if self.stored > MAX_STORED or len(self.blocks) >= MAX_BLOCKS:
            if not any(p.where == "blocks" for p in self.problems):
                self.problems.append(Problem("blocks", offset, "more metadata than a photo holds; the rest is unread"))
            return
        self.blocks.append(Block(kind, offset, data, label))

    def follow(self, name: str) -> None:
        if len(self.order) < MAX_BLOCKS:
            self.order.append(name)

    def problem(self, where: str, offset: int, reason: str) -> None:
        if len(self.problems) < 16:
            self.problems.append(Problem(where, offset, reason))

    def tail(self) -> None:
        if self.end < len(self.data):
            self.add("trailer", self.end, self.data[self.end : self.end + MAX_STORED // 4])

    def done(self) -> Container:
        return Container(
            self.form, tuple(self.blocks), tuple(self.problems), self.size, self.progressive,
            tuple(self.order), self.end, self.complete, self.lossless,
        )  # fmt: skip


def sniff(data: bytes) -> str | None:
    """Return the container's name by its first bytes, or None.

    Examples
    --------
    >>> sniff(b"GIF89a"), sniff(b"hello")
    ('GIF', None)
    """
    for magic, name in MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 256)
        brands = [data[8:12], *(data[i : i + 4] for i in range(16, size - 3, 4))]
        names = [BRANDS[b] for b in brands if b in BRANDS]
        return "AVIF" if "AVIF" in names else names[0] if names else None
    return None


def read_container(data: bytes) -> Container:
    """Read the header and find the blocks of a file; never raises on content."""
    form = sniff(data) or "other"
    reader = _READERS.get(form)
    walk = _Walk(data, form)
    return reader(walk) if reader else walk.done()


def _tiff(walk: _Walk) -> Container:
    walk.blocks.append(Block("exif", 0, walk.data))  # its directories may stand anywhere; nothing is copied
    return walk.done()


def _jpeg(walk: _Walk) -> Container:
    return from_structure(walk.data, map_jpeg(walk.data))


def from_structure(data: bytes, structure: Structure) -> Container:
    """Take the blocks of a JPEG whose markers were walked already."""
    walk = _Walk(data, "JPEG")
    for part in structure.segments:
        if 0xE0 <= part.marker <= 0xEF or part.marker == 0xFE:
            _segment(walk, part.marker, part.offset + 4, data[part.offset + 4 : part.offset + part.length])
        elif part.name.startswith("SOF"):
            walk.follow(part.name)
    if structure.frame:
        walk.size, walk.progressive = (structure.frame.width, structure.frame.height), structure.frame.progressive
    for problem in structure.problems:
        if problem.code != "no-end-marker":
            walk.problem("JPEG", problem.offset, problem.code.replace("-", " "))
    walk.complete = structure.end is not None
    walk.end = structure.end or len(data)
    walk.tail()
    return walk.done()


def _segment(walk: _Walk, marker: int, offset: int, payload: bytes) -> None:
    if marker == 0xFE:
        walk.follow("COM")
        walk.add("comment", offset, payload)
        return
    label = f"APP{marker - 0xE0}"
    for known, head, kind, skip in _APP:
        if marker == known and payload.startswith(head):
            walk.follow(f"{label} {kind}")
            walk.add(kind, offset + skip, payload[skip:], label)
            return
    walk.follow(label)
    walk.add("app", offset, payload, label)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, offset of the body, length) of each whole chunk up to IEND."""
    at = 8
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield kind, at + 8, length
        if kind == b"IEND":
            return
        at += 12 + length


def png_raw_bytes(header: bytes) -> int:
    """Return how many bytes a PNG's pixels unpack to, filter bytes included; `header` is IHDR's body."""
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


def _png(walk: _Walk) -> Container:
    data, stop, packed, needed, last = walk.data, 8, 0, 0, b""
    for kind, at, length in png_chunks(data):
        if kind == b"IHDR" and not last and length == 13:
            walk.size = struct.unpack_from(">II", data, at)
            needed = png_raw_bytes(data[at : at + 13])
        if kind == b"IDAT":
            packed += length
        else:
            _png_chunk(walk, kind, at, data[at : at + length])
        stop, last = at + length + 4, kind
    walk.lossless = True
    walk.complete = last == b"IEND" and needed <= DEFLATE_RATIO * packed + 1024
    if last == b"IEND":
        walk.end = stop
    elif stop + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, stop)
        walk.problem("PNG", stop, f"chunk {kind!r} claims {length} bytes of {len(data) - stop - 12}")
    walk.tail()
    return walk.done()


def _png_chunk(walk: _Walk, kind: bytes, offset: int, payload: bytes) -> None:
    walk.follow(kind.decode("latin-1"))
    if kind == b"eXIf":
        walk.add("exif", offset, payload)
    elif kind == b"caBX":
        walk.add("jumbf", offset, payload, "box")
    elif kind == b"iCCP":
        walk.add("icc", offset, payload)
    elif kind in (b"tEXt", b"zTXt", b"iTXt"):
        _png_text(walk, kind, offset, payload)


def _png_text(walk: _Walk, kind: bytes, offset: int, payload: bytes) -> None:
    word, _, rest = payload.partition(b"\0")
    keyword = word[:79].decode("latin-1")
    start = offset + len(word) + 1
    if kind == b"zTXt":
        text = _inflate(walk, start, rest[1:])
    elif kind == b"iTXt":
        packed, tail = rest[:1] == b"\1", rest[2:]
        parts = tail.split(b"\0", 2)
        text = parts[2] if len(parts) == 3 else b""
        start += len(rest) - len(text)
        text = _inflate(walk, start, text) if packed else text
    else:
        text = rest
    if keyword == "XML:com.adobe.xmp":
        walk.add("xmp", start, text)
    elif keyword.startswith("Raw profile type "):
        _raw_profile(walk, keyword.removeprefix("Raw profile type "), start, text)
    else:
        walk.add("text", start, text, keyword)


def _inflate(walk: _Walk, offset: int, packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, MAX_INFLATED)
    except zlib.error as error:
        walk.problem("PNG text", offset, f"cannot be inflated ({error})")
        return b""


def _raw_profile(walk: _Walk, name: str, offset: int, text: bytes) -> None:
    """ImageMagick's way of carrying other formats' blocks: a name, a length, hexadecimal lines."""
    try:
        raw = bytes.fromhex("".join(text.decode("ascii", "ignore").split()[2:]))
    except ValueError:
        walk.problem("PNG text", offset, f"raw profile {name!r} is not hexadecimal")
        return
    if name in ("exif", "APP1") and raw.startswith(b"Exif\0"):
        walk.add("exif", offset, raw[6:], "raw profile")
    elif name == "xmp":
        walk.add("xmp", offset, raw, "raw profile")
    elif name in ("8bim", "iptc"):
        start = 14 if raw.startswith(b"Photoshop 3.0\0") else 0
        walk.add("iptc", offset, raw[start:], "raw profile")


_WEBP_KINDS: Mapping[bytes, Kind] = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc", b"C2PA": "jumbf"}


def _webp(walk: _Walk) -> Container:
    data, at = walk.data, 12
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    walk.complete = 8 + int.from_bytes(data[4:8], "little") <= len(data)
    for _ in range(MAX_BLOCKS):
        if at + 8 > end:
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        walk.follow(kind.decode("latin-1").strip())
        _webp_size(walk, kind, data[at + 8 : at + 18])
        if at + 8 + length > len(data):
            walk.problem("WebP", at, f"chunk {kind!r} claims {length} bytes of {len(data) - at - 8}")
            break
        if kind in _WEBP_KINDS:
            payload = data[at + 8 : at + 8 + length]
            skip = 6 if kind == b"EXIF" and payload.startswith(b"Exif\0\0") else 0
            walk.add(_WEBP_KINDS[kind], at + 8 + skip, payload[skip:], "box" if kind == b"C2PA" else "")
        at += 8 + length + length % 2
    walk.end = end
    walk.tail()
    return walk.done()


def _webp_size(walk: _Walk, kind: bytes, body: bytes) -> None:
    """Take the size from whichever header comes first, and whether the pixels are stored without loss."""
    walk.lossless = walk.lossless or kind == b"VP8L"
    if walk.size[0]:
        return
    if kind == b"VP8X" and len(body) == 10:
        walk.size = (1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little"))
    elif kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        walk.size = (width & 0x3FFF, height & 0x3FFF)
    elif kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        walk.size = ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)


def _gif(walk: _Walk) -> Container:
    """Comments and the XMP application block; both are found by their introducers, frames are not walked."""
    data = walk.data
    at = data.find(b"\x21\xfe", 13)
    while at >= 0 and len(walk.blocks) < 16:
        size = data[at + 2] if at + 2 < len(data) else 0
        payload = data[at + 3 : at + 3 + size]
        if size and data[at + 3 + size : at + 4 + size] == b"\0" and payload.isascii():
            walk.add("comment", at + 3, payload)
        at = data.find(b"\x21\xfe", at + 2)
    at = data.find(b"XMP DataXMP")
    if at >= 0:
        stop = data.find(b"<?xpacket end", at)
        walk.add("xmp", at + 11, data[at + 11 : stop if stop > 0 else at + 11 + MAX_INFLATED])
    return walk.done()


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of payload, end) of ISO boxes."""
    for _ in range(MAX_BLOCKS):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        stop = end if size == 0 else at + size
        if stop < at + head or stop > end:
            return
        yield kind, at + head, stop
        at = stop


_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def _iso_size(data: bytes) -> tuple[int, int]:
    """Return the largest size that an ``ispe`` property declares (thumbnails and tiles are smaller), or (0, 0)."""
    sizes = [(0, 0)]
    at = data.find(b"ispe", 0, ISPE_SEARCH)
    while at >= 0 and len(sizes) < 256 and at + 16 <= len(data):
        sizes.append(struct.unpack_from(">II", data, at + 8))
        at = data.find(b"ispe", at + 4, ISPE_SEARCH)
    return max(sizes, key=lambda s: s[0] * s[1])


def _iso(walk: _Walk) -> Container:
    data = walk.data
    walk.size = _iso_size(data)
    for kind, start, stop in _boxes(data, 0, len(data)):
        if kind == b"uuid" and data[start : start + 16] == _C2PA_UUID:
            at = data.find(b"jumb", start, min(stop, start + 128))
            if at > 4:
                walk.add("jumbf", at - 4, data[at - 4 : stop], "box")
        elif kind == b"meta":
            _iso_meta(walk, start + 4, stop)
    return walk.done()


def _iso_meta(walk: _Walk, start: int, stop: int) -> None:
    names: dict[int, bytes] = {}
    places: dict[int, tuple[int, int]] = {}
    for kind, at, end in _boxes(walk.data, start, stop):
        try:
            if kind == b"iinf":
                names = _item_names(walk.data, at, end)
            elif kind == b"iloc":
                places = _item_places(walk.data, at, end)
        except (struct.error, IndexError):
            walk.problem("ISO", at, f"box {kind!r} is broken")
    for number, name in names.items():
        offset, length = places.get(number, (0, 0))
        payload = walk.data[offset : offset + length]
        if not payload or len(payload) < length:
            continue
        if name == b"Exif" and length > 10:
            skip = 4 + int.from_bytes(payload[:4], "big")
            walk.add("exif", offset + skip, payload[skip:])
        elif name == b"mime" and b"xmpmeta" in payload[:4096]:
            walk.add("xmp", offset, payload)


def _item_names(data: bytes, at: int, end: int) -> dict[int, bytes]:
    wide = data[at] > 0
    first = at + (8 if wide else 6)
    out: dict[int, bytes] = {}
    for kind, start, _ in _boxes(data, first, end):
        version = data[start]
        if kind == b"infe" and version in (2, 3):
            width = 2 if version == 2 else 4
            number = int.from_bytes(data[start + 4 : start + 4 + width], "big")
            out[number] = data[start + 6 + width : start + 10 + width]
    return out


def _item_places(data: bytes, at: int, end: int) -> dict[int, tuple[int, int]]:
    """First extent of each item that lies in the file itself (construction method 0)."""
    version = data[at]
    sizes = int.from_bytes(data[at + 4 : at + 6], "big")
    widths = [sizes >> 12 & 15, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15 if version else 0]
    wide = 4 if version == 2 else 2
    count, at = int.from_bytes(data[at + 6 : at + 6 + wide], "big"), at + 6 + wide
    out: dict[int, tuple[int, int]] = {}
    for _ in range(min(count, MAX_BLOCKS)):
        number, at = int.from_bytes(data[at : at + wide], "big"), at + wide
        method = int.from_bytes(data[at : at + 2], "big") & 15 if version else 0
        at += (2 if version else 0) + 2
        base, at = int.from_bytes(data[at : at + widths[2]], "big"), at + widths[2]
        extents, at = int.from_bytes(data[at : at + 2], "big"), at + 2
        step = widths[3] + widths[0] + widths[1]
        if at > end or extents > MAX_BLOCKS:
            break
        here = at + widths[3]
        offset = int.from_bytes(data[here : here + widths[0]], "big")
        length = int.from_bytes(data[here + widths[0] : here + widths[0] + widths[1]], "big")
        if extents and method == 0:
            out[number] = (base + offset, length)
        at += extents * step
    return out


_READERS: Mapping[str, Callable[[_Walk], Container]] = {
    "JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "GIF": _gif, "AVIF": _iso, "HEIC": _iso, "TIFF": _tiff,
}  # fmt: skip
