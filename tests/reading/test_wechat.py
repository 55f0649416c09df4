"""WeChat's trailer: what it proves, and that its number is never told."""

from __future__ import annotations

import hashlib
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fakeproof as fp
from fakeproof.metadata import identity
from fakeproof.reading import read_record
from tests.metadata.files import exif_segment, jpeg, segment, tiff

NUMBER = 0x1234ABCD
KEY = b"a shop's own secret"
PICTURE = jpeg()


def sealed(data: bytes = PICTURE, number: int = NUMBER) -> bytes:
    return data + struct.pack("<Q", number) + hashlib.md5(data).digest()


SEALED = sealed()


def inserted(data: bytes, part: bytes) -> bytes:
    at = 4 + int.from_bytes(data[4:6], "big")
    return data[:at] + part + data[at:]


def state(data: bytes) -> str | None:
    found = read_record(data).wechat
    return found.state if found else None


def repainted() -> bytes:
    """Return the file with one coded byte changed, as an editor that keeps the rest would."""
    at = len(PICTURE) - 40
    return SEALED[:at] + bytes([SEALED[at] ^ 1]) + SEALED[at + 1 :]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SEALED, "intact"),
        (sealed(inserted(PICTURE, segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(564)))), "intact"),
        (inserted(SEALED, exif_segment(tiff({0x010F: "Apple"}, {0x9003: "2026:05:01 12:00:00"}))), "metadata_added"),
        (inserted(SEALED, segment(0xFE, b"a note")), "metadata_added"),
        (repainted(), "changed"),
        (PICTURE + struct.pack("<Q", NUMBER), "unchecked"),
        (PICTURE, None),
        (PICTURE + SEALED[-23:], None),
        (SEALED + b"\0", None),
        (sealed(number=NUMBER << 32), None),
        (sealed(number=0), None),
        (PICTURE + struct.pack("<Q", NUMBER) + bytes(range(4)) * 4, None),
    ],
)
def test_states(data, said) -> None:
    assert state(data) == said


def test_only_the_end_of_the_files_own_picture_counts() -> None:
    thumbnail = exif_segment(tiff({0x010F: "Apple"}) + SEALED)
    assert state(inserted(PICTURE, thumbnail)) is None
    assert state(PICTURE + SEALED) is None  # the second picture of a multi-picture file


@pytest.mark.parametrize(
    ("data", "rule", "score"),
    [
        (SEALED, "structure.wechat_intact", 0.0),
        (inserted(SEALED, segment(0xFE, b"a note")), "structure.wechat_metadata_added", 1.0),
        (repainted(), "structure.wechat_changed", 2.0),
        (PICTURE + struct.pack("<Q", NUMBER), "structure.wechat_old", 0.0),
    ],
)
def test_findings_quote_the_sums_and_never_the_number(data, rule, score) -> None:
    found = {f.facts["rule"]: f for f in fp.metadata.check(fp.Photo.from_bytes(data))}
    finding = found[rule]
    assert finding.score == score
    assert (finding.supports is fp.Category.EDITED) == (score >= 2)
    stated = hashlib.md5(PICTURE).hexdigest()
    if rule != "structure.wechat_old":
        assert stated in finding.sentence["en"]
        assert stated in finding.sentence["zh"]
    assert "structure.trailer" not in found


@pytest.mark.parametrize("data", [SEALED, repainted(), PICTURE + struct.pack("<Q", NUMBER), SEALED + b"x" * 9])
def test_the_number_is_nowhere(data) -> None:
    photo = fp.Photo.from_bytes(data, name="buyer.jpg")
    told = json.dumps([f.to_dict() for f in fp.metadata.check(photo)], ensure_ascii=False)
    told += repr(photo.record.wechat) + repr(photo.record) + json.dumps(identity(photo))
    told += json.dumps([str(r) for r in photo.chain.reasons]) + json.dumps(identity(photo, key=KEY))
    for way in (
        str(NUMBER),
        f"{NUMBER:x}",
        f"{NUMBER:X}",
        struct.pack("<Q", NUMBER).hex(),
        struct.pack(">I", NUMBER).hex(),
    ):
        assert way not in told


def test_identity_hashes_the_sender_under_the_callers_key() -> None:
    one = identity(fp.Photo.from_bytes(SEALED), key=KEY)["sender"]
    again = identity(fp.Photo.from_bytes(sealed(jpeg(trailer=b""))), key=KEY)["sender"]
    assert (
        one
        == again
        == hashlib.blake2b(struct.pack("<Q", NUMBER), digest_size=16, key=KEY, person=b"fakeproof sender").hexdigest()
    )
    assert identity(fp.Photo.from_bytes(SEALED), key=KEY + b"!")["sender"] != one
    assert identity(fp.Photo.from_bytes(sealed(number=7)), key=KEY)["sender"] != one
    assert "sender" not in identity(fp.Photo.from_bytes(SEALED))
    assert "sender" not in identity(fp.Photo.from_bytes(PICTURE), key=KEY)
    with pytest.raises(fp.ParameterError, match="16"):
        identity(fp.Photo.from_bytes(SEALED), key=b"short")


def test_a_sender_links_orders_without_a_weight() -> None:
    earlier = identity(fp.Photo.from_bytes(sealed(jpeg(segment(0xFE, b"other")))), order="1001", key=KEY)
    order = fp.Order(number="1002", others=(earlier,), sender_key=KEY)
    found = fp.metadata.order_context(fp.Photo.from_bytes(SEALED), order=order)
    assert [(f.facts["rule"], f.score) for f in found] == [("order_context.same_sender", 0.0)]
    assert "1001" in found[0].sentence["zh"]
    assert "sender_key" not in order.to_dict()
    assert KEY.decode() not in repr(order)


def test_two_senders_behind_one_buyers_photos_are_a_link_of_the_case() -> None:
    from fakeproof.case import cross_check

    other = sealed(jpeg(segment(0xFE, b"other")), number=99)
    same = sealed(jpeg(segment(0xFE, b"third")))
    links = cross_check([fp.Photo.from_bytes(d) for d in (SEALED, other, same)])
    assert [link.photos for link in links if link.kind == "other_sender"] == [(0, 1), (1, 2)]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 24))
def test_mutated_trailers_never_raise_and_never_pass(noise, at, keep) -> None:
    trailer = SEALED[len(PICTURE) :][:keep] + noise
    data = PICTURE + trailer[: at or None]
    found = state(data)
    assert found in (None, "changed", "unchecked", "intact")
    assert (found == "intact") == (data == SEALED or (len(data) == len(SEALED) and data[-16:] == SEALED[-16:]
                                                     and not any(data[-20:-16]) and any(data[-24:-20])))  # fmt: skip
