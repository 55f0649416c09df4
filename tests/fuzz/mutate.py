"""Seeded damage: the same number gives the same bytes on every machine."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np

from fakeproof.jpeg import walk
from tests.fuzz.seeds import XMP, save, seeds, segment

Rng = np.random.Generator
GIANTS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x0FFFFFFF)


def bit_flips(data: bytes, rng: Rng) -> bytes:
    out = bytearray(data)
    for at in rng.integers(0, len(out), int(rng.integers(1, 9))):
        out[at] ^= 1 << int(rng.integers(8))
    return bytes(out)


def bytes_replaced(data: bytes, rng: Rng) -> bytes:
    out = bytearray(data)
    at, count = int(rng.integers(len(out))), int(rng.integers(1, 33))
    out[at : at + count] = rng.bytes(count) if rng.random() < 0.6 else bytes([int(rng.choice([0, 255]))]) * count
    return bytes(out)


def length_fields(data: bytes, rng: Rng) -> bytes:
    """Overwrite 2 or 4 bytes, preferably near a segment's start, with a giant or tiny number."""
    parts = pieces(data)
    base = (
        sum(len(p) for p in parts[: int(rng.integers(len(parts)))]) if len(parts) > 1 else int(rng.integers(len(data)))
    )
    at = min(base + int(rng.integers(0, 24)), max(len(data) - 4, 0))
    form = str(rng.choice([">H", "<H", ">I", "<I"]))
    value = int(rng.choice(GIANTS)) & (0xFFFF if form.endswith("H") else 0xFFFFFFFF)
    packed = struct.pack(form, value)
    return data[:at] + packed + data[at + len(packed) :]


def pieces(data: bytes) -> list[bytes]:
    """Cut a file into its segments or chunks; other containers into 64-byte pieces."""
    cuts = [0]
    if data[:2] == b"\xff\xd8":
        cuts = [s.offset for s in walk(data).segments]
    elif data[:4] == b"\x89PNG":
        at = 8
        cuts = [0]
        while at + 12 <= len(data):
            cuts.append(at)
            at += 12 + int.from_bytes(data[at : at + 4], "big")
    else:
        cuts = list(range(0, len(data), 64))
    cuts = [*sorted({c for c in cuts if c < len(data)}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(cuts)]


def pieces_dropped(data: bytes, rng: Rng) -> bytes:
    parts = pieces(data)
    parts.pop(int(rng.integers(len(parts))))
    return b"".join(parts)


def pieces_doubled(data: bytes, rng: Rng) -> bytes:
    parts = pieces(data)
    which = int(rng.integers(len(parts)))
    parts[which:which] = [parts[which]] * int(rng.choice([1, 2, 40]))
    return b"".join(parts)


def pieces_moved(data: bytes, rng: Rng) -> bytes:
    parts = pieces(data)
    part = parts.pop(int(rng.integers(len(parts))))
    parts.insert(int(rng.integers(len(parts) + 1)), part)
    return b"".join(parts)


def truncated(data: bytes, rng: Rng) -> bytes:
    return data[: int(rng.integers(0, len(data)))]


def spliced(data: bytes, rng: Rng) -> bytes:
    other = list(seeds().values())[int(rng.integers(len(seeds())))]
    return data[: int(rng.integers(len(data)))] + other[int(rng.integers(len(other))) :]


def ifd_loops(data: bytes, rng: Rng) -> bytes:
    """Put in an EXIF block whose directories point at themselves or claim giant counts."""
    order = str(rng.choice(["<", ">"]))
    count = int(rng.choice([1, 3, 40, 512, 65535]))
    entries = b""
    for _ in range(min(count, 60)):
        tag = int(rng.choice([0x8769, 0x8825, 0xA005, 0x0112, 0x010F, 0x927C, 0x0201, 0x014A, 0x9286, 0x0111]))
        kind = int(rng.choice([1, 2, 3, 4, 5, 7, 9, 10, 12, 13, 0, 99]))
        entries += struct.pack(
            order + "HHII", tag, kind, int(rng.choice(GIANTS)), int(rng.choice([0, 8, 10, 26, 4, 2**31]))
        )
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, count) + entries
    block += struct.pack(order + "I", int(rng.choice([0, 8, 10, len(block) - 12])))
    if data[:4] == b"\x89PNG":
        return data[:33] + chunk(b"eXIf", block) + data[33:]
    if data[:2] == b"\xff\xd8":
        return data[:2] + segment(0xE1, b"Exif\0\0" + block) + data[2:]
    return block + data[len(block) :]


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


