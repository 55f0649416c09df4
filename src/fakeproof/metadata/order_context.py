"""Detector ``order_context``: the photo's times, place and identity against the order's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.metadata import times
from fakeproof.metadata.platforms import received_names, zone_of
from fakeproof.metadata.rules import DETECTORS, VERSION, RuleSet, load_rules
from fakeproof.metadata.ruling import ruling
from fakeproof.reading.record import Field, Record

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.order import Order
    from fakeproof.photo import Photo

__all__ = ["Tolerances", "identity", "order_context"]

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """How much a clock, a parcel service and a map may be wrong; all values are proposals.

    Parameters
    ----------
    order_hours : float
        A capture this much before the order still passes: wrong zone, wrong clock.
    delivery_hours : float
        A capture this much before the recorded delivery still passes: handed over before it was scanned.
    report_hours : float
        A capture this much after the report makes the clock wrong, and its times are left out.
    unset_years : float
        A capture older than this before the order is rather an unset clock.
    far_km, very_far_km : float
        Distances from the ship-to place. Map services shift positions in China by less than 1 km.
    """

    order_hours: float = 24.0
    delivery_hours: float = 12.0
    report_hours: float = 24.0
    unset_years: float = 10.0
    far_km: float = 50.0
    very_far_km: float = 300.0


@detector(version=VERSION, category=DETECTORS["order_context"], weighed="assigned", needs="order", cost_ms=1)
def order_context(
    photo: Photo, /, *, order: Order, tolerances: Tolerances | None = None, rules: RuleSet | None = None
) -> tuple[Finding, ...]:
    """Hold the photo against its order.

    Sees a capture before the order or the delivery, a file name whose time does, a place far from the ship-to
    place, and a file, shot or camera that came with another order. Without a capture time or position in the file
    it sees nothing. A capture time without zone is taken in the zone of the order's times. Clocks that were never
    set, or that run ahead of the report, are recorded and not used; a position that is older than the capture is
    not used either.

    Parameters
    ----------
    photo : Photo
    order : Order
        Any of its fields may be missing.
    tolerances : Tolerances, optional
    rules : RuleSet, optional

    Returns
    -------
    tuple of Finding
        One a rule that fired; `score` 0 neutral to 4 decisive.

    Examples
    --------
    >>> import io
    >>> from datetime import datetime, timezone
    >>> import fakeproof as fp
    >>> from PIL import Image
    >>> image, file = Image.new("RGB", (64, 64), "grey"), io.BytesIO()
    >>> exif = image.getexif()
    >>> exif.get_ifd(0x8769)[0x9003] = "2025:01:05 10:00:00"
    >>> image.save(file, "JPEG", exif=exif)
    >>> order = fp.Order(placed_at=datetime(2026, 5, 1, tzinfo=timezone.utc))
    >>> [f.facts["kind"] for f in fp.metadata.order_context(fp.Photo.from_bytes(file.getvalue()), order=order)]
    ['taken_before_order']
    """
    rules = rules or load_rules()
    record = photo.record
    limits = tolerances or Tolerances()
    moment, out = _moment(record, order, limits, rules)
    out += _capture(moment, record, order, limits, rules)
    out += _names(photo, record, order, limits, rules)
    out += _place(record, order, limits, rules)
    out += _others(photo, record, order, rules)
    return tuple(out)


def _moment(record: Record, order: Order, limits: Tolerances, rules: RuleSet) -> tuple[datetime | None, list[Finding]]:
    """Return the capture in UTC if its clock can be used, and the finding that says why not."""
    taken = times.taken(record, rules.tables.get("clocks", {}))
    if taken is None or taken.unset:
        return None, []
    moment = taken.utc(zone_of(order))
    reported = order.utc("reported_at")
    if reported and moment - reported > timedelta(hours=limits.report_hours):
        words = {"taken": taken.field.value, "reported": _told(order.reported_at)}
        return None, [ruling(rules, "order_context.after_report", [taken.field], words=words)]
    return moment, []


def _told(moment: datetime | None) -> str:
    return moment.isoformat(sep=" ", timespec="minutes") if moment else "?"


def _capture(
    moment: datetime | None, record: Record, order: Order, limits: Tolerances, rules: RuleSet
) -> list[Finding]:
    field = record.first("exif.DateTimeOriginal")
    if moment is None or field is None:
        return []
    placed, delivered = order.utc("placed_at"), order.utc("delivered_at")
    words: dict[str, Any] = {
        "taken": field.value,
        "placed": _told(order.placed_at),
        "delivered": _told(order.delivered_at),
    }
    if placed and placed - moment > timedelta(hours=limits.order_hours):
        old = placed - moment > timedelta(days=365.25 * limits.unset_years)
        rule = "order_context.before_order_doubtful" if old else "order_context.before_order"
        return [ruling(rules, rule, [field], words={**words, **times.gap(placed - moment)})]
    if delivered and delivered - moment > timedelta(hours=limits.delivery_hours):
        words.update(times.gap(delivered - moment))
        return [ruling(rules, "order_context.before_delivery", [field], words=words)]
    return []


def _names(photo: Photo, record: Record, order: Order, limits: Tolerances, rules: RuleSet) -> list[Finding]:
    placed = order.utc("placed_at")
    if placed is None:
        return []
    for name in received_names(photo, record, order):
        for marker in rules.markers_for("platforms", "name"):
            match = marker.found(name)
            saved = times.name_time(match.groupdict(), zone_of(order)) if match else None
            if saved is None or not saved.year >= 2005:
                continue
            early = placed - saved.astimezone(UTC)
            if early > timedelta(hours=limits.order_hours):
                words = {"value": name, "taken": _told(saved), "placed": _told(order.placed_at), **times.gap(early)}
                quote = Field("name", name, "file name as received")
                return [ruling(rules, "order_context.name_before_order", [quote], words=words)]
    return []


def _place(record: Record, order: Order, limits: Tolerances, rules: RuleSet) -> list[Finding]:
    here = position(record)
    if here is None or order.ship_to is None or _stale(record, rules):
        return []
    far = distance_km(here, order.ship_to)
    if far < limits.far_km:
        return []
    assert record.tiff is not None
    entry = record.tiff.get(0x0002, "gps")
    quote = {
        "field": "gps", "tag": "GPS 0x0002, 0x0004", "value": f"{here[0]:.5f}, {here[1]:.5f}",
        "offset": entry.value_offset if entry else -1, "exiftool": "-GPSPosition",
    }  # fmt: skip
    rule = "order_context.very_far" if far >= limits.very_far_km else "order_context.far"
    return [ruling(rules, rule, [quote], words={"distance": round(far)})]


def _stale(record: Record, rules: RuleSet) -> bool:
    """Whether the position is a day older than the capture, so that it tells of another place."""
    fixed, taken = times.gps_time(record.tiff), times.taken(record, rules.tables.get("clocks", {}))
    if fixed is None or taken is None:
        return False
    return taken.wall.replace(tzinfo=UTC) - fixed > timedelta(days=1)


def position(record: Record) -> tuple[float, float] | None:
    """Return (latitude, longitude) in degrees, or None; (0, 0) is a place-holder."""
    if record.tiff is None:
        return None
    out = []
    for value, reference, limit in ((0x0002, 0x0001, 90.0), (0x0004, 0x0003, 180.0)):
        entry, sign = record.tiff.get(value, "gps"), record.tiff.get(reference, "gps")
        if not entry or not entry.numbers:
            return None
        parts = [float(n) for n in entry.numbers[:3]]
        degrees = sum(p / 60**i for i, p in enumerate(parts))
        if not 0 <= degrees <= limit:
            return None
        out.append(-degrees if sign and sign.text[:1] in ("S", "W") else degrees)
    return (out[0], out[1]) if any(out) else None


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance of two (latitude, longitude) places.

    Examples
    --------
    >>> round(distance_km((39.9, 116.4), (31.2, 121.5)))
    1071
    """
    (lat1, lon1), (lat2, lon2) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def identity(photo: Photo, /, *, order: str = "", key: bytes = b"") -> dict[str, Any]:
    """Return what ties this photo to others of the same file, shot, camera or sender: an entry for ``Order.others``.

    Parameters
    ----------
    photo : Photo
    order : str
        The number of the order that it came with.
    key : bytes
        A secret of your own, at least 16 bytes, the same for all orders. With it the entry of a file from WeChat holds
        ``sender``, a keyed hash (BLAKE2b) of the number that WeChat appends; the number itself is never handed out.

    Returns
    -------
    dict
        ``sha256``, ``order``, ``identifiers`` (texts such as ``ImageUniqueID=…``), ``serial``, ``model`` and
        ``taken_at``, ``sender`` where the file has them. JSON-ready.

    Raises
    ------
    ParameterError
        The key is too short.
    """
    record = photo.record
    out: dict[str, Any] = {"sha256": photo.sha256, "order": order, "identifiers": list(_identifiers(record))}
    serial = record.text("exif.SerialNumber")
    moment = _shot(record)
    sender = record.wechat.sender(key) if record.wechat is not None and key else ""
    found = {"sender": sender, "serial": serial, "model": record.text("exif.Model"), "taken_at": moment}
    return {**out, **{k: v for k, v in found.items() if v}}


