"""Every rule fires on a file made for it, quotes the bytes, and untouched or re-saved files give nothing that weighs."""

from __future__ import annotations

import io
import json
import string
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import skimage.data
from benchmarks.material.chains import wechat_trailer
from PIL import Image, ImageDraw

import fakeproof as fp
from fakeproof.metadata.rules import STRENGTHS, load_rules
from tests.metadata.files import (
    chunk,
    dataset,
    exif_segment,
    fired,
    iptc_segment,
    jpeg,
    jumbf_segments,
    photo,
    photoshop_segment,
    picture,
    piexif_block,
    png,
    resource,
    seft,
    segment,
    store,
    text_chunk,
    tiff,
    xmp_segment,
)

DSO = "2026:05:01 12:00:00"
CHINA = timezone(timedelta(hours=8))
PLACED = datetime(2026, 5, 1, 12, tzinfo=CHINA)
ORDER = fp.Order(
    placed_at=PLACED, delivered_at=PLACED + timedelta(days=4), reported_at=PLACED + timedelta(days=6), number="A1"
)
AIGC = '{"Label":"%s","ContentProducer":"001191110102MACQD9K64010000","ProduceID":"7"}'
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
RETOUCH = '{"data":{"pictureId":"1","appversion":"8.0.0","stickerId":"","product":"retouch"},"source_type":"douyin_beauty_me"}'


def camera(make: str = "Apple", **more: object) -> bytes:
    exif = {0x9003: DSO, 0x9004: DSO, **more.pop("exif", {})}
    return exif_segment(tiff({0x010F: make, 0x0110: "Model", **more.pop("ifd0", {})}, exif, more.pop("gps", None)))


def gps(moment: datetime, lat: float = 31.0, lon: float = 121.0) -> dict[int, object]:
    clock = (moment.hour, moment.minute, moment.second)
    return {1: "N", 2: (lat, 0, 0), 3: "E", 4: (lon, 0, 0), 7: tuple(map(float, clock)), 0x1D: f"{moment:%Y:%m:%d}"}


def unlike() -> Image.Image:
    return Image.fromarray(skimage.data.chelsea()).resize((160, 107))


def with_thumbnail(thumb: Image.Image, main: Image.Image) -> bytes:
    file = io.BytesIO()
    thumb.save(file, "JPEG", quality=85)
    import piexif

    block = piexif.dump({"0th": {0x010F: b"Maker"}, "1st": {0x0103: 6}, "thumbnail": file.getvalue()})[6:]
    return jpeg(exif_segment(block), image=main)


def pasted() -> Image.Image:
    """Coffee with a piece of the cat over the spoon's left."""
    image = Image.fromarray(skimage.data.coffee())
    image.paste(Image.fromarray(skimage.data.chelsea()).crop((120, 60, 260, 200)), (40, 150))
    return image


SCREENSHOT = Image.new("RGB", (1170, 2532), "white")

