"""What is handed in: right, complete and clear without us, read as a reviewer reads it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import skimage.data
from PIL import Image

import fakeproof as fp
from fakeproof.exhibits import band, pdf
from fakeproof.exhibits.platform import Form, platform, platforms
from fakeproof.exhibits.statement import statement
from fakeproof.words import phrase
from tests.exhibits.test_exhibits import region, verdict

AT = datetime(2026, 5, 3, 6, 2, tzinfo=UTC)
MAKERS = {
    "circled": None, "copied": "copy_move", "compared": "source_difference", "original": "match_sources",
    "product": "compare", "embedded": "exif",
}  # fmt: skip
"""Which detector's finding each heading rests on; places may come from any."""


def differing(**kw):
    """A verdict with a matched original that differs in one place, the pictures of the comparison in its finding."""
    made = verdict(web=2.0, **kw)
    shown = np.zeros((8, 8, 3), np.uint8)
    found = fp.Finding(
        detector="source_difference", version=1, score=3.0, supports=fp.Category.EDITED,
        regions=(replace(region(300, 100, 50, "1"), traces=("source_difference",), role="altered"),),
        sentence={"en": "It differs.", "zh": "有不同。"}, pictures={"source_aligned": shown, "photo_compared": shown},
    )  # fmt: skip
    return replace(made, findings=(found, *made.findings[1:]))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_heading_stands_only_where_its_detector_found_something(lang):
    made = differing()
    there = {f.detector for f in made.findings}
    assert {MAKERS[e.kind] for e in made.exhibits()} - {None} <= there
    for page in ("report", "examiner"):
        text = made.to_html(lang=lang, page=page)
        assert "picture inside the file" not in text
        assert "内嵌" not in text


def test_the_picture_beside_the_original_rings_what_differs_in_both_and_nothing_comes_twice():
    made = differing()
    kinds = [e.kind for e in made.exhibits()]
    assert kinds.count("original") == kinds.count("compared") == 1
    assert "circled" not in kinds, "the rings beside the original are the same ones"
    image = next(e for e in made.exhibits() if e.kind == "original").image
    red = (image[..., 0] > 190) & (image[..., 1] < 60) & (image[..., 2] < 70)
    half = image.shape[1] // 2
    assert red[:, :half].sum() > 100
    assert red[:, half:].sum() > 100
    assert made.to_html(lang="en").count("<figure>") == len(kinds) - 1


def wrong_product():
    cues = [
        {"words": dict(phrase("compare.likeness.unrelated")), "speaks_for": "different"},
        {"words": dict(phrase("compare.colours.agree")), "speaks_for": "same"},
    ]
    found = fp.Finding(
        detector="compare", version=2, score=3.0, supports=fp.Category.WRONG_PRODUCT, sentence=dict(
            phrase("compare.says.different", compared=phrase("compare.photos", count=3), reasons=[cues[0]["words"]])),
        facts={"answer": "different", "reasons": cues, "shop_photos": [{"sha256": "a"}] * 3},
    )  # fmt: skip
    return replace(verdict(edited=0.0, product=1.9), findings=(found,))


def test_a_statement_never_argues_against_itself_and_says_its_claim_once():
    made = wrong_product()
    text = statement(made, "zh", 300)
    assert "颜色相符" not in text
    assert text.count("本店商品。") == 1
    assert "照片中的可能" not in text
    assert "与3张本店商品图比对：最相近的一张的相似程度不高于无关物品。" in text
    assert "商品颜色相符" in made.to_html(lang="zh", page="examiner"), "the examiner reads what speaks against it"
    sentences = re.findall("[^。]+。", text)
    assert len(sentences) == len(set(sentences))


