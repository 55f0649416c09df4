"""Detector ``exif``: the EXIF block against itself and against the picture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.findings import Flag, Region
from fakeproof.metadata import times
from fakeproof.metadata.rules import DETECTORS, VERSION, RuleSet, load_rules
from fakeproof.metadata.ruling import ruling
from fakeproof.metadata.thumbnail import compare_thumbnail
from fakeproof.reading.record import Field, Record, shown
from fakeproof.reading.tiff import Entry

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.photo import Photo

__all__ = ["exif"]

SAVE_LAG = timedelta(seconds=2)
"""ModifyDate may trail the capture by the time the camera needs to write (proposal)."""
FIX_AGE = timedelta(hours=1)
"""A position fix may be this old before it is called stale (proposal)."""
GPS_AHEAD = timedelta(days=1)
"""The GPS clock may run ahead of the capture time by zone mistakes of up to a day (proposal)."""
ZONE_STEP = timedelta(minutes=15)
"""All time zones are multiples of it (IANA)."""
ZONE_SLACK = timedelta(minutes=4)
"""Fix age and clock drift allowed around a zone's offset (proposal)."""
SHAPE_SLACK = 0.02
"""Relative difference of aspect ratios up to which a size was only scaled (rounding to 8 or 16 pixels)."""
SIZE_SLACK = 16
"""Pixels a side by which a stated size may differ: padding to whole blocks."""


@detector(version=VERSION, category=DETECTORS["exif"], weighed="assigned", cost_ms=1)
def exif(photo: Photo, /, *, thumbnails: bool = True, rules: RuleSet | None = None) -> tuple[Finding, ...]:
    """Check the EXIF block for contradictions.

    Sees time fields that disagree, a stated size that is not the picture's, a thumbnail with other content, maker's
    notes of another maker, and traces of scripts. Sees nothing in a file without EXIF, which is most of what a chat
    app delivers, and says nothing then: absence is no evidence.

    Parameters
    ----------
    photo : Photo
    thumbnails : bool
        Also compare the embedded thumbnail with the picture, which needs the picture decoded.
    rules : RuleSet, optional
        From :func:`load_rules`; the package's own by default.

    Returns
    -------
    tuple of Finding
        One a rule that fired, empty if none did. `score` is 0 neutral, 1 weak, 2 moderate, 3 strong, 4 decisive.
        The mismatch of a thumbnail comes with ``pictures["thumbnail"]`` and ``pictures["photo"]``, a place that
        differs from it with `regions`.

    References
    ----------
    .. [1] CIPA DC-008-2023, Exif 3.0.
    .. [2] E. Kee, M. K. Johnson, H. Farid, "Digital image authentication from JPEG headers", IEEE TIFS 6(3), 2011,
       doi:10.1109/TIFS.2011.2128309.

    Examples
    --------
    >>> import fakeproof as fp
    >>> import numpy as np
    >>> fp.metadata.exif(fp.Photo.from_array(np.zeros((64, 64, 3), np.uint8)))
    ()
    """
    rules = rules or load_rules()
    record = photo.record
    tiff = record.tiff
    if tiff is None:
        return ()
    out = [*_summary(record, rules), *_times(record, rules), *_gps(record, rules), *_sizes(photo, record, rules)]
    out += [*_maker_note(record, rules), *_versions(record, rules), *_writers(record, rules)]
    if thumbnails and tiff.thumbnail:
        out += _thumbnail(photo, record, rules)
    for problem in tiff.problems[:4]:
        quote = {"field": problem.where, "offset": problem.offset, "value": problem.reason}
        words = {"reason": f"{problem.where}: {problem.reason}", "offset": problem.offset}
        out.append(ruling(rules, "exif.parse_error", [quote], words=words, flags=Flag.PARSE_ERROR))
    return tuple(out)


def _entry(entry: Entry, name: str, value: object) -> Mapping[str, Any]:
    return {
        "field": f"exif.{name}",
        "tag": f"{entry.directory.upper()} 0x{entry.tag:04X}",
        "value": shown(str(value)),
        "offset": entry.value_offset,
        "exiftool": f"-EXIF:{name}",
    }


def _summary(record: Record, rules: RuleSet) -> list[Finding]:
    keys = ("exif.Make", "exif.Model", "exif.Software", "exif.DateTimeOriginal", "exif.OffsetTimeOriginal")
    found = [f for key in keys if (f := record.first(key))]
    if not found:
        return []
    words = {f.key.partition(".")[2].lower(): f.value for f in found}
    return [
        ruling(rules, "exif.record", found, words={"summary": ", ".join(shown(f.value, 60) for f in found), **words})
    ]


