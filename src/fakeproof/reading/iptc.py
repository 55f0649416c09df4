"""Photoshop image resources (APP13) and the IPTC-IIM records inside them, bounded, with offsets."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from fakeproof.reading.tiff import Problem, decode_text

__all__ = ["Dataset", "Resource", "parse_iim", "parse_resources"]

MAX_RESOURCES = 512
MAX_DATASETS = 2_048

IIM_NAMES = {
    (1, 90): "CodedCharacterSet", (2, 5): "ObjectName", (2, 25): "Keywords", (2, 40): "SpecialInstructions",
    (2, 55): "DateCreated", (2, 60): "TimeCreated", (2, 62): "DigitalCreationDate", (2, 63): "DigitalCreationTime",
    (2, 65): "OriginatingProgram", (2, 70): "ProgramVersion", (2, 80): "By-line", (2, 85): "By-lineTitle",
    (2, 103): "OriginalTransmissionReference", (2, 105): "Headline", (2, 110): "Credit", (2, 115): "Source",
    (2, 116): "CopyrightNotice", (2, 118): "Contact", (2, 120): "Caption-Abstract", (2, 122): "Writer-Editor",
    (2, 230): "ObjectPreviewFileFormat",
}  # fmt: skip
"""Names of the datasets that rules or people ask for (IPTC-IIM 4.2), spelled as exiftool spells them."""


@dataclass(frozen=True)
class Resource:
    """One 8BIM resource."""

    id: int
    name: str
    offset: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Dataset:
    """One IIM dataset, such as 2:80 By-line."""

    record: int
    number: int
    name: str
    value: str
    offset: int
    length: int


def parse_resources(data: bytes, base: int) -> tuple[tuple[Resource, ...], tuple[Problem, ...]]:
    """Walk a chain of 8BIM resources (what follows ``Photoshop 3.0`` and a NUL)."""
    found: list[Resource] = []
    at = 0
    while at + 12 <= len(data) and len(found) < MAX_RESOURCES:
        if data[at : at + 4] not in (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa"):
            following = data.find(b"8BIM", at)
            if following < 0:
                return tuple(found), (Problem("Photoshop resources", base + at, "no resource where one should begin"),)
            at = following
            continue
        number, name_length = struct.unpack_from(">HB", data, at + 4)
        start = at + 7 + name_length + (name_length + 1) % 2
        if start + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, start)
        if start + 4 + size > len(data):
            problem = Problem("Photoshop resources", base + at, f"resource 0x{number:04x} claims {size} bytes")
            found.append(Resource(number, "", base + start + 4, data[start + 4 :]))
            return tuple(found), (problem,)
        name = data[at + 7 : at + 7 + name_length].decode("latin-1")
        found.append(Resource(number, name, base + start + 4, data[start + 4 : start + 4 + size]))
        at = start + 4 + size + size % 2
    return tuple(found), ()


def parse_iim(data: bytes, base: int) -> tuple[tuple[Dataset, ...], tuple[Problem, ...]]:
    """Walk IIM datasets; text is UTF-8, GB18030 or Latin-1, whichever fits."""
    found: list[Dataset] = []
    at = 0
    while at + 5 <= len(data) and data[at] == 0x1C and len(found) < MAX_DATASETS:
        record, number, size = struct.unpack_from(">BBH", data, at + 1)
        start = at + 5
        if size & 0x8000:
            width = size & 0x7FFF
            if width > 4 or start + width > len(data):
                return tuple(found), (Problem("IPTC", base + at, f"dataset {record}:{number} has a broken length"),)
            size = int.from_bytes(data[start : start + width], "big")
            start += width
        if start + size > len(data):
            return tuple(found), (Problem("IPTC", base + at, f"dataset {record}:{number} claims {size} bytes"),)
        name = IIM_NAMES.get((record, number), f"{record}:{number}")
        value = decode_text(data[start : start + min(size, 65_536)].rstrip(b"\0"))
        found.append(Dataset(record, number, name, value, base + at, 5 + size))
        at = start + size
    return tuple(found), ()