def ordered(**kw):
    chat = (
        fp.Message(at=AT, side="buyer", text="收到就是坏的", photo="evidence.jpg"),
        fp.Message(at=AT + timedelta(hours=2), side="buyer", text="再发一次", photo="evidence.jpg"),
    )
    return fp.Order(number="260501-123", reported_at=AT + timedelta(days=1), messages=chat, **kw)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_number_date_and_chat_are_said(tmp_path, lang):
    place = replace(verdict(), order=ordered()).dossier(tmp_path / "d", lang=lang)
    claim = next(p for p in place.iterdir() if p.is_dir())
    for text in (*(place / n for n in ("overview.txt", "report.html")), claim / "statement.txt"):
        assert "260501-123" in text.read_text(encoding="utf-8"), text
    assert "2026-05-04" in (place / "report.html").read_text(encoding="utf-8")
    assert "收到就是坏的" in (claim / "statement.txt").read_text(encoding="utf-8")
    overview = (place / "overview.txt").read_text(encoding="utf-8")
    assert "2026-05-03 06:02" in overview
    assert ("发送了2次" if lang == "zh" else "sent 2 times") in overview


def test_each_claim_has_its_own_folder_the_best_first(tmp_path):
    place = differing(edited=1.4).dossier(tmp_path / "d", lang="zh")
    folders = sorted(p.name for p in place.iterdir() if p.is_dir())
    assert folders == ["1-网图", "2-PS图"]
    for folder, slug in zip(folders, ("web-image", "edited"), strict=True):
        names = [p.name for p in (place / folder).iterdir()]
        exhibits = [n for n in names if n.startswith("exhibit-")]
        assert exhibits
        assert all(slug in n for n in exhibits), "no exhibit of another claim"
        assert {"statement.txt", "checklist.txt"} <= set(names)


def test_a_reviewer_reads_no_internals(tmp_path):
    told = {"en": "needs the extra: pip install 'fakeproof[ocr]'", "zh": "需要安装扩展：pip install 'fakeproof[ocr]'"}
    made = replace(verdict(), skipped=(fp.NotApplicable(detector="watermarks", reason=told),))
    for lang in ("en", "zh"):
        text = re.sub(r'src="data:[^"]*"', "", made.to_html(lang=lang))
        assert not re.search(r"pip install|llr|综合加权|joint weighing|APP0|-0\.00", text)
    assert "-0.00" not in made.to_html(lang="zh", page="examiner")


def test_nothing_handed_over_names_a_folder_of_this_machine(tmp_path):
    file = tmp_path / "secret-folder" / "photo.png"
    file.parent.mkdir()
    Image.fromarray(skimage.data.coffee()).save(file)
    made = replace(verdict(), photo=fp.Photo.open(file))
    place = made.dossier(tmp_path / "d")
    for path in place.rglob("*"):
        if path.suffix in (".json", ".html", ".txt"):
            assert "secret-folder" not in path.read_text(encoding="utf-8"), path.name
    assert json.loads((place / "verdict.json").read_text())["photo"]["name"] == "photo.png"


def test_limits_of_the_form_are_kept_and_what_is_cut_is_said(tmp_path):
    place = verdict().dossier(tmp_path / "d", lang="zh", limit_pictures=1, limit_bytes=120_000)
    claim = place / "1-PS图"
    pictures = list(claim.glob("*.jpg"))
    assert len(pictures) == 1
    assert pictures[0].stat().st_size <= 120_000
    assert "克隆位置对应" in (claim / "checklist.txt").read_text(encoding="utf-8")
    assert "见举证图2" not in (claim / "statement.txt").read_text(encoding="utf-8")
    for wrong in ({"limit_pictures": 10}, {"platform": "ebay"}, {"colour": "red"}):
        with pytest.raises(fp.ParameterError):
            verdict().dossier(tmp_path / "e", **wrong)


@pytest.mark.parametrize("name", platforms())
def test_platforms_say_what_nobody_verified(name):
    form = platform(name)
    assert 1 <= form.pictures <= 9
    assert form.side <= 4096
    assert set(form.reasons) == {c.value for c in fp.Category}
    assert "statement" not in form.warning("zh")
    assert form.warning("zh")


def report(category=fp.Category.EDITED, photo="evidence.jpg"):
    return fp.Report(at=AT, category=category, photo=photo)