@cache
def packed_zeros(count: int) -> bytes:
    return zlib.compress(bytes(count), 9)


def bombs(data: bytes, rng: Rng) -> bytes:
    """Put in what unpacks to megabytes: zTXt, iTXt, iCCP, IDAT; many ICC parts; XML entities."""
    packed = packed_zeros(int(rng.choice([2**20, 2**24, 2**26])))
    xml = b"<!DOCTYPE a [" + b"".join(
        b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10 if i else b"lol") for i in range(9)
    ) + b"]><a>&e8;</a>" + XMP  # fmt: skip
    if data[:4] == b"\x89PNG":
        kind = int(rng.integers(4))
        body = [
            chunk(b"zTXt", b"parameters\0\0" + packed), chunk(b"iCCP", b"p\0\0" + packed),
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + packed), chunk(b"IDAT", packed),
        ][kind]  # fmt: skip
        return data[:33] + body + data[33:]
    if data[:2] == b"\xff\xd8":
        parts = [
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xml),
            b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([i, 255]) + bytes(60000)) for i in range(40)),
            b"".join(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + xml) for _ in range(200)),
            segment(0xED, b"Photoshop 3.0\x00" + b"8BIM\x04\x04\0\0\xff\xff\xff\xff" * 2000),
            segment(0xEB, b"JP\0\x01\0\0\0\x01" + b"\0\0\0\x10jumb\0\0\0\x08jumd" * 3000),
        ]
        return data[:2] + parts[int(rng.integers(len(parts)))] + data[2:]
    return data + packed


def size_lies(data: bytes, rng: Rng) -> bytes:
    """Change the declared size."""
    sides = [int(v) for v in rng.choice([0, 1, 7, 8, 9, 4000, 9999, 16383, 65500, 65535], 2)]
    if data[:4] == b"\x89PNG":
        sides = [s * int(rng.choice([1, 1, 60000])) & 0xFFFFFFFF for s in sides]
        return data[:8] + chunk(b"IHDR", struct.pack(">II", *sides) + data[24:29]) + data[33:]
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        at = data.find(marker)
        if data[:2] == b"\xff\xd8" and at > 0:
            return data[: at + 5] + struct.pack(">HH", *sides) + data[at + 9 :]
    at = int(rng.choice([6, 16, 18, 22, 24, 26, 28]))
    at = data.find(b"ispe") + 8 if b"ispe" in data and rng.random() < 0.8 else at
    return data[:at] + struct.pack(">II" if b"ispe" in data else "<II", *sides) + data[at + 8 :]


def polyglots(data: bytes, rng: Rng) -> bytes:
    others = [b"PK\x03\x04" + bytes(60), b"%PDF-1.7\n", b"<svg/>", *list(seeds().values())]
    other = others[int(rng.integers(len(others)))]
    where = int(rng.integers(3))
    if where == 0:
        return data + other
    if where == 1:
        return other[:12] + data
    return data[:2] + segment(0xFE, other[:60000]) + data[2:] if data[:2] == b"\xff\xd8" else data + other + data


MUTATORS: dict[str, Callable[[bytes, Rng], bytes]] = {
    f.__name__: f
    for f in (bit_flips, bytes_replaced, length_fields, pieces_dropped, pieces_doubled, pieces_moved, truncated, spliced,
              ifd_loops, bombs, size_lies, polyglots)
}  # fmt: skip


def case(number: int) -> tuple[str, str, bytes]:
    """Return (seed's name, mutator's name, bytes) of a case; every third one is damaged twice."""
    rng = np.random.default_rng([20261122, number])
    names, kinds = list(seeds()), list(MUTATORS)
    name, kind = names[number % len(names)], kinds[number // len(names) % len(kinds)]
    data = MUTATORS[kind](seeds()[name], rng)
    if number % 3 == 2 and data:
        data = MUTATORS[str(rng.choice(kinds[:3]))](data, rng)
    return name, kind, data


__all__ = ["MUTATORS", "case", "save"]
