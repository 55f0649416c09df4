"""How a photo came here: rules on structure, size, tables, metadata and pixels. They condition, and accuse nobody.

Absent metadata is never a sign of anything but a delivery that drops it. What each rule rests on stands in the
documentation's page on delivery chains; the rates stand in docs/benchmarks.md, section ``chain``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeproof.jpeg import Structure
    from fakeproof.types import RGB8, ChainKind, Language

__all__ = ["Chain", "Reason", "judge"]

PLATFORM_SIDE = 2560
"""px; chat apps and content networks deliver at most this on the longer side (Facebook 2048, chat apps about 1440-2560)."""
SCREEN_ASPECT = 1.75
"""Longer side by shorter side from which a picture may be a phone's whole screen (16:9 is 1.78, 20:9 is 2.22)."""
TALL_ASPECT = 1.9
"""From here on a lossless file of a screen's width is one without looking for bars; 16:9 pictures are made elsewhere too."""
SCREEN_WIDTHS = frozenset({640, 720, 750, 828, 1080, 1125, 1170, 1179, 1206, 1220, 1224, 1240, 1242, 1260, 1264, 1280,
                           1284, 1290, 1320, 1344, 1440})  # fmt: skip
"""px; native widths of phone screens."""
FLAT_SPREAD = 6
"""Sum over the three channels between a row's 1st and 99th percentile up to which it counts as one colour: a drawn bar
has 0, JPEG adds a little; sensor noise and shading on a real wall add more."""
STATUS_SHARE = 0.08
"""Share of the longer side in which a status bar lies (about 4.5 % on current phones, twice that with a notch)."""
FLAT_SHARE = 0.12
"""Share of the rows that are one colour from which a tall picture looks like a screen (bars around a picture)."""
_EDITORS = ("photoshop", "lightroom", "gimp", "snapseed", "meitu", "picsart", "paint.net", "photo editor", "canva", "vsco",
            "pixlr", "fotor", "affinity", "pixelmator", "photoscape", "photopea", "nikon transfer", "camedia master",
            "irfanview", "xnview", "faststone", "acdsee", "picasa", "adobe", "microsoft", "imagemagick", "paint",
            )  # fmt: skip
_SERVER_COMMENTS = (b"gd-jpeg", b"CREATOR: gd")


@dataclass(frozen=True)
class Reason:
    """One observation: a code, and a sentence in English and Chinese."""

    code: str
    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


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
    """

    kind: ChainKind
    reasons: tuple[Reason, ...] = ()

    def why(self, lang: Language = "en") -> tuple[str, ...]:
        """Return the reasons as sentences."""
        return tuple(r.zh if lang == "zh" else r.en for r in self.reasons)

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True)
class _Shot:
    """What the rules look at."""

    format: str
    size: tuple[int, int]
    exif: Mapping[str, Any]
    structure: Structure | None
    texts: Sequence[str]
    preview: Callable[[], RGB8]

    @property
    def camera(self) -> bool:
        return bool(self.exif.get("make") or self.exif.get("model")) and bool(self.exif.get("taken"))


def judge(
    *,
    format: str,
    size: tuple[int, int],
    exif: Mapping[str, Any],
    structure: Structure | None,
    texts: Sequence[str],
    preview: Callable[[], RGB8],
) -> Chain:
    """Name the delivery chain of a photo.

    Parameters
    ----------
    format, size, exif, structure, texts
        The photo's container, displayed (width, height), few EXIF values, JPEG map, PNG text keys.
    preview : callable
        Returns the displayed picture, reduced; called only where pixels matter.

    Examples
    --------
    >>> judge(format="array", size=(64, 64), exif={}, structure=None, texts=(), preview=lambda: None).kind
    'unknown'
    """
    shot = _Shot(format, size, exif, structure, texts, preview)
    if format == "array":
        return Chain("unknown", (Reason("no-file", "There is no file, only pixels.", "只有像素，没有文件。"),))
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


def _camera(shot: _Shot) -> Chain:
    """Return original for camera metadata that agrees with the file; resaved where the picture was made smaller."""
    said = (shot.exif.get("width"), shot.exif.get("height"))
    if all(said) and set(said) != set(shot.size):
        text = f"{said[0]}x{said[1]}", f"{shot.size[0]}x{shot.size[1]}"
        return Chain("resaved", (Reason(
            "size-differs", f"The camera's metadata says {text[0]}, the picture has {text[1]}.",
            f"相机信息写明 {text[0]}，图片实际为 {text[1]}。"),))  # fmt: skip
    reasons = [Reason("camera-metadata", "Camera and time of exposure are named, and agree with the file.",
                      "相机型号和拍摄时间齐全，且与文件一致。")]  # fmt: skip
    if shot.exif.get("maker_note"):
        reasons.append(Reason("maker-note", "The maker's own block is there.", "含有厂商专用数据块。"))
    return Chain("original", tuple(reasons))


def _programs(shot: _Shot) -> tuple[Reason, ...]:
    """Return signs that a program wrote the file after the camera."""
    found: list[Reason] = []
    software = str(shot.exif.get("software", ""))
    if any(name in software.lower() for name in _EDITORS):
        found.append(Reason("software", f"The file names the program {software}.", f"文件写明由 {software} 保存。"))
    map_ = shot.structure
    if map_ is None:
        return tuple(found)
    if "photoshop" in map_.vendor or "ducky" in map_.vendor:
        found.append(Reason("photoshop-block", "It has a block that image programs write (IPTC or Photoshop).",
                            "含有图像软件写入的数据块（IPTC 或 Photoshop）。"))  # fmt: skip
    if map_.adobe is not None and not shot.exif.get("maker_note"):
        found.append(Reason("adobe-marker", "It has the marker of Adobe's encoders.", "含有 Adobe 编码器标记。"))
    if any(c[:40].lower().startswith((b"created with", b"file written by")) for c in map_.comments):
        found.append(Reason("comment", "Its comment names a program.", "注释写明了软件名称。"))
    if shot.camera and map_.frame is not None and map_.frame.progressive:
        found.append(Reason("progressive", "Cameras do not write progressive files.", "相机不会写渐进式 JPEG。"))
    if shot.camera and map_.jfif is not None and _library_tables(map_) and "mpf" not in map_.vendor:
        found.append(Reason("library-encoder", "A JPEG library's header and tables stand beside the camera's metadata.",
                            "相机信息旁是通用 JPEG 库的文件头和量化表。"))  # fmt: skip
    return tuple(found)


def _library_tables(structure: Structure) -> bool:
    from fakeproof.jpeg import identify

    return identify(structure.quantization).family in ("ijg", "mozjpeg")


def _platform_marks(shot: _Shot) -> tuple[Reason, ...]:
    """Return marks that only a site's server leaves."""
    map_ = shot.structure
    if map_ is None:
        return ()
    found: list[Reason] = []
    if map_.fbmd:
        found.append(Reason("facebook-mark", "It carries the mark that Facebook and Instagram write.",
                            "带有 Facebook/Instagram 写入的标记。"))  # fmt: skip
    if any(mark in c[:64] for c in map_.comments for mark in _SERVER_COMMENTS):
        found.append(Reason("server-comment", "A web server's image library wrote the file (gd).",
                            "由网站服务器图像库（gd）写成。"))  # fmt: skip
    return tuple(found)


