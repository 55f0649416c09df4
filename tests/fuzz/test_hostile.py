"""Hostile bytes: 2,000 seeded cases of the 20,000 that the benchmark ``robustness`` runs, and every failure found so far."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fakeproof import Photo, PhotoError
from tests.fuzz.mutate import MUTATORS, case, chunk, packed_zeros
from tests.fuzz.runner import run_cases
from tests.fuzz.seeds import save, seeds, segment


@pytest.mark.slow
def test_two_thousand_damaged_files_end_in_a_result_or_a_photo_error() -> None:
    outcomes, peak = run_cases(range(2000))
    wrong = [o for o in outcomes if o.result not in ("ok", "PhotoError")]
    assert wrong == []
    assert {o.seed for o in outcomes} == set(seeds())
    assert {o.mutator for o in outcomes} == set(MUTATORS)
    assert 200 < sum(o.result == "ok" for o in outcomes) < 1800
    assert peak < 2**30


def test_cases_are_the_same_every_time() -> None:
    assert [case(n)[2] for n in (5, 77, 1234)] == [case(n)[2] for n in (5, 77, 1234)]


@pytest.mark.parametrize("name", sorted(seeds()))
def test_seeds_are_whole_photos(name) -> None:
    assert Photo.from_bytes(seeds()[name]).rgb.shape[2] == 3


def lying_avif() -> bytes:
    data = bytearray(seeds()["avif"])
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", 4000, 16383)
    return bytes(data)


def png_pixels_before_palette() -> bytes:
    data = seeds()["png-palette"]
    return data[:33] + chunk(b"IDAT", packed_zeros(2**20)) + data[33:]


def gif_frame_beyond_the_screen() -> bytes:
    data = bytearray(seeds()["gif"])
    at = data.index(b"\x2c", 13 + 3 * 32)
    data[at + 1 : at + 9] = b"\xff" * 8
    return bytes(data)


def huge_scan_count() -> bytes:
    data = seeds()["jpeg-progressive"]
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * 400 + data[-2:]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lying_avif, "pixels a byte"),  # decoding took 5 s and 1 GiB
        (png_pixels_before_palette, "cannot be decoded"),  # Pillow: AssertionError
        (gif_frame_beyond_the_screen, "limit"),  # Pillow: DecompressionBombError
        (huge_scan_count, "too many scans"),
    ],
)
def test_found_failures_stay_photo_errors(make, words) -> None:
    with pytest.raises(PhotoError, match=words):
        Photo.from_bytes(make())


def test_a_segment_cut_short_does_not_swallow_the_end() -> None:
    """A truncated DHT was handed on with its declared length, so that salvage found no end."""
    data = save(Image.effect_noise((64, 64), 30).convert("RGB"), "JPEG", progressive=True)
    cut = data.rindex(b"\xff\xc4") + 9
    photo = Photo.from_bytes(data[:cut], salvage=True)
    assert photo.salvaged
    assert photo.jpeg.damaged
    assert photo.rgb.shape == (64, 64, 3)


def test_an_exif_block_that_points_at_itself_ends() -> None:
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 500) + entry * 500 + struct.pack("<I", 8)
    data = seeds()["jpeg-grey"]
    photo = Photo.from_bytes(data[:2] + segment(0xE1, block) + data[2:])
    assert any("linked twice" in p.reason for p in photo.record.tiff.problems)
    assert photo.orientation == 1


@pytest.mark.slow
def test_many_opens_do_not_grow() -> None:
    import psutil

    process = psutil.Process()
    data = list(seeds().values())

    def open_all(times: int) -> None:
        for _ in range(times):
            for item in data:
                photo = Photo.from_bytes(item)
                _ = photo.luma, photo.jpeg and photo.jpeg.coefficients()

    open_all(30)
    before = process.memory_info().rss
    open_all(60)
    assert process.memory_info().rss - before < 24 * 2**20


def test_progressive_refinement_cannot_overflow() -> None:
    """Refining the same bit again and again must stay inside int16."""
    data = save(Image.fromarray(np.full((16, 16, 3), 255, np.uint8)), "JPEG", progressive=True, quality=100)
    at = data.rindex(b"\xff\xda")
    photo = Photo.from_bytes(data[:at] + data[at:-2] * 5 + data[-2:])
    assert all(b.dtype == np.int16 for b in photo.jpeg.coefficients())


def test_empty_and_tiny_inputs() -> None:
    for data in (b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"BM", b"GIF89a", b"II*\0", b"RIFF\0\0\0\0WEBP"):
        with pytest.raises(PhotoError):
            Photo.from_bytes(data)
    assert io.BytesIO(seeds()["bmp"]).read(2) == b"BM"
