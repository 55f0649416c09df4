"""AIGC labels with hash and signature, against vectors that OpenSSL made."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

import fakeproof as fp
from fakeproof.metadata.aigc_seal import read_seal
from fakeproof.metadata.sm2 import IDENTITY, G, N, _times, sm3, verify
from tests.photo_files import encode

MESSAGE = b"message of a label"
SIGNATURE = (
    "3045022100a58ab1e8c008b185d4cf070ea07c37fa65bdd1c8de1f366d35e76487a66089d3"
    "02205246c0310b061289393386079cd5a2e024d9d1c1c12082b893feb28c1eb2377e"
)
KEY = (
    "3059301306072a8648ce3d020106082a811ccf5501822d03420004bb4ff66d6d9e55936d3ce36bd3d0dbdce9baab9840d205e68df9f665f7"
    "143a073356c0fba4e881d025d6b60f6bb865326d4f2b78ccc94290105a3f11f8f299a1"
)
PAIR = int(SIGNATURE[10:74], 16), int(SIGNATURE[78:], 16)
POINT = int(KEY[-128:-64], 16), int(KEY[-64:], 16)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_standards_examples(data, digest) -> None:
    assert sm3(data).hex() == digest


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this OpenSSL has no SM3")
@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_sm3_equals_openssls(data) -> None:
    assert sm3(data) == hashlib.new("sm3", data).digest()


def test_a_signature_of_openssl_is_valid_and_any_other_is_not() -> None:
    assert _times(N, G) is None
    assert verify(MESSAGE, PAIR, POINT)
    assert not verify(MESSAGE + b".", PAIR, POINT)
    assert not verify(MESSAGE, (PAIR[0], PAIR[1] + 1), POINT)
    assert not verify(MESSAGE, PAIR, POINT, identity=IDENTITY[:-1])
    assert not verify(MESSAGE, PAIR, (POINT[0], POINT[1] ^ 1))
    assert not verify(MESSAGE, (0, N), POINT)


def members(number: str = MESSAGE.decode(), **parts: str) -> dict[str, str]:
    code = json.dumps({"sm3": sm3(MESSAGE).hex(), "signature": SIGNATURE, "publicKey": KEY, **parts})
    return {"Label": "1", "ContentProducer": "x", "ProduceID": number, "ReservedCode1": code, "ReservedCode2": ""}


@pytest.mark.parametrize(
    ("label", "state", "hashed"),
    [
        (members(), "valid", True),
        (members("another content"), "invalid", False),
        (members(publicKey=KEY[-130:]), "valid", True),
        (members(publicKey=base64.b64encode(bytes.fromhex(KEY)).decode()), "valid", True),
        (members(signature=f"{PAIR[0]:064x}{PAIR[1]:064x}"), "valid", True),
        (members(publicKey=""), "declared", True),
        ({**members(), "ReservedCode1": base64.b64encode(members()["ReservedCode1"].encode()).decode()}, "valid", True),
        (
            {"Label": "1", "ReservedCode1": SIGNATURE, "ReservedCode2": "51cfd2a9-5126-476b-84bf-1ba2dc5a979b"},
            "declared",
            None,
        ),
        ({"Label": "1"}, "declared", None),
    ],
)
def test_states_of_a_label(label, state, hashed) -> None:
    assert (read_seal(label).state, read_seal(label).hashed) == (state, hashed)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["sm3", "signature", "publicKey"]))
def test_hostile_codes_never_raise(text, name) -> None:
    assert read_seal({"Label": "1", "ReservedCode1": text}).state == "declared"
    assert read_seal(members(**{name: text})).state in ("declared", "invalid", "valid")


@pytest.mark.parametrize(
    ("label", "said"), [(members(), "签名有效"), (members("other"), "签名无效"), ({"Label": "1"}, "自行声明")]
)
def test_the_finding_says_declared_valid_or_invalid(label, said) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_itxt("AIGC", json.dumps(label))
    found = fp.metadata.ai_labels(fp.Photo.from_bytes(encode(Image.new("RGB", (64, 64)), "PNG", pnginfo=note)))
    assert said in found[0].sentence["zh"]
    assert "declared" in found[0].sentence["en"]
    assert found[0].facts["content_id"] == label.get("ProduceID", "")


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_label_is_read_from_exif_and_after_photoshops_xmp(form) -> None:
    from tests.metadata.files import xmp_packet

    text = json.dumps({"AIGC": {"Label": "1", "ContentProducer": "picwish", "ProduceID": "7"}})
    exif = Image.Exif()
    exif[0x010E] = "a picture"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + text.encode()
    data = encode(Image.new("RGB", (64, 64)), form, exif=exif)
    assert fp.metadata.ai_labels(fp.Photo.from_bytes(data))[0].facts["content_id"] == "7"
    inner = (
        '<xmp:CreatorTool>Adobe Photoshop 25.4</xmp:CreatorTool><TC260:AIGC xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/">'
        "{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;picwish&quot;}</TC260:AIGC>"
    )
    packet = xmp_packet(inner)
    note = {"xmp": packet} if form == "JPEG" else {"pnginfo": _itxt(packet)}
    found = fp.metadata.ai_labels(fp.Photo.from_bytes(encode(Image.new("RGB", (64, 64)), form, **note)))
    assert "ai_labels.tc260" in [f.facts["rule"] for f in found]


def _itxt(packet: bytes) -> PngImagePlugin.PngInfo:
    note = PngImagePlugin.PngInfo()
    note.add_itxt("XML:com.adobe.xmp", packet.decode())
    return note
