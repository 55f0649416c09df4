"""The bounded walkers against independent writers, and against each other's containers."""

from __future__ import annotations

import io
import struct

import piexif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fakeproof.reading.containers import read_container
from fakeproof.reading.iptc import parse_iim, parse_resources
from fakeproof.reading.jumbf import parse_store
from fakeproof.reading.record import read_record
from fakeproof.reading.tiff import parse_tiff
from fakeproof.reading.xmp import parse_xmp
from tests.metadata.files import (
    chunk,
    dataset,
    exif_segment,
    iptc_segment,
    jpeg,
    jumbf_segments,
    photoshop_segment,
    picture,
    png,
    resource,
    seft,
    segment,
    store,
    text_chunk,
    tiff,
    xmp_packet,
    xmp_segment,
)


@pytest.mark.independent
def test_values_are_those_that_piexif_wrote():
    block = piexif.dump(
        {
            "0th": {0x010F: b"Maker", 0x0131: "修图".encode(), 0x011A: (72, 1)},
            "Exif": {0x9003: b"2026:05:01 12:00:00", 0xA002: 4032},
            "GPS": {0x0002: ((31, 1), (13, 1), (4872, 100)), 0x0001: b"N"},
            "1st": {0x0103: 6},
            "thumbnail": jpeg(),
        }
    )[6:]
    found = parse_tiff(block, 100)
    assert not found.problems
    assert found.get(0x010F).text == "Maker"
    assert found.get(0x0131).text == "修图"
    assert found.get(0x011A).numbers == (72.0,)
    assert found.get(0xA002).number == 4032
    assert found.get(0x0002, "gps").numbers == (31.0, 13.0, 48.72)
    assert found.thumbnail[:2] == b"\xff\xd8"
    at = found.get(0x010F).value_offset - 100
    assert block[at : at + 5] == b"Maker"


@pytest.mark.independent
def test_the_missing_link_is_piexifs_trace_and_not_pillows():
    values = {0x010F: b"Maker", 0x0110: b"Model"}
    block = piexif.dump({"0th": values, "Exif": {0x9003: b"2026:05:01 12:00:00", 0x9004: b"2026:05:01 12:00:00"}})[6:]
    assert any(d.link_missing for d in parse_tiff(block).directories)
    image, file = Image.new("RGB", (8, 8)), io.BytesIO()
    exif = image.getexif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2026:05:01 12:00:00"
    image.save(file, "JPEG", exif=exif)
    record = read_record(file.getvalue())
    assert record.tiff is not None
    assert not any(d.link_missing for d in record.tiff.directories)
    assert record.text("exif.DateTimeOriginal") == "2026:05:01 12:00:00"


def test_own_builder_is_read_back():
    block = tiff({0x010F: "Apple", 0x0100: 70_000}, {0x9003: "2026:05:01 12:00:00"}, {0x0007: (4.0, 5.5, 6.25)})
    found = parse_tiff(block)
    assert not found.problems
    assert all(d.sorted and not d.link_missing for d in found.directories)
    assert found.get(0x0100).number == 70_000
    assert found.get(0x0007, "gps").numbers == (4.0, 5.5, 6.25)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"", "empty"),
        (b"XX*\0\x08\0\0\0", "no TIFF header"),
        (
            b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 8),
            "linked twice",
        ),
        (b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65_000), "claims 65000 entries"),
        (
            b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + struct.pack("<HHII", 0x10F, 3, 0x0FFFFFFF, 8),
            "outside",
        ),
        (
            b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + struct.pack("<HHII", 0x10F, 99, 1, 8),
            "unknown type",
        ),
        (b"II*\0" + struct.pack("<I", 900), "outside"),
    ],
)
def test_hostile_tiff_gives_a_problem_with_its_offset(block, reason):
    found = parse_tiff(block.ljust(len(block) and 8, b"\0"), 1000)
    assert any(reason in p.reason for p in found.problems), found.problems
    assert all(p.offset >= 1000 for p in found.problems)