def _identifiers(record: Record) -> tuple[str, ...]:
    out = []
    unique = record.text("exif.ImageUniqueID")
    if len(unique.strip("0 ")) >= MIN_IDENTIFIER:
        out.append(f"ImageUniqueID={unique}")
    out += [f"ContentIdentifier={text}" for text in _apple(record)]
    return tuple(out)


MIN_IDENTIFIER = 12
"""Characters of an identifier below which two photos share it by chance or by default."""
_APPLE_IDS = (0x000B, 0x0011, 0x0015, 0x002B)
"""Apple's BurstUUID, ContentIdentifier (live photo), ImageUniqueID, PhotoIdentifier; only the last three are one shot's."""


def _apple(record: Record) -> tuple[str, ...]:
    """Read Apple's shot identifiers from its MakerNote, which is a directory behind a 14-byte header."""
    import struct

    note = record.tiff.get(0x927C, "exif") if record.tiff else None
    if note is None or not note.raw.startswith(b"Apple iOS\0") or len(note.raw) < 16:
        return ()
    raw, out = note.raw, []
    (count,) = struct.unpack_from(">H", raw, 14)
    for at in range(16, min(16 + 12 * count, len(raw) - 11), 12):
        tag, kind, size, place = struct.unpack_from(">HHII", raw, at)
        if tag in _APPLE_IDS[1:] and kind == 2 and MIN_IDENTIFIER <= size <= 64 and place + size <= len(raw):
            out.append(raw[place : place + size].split(b"\0")[0].decode("ascii", "replace"))
    return tuple(out)


