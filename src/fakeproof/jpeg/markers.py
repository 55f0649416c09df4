"""A bounded walk over a JPEG file: every segment with its offset, the frame, the scans, what lies behind the end."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakeproof.jpeg.tables import HuffmanTable, zigzag_order

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Component", "Frame", "Problem", "Scan", "Segment", "Structure", "WalkLimits", "walk"]

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_NAMES = {0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xD8: "SOI", 0xD9: "EOI", 0xDA: "SOS", 0xDB: "DQT", 0xDC: "DNL",
          0xDD: "DRI", 0xDE: "DHP", 0xDF: "EXP", 0xFE: "COM", 0x01: "TEM"}  # fmt: skip
_LABEL_BYTES = 32
_MAX_COMPONENTS = 4
_PIXEL_SEGMENTS = frozenset({"APP0", "APP14", "DQT", "DHT", "DRI", "SOS", "DAC", "EOI"})


@dataclass(frozen=True, kw_only=True)
class WalkLimits:
    """How far a walk goes: segments, scans, and bytes of all APPn and COM segments together."""

    max_segments: int = 2048
    max_scans: int = 128
    max_metadata: int = 16 * 2**20


@dataclass(frozen=True)
class Segment:
    """One marker segment: `offset` of its 0xFF byte, `length` with the marker, `label` of an APPn's leading text."""

    name: str
    marker: int
    offset: int
    length: int
    label: str = ""


@dataclass(frozen=True)
class Component:
    """A colour component: id, sampling factors, quantisation table slot."""

    id: int
    h: int
    v: int
    table: int