@pytest.mark.parametrize(
    ("reports", "limit", "says"),
    [
        ((report(),), 3, "不要浪费机会"),
        ((report(fp.Category.WEB_IMAGE),), 3, "新增：1-PS图"),
        ((report(), report()), 2, "已用完"),
        ((), 3, "还剩3次"),
    ],
)
def test_earlier_reports_are_counted(tmp_path, reports, limit, says):
    made = replace(verdict(), order=ordered(reports=reports, report_limit=limit))
    assert says in (made.dossier(tmp_path / "d") / "overview.txt").read_text(encoding="utf-8")


def test_a_refunded_order_gets_an_appeal_with_its_deadline(tmp_path):
    made = replace(verdict(), order=ordered(refunded_at=AT, appeal_until=AT + timedelta(days=7)))
    assert "2026-05-10" in (made.dossier(tmp_path / "d") / "appeal.txt").read_text(encoding="utf-8")
    assert not (verdict().dossier(tmp_path / "e") / "appeal.txt").exists()


def test_where_nothing_is_supported_a_plain_sentence_says_so(tmp_path):
    place = verdict(edited=0.1).dossier(tmp_path / "d")
    assert "不建议举报" in (place / "overview.txt").read_text(encoding="utf-8")
    assert not [p for p in place.iterdir() if p.is_dir()]
    assert verdict(edited=0.1).ask("zh")


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("c.csv", "at,side,text\n2026-05-01T10:00:00+08:00,buyer,hi\nyesterday,buyer,x\n", "line 3"),
        ("c.csv", "at,side,text\n2026-05-01T10:00:00,buyer,hi\n", "line 2.*time zone"),
        ("c.json", '[{"at": "2026-05-01T10:00:00+08:00", "side": "nobody"}]', "line 1.*side"),
        ("c.json", "{", "readable CSV or JSON"),
        ("c.csv", "at,side,colour\n2026-05-01T10:00:00+08:00,buyer,red\n", "line 2.*colour"),
    ],
)
def test_a_bad_chat_names_its_line(tmp_path, name, content, where):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(fp.ParameterError, match=where):
        fp.read_messages(tmp_path / name)


def test_an_order_with_its_chat_reads_back():
    order = ordered(reports=(report(),), report_limit=2, refunded_at=AT)
    assert fp.Order.from_dict(json.loads(json.dumps(order.to_dict()))) == order


@pytest.mark.skipif(band.find_font() is None, reason="no font with Chinese letters on this machine")
def test_captions_are_read_back_from_the_picture():
    reader = pytest.importorskip("rapidocr_onnxruntime").RapidOCR()
    exhibit = next(e for e in verdict(web=2.0).exhibits() if e.kind == "original")
    shown = band.captioned(exhibit, "zh", [phrase("caption.order", number="260501-123")])
    below = shown.image[exhibit.image.shape[0] :]
    assert np.array_equal(shown.image[: exhibit.image.shape[0]], exhibit.image), "no word lies on the evidence"
    read = "".join(line[1] for line in reader(below)[0]).replace(" ", "")
    for words in ("买家照片", "原图", "260501-123", "example.org/a"):
        assert words in read


def test_without_a_font_the_picture_stays_and_the_checklist_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(band, "find_font", lambda: None)
    monkeypatch.setattr("fakeproof.exhibits.dossier.find_font", lambda: None)
    exhibit = verdict().exhibits()[0]
    assert band.captioned(exhibit, "zh") is exhibit
    place = verdict().dossier(tmp_path / "d")
    assert "字体" in (place / "1-PS图" / "checklist.txt").read_text(encoding="utf-8")


def test_the_pdf_is_the_same_every_time_or_says_how_to_get_it(tmp_path, monkeypatch):
    pytest.importorskip("reportlab")
    first = pdf.render(verdict(), "zh", "report")
    assert first.startswith(b"%PDF")
    assert first == pdf.render(verdict(), "zh", "report")
    monkeypatch.setattr(pdf, "render", lambda *_: None)
    with pytest.raises(fp.ParameterError, match="fakeproof\\[pdf\\]"):
        pdf.written(verdict(), "zh", "report")


def test_a_form_dates_by_the_order_where_nobody_says_the_day():
    assert Form.of("zh").day(ordered()) == "2026-05-04"
    assert Form.of("zh").day(None) == ""
