"""A bounded walk through a TIFF structure (EXIF): entries with their offsets, and what is odd about them.

Nothing here can loop or swell: directories are visited once, entries and value bytes are capped, and values stay
views into the block. The limits are those under which 6,000 mutated files were read without harm.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

__all__ = ["Entry", "Problem", "Tiff", "parse_tiff"]

MAX_DIRECTORIES = 8
"""Directories followed; a photo has IFD0, IFD1, Exif, GPS and Interop."""
MAX_ENTRIES = 512
"""Entries read in one directory; the richest seen in camera files is below 100."""
MAX_NUMBERS = 64
"""Numbers decoded of one value; no rule needs more, and counts are the attacker's."""
MAX_TEXT = 65_536
"""Bytes decoded of one text; a JPEG segment holds no more."""

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
"""Bytes of each TIFF 6.0 / Exif 3.0 type."""
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_SUB = {0x8769: "exif", 0x8825: "gps", 0xA005: "interop"}

Number = int | float


@dataclass(frozen=True)
class Problem:
    """Something that could not be read, with its offset in the file."""

    where: str
    offset: int
    reason: str


class Entry(NamedTuple):
    """One tag: where it stands, and its value's bytes.

    `offset` is the entry's place in the file, `value_offset` that of its value, `size` the count of values. A named
    tuple, because a file has a hundred of them and few are looked at.
    """

    directory: str
    tag: int
    type: int
    size: int
    offset: int
    value_offset: int
    raw: bytes
    little: bool = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The value as numbers (rationals divided, x/0 left out), at most 64; empty for text."""
        mark = "<" if self.little else ">"
        if self.type in (5, 10):
            parts = self._unpack(mark + ("I" if self.type == 5 else "i"), 4)
            pairs = zip(parts[::2], parts[1::2], strict=False)
            return tuple(a / b for a, b in pairs if b)
        code = _CODES.get(self.type)
        return self._unpack(mark + code, SIZES[self.type]) if code else ()

    def _unpack(self, code: str, size: int) -> tuple[Number, ...]:
        n = min(len(self.raw) // size, MAX_NUMBERS)
        return struct.unpack(code[0] + str(n) + code[1], self.raw[: n * size])

    @property
    def text(self) -> str:
        """The value as text up to its first NUL: UTF-8, else GB18030 as Chinese apps write it, else Latin-1."""
        return decode_text(self.raw[:MAX_TEXT].split(b"\0", 1)[0])

    @property
    def number(self) -> Number | None:
        """The first number, or None."""
        numbers = self.numbers
        return numbers[0] if numbers else None


_CHINESE = re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]{2}")


def decode_text(raw: bytes) -> str:
    """Return bytes as text: UTF-8, else GB18030 where that gives Chinese words, else Latin-1.

    A single Latin-1 umlaut also decodes as GB18030, but to a lone sign between Latin letters.

    Examples
    --------
    >>> decode_text("美图".encode("gb18030")), decode_text("Jörg".encode("latin-1"))
    ('美图', 'Jörg')
    """
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030").strip()
    except UnicodeDecodeError:
        text = ""
    return text if _CHINESE.search(text) else raw.decode("latin-1").strip()


@dataclass(frozen=True)
class Directory:
    """One IFD: its place, its order, and whether the link to the next one is there."""

    name: str
    offset: int
    end: int
    count: int
    sorted: bool
    link_missing: bool


@dataclass(frozen=True)
class Tiff:
    """What the walk found. `base` is the file offset of the TIFF header."""

    base: int
    little: bool
    entries: tuple[Entry, ...]
    directories: tuple[Directory, ...]
    problems: tuple[Problem, ...]
    thumbnail: bytes = field(default=b"", repr=False)
    thumbnail_offset: int = 0

    @cached_property
    def _index(self) -> dict[tuple[str, int], Entry]:
        out: dict[tuple[str, int], Entry] = {}
        for entry in self.entries:
            out.setdefault((entry.directory, entry.tag), entry)
        return out

    def get(self, tag: int, directory: str = "") -> Entry | None:
        """Return a tag's first entry, from the directory where it belongs if none is named."""
        if directory:
            return self._index.get((directory, tag))
        return next((e for name in ("ifd0", "exif") if (e := self._index.get((name, tag)))), None)

    @property
    def orientation(self) -> int:
        """How the stored picture is to be turned, 1-8; 1 where nothing sensible is said."""
        found = self.get(0x0112, "ifd0")
        value = found.number if found else None
        return value if isinstance(value, int) and 1 <= value <= 8 else 1


