"""Small, whole files of each container with metadata in them: what mutations start from. All made here."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
import skimage.data
from PIL import Image, PngImagePlugin

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Tool"/></rdf:RDF></x:xmpmeta>'
)


def picture(mode: str = "RGB", size: tuple[int, int] = (48, 40)) -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()).crop((180, 60, 180 + size[0], 60 + size[1])).convert(mode)


def save(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif() -> Image.Exif:
    block = Image.Exif()
    block[0x010F], block[0x0110], block[0x0112], block[0x0131] = "Maker", "Model 1", 6, "1.0"
    block[0x0132] = "2024:05:06 07:08:09"
    inner = block.get_ifd(0x8769)
    inner[0x9003], inner[0x9004], inner[0x927C] = "2024:05:06 07:08:09", "2024:05:06 07:08:09", b"MakerNote\0" * 8
    inner[0xA002], inner[0xA003], inner[0x9286] = 48, 40, b"ASCII\0\0\0comment"
    place = block.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (31.0, 13.0, 5.0), "E", (121.0, 28.0, 1.0)
    return block


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def dressed(jpeg: bytes) -> bytes:
    """Put XMP, IPTC, ICC and a comment into a JPEG."""
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0e\x1c\x02\x28\0\x09FBMD01000"
    extra = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP) + segment(0xED, iptc)
        + segment(0xE2, b"ICC_PROFILE\0\x01\x01" + bytes(128)) + segment(0xFE, b"made by a test")
        + segment(0xEB, b"JP\0\x01\0\0\0\x01\0\0\0\x20jumb\0\0\0\x18jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71")
    )  # fmt: skip
    return jpeg[:2] + extra + jpeg[2:]


@cache
def seeds() -> dict[str, bytes]:
    """Return the files by name."""
    note = PngImagePlugin.PngInfo()
    note.add_text("parameters", "a cat, steps: 20")
    note.add_itxt("XML:com.adobe.xmp", XMP.decode())
    note.add_text("Comment", "packed" * 50, zip=True)
    rgb, block = picture(), exif()
    deep = Image.fromarray(np.asarray(picture("L")).astype(np.uint16) * 257)
    return {
        "jpeg": dressed(save(rgb, "JPEG", quality=85, exif=block)),
        "jpeg-progressive": dressed(save(rgb, "JPEG", quality=80, progressive=True, exif=block)),
        "jpeg-restart": save(rgb, "JPEG", quality=75, restart_marker_blocks=1),
        "jpeg-grey": save(picture("L"), "JPEG", quality=60, optimize=True),
        "jpeg-cmyk": save(picture("CMYK"), "JPEG"),
        "mpo": save(rgb, "MPO", save_all=True, append_images=[picture(size=(16, 16))]),
        "png": save(rgb, "PNG", pnginfo=note, exif=block, icc_profile=bytes(128)),
        "png-palette": save(rgb.quantize(16), "PNG", transparency=3),
        "png-alpha": save(picture("RGBA"), "PNG"),
        "png-16": save(deep, "PNG"),
        "webp": save(rgb, "WEBP", quality=60, exif=block, xmp=XMP),
        "webp-lossless": save(picture("RGBA"), "WEBP", lossless=True),
        "avif": save(rgb, "AVIF", quality=50, exif=block),
        "gif": save(rgb.quantize(32), "GIF", save_all=True, append_images=[rgb.quantize(8)]),
        "bmp": save(rgb, "BMP"),
        "tiff": save(rgb, "TIFF", exif=block, compression="tiff_deflate"),
        "tiff-jpeg": save(rgb, "TIFF", compression="jpeg"),
    }
