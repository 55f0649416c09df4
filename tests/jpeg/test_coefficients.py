"""Coefficients against jpeglib (independent) and against the plain twin; damage is told, never hidden."""

from __future__ import annotations

import io
import tracemalloc
from itertools import product

import jpeglib
import numpy as np
import pytest
import skimage.data
from PIL import Image

from fakeproof.jpeg import read_coefficients, walk
from tests.reference import jpeg as twin

SAMPLINGS = {"444": ((1, 1), (1, 1)), "422": ((2, 1), (1, 1)), "420": ((2, 2), (1, 1)), "440": ((1, 2), (1, 1)),
             "411": ((4, 1), (1, 1))}  # fmt: skip


def picture(width: int, height: int, *, seed: int = 0) -> Image.Image:
    base = Image.fromarray(skimage.data.astronaut()).crop((90 + seed, 10, 90 + seed + width, 10 + height))
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(base) + noise, 0, 255).astype(np.uint8))


def encode(image: Image.Image, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def by_jpeglib(data: bytes, tmp_path) -> list[np.ndarray]:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    read = jpeglib.read_dct(str(path))
    return [read.Y] if not read.has_chrominance else [read.Y, read.Cb, read.Cr]


def check(data: bytes, tmp_path) -> None:
    ours = read_coefficients(data, walk(data))
    assert not ours.damaged
    assert ours.decoded == 1.0
    expected = by_jpeglib(data, tmp_path)
    assert len(ours.blocks) == len(expected)
    for mine, other in zip(ours.blocks, expected, strict=True):
        assert mine.dtype == np.int16
        assert not mine.flags.writeable
        np.testing.assert_array_equal(mine, other)


VARIED = [
    {"quality": q, "subsampling": s, "progressive": p, "size": size}
    for (q, size), s, p in product(
        [(30, (97, 61)), (75, (160, 120)), (92, (131, 77)), (100, (65, 129))],
        ["4:4:4", "4:2:2", "4:2:0"],
        [False, True],
    )
] + [
    {"quality": 80, "optimize": True, "size": (111, 93)},
    {"quality": 80, "restart_marker_blocks": 1, "size": (111, 93)},
    {"quality": 80, "restart_marker_blocks": 3, "progressive": True, "size": (111, 93)},
    {"quality": 95, "restart_marker_rows": 1, "subsampling": "4:4:4", "size": (111, 93)},
    {"quality": 80, "restart_marker_rows": 2, "progressive": True, "size": (200, 93)},
    {"quality": 1, "progressive": True, "size": (64, 64)},
    {"quality": 100, "subsampling": "4:4:4", "progressive": True, "size": (8, 9)},
    {"quality": 60, "grey": True, "size": (101, 67)},
    {"quality": 97, "grey": True, "progressive": True, "size": (101, 67)},
    {"quality": 50, "grey": True, "optimize": True, "restart_marker_blocks": 2, "size": (33, 300)},
]


@pytest.mark.independent
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("index", range(len(VARIED)))
def test_equal_to_jpeglib_on_pillow_files(index, tmp_path) -> None:
    options = dict(VARIED[index])
    image = picture(*options.pop("size"), seed=index)
    if options.pop("grey", False):
        image = image.convert("L")
    check(encode(image, **options), tmp_path)


@pytest.mark.independent
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", ["411", "440", "444", "422", "420"])
@pytest.mark.parametrize("progressive", [0, 1])
def test_equal_to_jpeglib_on_opencv_files(name, progressive, tmp_path) -> None:
    import cv2

    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}")
    options = [cv2.IMWRITE_JPEG_QUALITY, 83, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_RST_INTERVAL, 2,
               cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]  # fmt: skip
    done, packed = cv2.imencode(".jpg", np.asarray(picture(119, 86)), options)
    assert done
    data = packed.tobytes()
    assert walk(data).frame.components[0].h == SAMPLINGS[name][0][0]
    check(data, tmp_path)


@pytest.mark.nojit
@pytest.mark.parametrize(
    "options",
    [
        {"quality": 85},
        {"quality": 98, "subsampling": "4:4:4", "optimize": True},
        {"quality": 70, "progressive": True},
        {"quality": 98, "subsampling": "4:4:4", "progressive": True, "restart_marker_blocks": 2},
        {"quality": 60, "restart_marker_blocks": 1},
    ],
)
def test_equal_to_the_plain_twin(options) -> None:
    data = encode(picture(45, 27), **options)
    structure = walk(data)
    for mine, plain in zip(
        read_coefficients(data, structure).blocks, twin.read_coefficients(data, structure), strict=True
    ):
        np.testing.assert_array_equal(mine, plain)


@pytest.mark.parametrize("progressive", [False, True])
def test_truncated_scan_gives_what_came_and_says_so(progressive) -> None:
    data = encode(picture(160, 120), quality=90, progressive=progressive)
    whole = read_coefficients(data, walk(data))
    part = data[: len(data) // 2]
    found = read_coefficients(part, walk(part))
    assert found.damaged
    assert 0 < found.decoded < 1
    assert [b.shape for b in found.blocks] == [b.shape for b in whole.blocks]
    np.testing.assert_array_equal(found.blocks[0][0, 0, 0, 0], whole.blocks[0][0, 0, 0, 0] & ~(1 if progressive else 0))


def test_damage_stays_inside_its_restart_interval() -> None:
    data = encode(picture(160, 120), quality=90, subsampling="4:4:4", restart_marker_rows=1)
    structure = walk(data)
    whole = read_coefficients(data, structure).blocks[0]
    start = structure.scans[0].start
    second = data.index(b"\xff\xd0", start)
    hurt = bytearray(data)
    hurt[second + 12 : second + 62] = bytes(range(7, 57))
    found = read_coefficients(bytes(hurt), walk(bytes(hurt))).blocks[0]
    np.testing.assert_array_equal(found[0], whole[0])
    np.testing.assert_array_equal(found[2:], whole[2:])
    assert (found[1] != whole[1]).any()


def test_a_lost_restart_marker_leaves_one_gap() -> None:
    data = encode(picture(160, 120), quality=90, subsampling="4:4:4", restart_marker_rows=1)
    whole = read_coefficients(data, walk(data)).blocks[0]
    a, b = data.index(b"\xff\xd1"), data.index(b"\xff\xd2")
    cut = data[:a] + data[b:]
    found = read_coefficients(cut, walk(cut))
    assert found.damaged
    np.testing.assert_array_equal(found.blocks[0][3:], whole[3:])
    assert not found.blocks[0][2].any()


def test_peak_memory_is_below_twice_the_arrays() -> None:
    data = encode(picture(200, 200).resize((1600, 1200)), quality=90)
    structure = walk(data)
    read_coefficients(data, structure)
    tracemalloc.start()
    found = read_coefficients(data, structure)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * sum(b.nbytes for b in found.blocks) + 2**21


@pytest.mark.parametrize("marker", [0xC3, 0xC9, 0xCA])
def test_other_codings_are_not_read(marker) -> None:
    data = bytearray(encode(picture(32, 32)))
    data[data.index(b"\xff\xc0") + 1] = marker
    assert read_coefficients(bytes(data), walk(bytes(data))) is None