class _Walk:
    """The state of one walk: budget, what was visited, what was found."""

    def __init__(self, data: bytes, base: int) -> None:
        self.data, self.base = data, base
        self.little = data[:2] == b"II"
        self.mark = "<" if self.little else ">"
        self.entries: list[Entry] = []
        self.directories: list[Directory] = []
        self.problems: list[Problem] = []
        self.visited: set[int] = set()
        self.budget = 4 * len(data)

    def problem(self, where: str, offset: int, reason: str) -> None:
        if len(self.problems) < 16:
            self.problems.append(Problem(where, self.base + offset, reason))

    def u16(self, at: int) -> int:
        return int(struct.unpack_from(self.mark + "H", self.data, at)[0])

    def u32(self, at: int) -> int:
        return int(struct.unpack_from(self.mark + "I", self.data, at)[0])

    def run(self) -> None:
        first = self.u32(4)
        queue = [("ifd0", first)]
        while queue and len(self.directories) < MAX_DIRECTORIES:
            name, at = queue.pop(0)
            if at in self.visited:
                self.problem(name, at, "directory is linked twice")
                continue
            self.visited.add(at)
            queue += self.directory(name, at)

    def directory(self, name: str, at: int) -> list[tuple[str, int]]:
        """Read one directory; return the ones it links to."""
        if at < 8 or at + 2 > len(self.data):
            self.problem(name, min(at, len(self.data)), "directory lies outside the block")
            return []
        count = self.u16(at)
        end = at + 2 + 12 * count
        if count > MAX_ENTRIES or end > len(self.data):
            self.problem(name, at, f"directory claims {count} entries")
            count = min(count, MAX_ENTRIES, (len(self.data) - at - 2) // 12)
        links: list[tuple[str, int]] = []
        tags: list[int] = []
        values: list[int] = []
        heads = struct.iter_unpack(self.mark + "HHII", self.data[at + 2 : at + 2 + 12 * count])
        for index, head in enumerate(heads):
            entry = self.entry(name, at + 2 + 12 * index, head)
            tags.append(head[0])
            if entry is None:
                continue
            self.entries.append(entry)
            if len(entry.raw) > 4:
                values.append(entry.value_offset - self.base)
            if entry.tag in _SUB and isinstance(entry.number, int):
                links.append((_SUB[entry.tag], entry.number))
        missing = count > 0 and end in values
        self.directories.append(Directory(name, self.base + at, self.base + end, count, tags == sorted(tags), missing))
        if name == "ifd0" and not missing and end + 4 <= len(self.data) and (following := self.u32(end)):
            links.append(("ifd1", following))
        return links

    def entry(self, name: str, at: int, head: tuple[int, int, int, int]) -> Entry | None:
        tag, kind, count, place = head
        size = SIZES.get(kind, 0) * count
        if not size:
            if kind not in SIZES:
                self.problem(f"{name} tag 0x{tag:04x}", at, f"unknown type {kind}")
            return None
        start = at + 8 if size <= 4 else place
        self.budget -= size
        if start + size > len(self.data) or self.budget < 0:
            outside = start + size > len(self.data)
            reason = f"{size} bytes at {start} lie outside" if outside else "values overlap beyond all measure"
            self.problem(f"{name} tag 0x{tag:04x}", at, f"{reason}, the block has {len(self.data)} bytes")
            return None
        raw = self.data[start : start + min(size, MAX_TEXT)]
        return Entry(name, tag, kind, count, self.base + at, self.base + start, raw, self.little)


def parse_tiff(data: bytes, base: int = 0) -> Tiff:
    """Walk a TIFF block.

    Parameters
    ----------
    data : bytes
        From the byte-order mark on.
    base : int
        Its offset in the file; all offsets handed out count from the start of the file.

    Returns
    -------
    Tiff
        Never raises on content; what could not be read is among ``problems``.
    """
    if len(data) < 8 or data[:4] not in (b"II*\0", b"MM\0*"):
        reason = "no TIFF header" if data else "empty EXIF block"
        return Tiff(base, True, (), (), (Problem("exif", base, reason),))
    walk = _Walk(data, base)
    walk.run()
    thumbnail, at = _thumbnail(walk)
    return Tiff(
        base, walk.little, tuple(walk.entries), tuple(walk.directories), tuple(walk.problems), thumbnail, base + at
    )


def _thumbnail(walk: _Walk) -> tuple[bytes, int]:
    found = {e.tag: e.number for e in walk.entries if e.directory == "ifd1" and e.tag in (0x0201, 0x0202)}
    at, length = found.get(0x0201), found.get(0x0202)
    if not isinstance(at, int) or not isinstance(length, int) or length < 4:
        return b"", 0
    if at + length > len(walk.data):
        walk.problem("ifd1", at, f"thumbnail of {length} bytes lies outside the block")
        return b"", 0
    picture = walk.data[at : at + length]
    return (picture, at) if picture[:2] == b"\xff\xd8" else (b"", 0)
