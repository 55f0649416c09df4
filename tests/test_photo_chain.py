"""Delivery chains: what each rule rests on, one photo for each."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import skimage.data
from benchmarks.material.chains import through
from PIL import Image

from fakeproof import Photo
from fakeproof.photo_chain import bars
from tests.metadata.files import dataset, resource
from tests.photo_files import encode, picture


def camera_exif(width: int = 60, height: int = 44, **more: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    if "software" in more:
        exif[0x0131] = more["software"]
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0xA002], inner[0xA003] = "2024:05:06 07:08:09", width, height
    inner[0x927C] = b"maker's block" * 3
    if "comment" in more:
        inner[0x9286] = b"ASCII\0\0\0" + more["comment"].encode()
    return exif


def without_jfif(jpeg: bytes) -> bytes:
    """Cameras write EXIF and no JFIF segment."""
    at = jpeg.index(b"\xff\xe0")
    return jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") :]


def camera(**more) -> bytes:
    texts = {k: more.pop(k) for k in ("software", "comment") if k in more}
    exif = camera_exif(more.pop("width", 60), more.pop("height", 44), **texts)
    return without_jfif(encode(picture(), quality=93, exif=exif, **more))


def insert(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def screen(width: int = 1080, height: int = 2400) -> Image.Image:
    """Return a phone's screen: a photo between bars, with a clock in the status bar."""
    page = Image.new("RGB", (width, height), (18, 18, 18))
    photo = Image.fromarray(skimage.data.coffee()).resize((width, width * 2 // 3))
    page.paste(photo, (0, (height - photo.height) // 2))
    page.paste((235, 235, 235), (80, 36, 180, 72))
    return page


def chain(data: bytes):
    return Photo.from_bytes(data).chain


FACEBOOK = b"Photoshop 3.0\0" + resource(0x0404, dataset(2, 40, b"FBMD01000a9c0d0000"))


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (camera(), "original", "camera-metadata"),
        (camera(width=4000, height=3000), "resaved", "size-differs"),
        (camera(width=44, height=60), "original", "camera-metadata"),
        (camera(software="Adobe Photoshop 25.4"), "resaved", "software"),
        (camera(software="15.2.1"), "original", "camera-metadata"),
        (camera(progressive=True), "resaved", "progressive"),
        (encode(picture(), quality=90, exif=camera_exif()), "resaved", "library-encoder"),
        (insert(camera(), 0xED, b"Photoshop 3.0\0"), "resaved", "photoshop-block"),
        (insert(encode(picture()), 0xFE, b"Created with GIMP"), "resaved", "comment"),
        (encode(picture(), quality=80), "platform", "no-metadata"),
        (encode(picture(), "WEBP"), "platform", "web-format"),
        (insert(encode(picture()), 0xFE, b"CREATOR: gd-jpeg v1.0"), "platform", "server-comment"),
        (insert(encode(picture()), 0xED, FACEBOOK), "platform", "facebook-mark"),
        (camera(software="CapCut"), "resaved", "software"),
        (camera(software="Facetune 2.1"), "resaved", "software"),
        (camera(comment="Screenshot"), "screenshot", "screenshot-comment"),
        (encode(picture(), "PNG"), "unknown", "nothing"),
        (encode(picture(), "PNG", exif=camera_exif()), "resaved", "container"),
    ],
)  # fmt: skip
def test_each_rule(data, kind, code) -> None:
    found = chain(data)
    assert found.kind == kind
    assert code in [r.code for r in found.reasons]


def test_large_files_without_metadata_are_not_called_platform() -> None:
    found = chain(encode(picture().resize((3000, 2200))))
    assert (found.kind, [r.code for r in found.reasons]) == ("resaved", ["no-metadata", "large"])


def test_screens_are_known_as_png_and_after_a_chat() -> None:
    page = screen()
    assert chain(encode(page, "PNG")).kind == "screenshot"
    small = page.resize((648, 1440), Image.Resampling.BICUBIC)
    found = chain(encode(small, quality=75))
    assert found.kind == "screenshot"
    assert {r.code for r in found.reasons} == {"status-bar", "flat-bars"}


def test_tall_photos_and_cutouts_are_no_screens() -> None:
    cutout = Image.new("RGB", (700, 1500), (255, 255, 255))
    cutout.paste(picture(200, 400).resize((300, 1100)), (200, 200))
    assert chain(encode(cutout, quality=90)).kind == "platform"
    rng = np.random.default_rng(1)
    table = np.clip(rng.normal(200, 3, (1280, 597, 1)) + np.linspace(0, 20, 1280)[:, None, None], 0, 255)
    assert chain(encode(Image.fromarray(np.repeat(table, 3, 2).astype(np.uint8)), quality=95)).kind == "platform"


def test_bars_measure_share_and_status_line() -> None:
    page = np.zeros((200, 90, 3), np.uint8)
    page[60:140] = np.random.default_rng(0).integers(0, 255, (80, 90, 3))
    assert bars(page) == (0.6, False)
    page[4:8, 10:40] = 200
    share, status = bars(page)
    assert share == pytest.approx(0.58)
    assert status
    assert bars(page.swapaxes(0, 1)) == (share, status)


def test_reasons_speak_both_languages() -> None:
    found = chain(camera())
    assert len(found.why("en")) == len(found.why("zh")) == len(found.reasons) == 2
    assert all("\u4e00" <= text[0] <= "\u9fff" for text in found.why("zh"))
    assert str(found) == "original"
    assert str(found.reasons[0]) == found.why()[0]


def test_arrays_have_no_chain() -> None:
    found = Photo.from_array(skimage.data.chelsea()).chain
    assert (found.kind, found.reasons[0].code) == ("unknown", "no-file")


def sent(chain_name: str, seed: int = 0) -> bytes:
    picture_ = Image.fromarray(skimage.data.coffee()).resize((2100, 1400))
    return through(encode(picture_, quality=95), chain_name, np.random.default_rng(seed))


def test_the_app_is_named_where_its_seal_or_structure_tables_and_size_agree() -> None:
    found = chain(sent("wechat"))
    assert (found.kind, found.app, found.reasons[0].code) == ("platform", "wechat", "wechat-seal")
    assert chain(sent("wechat_large")).app == "wechat"
    names = {chain(sent("whatsapp", seed)).app for seed in range(6)}
    assert names == {"whatsapp", "unknown"}  # libjpeg's tables, which it writes too, are everybody's


@pytest.mark.parametrize("quality", [60, 75, 80])
def test_common_qualities_name_no_app(quality) -> None:
    wide = Image.fromarray(skimage.data.coffee()).resize((1920, 1280))
    assert chain(encode(wide, quality=quality)).app == "unknown"
    assert chain(encode(wide, quality=quality, progressive=True)).app == "unknown"


def test_without_its_seal_wechat_is_named_only_where_everything_fits() -> None:
    wide = Image.fromarray(skimage.data.coffee()).resize((1920, 1280))
    assert chain(encode(wide, quality=76)).reasons[0].code == "wechat-structure"
    assert chain(encode(wide, quality=76, optimize=True)).app == "unknown"
    assert chain(encode(wide.resize((1900, 1270)), quality=76)).app == "unknown"
    assert chain(encode(wide, quality=76, subsampling=0)).app == "unknown"


def test_a_broken_seal_names_nobody() -> None:
    data = bytearray(sent("wechat", 1))
    data[-30] ^= 1
    assert chain(bytes(data)).reasons[0].code != "wechat-seal"
