from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fakeproof as fp
from fakeproof.metadata.order_context import distance_km
from fakeproof.metadata.times import gap, name_time, offset, wall
from tests.metadata.files import exif_segment, fired, jpeg, photo, tiff

CHINA = timezone(timedelta(hours=8))
PLACED = datetime(2026, 5, 1, 12, tzinfo=CHINA)


def order(**more: object) -> fp.Order:
    times = {"placed_at": PLACED, "delivered_at": PLACED + timedelta(days=4), "reported_at": PLACED + timedelta(days=6)}
    return fp.Order(**{**times, "number": "A1", **more})


def shot(moment: str, *, zone: str = "", name: str = "x.jpg", gps: dict | None = None, **exif: object) -> fp.Photo:
    fields = {0x9003: moment, **({0x9011: zone} if zone else {}), **{int(k[1:], 16): v for k, v in exif.items()}}
    return photo(jpeg(exif_segment(tiff({0x010F: "Maker", 0x0110: "M1"}, fields, gps))), name)


def place(lat: float, lon: float, day: str = "2026:05:06") -> dict:
    return {1: "N", 2: (lat, 0, 0), 3: "E", 4: (lon, 0, 0), 7: (2.0, 0.0, 0.0), 0x1D: day}


@pytest.mark.parametrize(
    ("moment", "zone", "rules"),
    [
        ("2026:05:06 10:00:00", "+08:00", set()),
        ("2026:05:01 06:00:00", "+08:00", {"order_context.before_delivery"}),
        ("2026:04:29 12:00:00", "+08:00", {"order_context.before_order"}),
        ("2026:04:30 14:00:00", "", {"order_context.before_delivery"}),
        ("2026:05:03 12:00:00", "+08:00", {"order_context.before_delivery"}),
        ("2026:05:05 03:00:00", "+08:00", set()),
        ("2026:05:20 12:00:00", "+08:00", {"order_context.after_report"}),
        ("2010:03:07 12:00:00", "", {"order_context.before_order_doubtful"}),
        ("2002:12:08 12:00:00", "", set()),
        ("0000:00:00 00:00:00", "", set()),
    ],
)
def test_capture_against_the_order(moment, zone, rules):
    assert fired(fp.metadata.order_context(shot(moment, zone=zone), order=order())).keys() == rules


def test_sentences_say_days_as_people_do_and_facts_as_the_file_does():
    (finding,) = fp.metadata.order_context(shot("2026:04:29 12:00:00"), order=order())
    assert all("2026-04-29 12:00:00" in finding.wording(lang) for lang in ("en", "zh"))
    assert finding.facts["taken"] == "2026:04:29 12:00:00"


def test_the_zone_decides():
    # the same clock reading is 13 hours apart in Shanghai and New York
    text, at = "2026:04:30 13:00:00", order(delivered_at=None, reported_at=None)
    assert fired(fp.metadata.order_context(shot(text, zone="+14:00"), order=at)).keys() == {
        "order_context.before_order"
    }
    assert not fp.metadata.order_context(shot(text, zone="-05:00"), order=at)


def test_tolerances_are_parameters():
    text = "2026:04:29 12:00:00"
    loose = fp.metadata.Tolerances(order_hours=100, delivery_hours=1000)
    assert not fp.metadata.order_context(shot(text), order=order(), tolerances=loose)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mmexport1714550400000.jpg", True),
        (f"mmexport{int((PLACED + timedelta(days=5)).timestamp() * 1000)}.jpg", False),
        ("微信图片_20260401100000.jpg", True),
        ("IMG_20260401_100000.jpg", True),
        ("IMG-20260505-WA0001.jpg", False),
        ("微信图片_20261399999999.jpg", False),
    ],
)
def test_times_in_file_names(name, found):
    findings = fp.metadata.order_context(photo(jpeg(), name), order=order())
    assert ({"order_context.name_before_order"} if found else set()) == fired(findings).keys()