def _times(record: Record, rules: RuleSet) -> list[Finding]:
    out: list[Finding] = []
    taken = times.taken(record, rules.tables.get("clocks", {}))
    if taken is None:
        return out
    if taken.unset:
        return [ruling(rules, "exif.clock_unset", [taken.field], words={"taken": taken.field.value})]
    modified, digitized = record.first("exif.ModifyDate"), record.first("exif.CreateDate")
    later = times.wall(modified.value) if modified else None
    if modified and later and later - taken.wall > SAVE_LAG:
        words = {"taken": taken.field.value, "modified": modified.value, **times.gap(later - taken.wall)}
        out.append(ruling(rules, "exif.saved_later", [taken.field, modified], words=words))
    scanned = times.wall(digitized.value) if digitized else None
    clocks = rules.tables.get("clocks", {})
    if digitized and scanned and times.unset(digitized.value, clocks):
        return out
    if digitized and scanned and abs(scanned - taken.wall) > SAVE_LAG:
        words = {"taken": taken.field.value, "digitized": digitized.value, **times.gap(scanned - taken.wall)}
        out.append(ruling(rules, "exif.digitized_differs", [taken.field, digitized], words=words))
    elif scanned == taken.wall:
        out += _fractions(record, rules)
    return out


def _fractions(record: Record, rules: RuleSet) -> list[Finding]:
    first, second = record.first("exif.SubSecTimeOriginal"), record.first("exif.SubSecTimeDigitized")
    if not first or not second or not (first.value.isdigit() and second.value.isdigit()):
        return []
    if first.value.rstrip("0") == second.value.rstrip("0"):
        return []
    words = {"original": first.value, "digitized": second.value}
    return [ruling(rules, "exif.subseconds_differ", [first, second], words=words)]


def _gps(record: Record, rules: RuleSet) -> list[Finding]:
    taken = times.taken(record, rules.tables.get("clocks", {}))
    moment = times.gps_time(record.tiff)
    if taken is None or moment is None or taken.unset or moment.year < 2000:
        return []
    assert record.tiff is not None
    clock = record.tiff.get(0x0007, "gps")
    shown_gps = f"{moment:%Y:%m:%d %H:%M:%S}"
    quotes: list[Field | Mapping[str, Any]] = [taken.field]
    quotes += [_entry(clock, "GPSTimeStamp", shown_gps)] if clock else []
    plain = taken.wall.replace(tzinfo=UTC)
    # without a zone the local time may lie anywhere between UTC-12 and UTC+14
    ahead = moment - (taken.utc(None) if taken.zone else plain + timedelta(hours=12))
    behind = (taken.utc(None) if taken.zone else plain - times.MAX_OFFSET) - moment
    if ahead > GPS_AHEAD:
        words = {"gps": shown_gps, "taken": taken.field.value, **times.gap(ahead)}
        return [ruling(rules, "exif.gps_time_later", quotes, words=words)]
    if behind > FIX_AGE:
        words = {"gps": shown_gps, "taken": taken.field.value, **times.gap(behind)}
        return [ruling(rules, "exif.gps_time_earlier", quotes, words=words)]
    if taken.zone is None:
        difference = plain - moment
        rest = difference % ZONE_STEP
        # a fix is older than the capture, never younger, so the rest counts upwards from the zone's offset
        if ZONE_SLACK < rest < ZONE_STEP - ZONE_SLACK:
            words = {"gps": shown_gps, "taken": taken.field.value, **times.gap(difference)}
            return [ruling(rules, "exif.gps_zone_odd", quotes, words=words)]
    return []


def _sizes(photo: Photo, record: Record, rules: RuleSet) -> list[Finding]:
    assert record.tiff is not None
    wide, high = record.tiff.get(0xA002, "exif"), record.tiff.get(0xA003, "exif")
    if not wide or not high or not wide.number or not high.number:
        return []
    stated = (int(wide.number), int(high.number))
    actual = record.container.size if all(record.container.size) else photo.size
    if min(stated) < MIN_STATED or any(_close(stated, size) for size in (actual, actual[::-1])):
        return []
    shape = stated[0] / stated[1]
    scaled = any(abs(shape / (w / h) - 1) <= SHAPE_SLACK for w, h in (actual, actual[::-1]))
    words = {"stated": f"{stated[0]}x{stated[1]}", "actual": f"{actual[0]}x{actual[1]}"}
    quotes = [_entry(wide, "ExifImageWidth", stated[0]), _entry(high, "ExifImageHeight", stated[1])]
    return [ruling(rules, "exif.size_scaled" if scaled else "exif.size_cropped", quotes, words=words)]