def _shot(record: Record) -> str:
    """Return the capture time with its fraction of a second, which two shots of one model hardly share."""
    time, fraction = record.text("exif.DateTimeOriginal"), record.text("exif.SubSecTimeOriginal").strip()
    return f"{time}.{fraction}" if times.wall(time) and fraction.strip("0") else ""


def _others(photo: Photo, record: Record, order: Order, rules: RuleSet) -> list[Finding]:
    out: list[Finding] = []
    own = identity(photo, key=order.sender_key)
    for other in order.others:
        number = str(other.get("order", ""))
        if order.number and number == order.number:
            continue
        found = _shared(own, other)
        if found:
            rule, value = found
            quote = {"field": "identity", "value": value or "WeChat sender"}
            out.append(ruling(rules, rule, [quote], words={"other": number or "?", "value": value}))
    out.sort(key=lambda f: -f.score)
    return out[:3]


def _shared(own: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, str] | None:
    if other.get("sha256") and other["sha256"] == own["sha256"]:
        return "order_context.same_file", own["sha256"]
    common = set(own["identifiers"]) & {str(i) for i in other.get("identifiers", ())}
    if common:
        return "order_context.same_shot", min(common)
    keys = ("model", "taken_at")
    if all(own.get(k) and own.get(k) == other.get(k) for k in keys):
        return "order_context.same_shot", f"{own['model']}, {own['taken_at']}"
    if (
        own.get("serial")
        and own["serial"].strip("0 ")
        and own["serial"] == other.get("serial")
        and own.get("model") == other.get("model")
    ):
        return "order_context.same_camera", own["serial"]
    if own.get("sender") and own["sender"] == other.get("sender"):
        return "order_context.same_sender", ""
    return None
