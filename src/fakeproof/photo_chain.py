"""How a photo came here: rules on structure, size, tables, metadata and pixels. They condition, and accuse nobody.

Absent metadata is never a sign of anything but a delivery that drops it. What each rule rests on stands in the
documentation's page on delivery chains; the rates stand in docs/benchmarks.md, section ``chain``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from fakeproof.reading import Field, Marker, Record, shipped, shown, signed
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.jpeg import Encoder, Structure
    from fakeproof.types import RGB8, AppName, ChainKind

__all__ = ["Chain", "Reason", "judge"]

PLATFORM_SIDE = 2560
"""px; chat apps and content networks deliver at most this on the longer side (Facebook 2048, chat apps about 1440-2560)."""
SCREEN_ASPECT = 1.75
"""Longer side by shorter side from which a picture may be a phone's whole screen (16:9 is 1.78, 20:9 is 2.22)."""
TALL_ASPECT = 1.9
"""From here on a lossless file of a screen's width is one without looking for bars; 16:9 pictures are made elsewhere too."""
FLAT_SPREAD = 6
"""Sum over the three channels between a row's 1st and 99th percentile up to which it counts as one colour: a drawn bar
has 0, JPEG adds a little; sensor noise and shading on a real wall add more."""
STATUS_SHARE = 0.08
"""Share of the longer side in which a status bar lies (about 4.5 % on current phones, twice that with a notch)."""
FLAT_SHARE = 0.12
"""Share of the rows that are one colour from which a tall picture looks like a screen (bars around a picture)."""


@dataclass(frozen=True)
class Reason:
    """One observation: a code, and its sentence by language."""

    code: str
    words: Phrase = field(compare=False)

    def __str__(self) -> str:
        return self.words["en"]


def _reason(code: str, **given: object) -> Reason:
    return Reason(code, phrase(f"chain.{code}", **given))


@dataclass(frozen=True)
class Chain:
    """A delivery chain with its reasons.

    Attributes
    ----------
    kind : {"original", "resaved", "platform", "screenshot", "unknown"}
        As a camera wrote it; saved again by a program; through a chat app or a site that drops metadata; a picture of
        a screen; or none of these can be told.
    reasons : tuple of Reason
        What it rests on; for ``unknown`` what was missing.
    app : {"wechat", "whatsapp", "unknown"}
        Which app delivered it, where its seal or structure, tables and size together say so; mostly unknown.
    """

    kind: ChainKind
    reasons: tuple[Reason, ...] = ()
    app: AppName = "unknown"

    def why(self, lang: str = "en") -> tuple[str, ...]:
        """Return the reasons as sentences."""
        return tuple(reason.words[lang] for reason in self.reasons)

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True)
class _Shot:
    """What the rules look at."""

    record: Record
    size: tuple[int, int]
    structure: Structure | None
    preview: Callable[[], RGB8]

    @property
    def format(self) -> str:
        return self.record.container.format

    @property
    def camera(self) -> bool:
        return self.record.has_camera and bool(self.record.text("exif.DateTimeOriginal"))

    @property
    def bare(self) -> bool:
        keys = ("exif.Make", "exif.Model", "exif.DateTimeOriginal", "exif.Software")
        return not any(self.record.text(key) for key in keys)

    @property
    def maker_note(self) -> bool:
        return self.record.tiff is not None and self.record.tiff.get(0x927C, "exif") is not None

    def signed(self, topic: str) -> Iterator[tuple[Marker, Field]]:
        """Yield who signed the file itself; its name is the sender's word."""
        for marker, one, _ in signed(self.record, shipped(), topic, names=()):
            yield marker, one


def judge(record: Record, *, size: tuple[int, int], structure: Structure | None, preview: Callable[[], RGB8]) -> Chain:
    """Name the delivery chain of a photo.

    Parameters
    ----------
    record : Record
        What the file holds besides the picture.
    size, structure
        Displayed (width, height); the map of a JPEG.
    preview : callable
        Returns the displayed picture, reduced; called only where pixels matter.

    Examples
    --------
    >>> from fakeproof.reading import without_file
    >>> judge(without_file("array"), size=(64, 64), structure=None, preview=lambda: None).kind
    'unknown'
    """
    shot = _Shot(record, size, structure, preview)
    found = _named(shot)
    app, why = delivered_by(record, structure)
    if app == "unknown":
        return found
    # what an app delivered came through it, however large it is
    kind = "platform" if found.kind in ("resaved", "unknown") and shot.bare else found.kind
    return Chain(kind, (*why, *(r for r in found.reasons if r.code not in ("large", "platform-size"))), app)