CASES = {
    "exif.record": jpeg(camera()),
    "exif.saved_later": jpeg(camera(ifd0={0x0132: "2026:05:01 13:00:00"})),
    "exif.digitized_differs": jpeg(camera(exif={0x9004: "2026:04:01 13:00:00"})),
    "exif.subseconds_differ": jpeg(camera(exif={0x9291: "597", 0x9292: "110"})),
    "exif.gps_time_later": jpeg(camera(exif={0x9011: "+08:00"}, gps=gps(datetime(2026, 5, 20, 1, tzinfo=UTC)))),
    "exif.gps_time_earlier": jpeg(camera(exif={0x9011: "+08:00"}, gps=gps(datetime(2026, 4, 2, 1, tzinfo=UTC)))),
    "exif.gps_zone_odd": jpeg(camera(gps=gps(datetime(2026, 5, 1, 3, 53, tzinfo=UTC)))),
    "exif.size_cropped": jpeg(camera(exif={0xA002: 4032, 0xA003: 3024})),
    "exif.size_scaled": jpeg(camera(exif={0xA002: 4032, 0xA003: 2688})),
    "exif.thumbnail_differs": with_thumbnail(unlike(), Image.fromarray(skimage.data.coffee())),
    "exif.thumbnail_place": with_thumbnail(Image.fromarray(skimage.data.coffee()).resize((160, 107)), pasted()),
    "exif.thumbnail_part": with_thumbnail(picture(480, 320).resize((160, 107)), picture(480, 320).crop((60, 50, 390, 270))),
    "exif.thumbnail_turned": with_thumbnail(picture(480, 320).resize((96, 64)).rotate(90, expand=True), picture(480, 320)),
    "exif.maker_note_foreign": jpeg(camera("Canon", exif={0x927C: b"Nikon\0\2\x10\0\0" + bytes(20)})),
    "exif.version_too_old": jpeg(camera(exif={0x9000: b"0220", 0x9011: "+08:00"})),
    "exif.link_missing": jpeg(exif_segment(piexif_block({0x010F: b"Maker"}, {0x9003: DSO.encode(), 0x9004: DSO.encode()}))),
    "exif.unsorted": jpeg(exif_segment(b"II*\0\x08\0\0\0\x02\0" + b"\x10\1\2\0\2\0\0\0A\0\0\0" + b"\x0f\1\2\0\2\0\0\0B\0\0\0" + bytes(4))),
    "exif.clock_unset": jpeg(camera(exif={0x9003: "2002:12:08 12:00:00"})),
    "exif.parse_error": jpeg(exif_segment(b"II*\0\xff\xff\0\0")),
    "software.pixel_editor": jpeg(camera(ifd0={0x0131: "Adobe Photoshop 25.4 (Windows)"})),
    "software.phone_editor": jpeg(camera("Xiaomi", ifd0={0x0131: "www.meitu.com"})),
    "software.tone_editor": jpeg(xmp_segment("", 'xmp:CreatorTool="Adobe Photoshop Lightroom 6.6 (Macintosh)"')),
    "software.organiser": jpeg(camera(ifd0={0x0131: "Nikon Transfer 1.1 W"})),
    "software.history": jpeg(xmp_segment(
        '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:softwareAgent="Adobe Photoshop CC 2019" '
        'stEvt:when="2026-05-01T10:00:00+08:00"/></rdf:Seq></xmpMM:History>')),
    "software.photoshop_resources": jpeg(photoshop_segment(resource(0x0406, b"\0\5"), resource(0x0421, bytes(20)))),
    "software.save_for_web": jpeg(segment(0xEC, b"Ducky\0\1\0\4\0\0\0\x3c\0\0")),
    "software.comment": jpeg(segment(0xFE, b"Created with GIMP")),
    "software.adobe_marker": jpeg(segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")),
    "software.samsung_reedit": jpeg(trailer=seft("PhotoEditor_Re_Edit_Data", '{"originalPath":"x"}')),
    "software.bytedance_retouch": jpeg(segment(0xFE, RETOUCH.encode())),
    "software.c2pa_edits": jpeg(jumbf_segments(store([{"action": "c2pa.placed"}]))),
    "software.parse_error": jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<a><b></a>")),
    "ai_labels.tc260": jpeg(xmp_segment(f"<TC260:AIGC>{AIGC % 1}</TC260:AIGC>")),
    "ai_labels.tc260_possible": png(text_chunk("AIGC", AIGC % 2)),
    "ai_labels.tc260_suspected": jpeg(camera(exif={0x9286: b"ASCII\0\0\0" + ('{"AIGC":' + AIGC % 3 + "}").encode()})),
    "ai_labels.c2pa_generated": png(chunk(b"caBX", store([{"action": "c2pa.created", "digitalSourceType": SOURCE + "trainedAlgorithmicMedia"}]))),
    "ai_labels.c2pa_composite": jpeg(jumbf_segments(store([{"action": "c2pa.edited", "digitalSourceType": SOURCE + "compositeWithTrainedAlgorithmicMedia"}]))),
    "ai_labels.c2pa_generator": jpeg(jumbf_segments(store([{"action": "c2pa.created"}], "OpenAI-API"))),
    "ai_labels.c2pa_present": jpeg(jumbf_segments(store([{"action": "c2pa.opened"}]))),
    "ai_labels.c2pa_remote": jpeg(xmp_segment("", 'dcterms:provenance="https://cai.example/m.c2pa"')),
    "ai_labels.iptc_generated": jpeg(xmp_segment("", f'Iptc4xmpExt:DigitalSourceType="{SOURCE}trainedAlgorithmicMedia"')),
    "ai_labels.iptc_composite": jpeg(xmp_segment("", f'Iptc4xmpExt:DigitalSourceType="{SOURCE}compositeWithTrainedAlgorithmicMedia"')),
    "ai_labels.iptc_fields": jpeg(xmp_segment("", 'Iptc4xmpExt:AISystemUsed="Some model"')),
    "ai_labels.parameters": png(text_chunk("parameters", "a duck\nSteps: 15, Sampler: UniPC, CFG scale: 5, Seed: 2")),
    "ai_labels.generator": jpeg(camera("Ideogram AI")),
    "ai_labels.generator_hint": png(text_chunk("hf-job-id", "7")),
    "ai_labels.grok": jpeg(camera(ifd0={0x010E: "Signature: " + "Ab1+" * 20, 0x013B: "123e4567-e89b-12d3-a456-426614174000"})),
    "ai_labels.ai_edit": jpeg(xmp_segment("", 'photoshop:Credit="Apple Photos Clean Up"')),
    "ai_labels.google_made": jpeg(xmp_segment("", 'photoshop:Credit="Made with Google AI"')),
    "ai_labels.galaxy_ai": png(trailer=seft("PEg_Info", '{"genImageVersion":"v1","genAIType":8}')),
    "platforms.fbmd": jpeg(iptc_segment(dataset(2, 40, b"FBMD01000a9c0d0000"))),
    "platforms.facebook_reference": jpeg(iptc_segment(dataset(2, 103, b"jCK5cWNju4WktwJUweQu"))),
    "platforms.web_server": jpeg(segment(0xFE, b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v80), quality = 85\n")),
    "platforms.screenshot": jpeg(xmp_segment("<exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>Screenshot</rdf:li></rdf:Alt></exif:UserComment>")),
    "platforms.screen_size": png(image=SCREENSHOT),
    "rights.getty": jpeg(xmp_segment("", 'GettyImagesGIFT:AssetID="1234567"')),
    "rights.plus_licensor": jpeg(xmp_segment("", 'plus:LicensorName="A library"')),
    "rights.agency": jpeg(iptc_segment(dataset(2, 110, "视觉中国".encode()))),
    "rights.credit": jpeg(xmp_segment("", 'photoshop:Credit="A newspaper"')),
    "rights.author": jpeg(camera(ifd0={0x013B: "Jane"})),
    "rights.iptc_block": jpeg(iptc_segment(dataset(2, 25, b"keyword"))),
    "structure.record": jpeg(),
    "structure.trailer": jpeg(trailer=b"some bytes that nobody knows"),
    "structure.wechat_intact": wechat_trailer(jpeg(), number=7),
    "structure.wechat_metadata_added": jpeg(segment(0xFE, b"a note"), trailer=wechat_trailer(jpeg(), number=7)[-24:]),
    "structure.wechat_changed": jpeg(trailer=wechat_trailer(png(), number=7)[-24:]),
    "structure.wechat_old": jpeg(trailer=b"\7" + bytes(7)),
    "structure.archive": jpeg(trailer=b"PK\3\4" + bytes(40)),
    "structure.camera_trailer": jpeg(segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0")),
    "structure.incomplete": jpeg()[:-2],
    "structure.parse_error": png()[:60] + b"\x7f\xff\xff\xffIDAT",
}  # fmt: skip

NAMES = {
    "u=1234,5678&fm=253&fmt=auto.jpg": ("platforms.file_name", 3.0),
    "O1CN01abcdEFGH_!!2207-0-rate.jpg": ("platforms.file_name", 3.0),
    "O1CN01abcdEFGH_!!2207-0-cib.jpg_400x400.jpg": ("platforms.file_name", 3.0),
    "1040g2sg31abcdefghij00000kkk12345!nd_dft_wlteh_webp_3.jpg": ("platforms.file_name", 3.0),
    "FB_IMG_1700000000000.jpg": ("platforms.file_name", 2.0),
    "img-0123456789abcdef0123456789abcdef.jpg": ("platforms.file_name", 2.0),
    "shutterstock_12345678.jpg": ("platforms.file_name", 3.0),
    "0123456789abcdef.jpg": ("platforms.file_name", 1.0),
    "Screenshot_2026-05-01-10-00-00-12_0123456789abcdef0123.jpg": ("platforms.screenshot", 2.0),
    "mmexport1714550400000.jpg": ("platforms.messenger", 0.0),
    "微信图片_20260501100000.jpg": ("platforms.messenger", 0.0),
    "QQ图片20260501100000.jpg": ("platforms.messenger", 0.0),
    "IMG-20260501-WA0001.jpg": ("platforms.messenger", 0.0),
    "IMG_20260501_100000.jpg": ("platforms.camera_name", 0.0),
    "DSC_0001.JPG": ("platforms.camera_name", 0.0),
    "006BkcR8ly1gq1e6ww0abj30u0140abc.jpg": ("platforms.weibo", 3.0),
}


@pytest.mark.parametrize("rule", CASES)
def test_rule_fires_with_its_strength_and_quotes_the_file(rule):
    data = CASES[rule]
    shot = _undecodable(data) if data[-4:] == b"IDAT" else fp.Photo.from_bytes(data, name="x.bin", salvage=True)
    found = fired(fp.metadata.check(shot))
    assert rule in found, sorted(found)
    finding, entry = found[rule], load_rules()[rule]
    assert finding.facts["kind"] == entry.kind
    assert finding.score == STRENGTHS[finding.facts["strength"]]
    assert finding.supports == (entry.category if finding.score >= 2 else None)
    assert (fp.Flag.PARSE_ERROR in finding.flags) == rule.endswith(".parse_error")
    for lang in ("en", "zh"):
        assert finding.wording(lang)
        assert "?" not in finding.wording(lang).replace("https?", ""), finding.wording(lang)
    for quote in finding.facts["quotes"]:
        assert -1 <= quote.get("offset", -1) <= len(data)
    json.dumps(finding.to_dict())


def _undecodable(data: bytes) -> fp.Photo:
    """Pillow refuses the picture; the record is read all the same."""
    shot = photo(png())
    from fakeproof.reading.record import read_record

    shot.cached("record", lambda: read_record(data, "x.png"))
    return shot


def test_every_rule_of_the_tables_is_tried_here():
    order_rules = {r for r in load_rules().rules if r.startswith("order_context.")}
    elsewhere = {"software.c2pa_broken"} | {rule for rule, _ in NAMES.values()}
    assert set(load_rules().rules) == set(CASES) | elsewhere | order_rules


def test_placeholders_of_sentences_agree_between_languages():
    for rule in load_rules().rules.values():
        words = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (rule.en, rule.zh)]
        assert {w.removesuffix("_zh") for w in words[1]} <= {w.removesuffix("_zh") for w in words[0]}, rule.id


@pytest.mark.parametrize("name", NAMES)
def test_file_names(name):
    rule, score = NAMES[name]
    found = fired(fp.metadata.platforms(photo(jpeg(), f"/some/folder/{name}")))
    assert {r: f.score for r, f in found.items()} == {rule: score}


@pytest.mark.parametrize(
    "name", ["d41d8cd98f00b204e9800998ecf8427e.jpg", "photo.jpg", "客户图.png", "1.jpg", "O1CN01.jpg"]
)
def test_ordinary_names_say_nothing(name):
    assert fp.metadata.platforms(photo(jpeg(), name)) == ()


def test_weibo_name_that_fits_the_photo_is_decisive():
    image = picture(108, 144)
    finding = fired(fp.metadata.platforms(photo(jpeg(image=image), "006BkcR8ly1gq1e6ww0abj30u0140abc.jpg")))[
        "platforms.weibo"
    ]
    assert finding.score == 4.0
    assert finding.facts["lead"] == "https://weibo.com/u/6048337406"
    assert finding.facts["stated"] == "1080x1440"


@pytest.mark.parametrize(
    ("label", "kind", "strength"),
    [("1", "generated", "decisive"), ("2", "generated", "strong"), ("AIGC", "generated", "moderate")],
)
@pytest.mark.parametrize("form", ["xmp", "xmp attribute", "png", "user comment", "segment", "description", "comment"])
def test_aigc_label_in_every_form(form, label, kind, strength):
    text = AIGC % label
    quoted = text.replace('"', "&quot;")
    data = {
        "xmp": jpeg(xmp_segment(f"<TC260:AIGC>{quoted}</TC260:AIGC>")),
        "xmp attribute": png(
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_segment("", f'TC260:AIGC="{quoted}"')[33:]), late=True
        ),
        "png": png(text_chunk("AIGC", text), late=True),
        "user comment": jpeg(camera(exif={0x9286: b"UNICODE\0" + ('{"AIGC":' + text + "}").encode("utf-16-le")})),
        "segment": jpeg(segment(0xEB, b"AIGC" + text.encode())),
        "description": jpeg(camera(ifd0={0x010E: json.dumps({"AIGC": json.loads(text)})})),
        "comment": jpeg(segment(0xFE, b'{"AIGC":' + text.encode() + b"}")),
    }[form]
    found = [f for f in fp.metadata.ai_labels(photo(data)) if f.facts["kind"] == kind]
    assert [f.facts["strength"] for f in found] == [strength]
    assert found[0].facts["producer"] == "豆包 (Doubao)"
    assert fp.Flag.UNVERIFIED in found[0].flags


def test_tencent_cloud_variant():
    text = '{"ServiceProvider":"somebody","ServiceUser":"1","Time":"2026","ContentId":"9"}'
    found = fp.metadata.ai_labels(photo(jpeg(camera(ifd0={0x010E: text}))))
    assert [f.facts["producer"] for f in found] == ["somebody"]


@pytest.mark.parametrize("text", ['{"AIGC":{"Other":"1"}}', "AIGC", '{"AIGC":', "about AIGC {broken", '{"AIGC":[1,2]}'])
def test_text_about_aigc_is_no_label(text):
    assert fp.metadata.ai_labels(photo(jpeg(segment(0xFE, text.encode())))) == ()


def test_procedural_media_and_enhancement_are_not_ai():
    for kind in ("algorithmicMedia", "digitalCapture", "composite", "algorithmicallyEnhanced"):
        data = jpeg(xmp_segment("", f'Iptc4xmpExt:DigitalSourceType="{SOURCE}{kind}"'))
        assert fp.metadata.ai_labels(photo(data)) == ()


@pytest.mark.parametrize(
    "save",
    [
        {},
        {"quality": 75},
        {"progressive": True},
        {"optimize": True},
        {"subsampling": 0},
        {"quality": 30, "progressive": True},
    ],
)
def test_resaves_without_metadata_support_nothing(save):
    file = io.BytesIO()
    picture(640, 480).save(file, "JPEG", **save)
    findings = fp.metadata.check(photo(file.getvalue(), "mmexport1714550400000.jpg"), order=ORDER)
    weighing = {r: f.score for r, f in fired(findings).items() if f.score > 0}
    # the name tells that the file was saved long before the order; nothing else weighs
    assert weighing == {"order_context.name_before_order": 2.0}


def test_a_camera_file_supports_nothing():
    data = jpeg(camera(ifd0={0x0131: "17.4.1", 0x0132: DSO}, exif={0x9011: "+08:00", 0x9000: b"0232", 0x9291: "12", 0x9292: "12",
                       0xA002: 96, 0xA003: 64, 0x927C: b"Apple iOS\0\0\1MM" + bytes(30)}, gps=gps(datetime(2026, 5, 1, 3, 59, 58, tzinfo=UTC))))  # fmt: skip
    findings = fp.metadata.check(photo(data, "IMG_0001.JPG"))
    assert all(f.score == 0 and f.supports is None for f in findings)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_stored_like_the_picture_is_the_same_in_all_orientations(orientation):
    import piexif

    thumb, file = picture(480, 320).resize((160, 107)), io.BytesIO()
    thumb.save(file, "JPEG", quality=85)
    block = piexif.dump({"0th": {0x0112: orientation}, "1st": {0x0103: 6}, "thumbnail": file.getvalue()})[6:]
    found = fired(fp.metadata.exif(photo(jpeg(exif_segment(block), image=picture(480, 320)))))
    assert not [r for r in found if r.startswith("exif.thumbnail") and r != "exif.thumbnail_turned"]


def test_a_letterboxed_thumbnail_is_the_same():
    thumb = Image.new("RGB", (160, 120))
    thumb.paste(picture(480, 270).resize((160, 90)), (0, 15))
    found = fired(fp.metadata.exif(photo(with_thumbnail(thumb, picture(480, 270)))))
    assert not [r for r in found if r.startswith("exif.thumbnail")]


def test_the_changed_place_is_outlined_in_photo_pixels():
    finding = fired(fp.metadata.exif(photo(CASES["exif.thumbnail_place"])))["exif.thumbnail_place"]
    left, top, right, bottom = finding.regions[0].box
    assert left < 80
    assert top < 190
    assert 140 < right < 240
    assert 250 < bottom < 350
    assert finding.pictures["photo"].shape[2] == 3


@pytest.mark.parametrize("change", ["brighter", "darker", "tone of a part", "shifted"])
def test_tone_and_small_shifts_are_no_changed_place(change):
    image = Image.fromarray(skimage.data.coffee())
    array = np.asarray(image).astype(np.float32)
    if change == "tone of a part":
        array[100:250, 200:400] = array[100:250, 200:400] * 0.6 + 10
    elif change == "shifted":
        array = array[6:, 9:]
    else:
        array = array * (1.25 if change == "brighter" else 0.7)
    main = Image.fromarray(array.clip(0, 255).astype(np.uint8))
    assert "exif.thumbnail_place" not in fired(fp.metadata.exif(photo(with_thumbnail(image.resize((160, 107)), main))))


def test_the_thumbnail_exhibit_shows_both_pictures():
    finding = fired(fp.metadata.exif(photo(CASES["exif.thumbnail_differs"])))["exif.thumbnail_differs"]
    assert finding.pictures["thumbnail"].shape == (107, 160, 3)
    assert finding.pictures["photo"].dtype == np.uint8
    assert finding.supports is fp.Category.EDITED
    without = fired(fp.metadata.exif(photo(CASES["exif.thumbnail_differs"]), thumbnails=False))
    assert "exif.record" in without
    assert "exif.thumbnail_differs" not in without


def test_a_status_bar_makes_a_jpeg_screenshot_a_weak_hint():
    image = picture(1170, 2532)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1170, 130), fill=(250, 250, 250))
    for x in (80, 100, 1040, 1080):
        draw.rectangle((x, 20, x + 12, 50), fill=(10, 10, 10))
    assert fired(fp.metadata.platforms(photo(jpeg(image=image)))).keys() == {"platforms.screen_size"}
    assert fp.metadata.platforms(photo(jpeg(image=picture(1170, 2532)))) == ()


