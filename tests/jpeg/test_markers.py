"""The walk over segments: bounded, complete, silent about content that it does not know."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fakeproof.jpeg import WalkLimits, walk


def encode(**options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()[:40, :56]).save(out, "JPEG", **options)
    return out.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


PLAIN = encode(quality=80)


def test_segments_tile_the_file() -> None:
    found = walk(PLAIN)
    assert [s.name for s in found.segments][:3] == ["SOI", "APP0", "DQT"]
    assert found.segments[-1].name == "EOI"
    assert found.end == len(PLAIN)
    assert found.problems == ()
    at = 0
    for part in found.segments:
        assert part.offset == at
        at = found.scans[0].stop if part.name == "SOS" else part.offset + part.length


def test_tables_equal_pillows() -> None:
    with Image.open(io.BytesIO(PLAIN)) as image:
        for ours, theirs in zip(walk(PLAIN).quantization, (image.quantization[i] for i in (0, 1, 1)), strict=True):
            np.testing.assert_array_equal(ours.ravel(), theirs)


def test_the_trailer_begins_behind_the_first_picture() -> None:
    found = walk(PLAIN + PLAIN + b"....SEFT")
    assert found.end == len(PLAIN)
    assert found.trailer == (len(PLAIN), len(PLAIN) + 8)


def test_metadata_segments_are_read() -> None:
    extra = (
        segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0") + segment(0xFE, b"hello") + segment(0xEE, b"Adobe\0d\0\0\0\0\x01")
        + segment(0xE2, b"ICC_PROFILE\0\x01\x01" + bytes(9)) + segment(0xED, b"Photoshop 3.0\0FBMD01")
    )  # fmt: skip
    found = walk(PLAIN[:2] + extra + PLAIN[2:])
    assert found.exif == (12, 10)
    assert (found.adobe, found.icc_bytes) == (1, 9)


def test_pixel_bytes_leave_metadata_out_and_keep_the_picture() -> None:
    bloated = PLAIN[:2] + segment(0xE1, b"x" * 5000) + PLAIN[2:] + b"trailer"
    slim = walk(bloated).pixel_bytes(bloated)
    assert len(slim) == len(PLAIN)
    with Image.open(io.BytesIO(slim)) as a, Image.open(io.BytesIO(PLAIN)) as b:
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no-start-marker"),
        (PLAIN[:-2], "no-end-marker"),
        (PLAIN[:2] + b"junk" + PLAIN[2:], "bytes-between-segments"),
        (PLAIN[:2] + b"\xff\xe1\x00\x01" + PLAIN[2:], "bad-length"),
        (PLAIN[:2] + segment(0xDB, b"\x05" + bytes(64)) + PLAIN[2:], "bad-quantization-table"),
        (PLAIN[:2] + segment(0xDB, b"\x00" + bytes(64)) + PLAIN[2:], "zero-in-quantization-table"),
        (PLAIN[:2] + segment(0xC4, b"\x00" + b"\xff" * 16) + PLAIN[2:], "bad-huffman-table"),
        (PLAIN[:2] + segment(0xC4, b"\x00\x03" + bytes(15) + b"abc") + PLAIN[2:], "bad-huffman-table"),
        (PLAIN[:2] + segment(0xC0, b"\x08\0\x10\0\x10\x09") + PLAIN[2:], "bad-frame"),
        (PLAIN[:2] + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + PLAIN[2:], "bad-scan"),
    ],
)
def test_departures_are_named(data, code) -> None:
    assert code in {p.code for p in walk(data).problems}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (WalkLimits(max_segments=3), "too-many-segments"),
        (WalkLimits(max_metadata=8), "too-much-metadata"),
        (WalkLimits(max_scans=0), "too-many-scans"),
    ],
)
def test_limits_stop_the_walk(limits, code) -> None:
    assert [p.code for p in walk(PLAIN, limits=limits).problems] == [code]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(PLAIN)))
def test_any_bytes_give_a_structure(noise, cut) -> None:
    for data in (b"\xff\xd8" + noise, PLAIN[:cut] + noise + PLAIN[cut:]):
        found = walk(data)
        assert found.length == len(data)
        assert all(s.offset >= 0 and s.offset + s.length <= len(data) for s in found.segments)
        assert all(0 <= s.start <= s.stop <= len(data) for s in found.scans)
