"""Delivery chains that a photo goes through before it reaches a merchant, with the same done to masks.

A chain is data: a :class:`Profile` of :data:`PROFILES`. What WeChat and WhatsApp do was measured on public files (sizes,
tables, structure; docs/chain.md has the counts); which resampling they use is not known and drawn anew for
each photo, so that nothing is fitted to one. ``chat`` is the chain of before those measurements, kept to compare.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from fakeproof.jpeg import ijg_table, walk

SCREENS = ((1080, 2400), (1170, 2532), (1440, 3200), (1290, 2796))
_KERNELS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
_UNREADABLE = "chain {!r} is not one of {}"


@dataclass(frozen=True)
class Save:
    """One way of saving.

    `quality` is drawn evenly from a range or a tuple. `tables` are ``ijg`` or ``robidoux`` (mozjpeg's, alike for luma
    and chroma, in one DQT segment); `share` is how often this way is taken among its alternatives; `icc` how often an
    Apple profile of 564 bytes stands in the file.
    """

    format: str
    quality: Sequence[int] = (0,)
    tables: str = "ijg"
    progressive: bool = False
    share: float = 1.0
    icc: float = 0.0
    trailer: bool = False


@dataclass(frozen=True)
class Profile:
    """What a chain does: a screen around the picture or none, a side that is limited, one save after the other.

    `longer` and `shorter` are sizes in px of which one is drawn; pictures below it are not enlarged. Each entry of
    `saves` is a tuple of alternatives. `then` names a chain that follows.
    """

    saves: tuple[tuple[Save, ...], ...]
    longer: tuple[int, ...] = ()
    shorter: tuple[int, ...] = ()
    kernels: tuple[Image.Resampling, ...] = _KERNELS
    screen: bool = False
    then: str = ""


_WHATSAPP = (
    Save("JPEG", (80,), "robidoux", progressive=True, share=449),
    Save("JPEG", (80,), progressive=True, share=183),
    Save("JPEG", (75,), "robidoux", progressive=True, share=63),
    Save("JPEG", (75,), progressive=True, share=49),
)
"""Shares: files counted among 752 (docs/chain.md)."""
_JPEG_AFTER = (Save("JPEG", range(85, 93)),)

PROFILES: Mapping[str, Profile] = {
    "chat": Profile(((Save("JPEG", range(70, 86)),),), longer=(1440,), kernels=(Image.Resampling.BICUBIC,)),
    "screenshot": Profile(((Save("PNG"),),), screen=True),
    "wechat": Profile(((Save("JPEG", (52, 60, 64, 75, 76), icc=0.3, trailer=True),),), shorter=(1280, 1279)),
    "wechat_large": Profile(((Save("JPEG", range(88, 97), icc=0.3, trailer=True),),), longer=(1920,)),
    "whatsapp": Profile((_WHATSAPP,), longer=(1600, 1600, 1600, 1280)),
    "screenshot_wechat": Profile(((Save("PNG"),),), screen=True, then="wechat"),
    "webp_png": Profile(((Save("WEBP", range(70, 91)),), (Save("PNG"),))),
    "webp_jpeg": Profile(((Save("WEBP", range(70, 91)),), _JPEG_AFTER)),
    "avif_jpeg": Profile(((Save("AVIF", range(50, 81)),), _JPEG_AFTER)),
    "heic_jpeg": Profile(((Save("HEIF", range(50, 91)),), _JPEG_AFTER)),
}
CHAINS = ("asis", *PROFILES)
MESSENGERS = ("wechat", "wechat_large", "whatsapp")
"""The chains that stand for what reaches a merchant by chat."""


@dataclass(frozen=True)
class Delivered:
    """A photo after its chain, and where its pixels came to lie."""

    data: bytes
    size: tuple[int, int]
    box: tuple[int, int, int, int]
    source_size: tuple[int, int]

    def mask(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Take a mask of the photo (displayed pixels) through the same geometry."""
        left, top, right, bottom = self.box
        out = np.zeros((self.size[1], self.size[0]), bool)
        image = Image.fromarray(mask.astype(np.uint8) * 255).resize(
            (right - left, bottom - top), Image.Resampling.BILINEAR
        )
        out[top:bottom, left:right] = np.asarray(image) > 127
        return out