def _named(shot: _Shot) -> Chain:
    if shot.format == "array":
        return Chain("unknown", (_reason("no-file"),))
    screen = _screen(shot)
    if screen:
        return Chain("screenshot", screen)
    programs = _programs(shot)
    marks = _platform_marks(shot)
    if marks:
        return Chain("platform", marks)
    if shot.camera and not programs and (shot.structure is not None or shot.format == "HEIC"):
        return _camera(shot)
    if programs:
        return Chain("resaved", programs)
    return _stripped(shot)


WECHAT_SIDES = (1279, 1280)
"""px; the shorter side of what WeChat sends by default (22 of 36 public files)."""
WECHAT_QUALITIES = (52, 64, 76)
"""Qualities that WeChat writes and hardly anybody else asks for; 60, 75 and 80 it writes, too, as do many."""
WHATSAPP_SIDES = (1600, 1280)
"""px; the longer side of what WhatsApp sends (752 public files)."""
WHATSAPP_QUALITIES = (75, 80)


def delivered_by(record: Record, structure: Structure | None) -> tuple[AppName, tuple[Reason, ...]]:
    """Name the app that delivered a file, with what it rests on; unknown unless structure, tables and size agree."""
    from fakeproof.jpeg import identify

    seal = record.wechat
    if seal is not None and seal.state in ("intact", "metadata_added"):
        return "wechat", (_reason("wechat-seal", stated=seal.stated),)
    if structure is None or structure.frame is None or not structure.quantization:
        return "unknown", ()
    encoder = identify(structure.quantization)
    width, height = structure.frame.width, structure.frame.height
    given = {"quality": encoder.quality, "size": f"{width}x{height}"}
    if _like_wechat(structure, encoder):
        if seal is not None and seal.state == "unchecked":
            return "wechat", (_reason("wechat-number", **given),)
        if min(width, height) in WECHAT_SIDES and encoder.quality in WECHAT_QUALITIES:
            return "wechat", (_reason("wechat-structure", **given),)
    if _like_whatsapp(structure, encoder) and max(width, height) in WHATSAPP_SIDES:
        return "whatsapp", (_reason("whatsapp-structure", **given),)
    return "unknown", ()


def _segments(structure: Structure) -> list[str]:
    return [part.name for part in structure.segments if part.name not in ("SOI", "EOI", "DHT", "SOS")]


def _halved_chroma(structure: Structure) -> bool:
    parts = structure.frame.components if structure.frame else ()
    return [(c.h, c.v) for c in parts] == [(2, 2), (1, 1), (1, 1)]


def _like_wechat(structure: Structure, encoder: Encoder) -> bool:
    """Whether a plain library wrote it: JFIF, a profile at most, two tables, four Huffman tables of the standard."""
    from fakeproof.jpeg import standard_huffman

    plain = [name for name in _segments(structure) if name != "APP2"] == ["APP0", "DQT", "DQT", "SOF0"]
    exact = encoder.family == "ijg" and encoder.exact and encoder.chroma_quality is None
    return plain and exact and _halved_chroma(structure) and standard_huffman(structure.huffman)


def _like_whatsapp(structure: Structure, encoder: Encoder) -> bool:
    """Whether mozjpeg wrote it, progressive, both tables in one segment, and nothing beside."""
    plain = _segments(structure) == ["APP0", "DQT", "SOF2"]
    exact = encoder.family == "mozjpeg" and encoder.exact and encoder.quality in WHATSAPP_QUALITIES
    return plain and exact and _halved_chroma(structure)


def _camera(shot: _Shot) -> Chain:
    """Return original for camera metadata that agrees with the file; resaved where the picture was made smaller."""
    said = _stated_size(shot)
    if all(said) and set(said) != set(shot.size):
        stated, actual = f"{said[0]}x{said[1]}", f"{shot.size[0]}x{shot.size[1]}"
        return Chain("resaved", (_reason("size-differs", stated=stated, actual=actual),))
    reasons = [_reason("camera-metadata")]
    if shot.maker_note:
        reasons.append(_reason("maker-note"))
    return Chain("original", tuple(reasons))


def _stated_size(shot: _Shot) -> tuple[int, int]:
    tiff = shot.record.tiff
    found = [tiff.get(tag, "exif") if tiff else None for tag in (0xA002, 0xA003)]
    width, height = (int(entry.number or 0) if entry else 0 for entry in found)
    return width, height


