"""Times of a photo: EXIF texts, zones, the GPS clock, clocks that were never set, times in file names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from fakeproof.reading.record import Field, Record
from fakeproof.reading.tiff import Tiff

__all__ = ["Taken", "gap", "gps_time", "name_time", "offset", "taken", "unset", "wall"]

_STAMP = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)$")
MAX_OFFSET = timedelta(hours=14)
"""Largest offset of any time zone (Kiribati)."""


@dataclass(frozen=True)
class Taken:
    """The capture time as the file states it.

    Parameters
    ----------
    wall : datetime
        Without zone, as the clock showed it.
    zone : tzinfo or None
        From OffsetTimeOriginal, else None.
    field : Field
        Where it stands.
    unset : bool
        The clock shows a factory default.
    """

    wall: datetime
    zone: tzinfo | None
    field: Field
    unset: bool

    def utc(self, fallback: tzinfo | None) -> datetime:
        """Return the moment in UTC; without a stated zone the fallback's (or UTC) is assumed."""
        return self.wall.replace(tzinfo=self.zone or fallback or UTC).astimezone(UTC)


def wall(text: str) -> datetime | None:
    """Read ``2026:05:01 12:00:00`` (or with - and T); None for anything else, zeros included.

    Examples
    --------
    >>> wall("2026:05:01 12:00:00")
    datetime.datetime(2026, 5, 1, 12, 0)
    """
    match = _STAMP.match(text)
    if not match:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None


def offset(text: str) -> tzinfo | None:
    """Read ``+08:00``; None for anything else or beyond 14 hours."""
    match = _ZONE.match(text.strip())
    if not match:
        return None
    delta = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-delta if match[1] == "-" else delta) if delta <= MAX_OFFSET else None


def taken(record: Record, clocks: Mapping[str, Any]) -> Taken | None:
    """Return DateTimeOriginal with its zone, if the file states one."""
    found = record.first("exif.DateTimeOriginal")
    moment = wall(found.value) if found else None
    if not found or not moment:
        return None
    return Taken(moment, offset(record.text("exif.OffsetTimeOriginal")), found, unset(found.value, clocks))


def unset(text: str, clocks: Mapping[str, Any]) -> bool:
    """Whether a time is a clock's factory default."""
    return text[:10] in clocks.get("days", ()) or text[:19] in clocks.get("moments", ())


def gps_time(tiff: Tiff | None) -> datetime | None:
    """Return the GPS date and time (UTC)."""
    if tiff is None:
        return None
    day, clock = tiff.get(0x001D, "gps"), tiff.get(0x0007, "gps")
    if not day or not clock or len(clock.numbers) < 3:
        return None
    match = re.match(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)", day.text)
    if not match:
        return None
    hours, minutes, seconds = clock.numbers[:3]
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 61):
        return None
    try:
        start = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
    except ValueError:
        return None
    return start + timedelta(hours=float(hours), minutes=float(minutes), seconds=float(seconds))


def name_time(groups: Mapping[str, Any], zone: tzinfo | None) -> datetime | None:
    """Return the time in a file name from a marker's groups ``ms`` (UTC) or ``stamp`` (wall time of `zone`)."""
    try:
        if groups.get("ms"):
            return datetime.fromtimestamp(int(groups["ms"]) / 1000, UTC)
        digits = re.sub(r"\D", "", str(groups.get("stamp", "")))
        if len(digits) == 14:
            return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=zone or UTC)
        if len(digits) == 8:
            day = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=zone or UTC)
            return day + timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def gap(delta: timedelta) -> dict[str, str]:
    """Return a time span as words ``gap`` and ``gap_zh``, in its largest fitting unit.

    Examples
    --------
    >>> gap(timedelta(days=3, hours=2))["gap"]
    '3 days'
    """
    seconds = abs(delta.total_seconds())
    for size, one, many, zh in (
        (365.25 * 86400, "year", "years", "年"),
        (86400, "day", "days", "天"),
        (3600, "hour", "hours", "小时"),
        (60, "minute", "minutes", "分钟"),
        (1, "second", "seconds", "秒"),
    ):
        if seconds >= 2 * size or (size == 1):
            count = int(seconds // size)
            return {"gap": f"{count} {one if count == 1 else many}", "gap_zh": f"{count} {zh}"}
    return {"gap": "0 seconds", "gap_zh": "0 秒"}
