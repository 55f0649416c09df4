"""Opening photos: containers, limits, orientation, views, truncation."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

import fakeproof as fp
from fakeproof import ParameterError, Photo, PhotoError, PhotoLimits
from tests.photo_files import encode, oriented, picture, shown

JPEG = encode(picture(), quality=90)


@pytest.mark.parametrize(
    "options",
    [{"quality": 95}, {"quality": 40, "subsampling": "4:2:2"}, {"quality": 90, "subsampling": "4:4:4"},
     {"quality": 80, "progressive": True}, {"quality": 80, "restart_marker_blocks": 1}],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_pixels_equal_pillows(options, mode) -> None:
    data = encode(picture().convert(mode), **options)
    photo = Photo.from_bytes(data)
    np.testing.assert_array_equal(photo.rgb, shown(data))
    assert photo.jpeg.progressive == options.get("progressive", False)
    if mode != "CMYK":
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", image.size)
            np.testing.assert_array_equal(photo.luma, np.asarray(image, np.float32))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_applied_once(orientation, kind) -> None:
    data = encode(picture(), kind, exif=oriented(orientation), **({"lossless": True} if kind == "WEBP" else {}))
    photo = Photo.from_bytes(data)
    np.testing.assert_array_equal(photo.rgb, shown(data))
    assert photo.size == photo.rgb.shape[1::-1]
    assert photo.orientation == orientation
    assert photo.luma.shape == photo.rgb.shape[:2]
    assert photo.preview(30).shape == ((30, 22, 3) if orientation >= 5 else (22, 30, 3))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_planes_and_points_come_out_displayed(orientation) -> None:
    photo = Photo.from_bytes(encode(picture(), exif=oriented(orientation)))
    jpeg = photo.jpeg
    np.testing.assert_array_equal(jpeg.upright(jpeg.luma_plane()), photo.luma)
    marked = np.zeros((44, 60))
    marked[5, 50] = 1
    (x, y) = jpeg.upright_points(np.array([[50, 5]]))[0]
    assert jpeg.upright(marked)[int(y), int(x)] == 1
    assert jpeg.stored_size == (60, 44)
    assert jpeg.coefficients()[0].shape == (6, 8, 8, 8)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "L"), ("PNG", "1"), ("PNG", "P"), ("BMP", "RGB"), ("TIFF", "RGB"), ("TIFF", "L"), ("GIF", "L"),
     ("TIFF", "CMYK")],
)  # fmt: skip
def test_other_containers_equal_pillow(kind, mode) -> None:
    data = encode(picture().convert(mode), kind)
    photo = Photo.from_bytes(data)
    assert (photo.format, photo.size, photo.jpeg) == (kind, (60, 44), None)
    np.testing.assert_array_equal(photo.rgb, shown(data))


def test_sixteen_bits_keep_the_high_byte() -> None:
    grey = np.asarray(picture().convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 256 + 255)
    for kind in ("PNG", "TIFF"):
        np.testing.assert_array_equal(Photo.from_bytes(encode(deep, kind)).rgb[..., 1], grey)


def test_transparency_lies_on_white() -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:10] = (10, 20, 30, 255)
    pixels[10:, :, 3] = 0
    rgb = Photo.from_bytes(encode(Image.fromarray(pixels), "PNG")).rgb
    assert tuple(rgb[0, 0]) == (10, 20, 30)
    assert tuple(rgb[15, 5]) == (255, 255, 255)


def test_floating_point_tiff_is_no_photo() -> None:
    data = encode(Image.fromarray(np.ones((20, 20), np.float32)), "TIFF")
    with pytest.raises(PhotoError, match="measurement"):
        Photo.from_bytes(data)


def test_first_frame_counts() -> None:
    first, second = picture(), picture().transpose(Image.Transpose.ROTATE_180)
    for kind in ("MPO", "GIF", "WEBP", "PNG"):
        extra = {"lossless": True} if kind == "WEBP" else {}
        data = encode(first, kind, save_all=True, append_images=[second], **extra)
        np.testing.assert_array_equal(Photo.from_bytes(data).rgb, shown(data))


def test_the_name_does_not_matter(tmp_path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(JPEG)
    photo = Photo.open(path)
    assert photo.format == "JPEG"
    assert photo.name == str(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello world", "known format"),
        (b"\xff\xd8\xff", "without a picture"),
        (JPEG[:400], "without a picture"),
        (JPEG[:-2], "truncated"),
        (JPEG[: len(JPEG) * 2 // 3], "truncated"),
        (encode(picture(), "PNG")[:-300], "truncated"),
        (encode(picture(), "WEBP")[:-30], "truncated"),
        (encode(picture(), "BMP")[:-30], "cannot be decoded as BMP"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "header cannot be read"),
        (b"RIFF\x20\0\0\0WEBP" + bytes(40), "header cannot be read"),
        (b"\0\0\0\x18ftypavif" + bytes(40), "header cannot be read"),
    ],
)
def test_bad_files_are_photo_errors(data, words) -> None:
    with pytest.raises(PhotoError, match=words) as caught:
        Photo.from_bytes(data, name="bad")
    assert str(caught.value).startswith("bad: ")


def test_files_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(PhotoError, match="directory"):
        Photo.open(tmp_path)
    with pytest.raises(PhotoError, match="cannot be read"):
        Photo.open(tmp_path / "missing.jpg")
    with pytest.raises(PhotoError, match="null byte"):
        Photo.open("evidence\0.jpg")


@pytest.mark.parametrize(
    ("limits", "value", "limit"),
    [
        (PhotoLimits(max_bytes=100), len(JPEG), 100),
        (PhotoLimits(max_pixels=2000), 2640, 2000),
        (PhotoLimits(max_side=50), 60, 50),
        (PhotoLimits(min_side=50), 44, 50),
    ],
)
def test_limits_carry_their_values(limits, value, limit, tmp_path) -> None:
    with pytest.raises(PhotoError) as caught:
        Photo.from_bytes(JPEG, limits=limits)
    assert (caught.value.value, caught.value.limit) == (value, limit)
    (tmp_path / "a.jpg").write_bytes(JPEG)
    with pytest.raises(PhotoError):
        Photo.open(tmp_path / "a.jpg", limits=limits)


@pytest.mark.parametrize("limits", [PhotoLimits(max_segments=3), PhotoLimits(max_scans=0), PhotoLimits(max_metadata=4)])
def test_structure_limits(limits) -> None:
    with pytest.raises(PhotoError, match="has too m"):
        Photo.from_bytes(JPEG, limits=limits)


def test_a_lie_about_the_size_is_found_before_decoding() -> None:
    at = JPEG.index(b"\xff\xc0") + 5
    with pytest.raises(PhotoError, match="cannot hold 9000x9000"):
        Photo.from_bytes(JPEG[:at] + struct.pack(">HH", 9000, 9000) + JPEG[at + 4 :])
    with pytest.raises(PhotoError, match="above the limit"):
        Photo.from_bytes(JPEG[:at] + struct.pack(">HH", 65500, 65500) + JPEG[at + 4 :])
    png = encode(picture(), "PNG")
    head = b"IHDR" + struct.pack(">II", 9000, 9000) + png[24:29]
    with pytest.raises(PhotoError, match="truncated"):
        Photo.from_bytes(png[:12] + head + zlib.crc32(head).to_bytes(4, "big") + png[33:])


def test_text_and_profile_bombs_do_not_reach_the_decoder() -> None:
    png = encode(picture(), "PNG")
    packed = zlib.compress(bytes(2**26), 9)
    bomb = b"".join(
        len(b).to_bytes(4, "big") + k + b + zlib.crc32(k + b).to_bytes(4, "big")
        for k, b in ((b"zTXt", b"Comment\0\0" + packed), (b"iCCP", b"x\0\0" + packed))
    )
    np.testing.assert_array_equal(Photo.from_bytes(png[:33] + bomb + png[33:]).rgb, shown(png))


@pytest.mark.parametrize("progressive", [False, True])
def test_salvage_takes_what_is_there_and_marks_it(progressive) -> None:
    data = encode(picture(200, 160), quality=90, progressive=progressive)
    whole, part = Photo.from_bytes(data), Photo.from_bytes(data[: len(data) * 2 // 3], salvage=True)
    assert part.salvaged
    assert part.jpeg.damaged
    assert not whole.salvaged
    assert not whole.jpeg.damaged
    assert part.size == whole.size
    assert np.abs(part.rgb[:40].astype(int) - whole.rgb[:40]).mean() < (25 if progressive else 1)


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_salvage_of_png_fills_up_with_black(mode) -> None:
    image = picture(200, 160).convert(mode)
    data = encode(image, "PNG")
    part = Photo.from_bytes(data[: len(data) // 2], salvage=True)
    assert part.salvaged
    whole = Photo.from_bytes(data).rgb
    same = (part.rgb == whole).all(axis=(1, 2))
    assert 20 < same.argmin() < 150
    assert len(np.unique(part.rgb[-1])) <= 3


def test_salvage_does_not_mark_whole_files() -> None:
    assert not Photo.from_bytes(JPEG, salvage=True).salvaged


def test_views_are_cached_read_only_and_droppable() -> None:
    photo = Photo.from_bytes(JPEG)
    for view in (photo.rgb, photo.luma, photo.preview(20), photo.jpeg.luma_plane(), photo.jpeg.coefficients()[0]):
        assert not view.flags.writeable
    first, digest = photo.rgb, photo.sha256
    assert photo.rgb is first
    assert photo.jpeg.coefficients()[0] is photo.jpeg.coefficients()[0]
    photo.release()
    assert photo.rgb is not first
    np.testing.assert_array_equal(photo.rgb, first)
    assert photo.sha256 == digest


@pytest.mark.parametrize("data", ["evidence.jpg", None, 3])
def test_what_is_no_file_s_bytes_is_a_wrong_parameter(data) -> None:
    with pytest.raises(ParameterError, match=r"Photo\.open"):
        Photo.from_bytes(data)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_any_kind_are_read(kind) -> None:
    assert Photo.from_bytes(kind(JPEG)).sha256 == Photo.from_bytes(JPEG).sha256


def test_arrays_are_copied_kept_and_checked() -> None:
    pixels = np.asarray(picture()).copy()
    photo = Photo.from_array(pixels)
    pixels[:] = 0
    assert photo.rgb.any()
    photo.release()
    assert photo.rgb.any()
    assert photo.data is None
    assert photo.jpeg is None
    assert photo.orientation == 1
    np.testing.assert_array_equal(Photo.from_array(pixels[..., 0]).rgb, pixels)
    with pytest.raises(ParameterError, match="float"):
        Photo.from_array(pixels.astype(float))
    with pytest.raises(PhotoError, match="below"):
        Photo.from_array(pixels[:4])


@pytest.mark.parametrize("side", [8, 30, 90, 128, 300, 9999])
def test_previews_look_like_the_picture_and_do_not_depend_on_views(side) -> None:
    data = encode(Image.fromarray(skimage.data.coffee()), quality=95)
    cold, warm = Photo.from_bytes(data), Photo.from_bytes(data)
    small = cold.preview(side)
    assert max(small.shape) == min(side, 600)
    np.testing.assert_array_equal(small, (warm.rgb, warm.preview(side))[1])
    wanted = np.asarray(Image.fromarray(warm.rgb).resize(small.shape[1::-1], Image.Resampling.BOX), int)
    assert np.abs(wanted - small).mean() < 4
    with pytest.raises(ParameterError):
        cold.preview(0)


def test_photos_travel_between_processes() -> None:
    photo = Photo.from_bytes(JPEG, name="a")
    photo.jpeg.coefficients()
    twin = pickle.loads(pickle.dumps(photo))
    np.testing.assert_array_equal(twin.rgb, photo.rgb)
    assert (twin.name, twin.size, twin.sha256) == (photo.name, photo.size, photo.sha256)


def test_repr_and_html() -> None:
    photo = Photo.from_bytes(JPEG, name="<a>")
    assert repr(photo) == "Photo('<a>', JPEG, 60x44)"
    assert "&lt;a&gt;" in photo._repr_html_()


def test_jpeg_facts() -> None:
    jpeg = Photo.from_bytes(encode(picture(), quality=83, subsampling="4:2:2")).jpeg
    assert (jpeg.quality, jpeg.sampling, jpeg.colour) == (83, ((2, 1), (1, 1), (1, 1)), "ycc")
    assert jpeg.encoder.family == "ijg"
    assert jpeg.standard_huffman
    assert [t.shape for t in jpeg.quantization] == [(8, 8)] * 3


def test_heic_without_its_extra_says_what_to_install(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    header = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", 64, 64) + bytes(64)
    with pytest.raises(PhotoError, match=r"fakeproof\[heif\]"):
        Photo.from_bytes(header)


@pytest.mark.parametrize(
    ("kind", "options", "lossless"), [("WEBP", {"lossless": True}, True), ("WEBP", {}, False), ("PNG", {}, True)]
)
def test_lossless_files_say_so(kind, options, lossless) -> None:
    out = io.BytesIO()
    picture().save(out, kind, **options)
    assert Photo.from_bytes(out.getvalue()).lossless is lossless


@pytest.mark.parametrize("address", ["https://example.org/a.jpg", Path("HTTP://example.org/a.jpg")])
def test_an_address_is_told_that_no_network_is_used(address):
    with pytest.raises(PhotoError, match="no network is used"):
        Photo.open(address)


@pytest.mark.parametrize("wrap", [lambda given: given, fp.Source])
def test_whatever_names_a_photo_becomes_one(tmp_path, wrap):
    photo = Photo.from_array(skimage.data.chelsea(), name="cat")
    path = tmp_path / "cat.png"
    Image.fromarray(photo.rgb).save(path)
    assert Photo.of(wrap(photo)) is photo
    data = path.read_bytes()
    for given in (path, str(path), data, bytearray(data), memoryview(data)):
        assert Photo.of(wrap(given)).sha256 == Photo.open(path).sha256
    assert Photo.of(data, name="mine").name == "mine"
    with pytest.raises(ParameterError, match="a Photo, a path"):
        Photo.of(wrap(7))


@pytest.mark.parametrize(("side", "step"), [(50, 8), (100, 4), (200, 2), (300, 1)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_reduced_is_the_grey_picture_at_the_step_that_keeps_the_side(side, step, orientation) -> None:
    data = encode(picture(400, 300), quality=95, exif=oriented(orientation))
    photo = Photo.from_bytes(data + data)  # a second picture behind the end never reaches the decoder
    found = photo.reduced(side)
    width, height = photo.size
    assert found.shape == (-(-height // step), -(-width // step))
    assert not found.flags.writeable
    full = cv2.resize(photo.luma, found.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(found - full).mean() < 6
    assert photo.reduced(side) is found


def test_avif_is_turned_by_its_own_transformations_and_read_by_the_same_walker() -> None:
    exif = oriented(6)
    exif[0x010F] = "Maker"
    photo = Photo.from_bytes(encode(picture(), "AVIF", exif=exif))
    assert (photo.orientation, photo.size) == (6, (44, 60))
    assert photo.record.text("exif.Make") == "Maker"