@dataclass(frozen=True)
class Frame:
    """What a start-of-frame segment says; sizes in stored pixels."""

    marker: int
    precision: int
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def progressive(self) -> bool:
        """Whether the frame is progressive."""
        return self.marker in (0xC2, 0xCA)

    @property
    def readable(self) -> bool:
        """Whether it is Huffman-coded with 8 bits a sample: baseline, extended or progressive."""
        return self.marker in (0xC0, 0xC1, 0xC2) and self.precision == 8

    def blocks(self, index: int) -> tuple[int, int]:
        """Return block rows and block columns of a component."""
        part = self.components[index]
        high, wide = max(c.v for c in self.components), max(c.h for c in self.components)
        return -(-self.height * part.v // (8 * high)), -(-self.width * part.h // (8 * wide))


@dataclass(frozen=True)
class Scan:
    """One scan: its components, coefficient band and bits, where its entropy-coded bytes lie, the tables in force."""

    offset: int
    components: tuple[int, ...]
    tables: tuple[tuple[int, int], ...]
    band: tuple[int, int]
    bits: tuple[int, int]
    start: int
    stop: int
    restart: int
    huffman: dict[tuple[int, int], HuffmanTable] = field(repr=False)


@dataclass(frozen=True)
class Problem:
    """Something that does not follow the standard, and the offset where it stands."""

    code: str
    offset: int


@dataclass(frozen=True, eq=False)
class Structure:
    """The map of a JPEG file.

    Attributes
    ----------
    segments : tuple of Segment
        In file order, up to the end marker of the first image.
    frame : Frame or None
        The first start-of-frame.
    scans : tuple of Scan
        In file order.
    quantization : tuple of ndarray
        uint16 (8, 8) a component, natural order, read-only, as in force at the component's first scan.
    huffman : tuple of HuffmanTable
        Every table defined, in file order.
    jfif, adobe : tuple of int or None, int or None
        JFIF version; the Adobe segment's colour transform.
    exif : tuple of int or None
        Offset and length of the first EXIF block's TIFF bytes.
    icc_bytes : int
        Bytes of ICC profile over all parts.
    end : int or None
        Offset behind the end marker; None where the file stops before it.
    length : int
        Bytes of the file.
    problems : tuple of Problem
        Departures from the standard, in file order.
    """

    segments: tuple[Segment, ...]
    frame: Frame | None
    scans: tuple[Scan, ...]
    quantization: tuple[npt.NDArray[np.uint16], ...]
    huffman: tuple[HuffmanTable, ...]
    jfif: tuple[int, int] | None
    adobe: int | None
    exif: tuple[int, int] | None
    icc_bytes: int
    end: int | None
    length: int
    problems: tuple[Problem, ...]

    @property
    def trailer(self) -> tuple[int, int]:
        """Offset and length of the bytes behind the end marker."""
        return (self.length, 0) if self.end is None else (self.end, self.length - self.end)

    @property
    def colour(self) -> str:
        """How components are to be read: grey, ycc, rgb, cmyk or ycck (libjpeg's rules)."""
        parts = self.frame.components if self.frame else ()
        if len(parts) == 1:
            return "grey"
        if len(parts) == 4:
            return "ycck" if self.adobe == 2 else "cmyk"
        if self.jfif is not None:
            return "ycc"
        if self.adobe is not None:
            return "rgb" if self.adobe == 0 else "ycc"
        return "rgb" if [c.id for c in parts] == [0x52, 0x47, 0x42] else "ycc"

    def pixel_bytes(self, data: bytes) -> bytes:
        """Return only what a decoder needs of the first image: no metadata, no trailer, no second image."""
        keep = [b"\xff\xd8"]
        starts = {scan.offset: scan.stop for scan in self.scans}
        for part in self.segments:
            if part.name in _PIXEL_SEGMENTS or part.name.startswith("SOF"):
                keep.append(data[part.offset : starts.get(part.offset, part.offset + part.length)])
        if not self.segments or self.segments[-1].name != "EOI":
            keep.append(b"\xff\xd9")
        return b"".join(keep)


class _Walker:
    """State of one walk; each ``_on_*`` reads one kind of segment."""

    def __init__(self, data: bytes, limits: WalkLimits) -> None:
        self.data, self.limits = data, limits
        self.segments: list[Segment] = []
        self.scans: list[Scan] = []
        self.problems: list[Problem] = []
        self.frame: Frame | None = None
        self.slots: dict[int, npt.NDArray[np.uint16]] = {}
        self.latched: dict[int, npt.NDArray[np.uint16]] = {}
        self.tables: dict[tuple[int, int], HuffmanTable] = {}
        self.huffman: list[HuffmanTable] = []
        self.jfif: tuple[int, int] | None = None
        self.adobe: int | None = None
        self.exif: tuple[int, int] | None = None
        self.icc_bytes = self.metadata_bytes = self.restart = 0
        self.end: int | None = None

    def problem(self, code: str, offset: int) -> None:
        if len(self.problems) < 64:
            self.problems.append(Problem(code, offset))

    def run(self) -> None:
        data, at = self.data, 2
        self.segments.append(Segment("SOI", 0xD8, 0, 2))
        while True:
            found = _MARKER.search(data, at)
            if found is None:
                self.problem("no-end-marker", len(data))
                return
            if found.start() > at:
                self.problem("bytes-between-segments", at)
            marker, offset = data[found.start() + 1], found.start()
            name = _name(marker)
            if marker == 0xD9:
                self.segments.append(Segment(name, marker, offset, 2))
                self.end = offset + 2
                return
            if marker in (0xD8, 0x01):
                self.problem("second-start" if marker == 0xD8 else "stray-marker", offset)
                at = offset + 2
                continue
            if len(self.segments) >= self.limits.max_segments:
                self.problem("too-many-segments", offset)
                return
            length = int.from_bytes(data[offset + 2 : offset + 4], "big")
            if length < 2 or offset + 2 + length > len(data):
                self.problem("bad-length", offset)
                if offset + 4 >= len(data) or marker == 0xDA:
                    return
                at = offset + 2
                continue
            at = self.segment(name, marker, offset, length)
            if at < 0:
                return

    def segment(self, name: str, marker: int, offset: int, length: int) -> int:
        """Read one segment; return where to go on, or -1 to stop."""
        body = self.data[offset + 4 : offset + 2 + length]
        label = _label(body) if 0xE0 <= marker <= 0xEF else ""
        self.segments.append(Segment(name, marker, offset, length + 2, label))
        if marker in _FRAMES:
            self.on_frame(marker, body, offset)
        elif marker == 0xDB:
            self.on_quantization(body, offset)
        elif marker == 0xC4:
            self.on_huffman(body, offset)
        elif marker == 0xDD and len(body) >= 2:
            self.restart = int.from_bytes(body[:2], "big")
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            self.metadata_bytes += len(body)
            if self.metadata_bytes > self.limits.max_metadata:
                self.problem("too-much-metadata", offset)
                return -1
            self.on_metadata(marker, body, offset)
        elif marker == 0xDA:
            return self.on_scan(body, offset, length)
        return offset + 2 + length

    def on_frame(self, marker: int, body: bytes, offset: int) -> None:
        if self.frame is not None:
            self.problem("second-frame", offset)
            return
        if len(body) < 6 or len(body) < 6 + 3 * body[5] or not 1 <= body[5] <= _MAX_COMPONENTS:
            self.problem("bad-frame", offset)
            return
        precision, height, width = struct.unpack_from(">BHH", body)
        parts = tuple(
            Component(body[i], body[i + 1] >> 4, body[i + 1] & 15, body[i + 2]) for i in range(6, 6 + 3 * body[5], 3)
        )
        if any(not (1 <= c.h <= 4 and 1 <= c.v <= 4 and c.table <= 3) for c in parts):
            self.problem("bad-frame", offset)
            return
        self.frame = Frame(marker, precision, width, height, parts)

    def on_quantization(self, body: bytes, offset: int) -> None:
        import numpy as np

        at = 0
        while at < len(body):
            wide, slot = body[at] >> 4, body[at] & 15
            size = 128 if wide else 64
            if slot > 3 or wide > 1 or at + 1 + size > len(body):
                self.problem("bad-quantization-table", offset)
                return
            table = np.zeros(64, np.uint16)
            table[zigzag_order()] = np.frombuffer(body, ">u2" if wide else np.uint8, 64, at + 1)
            if not table.all():
                self.problem("zero-in-quantization-table", offset)
            table.flags.writeable = False
            self.slots[slot] = table.reshape(8, 8)
            at += 1 + size

    def on_huffman(self, body: bytes, offset: int) -> None:
        at = 0
        while at + 17 <= len(body):
            kind, slot = body[at] >> 4, body[at] & 15
            counts = tuple(body[at + 1 : at + 17])
            total = sum(counts)
            if kind > 1 or slot > 3 or total > 256 or at + 17 + total > len(body):
                self.problem("bad-huffman-table", offset)
                return
            table = HuffmanTable(kind, slot, counts, bytes(body[at + 17 : at + 17 + total]), offset)
            if not table.valid:
                self.problem("bad-huffman-table", offset)
            self.tables[kind, slot] = table
            self.huffman.append(table)
            at += 17 + total
        if at != len(body):
            self.problem("bad-huffman-table", offset)

    def on_metadata(self, marker: int, body: bytes, offset: int) -> None:
        if marker == 0xE0 and body[:5] == b"JFIF\0" and len(body) >= 7 and self.jfif is None:
            self.jfif = (body[5], body[6])
        elif marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12 and self.adobe is None:
            self.adobe = body[11]
        elif marker == 0xE1 and body[:4] == b"Exif" and self.exif is None:
            self.exif = (offset + 10, max(len(body) - 6, 0))
        elif marker == 0xE2 and body[:12] == b"ICC_PROFILE\0":
            self.icc_bytes += max(len(body) - 14, 0)

    def on_scan(self, body: bytes, offset: int, length: int) -> int:
        start = offset + 2 + length
        found = _MARKER.search(self.data, start)
        stop = found.start() if found else len(self.data)
        if len(self.scans) >= self.limits.max_scans:
            self.problem("too-many-scans", offset)
            return -1
        scan = self.read_scan(body, offset, start, stop)
        if scan is None:
            self.problem("bad-scan", offset)
        else:
            self.scans.append(scan)
            for index in scan.components:
                slot = self.frame.components[index].table  # type: ignore[union-attr]
                if index not in self.latched and slot in self.slots:
                    self.latched[index] = self.slots[slot]
        return stop

    def read_scan(self, body: bytes, offset: int, start: int, stop: int) -> Scan | None:
        count = body[0] if body else 0
        if self.frame is None or not 1 <= count <= _MAX_COMPONENTS or len(body) < 4 + 2 * count:
            return None
        ids = [c.id for c in self.frame.components]
        chosen: list[int] = []
        tables: list[tuple[int, int]] = []
        for i in range(count):
            wanted, slots = body[1 + 2 * i], body[2 + 2 * i]
            if wanted not in ids or ids.index(wanted) in chosen:
                return None
            chosen.append(ids.index(wanted))
            tables.append((slots >> 4, slots & 15))
        first, last, bits = body[1 + 2 * count : 4 + 2 * count]
        return Scan(offset, tuple(chosen), tuple(tables), (first, last), (bits >> 4, bits & 15), start, stop,
                    self.restart, dict(self.tables))  # fmt: skip


def walk(data: bytes, *, limits: WalkLimits | None = None) -> Structure:
    """Map a JPEG file; never raises on content, and looks at each byte at most twice.

    Parameters
    ----------
    data : bytes
        A file that begins with the JPEG start marker.
    limits : WalkLimits, optional
        Where to stop; what was left out is a problem ``too-many-segments``, ``too-many-scans`` or
        ``too-much-metadata``.

    Returns
    -------
    Structure
        Everything up to the first image's end marker, and what lies behind it.
    """
    walker = _Walker(data, limits or WalkLimits())
    if data[:2] == b"\xff\xd8":
        walker.run()
    else:
        walker.problem("no-start-marker", 0)
    frame = walker.frame
    tables: tuple[npt.NDArray[np.uint16], ...] = ()
    if frame is not None:
        both = [walker.latched.get(i, walker.slots.get(c.table)) for i, c in enumerate(frame.components)]
        tables = tuple(t for t in both if t is not None) if all(t is not None for t in both) else ()
    return Structure(
        tuple(walker.segments), frame, tuple(walker.scans), tables, tuple(walker.huffman),
        walker.jfif, walker.adobe, walker.exif, walker.icc_bytes, walker.end, len(data),
        tuple(walker.problems),
    )  # fmt: skip


def _name(marker: int) -> str:
    if marker in _FRAMES:
        return f"SOF{marker - 0xC0}"
    if 0xE0 <= marker <= 0xEF:
        return f"APP{marker - 0xE0}"
    return _NAMES.get(marker, f"0x{marker:02X}")


def _label(body: bytes) -> str:
    """Return the printable text that an APPn segment begins with."""
    text = body[:_LABEL_BYTES].split(b"\0", 1)[0]
    return text.decode("ascii") if text.isascii() and text.decode("ascii").isprintable() else ""
