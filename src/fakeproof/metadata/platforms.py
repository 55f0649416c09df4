"""Detector ``platforms``: where the file has been, by its name and by what platforms leave inside."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.metadata.rules import DETECTORS, VERSION, RuleSet, load_rules
from fakeproof.metadata.ruling import marked, ruling
from fakeproof.reading.record import Field, Record

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.order import Order
    from fakeproof.photo import Photo

__all__ = ["platforms", "received_names", "weibo_id"]

SHAPE_SLACK = 0.01
"""Relative difference of aspect ratios at which a Weibo id still fits the picture."""
BAR_SHARE = 0.025
"""Height of the status bar looked at, as a share of the screen (24 dp of about 900)."""
BAR_SPREAD = 6.0
"""Standard deviation (grey levels) below which most of the bar's columns must lie: flat but for small icons."""
BAR_FLAT = 0.6
"""Share of the bar's columns that must be flat."""
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@detector(version=VERSION, category=DETECTORS["platforms"], weighed="assigned", cost_ms=1)
def platforms(photo: Photo, /, *, order: Order | None = None, rules: RuleSet | None = None) -> tuple[Finding, ...]:
    """Find out which platforms the file has passed.

    Sees file names of the form that one platform gives (Weibo, Baidu, Alibaba, Xiaohongshu and others), Facebook's
    IPTC mark, web servers' comments, and screenshots. Names from chat apps and cameras are recorded and weigh
    nothing. A renamed file without traces is not seen.

    Parameters
    ----------
    photo : Photo
    order : Order, optional
        Its names as received are looked at in place of the file's own.
    rules : RuleSet, optional

    Returns
    -------
    tuple of Finding
        One a rule that fired; `score` 0 neutral to 4 decisive. ``facts["lead"]`` holds an address to follow.

    Examples
    --------
    >>> import fakeproof as fp
    >>> import numpy as np
    >>> photo = fp.Photo.from_array(np.zeros((64, 64, 3), np.uint8), name="u=1,2&fm=253&fmt=auto.jpg")
    >>> [f.facts["kind"] for f in fp.metadata.platforms(photo)]
    ['platform_name']
    """
    rules = rules or load_rules()
    record = photo.record
    names = received_names(photo, record, order)
    out = marked(record, rules, "platforms", names=names)
    for name in names:
        out += _weibo(name, photo, rules)
    out += _screen(photo, record, rules)
    return tuple(out)


def received_names(photo: Photo, record: Record, order: Order | None) -> tuple[str, ...]:
    """Return the names under which this photo was received: the order's where it can tell, else the file's own."""
    given = order.names_of(photo.name, photo.sha256) if order else ()
    return given or ((record.name,) if record.name else ())


def weibo_id(name: str, pattern: str) -> dict[str, Any] | None:
    """Decode a Weibo picture id: the uploader's number and the original's width and height (base 36).

    Examples
    --------
    >>> from fakeproof.metadata.rules import load_rules
    >>> weibo_id("006BkcR8ly1gq1e6ww0abj30u0140abc.jpg", load_rules().tables["weibo"]["pattern"])
    {'uid': 6048337406, 'width': 1080, 'height': 1440}
    """
    match = re.match(pattern, name)
    if not match:
        return None
    head = match["uid"]
    try:
        uid = _base62(head) if head.startswith("00") else int(head, 16)
        width, height = int(match["w"], 36), int(match["h"], 36)
    except ValueError:
        return None
    return {"uid": uid, "width": width, "height": height} if width and height else None


def _base62(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 62 + _ALPHABET.index(letter)
    return value


def _weibo(name: str, photo: Photo, rules: RuleSet) -> list[Finding]:
    found = weibo_id(name, rules.tables.get("weibo", {}).get("pattern", r"(?!)"))
    if found is None:
        return []
    width, height = photo.size
    same = {width, height} == {found["width"], found["height"]}
    ratios = (width / height, height / width)
    alike = any(abs(r * found["height"] / found["width"] - 1) <= SHAPE_SLACK for r in ratios)
    words = {
        "uid": found["uid"],
        "stated": f"{found['width']}x{found['height']}",
        "fits": ", the size of this photo" if same else ", the shape of this photo" if alike else "",
        "fits_zh": "，与本照片尺寸一致" if same else "，与本照片比例一致" if alike else "",
        "lead": f"https://weibo.com/u/{found['uid']}",
    }
    quote = Field("name", name, "file name")
    return [ruling(rules, "platforms.weibo", [quote], strength="decisive" if same or alike else "", words=words)]


def _screen(photo: Photo, record: Record, rules: RuleSet) -> list[Finding]:
    """Exact screen size, no camera, and either a PNG or a status bar: a hint, since crops can have any size."""
    screens = rules.tables.get("screens", {})
    width, height = photo.size
    short, long = sorted((width, height))
    name = screens.get(f"{short}x{long}")
    if name is None or record.has_camera or photo.data is None:
        return []
    if photo.format == "PNG":
        why, why_zh = "and the file is a PNG without camera data", "且文件为不含相机信息的 PNG"
    elif height > width and _status_bar(photo):
        why, why_zh = "and a status bar lies along its top", "且顶部有状态栏"
    else:
        return []
    words = {"actual": f"{width}x{height}", "name": name, "why": why, "why_zh": why_zh}
    quote = {"field": "size", "value": f"{width}x{height}"}
    return [ruling(rules, "platforms.screen_size", [quote], words=words)]


def _status_bar(photo: Photo) -> bool:
    """Whether the top strip is flat but for icons: most columns even, some not, and all on one ground."""
    import numpy as np

    strip = photo.luma[: max(8, round(photo.size[1] * BAR_SHARE))]
    spread = strip.std(axis=0)
    flat = spread < BAR_SPREAD
    if not BAR_FLAT <= float(flat.mean()) < 0.99:
        return False
    return float(np.std(strip[:, flat].mean(axis=0))) < BAR_SPREAD


def zone_of(order: Order | None) -> tzinfo | None:
    """Return the zone in which the order's times are given, for names and clocks without one."""
    times = (order.placed_at, order.delivered_at, order.reported_at, order.shipped_at) if order else ()
    return next((t.tzinfo for t in times if t is not None), None)