def _programs(shot: _Shot) -> tuple[Reason, ...]:
    """Return signs that a program wrote the file after the camera."""
    found: list[Reason] = []
    for marker, one in shot.signed("software"):
        code = "comment" if marker.rule == "software.comment" else "software"
        if not any(r.code == code for r in found):
            found.append(_reason(code, program=shown(one.value, 80)))
    map_, container = shot.structure, shot.record.container
    if map_ is None:
        return tuple(found)
    if container.of("iptc", "ducky"):
        found.append(_reason("photoshop-block"))
    if map_.adobe is not None and not shot.maker_note:
        found.append(_reason("adobe-marker"))
    if shot.camera and map_.frame is not None and map_.frame.progressive:
        found.append(_reason("progressive"))
    if shot.camera and map_.jfif is not None and _library_tables(map_) and not container.of("mpf"):
        found.append(_reason("library-encoder"))
    return tuple(found)


def _library_tables(structure: Structure) -> bool:
    from fakeproof.jpeg import identify

    return identify(structure.quantization).family in ("ijg", "mozjpeg")


_MARKS = {"platforms.fbmd": "facebook-mark", "platforms.web_server": "server-comment"}


def _platform_marks(shot: _Shot) -> tuple[Reason, ...]:
    """Return marks that only a site's server leaves."""
    codes = {_MARKS[marker.rule]: None for marker, _ in shot.signed("platforms") if marker.rule in _MARKS}
    return tuple(_reason(code) for code in codes)


def _stripped(shot: _Shot) -> Chain:
    """Judge a file without camera metadata and without a program's traces."""
    side = max(shot.size)
    small = side <= PLATFORM_SIDE
    if shot.structure is not None:
        if shot.bare and small:
            return Chain("platform", (_reason("no-metadata"), _reason("platform-size", side=side)))
        if shot.bare:
            return Chain("resaved", (_reason("no-metadata"), _reason("large", side=side)))
        return Chain("unknown", (_reason("partial"),))
    if shot.format in ("WEBP", "AVIF") and shot.bare and small:
        reasons = _reason("web-format", format=shot.format), _reason("no-metadata"), _reason("platform-size", side=side)
        return Chain("platform", reasons)
    if shot.camera:
        return Chain("resaved", (_reason("container", format=shot.format),))
    return Chain("unknown", (_reason("nothing", format=shot.format),))


@cache
def _screen_widths() -> frozenset[int]:
    tables = shipped().tables
    sizes = [*tables["screens"], *tables["common_screens"]]
    return frozenset(int(size.partition("x")[0]) for size in sizes)


def _screen(shot: _Shot) -> tuple[Reason, ...]:
    """Return signs of a picture of a screen; empty if it is not taken for one."""
    said = next((one for marker, one in shot.signed("platforms") if marker.rule == "platforms.screenshot"), None)
    if said:
        return (_reason("screenshot-comment", said=shown(said.value, 40)),)
    short, long = sorted(shot.size)
    if shot.camera or long < SCREEN_ASPECT * short:
        return ()
    native = short in _screen_widths()
    lossless = shot.format in ("PNG", "HEIC")
    share, status = bars(shot.preview())
    if not ((share >= FLAT_SHARE and status) or (native and lossless and (status or long >= TALL_ASPECT * short))):
        return ()
    seen = {
        "screen-size": native,
        "status-bar": status,
        "flat-bars": share >= FLAT_SHARE,
        "lossless": lossless,
    }
    given = {"size": f"{short}x{long}", "share": f"{share:.0%}", "format": shot.format}
    return tuple(_reason(code, **given) for code, there in seen.items() if there)


def bars(rgb: RGB8) -> tuple[float, bool]:
    """Measure the bars of a screen along the longer side of a displayed picture.

    Returns
    -------
    share : float
        Share of the rows (columns of a wide picture) that are one and the same colour across: 0-1.
    status : bool
        Whether within the first STATUS_SHARE a narrow line of other content lies between such rows: the clock and
        signal of a phone's status bar. A cut-out product on white has no such line, a flat table is not one colour.
    """
    import numpy as np

    picture = rgb if rgb.shape[0] >= rgb.shape[1] else rgb.swapaxes(0, 1)
    grey = picture.astype(np.int16).sum(axis=2)
    low, middle, high = np.percentile(grey, (1, 50, 99), axis=1)
    even = high - low <= FLAT_SPREAD
    if not even.any():
        return 0.0, False
    values, counts = np.unique(np.rint(middle[even]), return_counts=True)
    bar = even & (np.abs(middle - values[counts.argmax()]) <= FLAT_SPREAD)
    top = bar[: max(4, round(STATUS_SHARE * len(bar)))]
    changes = np.flatnonzero(np.diff(top.astype(np.int8)))
    status = bool(len(changes) >= 2 and top[changes[0]] and not top[0 : changes[1] + 1].all() and top[changes[1] + 1])
    return float(bar.mean()), status