def test_xmp_attributes_elements_arrays_and_history():
    data = xmp_packet(
        "<dc:creator><rdf:Seq><rdf:li>One</rdf:li><rdf:li>Two</rdf:li></rdf:Seq></dc:creator>"
        "<xmpMM:History><rdf:Seq>"
        '<rdf:li stEvt:action="saved" stEvt:softwareAgent="A" stEvt:when="2026-01-01"/>'
        '<rdf:li rdf:parseType="Resource"><stEvt:action>converted</stEvt:action></rdf:li>'
        "</rdf:Seq></xmpMM:History>",
        'xmp:CreatorTool="Tool 1 &amp; Co"',
    )
    found = parse_xmp(data, 500)
    assert not found.problem
    assert found.get("CreatorTool").value == "Tool 1 & Co"
    assert [p.value for p in found.properties if p.name == "creator"] == ["One", "Two"]
    assert found.structs("History") == [
        {"action": "saved", "softwareAgent": "A", "when": "2026-01-01"}, {"action": "converted"},
    ]  # fmt: skip
    one = next(p for p in found.properties if p.value == "One")
    assert data[one.offset - 500 :].startswith(b"<rdf:li>One")


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_xmp_in_wide_encodings(coding):
    text = xmp_packet("", 'xmp:CreatorTool="醒图"').decode()
    assert parse_xmp(text.encode(coding)).get("CreatorTool").value == "醒图"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "refused"),
        (b"<a>" * 100, "nested deeper"),
        (b"<x:a xmlns:x='u'>" + b"<x:b>1</x:b>" * 9000 + b"</x:a>", "more than 8192"),
        (b"<a><b></a>", "breaks off"),
        (b" " * (1 << 20) + b"<a/>", "above"),
        (b"", "empty"),
    ],
)
def test_hostile_xmp_is_bounded(data, problem):
    assert problem in parse_xmp(data).problem


def test_a_broken_packet_keeps_what_came_before_the_break():
    data = xmp_packet("", 'xmp:CreatorTool="Snapseed 2.19"')
    found = parse_xmp(data[: data.find(b"</rdf:Description")])
    assert found.get("CreatorTool").value == "Snapseed 2.19"
    assert "breaks off" in found.problem


def test_resources_and_iptc_with_offsets():
    inner = dataset(2, 80, b"Jane") + dataset(2, 110, "新华社".encode("gb18030"))
    data = resource(0x0404, inner) + resource(0x0421, b"\0\1") + resource(0x040C, b"abc")
    found, problems = parse_resources(data, 50)
    assert not problems
    assert [r.id for r in found] == [0x0404, 0x0421, 0x040C]
    sets, broken = parse_iim(found[0].data, found[0].offset)
    assert not broken
    assert [(d.name, d.value) for d in sets] == [("By-line", "Jane"), ("Credit", "新华社")]
    assert data[sets[0].offset - 50] == 0x1C


def test_a_resource_chain_split_over_segments_is_joined():
    whole = resource(0x0421, b"x" * 30) + resource(0x0404, dataset(2, 110, b"Credit line"))
    record = read_record(jpeg(photoshop_segment(whole[:25]), photoshop_segment(whole[25:])))
    assert record.text("iptc.Credit") == "Credit line"
    field = record.first("iptc.Credit")
    data = jpeg(photoshop_segment(whole[:25]), photoshop_segment(whole[25:]))
    assert data[field.offset : field.offset + 3] == b"\x1c\x02\x6e"


def test_c2pa_store_in_jpeg_png_and_webp():
    data = store([{"action": "c2pa.placed", "softwareAgent": {"name": "Tool"}, "when": "now"}], "Gen/1.0" + "x" * 200)
    file = io.BytesIO()
    picture().save(file, "WEBP")
    webp = file.getvalue() + b"C2PA" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    webp = webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:]
    for form in (
        jpeg(jumbf_segments(data, size=100)),
        png(chunk(b"caBX", data)),
        png(chunk(b"caBX", data), late=True),
        webp,
    ):
        found = read_record(form).store
        assert found is not None
        assert found.label == "c2pa"
        assert not found.problem
        assert found.manifests[0].active
        assert found.manifests[0].generator.startswith("Gen/1.0")
        assert found.manifests[0].actions == ({"action": "c2pa.placed", "softwareAgent": "Tool", "when": "now"},)


def test_a_jumbf_store_of_another_kind_is_none():
    assert parse_store(b"\0\0\0\x10jumbxxxxyyyy", 0) is None


def test_png_chunks():
    packed = b"zip\0\0" + __import__("zlib").compress(b"hidden")
    wide = b"Title\0\1\0\0\0" + __import__("zlib").compress("标题".encode())
    data = png(text_chunk("Software", "GIMP"), chunk(b"zTXt", packed), chunk(b"iTXt", wide),
               chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet("", 'xmp:CreatorTool="X"')),
               chunk(b"eXIf", tiff({0x010F: "Maker"})), trailer=b"PK\3\4rest")  # fmt: skip
    record = read_record(data)
    assert record.container.size == (96, 64)
    assert record.text("text.Software") == "GIMP"
    assert record.text("text.zip") == "hidden"
    assert record.text("text.Title") == "标题"
    assert record.text("xmp.CreatorTool") == "X"
    assert record.text("exif.Make") == "Maker"
    assert record.container.of("trailer")[0].data == b"PK\3\4rest"
    field = record.first("text.Software")
    assert data[field.offset : field.offset + 4] == b"GIMP"


