"""Builders of files with metadata: small pictures with exactly the blocks that a test asks for."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import piexif
from PIL import Image

import fakeproof as fp


def picture(width: int = 96, height: int = 64) -> Image.Image:
    """A picture with structure that is not symmetric under any turn."""
    y, x = np.mgrid[0:height, 0:width]
    grey = 128 + 60 * np.sin(x / 7.0) + 50 * np.cos(y / 11.0) + 40 * ((x - width / 4) ** 2 + y**2 < 200)
    rgb = np.stack([grey, np.roll(grey, 9, axis=1), 255 - grey * x / width], axis=-1)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def jpeg(*segments: bytes, trailer: bytes = b"", image: Image.Image | None = None, **save: Any) -> bytes:
    """A JPEG with these segments behind its start marker."""
    file = io.BytesIO()
    (image or picture()).save(file, "JPEG", quality=90, **save)
    data = file.getvalue()
    return data[:2] + b"".join(segments) + data[2:] + trailer


def exif_segment(tiff: bytes) -> bytes:
    return segment(0xE1, b"Exif\0\0" + tiff)


def xmp_packet(inner: str, attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" '
        'xmlns:GettyImagesGIFT="http://xmp.gettyimages.com/gift/1.0/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        f'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" {attributes}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


def xmp_segment(inner: str = "", attributes: str = "") -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet(inner, attributes))


def tiff(values: dict[int, Any], exif: dict[int, Any] | None = None, gps: dict[int, Any] | None = None) -> bytes:
    """A well-formed little-endian TIFF block: text, bytes, ints (SHORT below 65536, else LONG), rationals as tuples."""
    directories = [values, exif, gps]
    links = {0x8769: 1, 0x8825: 2}
    sizes = [
        _entries_size(d, extra=(i == 0) * sum(x is not None for x in directories[1:]))
        for i, d in enumerate(directories)
    ]
    offsets, at = [], 8
    for d, size in zip(directories, sizes, strict=True):
        offsets.append(at)
        at += size if d is not None else 0
    first = dict(values)
    for tag, index in links.items():
        if directories[index] is not None:
            first[tag] = ("long", offsets[index])
    out = b"II*\0" + struct.pack("<I", 8)
    for d, offset in zip([first, exif, gps], offsets, strict=True):
        if d is not None:
            assert len(out) == offset
            out += _directory(d, offset)
    return out


def _encode(value: Any) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        raw = value.encode() + b"\0"
        return 2, len(raw), raw
    if isinstance(value, bytes):
        return 7, len(value), value
    if isinstance(value, tuple) and value and value[0] == "long":
        return 4, 1, struct.pack("<I", value[1])
    if isinstance(value, tuple):
        return 5, len(value), b"".join(struct.pack("<II", round(v * 1000), 1000) for v in value)
    return (3, 1, struct.pack("<H", value)) if value < 65_536 else (4, 1, struct.pack("<I", value))


def _entries_size(values: dict[int, Any] | None, extra: int) -> int:
    if values is None:
        return 0
    body = sum(len(raw) + len(raw) % 2 for _, _, raw in map(_encode, values.values()) if len(raw) > 4)
    return 2 + 12 * (len(values) + extra) + 4 + body


def _directory(values: dict[int, Any], offset: int) -> bytes:
    head, body = struct.pack("<H", len(values)), b""
    start = offset + 2 + 12 * len(values) + 4
    for tag in sorted(values):
        kind, count, raw = _encode(values[tag])
        if len(raw) > 4:
            head += struct.pack("<HHII", tag, kind, count, start + len(body))
            body += raw + b"\0" * (len(raw) % 2)
        else:
            head += struct.pack("<HHI", tag, kind, count) + raw.ljust(4, b"\0")
    return head + b"\0\0\0\0" + body


def resource(number: int, data: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) % 2)


def dataset(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def photoshop_segment(*resources: bytes) -> bytes:
    return segment(0xED, b"Photoshop 3.0\0" + b"".join(resources))


def iptc_segment(*datasets: bytes) -> bytes:
    return photoshop_segment(resource(0x0404, b"".join(datasets)))


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def superbox(label: str, *inner: bytes) -> bytes:
    return box(b"jumb", box(b"jumd", b"\0" * 16 + b"\x03" + label.encode() + b"\0") + b"".join(inner))


def cbor(value: Any) -> bytes:
    """RFC 8949, enough for tests."""
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return _head(0, value)


def _head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    return bytes([major << 5 | 25]) + struct.pack(">H", value)


def store(actions: list[dict[str, Any]], generator: str = "a tool") -> bytes:
    claim = superbox("c2pa.claim", box(b"cbor", cbor({"claim_generator": generator})))
    done = superbox("c2pa.actions", box(b"cbor", cbor({"actions": actions})))
    manifest = superbox("urn:uuid:test", superbox("c2pa.assertions", done), claim)
    return superbox("c2pa", manifest)


def jumbf_segments(data: bytes, size: int = 60_000) -> bytes:
    """A store over as many APP11 segments as it takes, each repeating the box's head."""
    head, body = data[:8], data[8:]
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(segment(0xEB, b"JP" + struct.pack(">HI", 1, i + 1) + head + part) for i, part in enumerate(parts))


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(*chunks: bytes, trailer: bytes = b"", image: Image.Image | None = None, late: bool = False) -> bytes:
    """A PNG with these chunks behind its header, or behind its pixels."""
    file = io.BytesIO()
    (image or picture()).save(file, "PNG")
    data = file.getvalue()
    at = len(data) - 12 if late else 33
    return data[:at] + b"".join(chunks) + data[at:] + trailer


def text_chunk(keyword: str, value: str) -> bytes:
    return chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + value.encode("latin-1"))


def seft(name: str, text: str) -> bytes:
    """A Samsung trailer with one entry."""
    entry = b"\0\0\x91\r" + struct.pack("<I", len(name)) + name.encode() + text.encode()
    directory = b"SEFH" + struct.pack("<II", 0x6B, 1) + b"\0\0\x91\r" + struct.pack("<II", len(entry), len(entry))
    return entry + directory + struct.pack("<I", len(directory)) + b"SEFT"


def piexif_block(zeroth: dict[int, Any], exif: dict[int, Any] | None = None) -> bytes:
    raw = piexif.dump({"0th": zeroth, "Exif": exif or {}})
    return bytes(raw[6:])


def photo(data: bytes, name: str = "photo.jpg") -> fp.Photo:
    return fp.Photo.from_bytes(data, name=name)


def fired(findings: tuple[fp.Finding, ...]) -> dict[str, fp.Finding]:
    return {f.facts["rule"]: f for f in findings}