def test_iptc_alone_is_no_edit():
    found = fp.metadata.software(photo(jpeg(iptc_segment(dataset(2, 25, b"keyword")))))
    assert found == ()


def test_findings_are_sorted_immutable_and_survive_json_and_pickle():
    import pickle

    data = jpeg(camera(ifd0={0x0131: "GIMP 2.10"}), xmp_segment("", 'photoshop:Credit="Reuters"'))
    findings = fp.metadata.check(photo(data))
    assert [f.score for f in findings] == sorted((f.score for f in findings), reverse=True)
    again = pickle.loads(pickle.dumps(findings))
    assert [f.to_dict() for f in again] == [f.to_dict() for f in findings]
    with pytest.raises(TypeError):
        findings[0].facts["rule"] = "x"


def test_quotes_point_at_the_bytes():
    data = jpeg(camera(ifd0={0x0131: "Adobe Photoshop 25.4 (Windows)"}))
    quote = fired(fp.metadata.software(photo(data)))["software.pixel_editor"].facts["quotes"][0]
    assert data[quote["offset"] :].startswith(b"Adobe Photoshop 25.4")
    assert quote["tag"] == "IFD0 0x0131"
    assert quote["exiftool"] == "-EXIF:Software"


class _Reader:
    """Stands in for c2pa.Reader: what the library reports is its own business, what we make of it is tested."""

    report: dict | None = None

    def __init__(self, mime, stream, context):
        assert mime == "image/jpeg"
        assert context == {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
        assert stream.read(2) == b"\xff\xd8"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def json(self):
        if self.report is None:
            raise RuntimeError("ManifestNotFound")
        return json.dumps(self.report)


@pytest.mark.parametrize(
    ("codes", "state", "strength", "broken"),
    [
        ([], "Valid", "decisive", False),
        (["signingCredential.untrusted"], "Valid", "decisive", False),
        (["signingCredential.invalid", "cawg.identity.pad.invalid"], "Invalid", "strong", False),
        (["assertion.dataHash.mismatch"], "Invalid", "strong", True),
        (None, "", "strong", False),
    ],
)
def test_validation_with_the_c2pa_extra(monkeypatch, codes, state, strength, broken):
    import sys
    import types

    fake = types.ModuleType("c2pa")
    fake.Context = types.SimpleNamespace(from_dict=lambda settings: settings)
    fake.C2paError = RuntimeError
    fake.Reader = _Reader
    report = None if codes is None else {"validation_status": [{"code": c} for c in codes], "validation_state": state}
    monkeypatch.setattr(_Reader, "report", report)
    monkeypatch.setitem(sys.modules, "c2pa", fake)
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE + "trainedAlgorithmicMedia"}
    found = fired(fp.metadata.ai_labels(photo(jpeg(jumbf_segments(store([action]))))))
    assert found["ai_labels.c2pa_generated"].facts["strength"] == strength
    assert (fp.Flag.UNVERIFIED in found["ai_labels.c2pa_generated"].flags) == (strength != "decisive")
    assert ("software.c2pa_broken" in found) == broken
    if broken:
        assert found["software.c2pa_broken"].supports is fp.Category.EDITED
