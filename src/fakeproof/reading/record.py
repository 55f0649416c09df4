"""Everything a file says about itself, read once a photo: fields by name, each with its bytes' place."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath, PureWindowsPath

from fakeproof.reading.containers import Block, Container, read_container
from fakeproof.reading.iptc import Dataset, Resource, parse_iim, parse_resources
from fakeproof.reading.jumbf import Store, parse_store
from fakeproof.reading.tiff import Entry, Problem, Tiff, decode_text, parse_tiff
from fakeproof.reading.wechat import Trailer, read_trailer
from fakeproof.reading.xmp import Xmp, parse_xmp

__all__ = ["Field", "Record", "base_name", "read_record", "shown", "without_file"]

MAX_FIELD = 8_192
"""Characters of a field that markers search; signatures stand at the start, workflows of generators are long."""
MAX_EXTENDED = 1 << 20
"""Bytes of extended XMP that are put together; beyond lie depth maps."""

EXIF_TEXTS = {
    0x000B: "ProcessingSoftware", 0x010D: "DocumentName", 0x010E: "ImageDescription", 0x010F: "Make",
    0x0110: "Model", 0x0131: "Software", 0x0132: "ModifyDate", 0x013B: "Artist", 0x013C: "HostComputer",
    0x8298: "Copyright", 0x9003: "DateTimeOriginal", 0x9004: "CreateDate", 0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal", 0x9012: "OffsetTimeDigitized", 0x9213: "ImageHistory", 0x9286: "UserComment",
    0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized", 0x9999: "XiaomiSettings",
    0x9A00: "XiaomiModel", 0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject", 0xA420: "ImageUniqueID", 0xA430: "OwnerName", 0xA431: "SerialNumber",
    0xA433: "LensMake", 0xA434: "LensModel", 0xA435: "LensSerialNumber",
}  # fmt: skip
"""Tags with text, spelled as exiftool spells them."""


@dataclass(frozen=True)
class Field:
    """A named text of the file.

    Parameters
    ----------
    key : str
        ``exif.Software``, ``xmp.CreatorTool``, ``iptc.Credit``, ``comment``, ``text.<keyword>``, ``c2pa.agent``,
        ``samsung.name``, ``trailer``, ``name``.
    value : str
        The text, cut at 8,192 characters.
    tag : str
        Where it stands, for people: ``IFD0 0x0131``, an XMP path, ``2:110``.
    offset : int
        Offset in the file; -1 for what is not in it (the file's name).
    namespace : str
        Of an XMP property.
    """

    key: str
    value: str
    tag: str = ""
    offset: int = -1
    namespace: str = ""

    def quote(self) -> dict[str, object]:
        """Return the field as a quotation that a person can look up."""
        out: dict[str, object] = {"field": self.key, "tag": self.tag, "value": shown(self.value, 200)}
        if self.offset >= 0:
            out["offset"] = self.offset
        family, _, name = self.key.partition(".")
        groups = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "text": "PNG"}
        if family in groups:
            out["exiftool"] = f"-{groups[family]}:{name}"
        elif family == "comment":
            out["exiftool"] = "-File:Comment"
        return out


def shown(value: str, limit: int = 120) -> str:
    """Return a value on one line, without control characters, cut to `limit` characters."""
    if len(value) <= limit and value.isprintable():
        return value
    flat = " ".join("".join(c if c.isprintable() or c.isspace() else "·" for c in value[: 4 * limit]).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


@dataclass(frozen=True)
class Record:
    """What a file holds besides the picture."""

    name: str
    container: Container
    tiff: Tiff | None = None
    xmp: tuple[Xmp, ...] = ()
    resources: tuple[Resource, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    store: Store | None = None
    fields: tuple[Field, ...] = ()
    problems: tuple[Problem, ...] = ()
    seft: tuple[tuple[str, str, int], ...] = field(default=(), repr=False)
    """Entries of a Samsung trailer: name, text, offset."""
    wechat: Trailer | None = None

    @cached_property
    def _by_key(self) -> dict[str, list[Field]]:
        out: dict[str, list[Field]] = {}
        for one in self.fields:
            out.setdefault(one.key, []).append(one)
        return out

    def all(self, key: str) -> list[Field]:
        """Return the fields of a key, in file order."""
        return self._by_key.get(key, [])

    def first(self, key: str) -> Field | None:
        """Return the first field of a key that is not empty."""
        return next((f for f in self.all(key) if f.value), None)

    def text(self, key: str) -> str:
        """Return the first value of a key, or an empty text."""
        found = self.first(key)
        return found.value if found else ""

    @property
    def has_camera(self) -> bool:
        """Whether EXIF names a camera."""
        return bool(self.first("exif.Make") or self.first("exif.Model"))


def base_name(path: str) -> str:
    """Return the last part of a path of either kind, or of an address with its query."""
    return path if path.startswith("u=") else PureWindowsPath(PurePosixPath(path).name).name


def without_file(name: str) -> Record:
    """Return the record of a photo of which there are only pixels."""
    name = base_name(name)
    return Record(name, Container("array", ()), fields=(Field("name", name),))


def read_record(data: bytes, name: str = "", container: Container | None = None, tiff: Tiff | None = None) -> Record:
    """Read the record of a file's bytes; never raises on content.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        Its name, a path or an address.
    container, tiff : optional
        What was read of it already.
    """
    name = base_name(name)
    container = container or read_container(data)
    exif = container.of("exif")
    tiff = tiff or (parse_tiff(exif[0].data, exif[0].offset) if exif else None)
    packets = tuple(parse_xmp(b.data, b.offset) for b in container.of("xmp"))
    packets += _extended(container.of("xmp_part"))
    resources, datasets, problems = _photoshop(container)
    store = _store(container)
    seft = tuple(_samsung(container))
    fields = [Field("name", name, "file name")] if name else []
    fields += _exif_fields(tiff) if tiff else []
    for packet in packets:
        fields += [
            Field(f"xmp.{p.name}", p.value[:MAX_FIELD], p.path, p.offset, p.namespace) for p in packet.properties
        ]
    fields += [Field(f"iptc.{d.name}", d.value[:MAX_FIELD], f"{d.record}:{d.number}", d.offset) for d in datasets]
    fields += _block_fields(container)
    fields += _store_fields(store) if store else []
    fields += [Field("samsung.name", n, "SEFT", o) for n, _, o in seft]
    fields += [Field(f"samsung.{n}", v[:MAX_FIELD], "SEFT", o) for n, v, o in seft]
    return Record(
        name, container, tiff, packets, resources, datasets, store, tuple(fields), problems, seft,
        read_trailer(data, container),
    )  # fmt: skip


def _exif_fields(tiff: Tiff) -> Iterator[Field]:
    for entry in tiff.entries:
        name = EXIF_TEXTS.get(entry.tag)
        if name is None or entry.directory in ("gps", "interop", "ifd1"):
            continue
        value = _exif_text(entry)
        if value:
            yield Field(
                f"exif.{name}", value[:MAX_FIELD], f"{entry.directory.upper()} 0x{entry.tag:04X}", entry.value_offset
            )


def _exif_text(entry: Entry) -> str:
    if entry.tag == 0x9286:
        return _user_comment(entry)
    if 0x9C9B <= entry.tag <= 0x9C9F:
        return entry.raw.decode("utf-16-le", "replace").split("\0", 1)[0]
    return entry.text


def _user_comment(entry: Entry) -> str:
    """Decode by the 8-byte code; writers get the byte order of UNICODE wrong, so the likelier one is taken."""
    code, body = entry.raw[:8], entry.raw[8:]
    if code.startswith(b"UNICODE"):
        odd, even = body[::2].count(0), body[1::2].count(0)
        coding = (
            "utf-16-be" if odd > even else "utf-16-le" if even > odd else f"utf-16-{'le' if entry.little else 'be'}"
        )
        return body[: len(body) // 2 * 2].decode(coding, "replace").rstrip("\0").strip()
    if code[:5] == b"ASCII" or code == b"\0" * 8:
        return decode_text(body.split(b"\0", 1)[0])
    return entry.text


def _extended(parts: tuple[Block, ...]) -> tuple[Xmp, ...]:
    """Put the first extended packet together (XMP Part 3: GUID, full length, offset, data)."""
    if not parts:
        return ()
    guid = parts[0].data[:32]
    chunks: dict[int, Block] = {}
    for part in parts:
        if part.data[:32] == guid and len(part.data) > 40:
            chunks[struct.unpack_from(">I", part.data, 36)[0]] = part
    out = bytearray()
    for offset in sorted(chunks):
        if offset != len(out) or len(out) > MAX_EXTENDED:
            break
        out += chunks[offset].data[40:]
    return (parse_xmp(bytes(out), parts[0].offset + 40),) if 0 < len(out) <= MAX_EXTENDED else ()


def _photoshop(container: Container) -> tuple[tuple[Resource, ...], tuple[Dataset, ...], tuple[Problem, ...]]:
    """Join the APP13 segments (long chains are cut at 64 KiB) and read resources and IPTC."""
    blocks = container.of("iptc")
    if not blocks:
        return (), (), ()
    data = b"".join(b.data for b in blocks)
    found, problems = parse_resources(data, 0)
    if not found and data[:1] == b"\x1c":
        datasets, broken = parse_iim(data, blocks[0].offset)
        return (), datasets, broken
    place = _Places(blocks)
    moved = tuple(Resource(r.id, r.name, place(r.offset), r.data) for r in found)
    datasets = ()
    for resource in moved:
        if resource.id == 0x0404:
            more, broken = parse_iim(resource.data, resource.offset)
            datasets, problems = datasets + more, problems + broken
    return (
        moved,
        datasets,
        tuple(Problem(p.where, place(p.offset) if p.offset < len(data) else p.offset, p.reason) for p in problems),
    )


class _Places:
    """Offsets in joined blocks back to offsets in the file."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.starts: list[tuple[int, int]] = []
        at = 0
        for block in blocks:
            self.starts.append((at, block.offset))
            at += len(block.data)

    def __call__(self, offset: int) -> int:
        start, place = max(((s, p) for s, p in self.starts if s <= offset), default=(0, 0))
        return place + offset - start


def _store(container: Container) -> Store | None:
    blocks = container.of("jumbf")
    if not blocks:
        return None
    if blocks[0].label == "box":
        return parse_store(blocks[0].data, blocks[0].offset)
    joined: dict[int, list[bytes]] = {}
    for block in blocks:
        if len(block.data) < 16:
            continue
        instance = int.from_bytes(block.data[2:4], "big")
        # every segment repeats the box's length and type; they count once
        parts = joined.setdefault(instance, [])
        parts.append(block.data[16:] if parts else block.data[8:])
    for parts in joined.values():
        store = parse_store(b"".join(parts), blocks[0].offset + 8)
        if store:
            return store
    return None


def _store_fields(store: Store) -> Iterator[Field]:
    for manifest in store.manifests:
        tag = f"{manifest.label}{' (active)' if manifest.active else ''}"
        if manifest.generator:
            yield Field("c2pa.generator", manifest.generator, tag, store.offset)
        for action in manifest.actions:
            for key, name in (("action", "action"), ("softwareAgent", "agent"), ("digitalSourceType", "source_type")):
                if action.get(key):
                    yield Field(f"c2pa.{name}", action[key], tag, store.offset)


def _block_fields(container: Container) -> Iterator[Field]:
    for block in container.blocks:
        if block.kind == "comment":
            yield Field("comment", decode_text(block.data[:MAX_FIELD].split(b"\0", 1)[0]), "COM", block.offset)
        elif block.kind == "text":
            yield Field(f"text.{block.label}", decode_text(block.data[:MAX_FIELD]), block.label, block.offset)
        elif block.kind == "app":
            yield Field("app", block.data[:256].decode("latin-1"), block.label, block.offset)


def _samsung(container: Container) -> Iterator[tuple[str, str, int]]:
    """Read the directory at the end of a Samsung trailer: names, texts, offsets of its entries."""
    for block in container.of("trailer"):
        data = block.data
        at = data.rfind(b"SEFH")
        if at < 0 or data[-4:] != b"SEFT" or at + 12 > len(data):
            continue
        (count,) = struct.unpack_from("<I", data, at + 8)
        for i in range(min(count, 64)):
            if at + 24 + 12 * i > len(data):
                return
            back, size = struct.unpack_from("<II", data, at + 16 + 12 * i)
            start = at - back
            if not 0 <= start <= at - 8 or size < 8:
                continue
            (length,) = struct.unpack_from("<I", data, start + 4)
            if length > 256 or 8 + length > size:
                continue
            name = data[start + 8 : start + 8 + length].decode("latin-1")
            if re.fullmatch(r"[\w.\- ]+", name):
                text = data[start + 8 + length : start + min(size, 65_536)].decode("utf-8", "replace")
                yield name, text, block.offset + start