def _stripped(shot: _Shot) -> Chain:
    """Judge a file without camera metadata and without a program's traces."""
    small = max(shot.size) <= PLATFORM_SIDE
    bare = not any(shot.exif.get(k) for k in ("make", "model", "taken", "software"))
    note = Reason("no-metadata", "There is no camera metadata: chat apps and sites drop it.",
                  "没有相机信息：聊天软件和网站会去除。")  # fmt: skip
    size = Reason("platform-size", f"Its longer side, {max(shot.size)} px, is one that platforms deliver.",
                  f"长边 {max(shot.size)} 像素，符合平台下发的尺寸。")  # fmt: skip
    if shot.structure is not None:
        if bare and small:
            return Chain("platform", (note, size))
        if bare:
            big = Reason("large", f"Yet it is {max(shot.size)} px wide or high: more than platforms deliver.",
                         f"但边长达 {max(shot.size)} 像素，超过平台下发尺寸。")  # fmt: skip
            return Chain("resaved", (note, big))
        return Chain("unknown", (Reason("partial", "Its metadata are incomplete.", "相机信息不完整。"),))
    if shot.format in ("WEBP", "AVIF") and bare and small:
        kind = Reason(
            "web-format", f"{shot.format} is a format of sites and apps.", f"{shot.format} 是网站和应用常用的格式。"
        )
        return Chain("platform", (kind, note, size))
    if shot.camera:
        kind = Reason("container", f"Cameras do not write {shot.format}.", f"相机不会写 {shot.format} 格式。")
        return Chain("resaved", (kind,))
    return Chain("unknown", (Reason("nothing", f"A {shot.format} without metadata tells nothing of its way.",
                                    f"不带信息的 {shot.format} 无法说明来历。"),))  # fmt: skip


def _screen(shot: _Shot) -> tuple[Reason, ...]:
    """Return signs of a picture of a screen; empty if it is not taken for one."""
    if "screenshot" in str(shot.exif.get("comment", "")).lower():
        return (Reason("screenshot-comment", "Its comment says Screenshot.", "注释写明是截屏（Screenshot）。"),)
    short, long = sorted(shot.size)
    if shot.camera or long < SCREEN_ASPECT * short:
        return ()
    native = short in SCREEN_WIDTHS
    lossless = shot.format in ("PNG", "HEIC")
    share, status = bars(shot.preview())
    if not ((share >= FLAT_SHARE and status) or (native and lossless and (status or long >= TALL_ASPECT * short))):
        return ()
    out: list[Reason] = []
    if native:
        out.append(
            Reason("screen-size", f"{short}x{long} px is a phone's screen.", f"{short}x{long} 像素是手机屏幕尺寸。")
        )
    if status:
        out.append(Reason("status-bar", "A narrow line of content lies in the bar at its top, as a phone's clock does.",
                          "顶部留边中有一行细小内容，如手机状态栏。"))  # fmt: skip
    if share >= FLAT_SHARE:
        out.append(Reason("flat-bars", f"{share:.0%} of its rows are one colour, as bars on a screen are.",
                          f"{share:.0%} 的行为单一颜色，如屏幕上的留边。"))  # fmt: skip
    if lossless:
        out.append(
            Reason("lossless", f"{shot.format} is what phones save screens in.", f"手机截屏保存为 {shot.format}。")
        )
    return tuple(out)


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