def test_a_compressed_text_cannot_swell():
    packed = b"bomb\0\0" + __import__("zlib").compress(b"0" * (64 << 20))
    assert len(read_container(png(chunk(b"zTXt", packed))).of("text")[0].data) <= 1 << 20


@pytest.mark.parametrize("form", ["AVIF", "WEBP"])
def test_exif_and_xmp_as_pillow_writes_them(form):
    file, image = io.BytesIO(), picture()
    exif = image.getexif()
    exif[0x010F] = "Maker"
    image.save(file, form, exif=exif, xmp=xmp_packet("", 'xmp:CreatorTool="X"'))
    record = read_record(file.getvalue())
    assert record.text("exif.Make") == "Maker"
    assert record.text("xmp.CreatorTool") == "X"


def test_gif_comment_and_tiff():
    file = io.BytesIO()
    picture().save(file, "GIF", comment=b"Created with GIMP")
    assert read_record(file.getvalue()).text("comment") == "Created with GIMP"
    file = io.BytesIO()
    picture().save(file, "TIFF", tiffinfo={0x0131: "Snapseed 2.0"})
    assert read_record(file.getvalue()).text("exif.Software") == "Snapseed 2.0"


def test_extended_xmp_is_put_together():
    whole = xmp_packet("", 'xmp:CreatorTool="far away"')
    guid, half = b"0" * 32, len(whole) // 2
    parts = [
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(whole), at) + part)
        for at, part in ((half, whole[half:]), (0, whole[:half]))
    ]
    assert read_record(jpeg(*parts)).text("xmp.CreatorTool") == "far away"


def test_samsung_directory():
    record = read_record(jpeg(trailer=seft("PhotoEditor_Re_Edit_Data", "{}")))
    assert record.text("samsung.name") == "PhotoEditor_Re_Edit_Data"
    assert record.text("samsung.PhotoEditor_Re_Edit_Data") == "{}"


RICH = jpeg(
    exif_segment(tiff({0x010F: "Apple", 0x0131: "x" * 40}, {0x9003: "2026:05:01 12:00:00"}, {0x0007: (1.0, 2.0, 3.0)})),
    xmp_segment("<dc:creator><rdf:Seq><rdf:li>One</rdf:li></rdf:Seq></dc:creator>", 'xmp:CreatorTool="T"'),
    iptc_segment(dataset(2, 80, b"Jane")),
    jumbf_segments(store([{"action": "c2pa.placed"}])),
    segment(0xFE, b"a comment"),
    trailer=seft("PEg_Info", '{"genAIType":8}'),
)
RICH_PNG = png(
    text_chunk("Software", "GIMP"), chunk(b"caBX", store([{"action": "c2pa.placed"}])), chunk(b"eXIf", tiff({0x010F: "M"})),
    chunk(b"zTXt", b"k\0\0" + __import__("zlib").compress(b"v")),
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_mutated_files_never_raise_and_stay_small(data):
    base = data.draw(st.sampled_from([RICH, RICH_PNG]))
    raw = bytearray(base[: data.draw(st.integers(0, len(base)))] if data.draw(st.booleans()) else base)
    head = min(len(raw), 2600)
    for _ in range(data.draw(st.integers(0, 12))):
        if head:
            raw[data.draw(st.integers(0, head - 1))] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x1C, 0x3C]))
    record = read_record(bytes(raw), "x.jpg")
    assert len(record.fields) < 20_000
    assert all(-1 <= f.offset <= len(raw) + 16 for f in record.fields)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_survived_by_every_walker(raw):
    parse_tiff(b"II*\0" + raw)
    parse_tiff(b"MM\0*" + raw)
    parse_xmp(b"<" + raw)
    parse_resources(b"8BIM" + raw, 0)
    parse_iim(b"\x1c" + raw, 0)
    found = parse_store(box_around(raw), 0)
    assert found is None or found.label in ("c2pa", "cai")
    for magic in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBP", b"GIF89a", b"\0\0\0\x0cftypavif"):
        assert read_container(magic + raw).end <= len(magic + raw)


def box_around(raw: bytes) -> bytes:
    inner = struct.pack(">I4s", 8 + 17 + 5, b"jumd") + b"\0" * 16 + b"\3c2pa\0"[:6] + raw
    return struct.pack(">I4s", len(inner) + 8, b"jumb") + inner