MIN_STATED = 16
"""Stated sides below it are place-holders, not sizes."""


def _close(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return all(abs(x - y) <= SIZE_SLACK for x, y in zip(a, b, strict=True))


def _maker_note(record: Record, rules: RuleSet) -> list[Finding]:
    assert record.tiff is not None
    note, make = record.tiff.get(0x927C, "exif"), record.text("exif.Make").lower()
    if not note or not make:
        return []
    head = note.raw[:16].decode("latin-1")
    for start, makers in rules.tables.get("maker_notes", {}).items():
        if head.startswith(start) and not any(word in make for word in makers):
            found = start.strip("\0 ")
            quotes: list[Field | Mapping[str, Any]] = [_entry(note, "MakerNote", found)]
            quotes += [f for f in [record.first("exif.Make")] if f]
            return [
                ruling(
                    rules, "exif.maker_note_foreign", quotes, words={"make": record.text("exif.Make"), "found": found}
                )
            ]
    return []


def _versions(record: Record, rules: RuleSet) -> list[Finding]:
    assert record.tiff is not None
    version = record.tiff.get(0x9000, "exif")
    stated = version.raw[:4].decode("latin-1") if version else ""
    if not version or not (stated.isascii() and stated.isdigit()):
        return []
    for tag, needed in rules.tables.get("exif_versions", {}).items():
        entry = record.tiff.get(int(tag, 16), "exif")
        if entry and stated < needed:
            words = {"version": stated, "tag": f"tag 0x{int(tag, 16):04X}", "needed": needed}
            quotes = [_entry(version, "ExifVersion", stated), _entry(entry, f"0x{int(tag, 16):04X}", entry.text)]
            return [ruling(rules, "exif.version_too_old", quotes, words=words)]
    return []


def _writers(record: Record, rules: RuleSet) -> list[Finding]:
    assert record.tiff is not None
    out = []
    for rule, wrong in (("exif.link_missing", "link_missing"), ("exif.unsorted", "unsorted")):
        found = [d for d in record.tiff.directories if (d.link_missing if wrong == "link_missing" else not d.sorted)]
        if found:
            quotes = [{"field": d.name.upper(), "offset": d.offset, "value": f"{d.count} entries"} for d in found]
            out.append(ruling(rules, rule, quotes, words={"directories": ", ".join(d.name for d in found)}))
    return out


def _thumbnail(photo: Photo, record: Record, rules: RuleSet) -> list[Finding]:
    assert record.tiff is not None
    result = compare_thumbnail(photo, record.tiff)
    named = {"different": "exif.thumbnail_differs", "part": "exif.thumbnail_part", "turned": "exif.thumbnail_turned"}
    if result is None:
        return []
    rule = "exif.thumbnail_place" if result.place else named.get(result.verdict)
    if rule is None:
        return []
    size = f"{result.thumbnail.shape[1]}x{result.thumbnail.shape[0]}"
    quote = {
        "field": "exif.ThumbnailImage", "tag": "IFD1 0x0201", "value": f"JPEG {size}",
        "offset": record.tiff.thumbnail_offset, "exiftool": "-b -ThumbnailImage",
    }  # fmt: skip
    pictures = {"thumbnail": result.thumbnail, "photo": result.photo} if rule != "exif.thumbnail_turned" else {}
    words = {"similarity": round(result.similarity, 2), "levels": round(result.levels)}
    regions = (_region(photo, result.place, result.levels),) if result.place else ()
    return [ruling(rules, rule, [quote], words=words, pictures=pictures, regions=regions)]


def _region(photo: Photo, place: tuple[float, float, float, float], levels: float) -> Region:
    import numpy as np

    (width, height), (left, top, right, bottom) = photo.size, place
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    polygon = np.array([(x * width, y * height) for x, y in corners], np.float32)
    area = round((right - left) * width * (bottom - top) * height)
    return Region(polygon=polygon, area=area, label="1", score=levels, traces=("exif",))