def apply_chain(data: bytes, chain: str, *, seed: int = 0) -> Delivered:
    """Send a photo's bytes through ``asis`` or a chain of :data:`PROFILES`; seeded, so repeatable."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened)
        if chain == "asis":
            return Delivered(data, image.size, (0, 0, *image.size), image.size)
        image = image.convert("RGB")
    if chain not in PROFILES:
        raise ValueError(_UNREADABLE.format(chain, CHAINS))
    return _deliver(image, PROFILES[chain], np.random.default_rng(seed))


def through(photo: bytes | npt.NDArray[np.uint8], chain: str, rng: np.random.Generator) -> bytes:
    r"""Send a file's bytes or an RGB array through a chain and return the file that arrives.

    >>> through(np.zeros((64, 64, 3), np.uint8), "whatsapp", np.random.default_rng(0))[:3]
    b'\xff\xd8\xff'
    """
    if not isinstance(photo, bytes):
        photo = _packed(Image.fromarray(photo), "PNG", compress_level=1)
    return apply_chain(photo, chain, seed=int(rng.integers(2**31))).data


def _deliver(image: Image.Image, profile: Profile, rng: np.random.Generator) -> Delivered:
    before = image.size
    image, box = _on_screen(image, rng) if profile.screen else _reduced(image, profile, rng)
    data = b""
    for number, ways in enumerate(profile.saves):
        if number:
            image = Image.open(io.BytesIO(data)).convert("RGB")
        data = _saved(image, _drawn(ways, rng), rng)
    made = Delivered(data, image.size, box, before)
    if not profile.then:
        return made
    with Image.open(io.BytesIO(data)) as screen:
        sent = _deliver(screen.convert("RGB"), PROFILES[profile.then], rng)
    scale = sent.size[0] / made.size[0], sent.size[1] / made.size[1]
    left, top, right, bottom = (round(v * scale[i % 2]) for i, v in enumerate(box))
    return Delivered(sent.data, sent.size, (left, top, right, bottom), before)


def _drawn(options: Any, rng: np.random.Generator) -> Any:
    """Draw one; a single option costs no draw, saves are drawn by their shares."""
    if len(options) == 1:
        return options[0]
    if isinstance(options, range):
        return int(rng.integers(options.start, options.stop))
    if isinstance(options[0], Save):
        shares = np.array([o.share for o in options])
        return options[int(rng.choice(len(options), p=shares / shares.sum()))]
    return options[int(rng.integers(len(options)))]


def _reduced(
    image: Image.Image, profile: Profile, rng: np.random.Generator
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    limits = profile.longer or profile.shorter
    if limits:
        limit = _drawn(limits, rng)
        scale = min(1.0, limit / (max if profile.longer else min)(image.size))
        if scale < 1:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, _drawn(profile.kernels, rng))
    return image, (0, 0, *image.size)


def _on_screen(image: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, tuple[int, int, int, int]]:
    width, height = SCREENS[int(rng.integers(len(SCREENS)))]
    bar = round(height * 0.045)
    room = height - 4 * bar
    scale = min(width / image.width, room / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shade = int(rng.choice([0, 18, 255]))
    screen = Image.new("RGB", (width, height), (shade, shade, shade))
    ink = 235 if shade < 128 else 20
    for x, w in ((0.06, 0.09), (0.80, 0.04), (0.86, 0.04), (0.92, 0.05)):
        screen.paste((ink, ink, ink), (round(x * width), bar // 3, round((x + w) * width), 2 * bar // 3))
    left, top = (width - size[0]) // 2, 2 * bar + (room - size[1]) // 2
    screen.paste(image.resize(size, Image.Resampling.BICUBIC), (left, top))
    return screen, (left, top, left + size[0], top + size[1])


def _saved(image: Image.Image, way: Save, rng: np.random.Generator) -> bytes:
    if way.format == "PNG":
        return _packed(image, "PNG")
    if way.format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    quality = _drawn(way.quality, rng)
    if way.tables == "robidoux":
        table = ijg_table(quality, base="robidoux").ravel().tolist()
        data = _packed(image, "JPEG", qtables=[table, table], progressive=way.progressive)
        data = _one_dqt(data)
    elif way.format == "JPEG":
        data = _packed(image, "JPEG", quality=quality, progressive=way.progressive)
    else:
        data = _packed(image, way.format, quality=quality)
    if way.icc and rng.random() < way.icc:
        data = _with_profile(data)
    return wechat_trailer(data, number=int(rng.integers(1, 2**32))) if way.trailer else data


def _packed(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _one_dqt(data: bytes) -> bytes:
    """Write both quantisation tables into one segment, as mozjpeg does."""
    parts = [s for s in walk(data).segments if s.name == "DQT"]
    bodies = b"".join(data[s.offset + 4 : s.offset + s.length] for s in parts)
    stop = parts[-1].offset + parts[-1].length
    return data[: parts[0].offset] + b"\xff\xdb" + struct.pack(">H", len(bodies) + 2) + bodies + data[stop:]


PROFILE_BYTES = 564
"""Size of the Apple profile that some of WeChat's files carry."""


def _with_profile(data: bytes) -> bytes:
    """Put a profile of that size and maker behind the JFIF segment; its content is left empty."""
    body = struct.pack(">I4s", PROFILE_BYTES, b"appl") + b"\x02\x10\0\0mntrRGB XYZ " + bytes(16) + b"acspAPPL"
    segment = b"ICC_PROFILE\0\x01\x01" + body.ljust(PROFILE_BYTES, b"\0")
    at = 4 + int.from_bytes(data[4:6], "big")
    return data[:at] + b"\xff\xe2" + struct.pack(">H", len(segment) + 2) + segment + data[at:]


def wechat_trailer(data: bytes, *, number: int) -> bytes:
    """Append what WeChat appends: a number of eight bytes, little endian, and the MD5 of all bytes before it."""
    return data + struct.pack("<Q", number) + hashlib.md5(data).digest()