def test_names_as_received_stand_for_stored_ones():
    at = order(file_names=("mmexport1714550400000.jpg",))
    assert fired(fp.metadata.check(photo(jpeg(), "1.jpg"), order=at)).keys() >= {
        "order_context.name_before_order",
        "platforms.messenger",
    }
    two = order(file_names=("mmexport1714550400000.jpg", "other.jpg"))
    assert not fired(fp.metadata.order_context(photo(jpeg(), "1.jpg"), order=two))
    stored = order(received_as={"1.jpg": "mmexport1714550400000.jpg"})
    assert fired(fp.metadata.order_context(photo(jpeg(), "/in/1.jpg"), order=stored))
    assert fp.Order.from_dict(stored.to_dict()) == stored


@pytest.mark.parametrize(
    ("where", "day", "rules"),
    [
        ((31.2, 121.5), "2026:05:06", set()),
        ((31.9, 121.5), "2026:05:06", {"order_context.far"}),
        ((39.9, 116.4), "2026:05:06", {"order_context.very_far"}),
        ((39.9, 116.4), "2026:04:20", set()),
        ((0.0, 0.0), "2026:05:06", set()),
    ],
)
def test_place_against_the_ship_to_place(where, day, rules):
    at = order(ship_to=(31.2, 121.5))
    findings = fp.metadata.order_context(shot("2026:05:06 10:00:00", gps=place(*where, day)), order=at)
    assert fired(findings).keys() == rules


def test_the_same_file_shot_and_camera_in_other_orders():
    first = shot("2026:05:06 10:00:00", x9291="123", xA420="a1b2c3d4e5f60718", xA431="SN12345")
    entry = fp.metadata.identity(first, order="B2")
    assert fired(fp.metadata.order_context(first, order=order(others=(entry,)))).keys() == {"order_context.same_file"}
    copy = {**entry, "sha256": "0" * 64}
    assert fired(fp.metadata.order_context(first, order=order(others=(copy,)))).keys() == {"order_context.same_shot"}
    time_only = {**copy, "identifiers": []}
    found = fired(fp.metadata.order_context(first, order=order(others=(time_only,))))
    assert found.keys() == {"order_context.same_shot"}
    camera = {"order": "B2", "serial": "SN12345", "model": "M1"}
    assert fired(fp.metadata.order_context(first, order=order(others=(camera,)))).keys() == {
        "order_context.same_camera"
    }
    assert not fp.metadata.order_context(first, order=order(others=({**entry, "order": "A1"},)))
    stranger = {"order": "B2", "sha256": "1" * 64, "identifiers": ["ImageUniqueID=ffffffffffffffff"], "model": "M1"}
    assert not fp.metadata.order_context(first, order=order(others=(stranger,)))


def test_identity_is_json_ready_and_empty_identifiers_do_not_match():
    import json

    bare = fp.metadata.identity(photo(jpeg()))
    assert json.loads(json.dumps(bare)) == bare
    default = shot("2026:05:06 10:00:00", xA420="0000000000000000", xA431="0")
    assert fp.metadata.identity(default)["identifiers"] == []
    assert not fp.metadata.order_context(
        default, order=order(others=({**fp.metadata.identity(default, order="B"), "sha256": ""},))
    )


@pytest.mark.parametrize(
    ("text", "hours"), [("+08:00", 8), ("-05:30", -5.5), ("+15:00", None), ("Z", None), ("", None)]
)
def test_offsets(text, hours):
    found = offset(text)
    assert (found.utcoffset(None).total_seconds() / 3600 if found else None) == hours


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))
def test_exif_times_are_read_back(moment):
    moment = moment.replace(microsecond=0)
    assert wall(f"{moment:%Y:%m:%d %H:%M:%S}".rjust(19, "0")) == moment


@given(st.text(max_size=30))
def test_any_text_is_survived(text):
    found = wall(text)
    assert found is None or found.year >= 1
    assert offset(text) is None or text.strip()
    assert name_time({"stamp": text, "ms": ""}, UTC) is None or any(c.isdigit() for c in text)


@given(st.floats(0, 1e9))
def test_spans_have_words_in_both_languages(seconds):
    words = gap(timedelta(seconds=seconds))
    assert words["gap"].split()[0] == words["gap_zh"].split()[0]


def test_distance_is_a_metric_on_known_places():
    assert distance_km((0, 0), (0, 180)) == pytest.approx(20015.1, abs=0.1)
    assert distance_km((31.2, 121.5), (31.2, 121.5)) == 0
