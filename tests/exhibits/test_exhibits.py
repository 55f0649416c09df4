"""What people hold in their hands: pictures within limits, a page that holds, a dossier that is whole or not there."""

import hashlib
import io
import json
import pickle
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import skimage.data
from PIL import Image

import fakeproof as fp
from fakeproof.evidence.score import CategoryScore, Contribution
from fakeproof.exhibits import draw
from fakeproof.exhibits.captions import match_claims
from fakeproof.exhibits.dossier import ENDINGS
from fakeproof.exhibits.report import headline
from fakeproof.exhibits.statement import checklist, statement
from fakeproof.findings import Problem, shown_name
from fakeproof.reading import containers as reading_containers
from fakeproof.verdict import CaseLink
from fakeproof.words import phrase

ROOT = Path(__file__).parent.parent.parent
HOSTILE = "<script>alert(1)</script>\u202egpj.exe\n&\"'"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def score(category, llr, decided=True):
    parts = (Contribution(detector="copy_move", version=1, score=1.0, llr=llr),) if decided else ()
    return CategoryScore(category=category, llr=llr, bounds=(-2.0, 2.5), contributions=parts)


def region(x, y, side, label):
    polygon = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    return fp.Region(polygon=polygon, area=side * side, label=label, role="either", traces=("copy_move",))


def verdict(name="evidence.jpg", edited=1.8, web=0.0, product=0.0, url="https://example.org/a"):
    photo = fp.Photo.from_array(skimage.data.coffee(), name=name)
    source = fp.Photo.from_array(skimage.data.coffee()[:, ::-1].copy(), name="original.jpg")
    seen = fp.Source(source, url=url, seen_on="小红书", seen_at=datetime(2026, 5, 1, tzinfo=UTC))
    flip = np.array([[-1.0, 0, 599], [0, 1, 0], [0, 0, 1]])
    match = fp.Match(
        source=seen,
        sha256=source.sha256,
        photo=source,
        kind="same_photo",
        inliers=300,
        alignment=0.98,
        homography=flip,
        words={"en": "mirrored", "zh": "经过镜像"},
    )
    words = {"en": "the same patch again, 100 px down", "zh": "同一块画面再次出现：向下100像素"}
    pair = {"pair": 1, "from": [90.0, 90.0], "to": [90.0, 190.0], "words": words}
    places = (region(60, 60, 60, "1a"), region(60, 160, 60, "1b"))
    findings = (
        fp.Finding(
            detector="copy_move",
            version=1,
            score=3.0,
            supports=fp.Category.EDITED,
            regions=places,
            sentence={"en": "A part is cloned.", "zh": "有一部分被克隆。"},
            facts={"pairs": [pair | {"places": ["a", "b"]}]},
        ),
        fp.Finding(
            detector="match_sources",
            version=1,
            score=9.0,
            supports=fp.Category.WEB_IMAGE,
            matches=(match,),
            sentence={"en": "The photo was made from a source.", "zh": "照片取自来源图。"},
        ),
        fp.Finding(detector="compare", version=1, score=0.0, sentence={"en": "Cannot be told.", "zh": "无法判断。"}),
        fp.Finding(detector="ela", version=1, score=0.1, sentence={"en": HOSTILE, "zh": HOSTILE}),
    )
    scores = {
        fp.Category.WEB_IMAGE: score(fp.Category.WEB_IMAGE, web),
        fp.Category.EDITED: score(fp.Category.EDITED, edited),
        fp.Category.WRONG_PRODUCT: score(fp.Category.WRONG_PRODUCT, product, decided=bool(product)),
    }
    return fp.Verdict(
        photo=photo,
        scores=scores,
        findings=findings,
        sources=(source,),
        products=(fp.Photo.from_array(skimage.data.astronaut(), name="shop.jpg"),),
        skipped=(fp.NotApplicable(detector="noise", reason={"en": "96x96 is below 128 px", "zh": "太小"}),),
        problems=(Problem(role="source", name=HOSTILE, words=phrase("problem.empty")),),
    )


def test_each_claim_has_its_picture_and_the_best_comes_first():
    made = verdict(web=2.0).exhibits()
    assert made[0].category is fp.Category.WEB_IMAGE
    assert {e.kind for e in made} == {"circled", "copied", "original", "product"}
    for exhibit in made:
        assert max(exhibit.image.shape[:2]) <= 2600
        assert exhibit.caption("zh") != exhibit.caption("en")
        with pytest.raises(ValueError, match="read-only"):
            exhibit.image[0, 0] = 0
    original = next(e for e in made if e.kind == "original")
    assert "https://example.org/a" in original.caption("en")
    assert "2026-05-01" in original.caption("zh")


def test_exhibits_travel_between_processes():
    (*_, made) = verdict(web=2.0).exhibits()
    again = pickle.loads(pickle.dumps(made))
    assert again.to_dict() == made.to_dict()
    assert np.array_equal(again.image, made.image)


def test_circles_leave_the_content_alone():
    image, scale = draw.canvas(skimage.data.coffee())
    before = image.copy()
    places = [region(200, 150, 90, "1")]
    draw.circled(image, places, scale)
    changed = (image != before).any(axis=2)
    inside = changed[int(155 * scale) : int(235 * scale), int(205 * scale) : int(285 * scale)]
    assert changed.any()
    assert inside.mean() < 0.01
    red = (image[..., 0] > 180) & (image[..., 1] < 60) & (image[..., 2] < 70)
    assert red.sum() > 300


@pytest.mark.parametrize("size", [(60, 40), (600, 400), (4000, 3000), (3000, 90)])
def test_every_size_is_drawn(size):
    rgb = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    image, scale = draw.canvas(rgb)
    place = region(size[0] // 4, size[1] // 4, min(size) // 3, "9")
    out = draw.stacked(draw.circled(image, [place], scale), draw.insets(rgb, [place]))
    assert out.dtype == np.uint8
    assert out.shape[0] > image.shape[0]


@pytest.mark.parametrize(("kind", "ending"), [("jpeg", ".jpg"), ("png", ".png")])
def test_files_keep_their_caps_and_their_bytes(tmp_path, kind, ending):
    exhibit = verdict().exhibits()[0]
    data = exhibit.encode(file_format=kind, max_bytes=90_000, max_side=800)
    assert len(data) <= 90_000
    assert data == exhibit.encode(file_format=kind, max_bytes=90_000, max_side=800)
    path = exhibit.save(tmp_path / f"a{ending}", max_side=800)
    assert max(fp.Photo.open(path).size) <= 800
    with pytest.raises(fp.ParameterError, match="max_bytes"):
        exhibit.encode(max_bytes=100)
    with pytest.raises(fp.ParameterError, match="ends in"):
        exhibit.save(tmp_path / "a.gif")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_text_stays_text(lang):
    text = "".join(verdict(name=HOSTILE).to_html(lang=lang, page=page) for page in ("report", "examiner"))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in verdict(name=HOSTILE).to_html(lang=lang)
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert text.count("<html") == 2


def test_chinese_pages_use_chinese_punctuation(tmp_path):
    place = verdict().dossier(tmp_path / "d", lang="zh")
    page, todo = ((place / name).read_text(encoding="utf-8") for name in ("report.html", "1-PS图/checklist.txt"))
    assert "照片：evidence.jpg" in page
    assert "（仅供查看，此项主张未获支持）" in page
    assert "举报类别：PS图" in todo


def test_names_are_shown_without_tricks():
    assert shown_name("/a/b/c.jpg") == "c.jpg"
    assert shown_name("x\u202egpj.exe") == "x�gpj.exe"
    assert len(shown_name("a" * 500 + ".jpg")) < 90


def test_originals_are_named_without_folders_and_tricks():
    photo = fp.Photo.from_array(skimage.data.coffee(), name="/home/me/shop/\u202e1.jpg")
    claims = match_claims(fp.Match(source=fp.Source(photo)))
    for words in (" ".join(claim[lang] for claim in claims) for lang in ("en", "zh")):
        assert "/home" not in words
        assert "\u202e" not in words
        assert "1.jpg" in words


def test_of_the_same_file_no_points_are_counted():
    same = fp.Match(source=fp.Source("a.jpg"), kind="same_photo", alignment=1.0, words={"en": "the same file"})
    said = [claim[lang] for claim in match_claims(same) for lang in ("en", "zh")]
    assert not any("points" in one or "特征点" in one for one in said)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("limit", [60, 120, 300])
def test_the_statement_keeps_its_limit_and_its_sentences(lang, limit):
    text = statement(verdict(), lang, limit)
    assert len(text) <= limit
    assert text.endswith(("。", ".", "）"))
    with pytest.raises(fp.ParameterError, match="limit"):
        statement(verdict(), lang, 10)


def test_nothing_supported_accuses_nobody():
    calm = verdict(edited=0.2)
    assert calm.best is None
    assert "no sufficient support" in statement(calm, "en", 300)
    assert "不足以" in statement(calm, "zh", 300)
    assert all(not e.supported for e in calm.exhibits())


def test_the_checklist_names_what_is_missing():
    todo = {text for done, text in checklist(verdict(web=2.0, url=""), "en") if not done}
    assert todo == {"web image: address of the original", "all pictures given were used"}


def test_the_dossier_is_whole(tmp_path):
    place = verdict().dossier(tmp_path / "d", lang="zh")
    names = {p.name for p in place.iterdir()}
    assert {"overview.txt", "report.html", "examiner.html", "verdict.json", "SHA256SUMS", "1-PS图"} <= names
    claim = {p.name for p in (place / "1-PS图").iterdir()}
    assert {"exhibit-1-edited-circled.jpg", "statement.txt", "checklist.txt"} <= claim
    assert not list(place.rglob("*web-image*")), "a claim that is not supported is not handed in"
    for line in (place / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == digest
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_every_container_has_an_ending():
    containers = {name for _, name in reading_containers.MAGIC} | set(reading_containers.BRANDS.values()) | {"WEBP"}
    assert set(ENDINGS) == containers


def test_an_existing_folder_is_never_replaced_by_accident(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("dear")
    with pytest.raises(fp.ParameterError, match="does not exist"):
        verdict().dossier(mine)
    with pytest.raises(fp.ParameterError, match="earlier dossier"):
        verdict().dossier(mine, overwrite=True)
    assert (mine / "diary.txt").read_text() == "dear"
    place = verdict().dossier(tmp_path / "d")
    verdict(edited=0.1).dossier(place, overwrite=True)
    assert json.loads((place / "verdict.json").read_text())["best"] is None


def test_a_crash_leaves_no_half_dossier(tmp_path, monkeypatch):
    from fakeproof.exhibits import dossier

    def full(*args, **kw):
        raise OSError("disk full")

    monkeypatch.setattr(dossier, "statement", full)
    with pytest.raises(OSError, match="disk full"):
        verdict().dossier(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_light_verdicts_keep_words_and_places_but_no_pictures(tmp_path):
    light = verdict().light()
    assert light.to_dict() == verdict().to_dict()
    assert len(light.regions) == 2
    with pytest.raises(fp.ParameterError, match="light"):
        light.exhibits()
    with pytest.raises(fp.ParameterError, match="light"):
        light.dossier(tmp_path / "d")


def test_json_follows_the_published_schema():
    schema = json.loads((ROOT / "docs" / "schema" / "verdict.schema.json").read_text())
    values = json.loads(verdict(name=HOSTILE).to_json())
    jsonschema.validate(values, schema)
    del values["scores"]["edited"]["llr"]
    with pytest.raises(jsonschema.ValidationError, match="llr"):
        jsonschema.validate(values, schema)


def test_a_case_orders_its_photos_and_writes_one_dossier(tmp_path):
    weak, strong, none = verdict("b.jpg", edited=1.2), verdict("a.jpg", edited=2.2), verdict("c.jpg", edited=0.0)
    case = fp.CaseVerdict(
        verdicts=(weak, none, strong), problems=(Problem(role="photo", name="d.jpg", words=phrase("problem.empty")),)
    )
    assert [v.photo.name for v in case.recommended] == ["a.jpg", "b.jpg"]
    place = case.dossier(tmp_path / "case", lang="en")
    assert (place / "1-a" / "report.html").is_file()
    assert (place / "2-b" / "SHA256SUMS").is_file()
    overview = (place / "overview.txt").read_text()
    assert overview.index("a.jpg") < overview.index("b.jpg")
    assert "d.jpg" in overview
    assert "1-a/report.html" in (place / "SHA256SUMS").read_text()


def test_a_file_that_is_there_twice_takes_one_report(tmp_path):
    link = CaseLink(kind="same_file", photos=(1, 2), words={"en": "Photos 2 and 3 are the same file."})
    case = fp.CaseVerdict(verdicts=(verdict("a.jpg", edited=0.0), verdict("b.jpg"), verdict("b.jpg")), links=(link,))
    assert case.recommended == (case.verdicts[1],)
    overview = (case.dossier(tmp_path / "case", lang="en") / "overview.txt").read_text(encoding="utf-8")
    assert "numbered as given: 1 a.jpg, 2 b.jpg, 3 b.jpg" in overview


def test_insets_below_a_long_screenshot_can_be_seen():
    strip = np.full((1600, 216, 3), 128, np.uint8)
    crop = np.full((420, 420, 3), 20, np.uint8)
    made = draw.stacked(strip, [("1", crop), ("2", crop)])
    assert (made[:1600] == 128).all(axis=2).sum() == 1600 * 216, "the picture is whole"
    assert (made[1600:] == 20).all(axis=2).sum() > 2 * 180**2
    wide = np.full((300, 900, 3), 128, np.uint8)
    assert draw.stacked(wide, [("1", crop)]).shape[1] == 900


def test_a_picture_of_noise_is_packed_too():
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    data = fp.Exhibit(image=noise, category=fp.Category.EDITED, kind="circled").encode()
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (400, 300)


def test_original_and_photo_flicker_in_one_place(tmp_path):
    made = next(e for e in verdict(web=1.8).exhibits() if e.kind == "original")
    assert made.frames[0].shape == made.frames[1].shape
    made = replace(made, frames=(made.frames[0], made.frames[1] // 2))
    data = made.flicker(max_side=320)
    assert data == made.flicker(max_side=320)
    with Image.open(io.BytesIO(data)) as gif:
        assert (gif.format, gif.n_frames, max(gif.size)) == ("GIF", 2, 320)
    assert next(e for e in verdict().exhibits() if e.kind == "circled").flicker() is None
    place = verdict(web=2.4).dossier(tmp_path / "d")
    assert any(p.suffix == ".gif" for p in place.rglob("*"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_statement_names_the_address_of_the_original(lang):
    text = statement(verdict(web=2.4, edited=0.0), lang, 300)
    assert "https://example.org/a" in text


def test_the_statement_of_another_product_claims_no_more_than_the_headline():
    text = {lang: statement(verdict(edited=0.0, product=1.9), lang, 400) for lang in ("en", "zh")}
    assert "probably" in text["en"]
    assert "很可能" in text["zh"]
    assert "This shop's product. " not in text["en"], "a picture's number without its picture says nothing"
    assert "。本店商品图" not in text["zh"]
    assert "见举证图1（与本店商品对照）。无法判断。" in text["zh"]


def test_a_web_image_without_its_original_says_what_speaks_for_it_and_no_more():
    early = {"en": "It was taken 150 days before the order.", "zh": "拍摄时间比下单早150天。"}
    # Named as the detector that `score` makes contribute.
    found = fp.Finding(detector="copy_move", version=1, score=3.0, supports=fp.Category.WEB_IMAGE, sentence=early)
    bare = replace(verdict(edited=0.0, web=1.3), findings=(found,), sources=())
    for lang in ("en", "zh"):
        text = statement(bare, lang, 300)
        assert early[lang] in text
        for words in (text, headline(bare, lang)):
            assert not re.search("a picture that exists elsewhere|已存在于他处|他处已有", words)


def jpeg_bytes(size=(64, 64)):
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"", {}),
        (b"no photo", {}),
        (jpeg_bytes()[:-20], {}),
        (jpeg_bytes()[:20], {}),
        (jpeg_bytes((7, 7)), {}),
        (jpeg_bytes(), {"max_bytes": 10}),
        (jpeg_bytes(), {"max_side": 32}),
        (jpeg_bytes(), {"max_segments": 1}),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), {}),
        (b"GIF89a" + bytes(40), {}),
    ],
)
def test_a_chinese_page_says_in_chinese_why_a_file_was_not_used(data, limits):
    with pytest.raises(fp.PhotoError) as caught:
        fp.Photo.from_bytes(data, name="shop/图 1.jpg", limits=fp.PhotoLimits(**limits))
    problem = Problem.of("product", caught.value.name, caught.value)
    words = problem.wording("zh")
    assert words.startswith("图 1.jpg：")
    assert caught.value.reason not in words
    page = replace(verdict(), problems=(problem,)).to_html(lang="zh")
    assert f"<li>{words}</li>" in page


def test_traces_that_decide_nothing_alone_are_called_faint():
    """The page's table says of such a detector that it saw nothing."""
    made = verdict()
    noisy = tuple(replace(r, traces=("copy_move", "noise")) for r in made.findings[0].regions)
    both = replace(made, findings=(replace(made.findings[0], regions=noisy), *made.findings[1:]))
    circled = next(e for e in both.exhibits() if e.kind == "circled")
    assert "1a: cloned within the photo, faint: noise differs" in circled.caption("en")
    assert "1a：画面内复制粘贴，弱痕迹：噪声不一致" in circled.caption("zh")
    assert "弱痕迹" not in next(e for e in made.exhibits() if e.kind == "circled").caption("zh")


def test_an_edited_photo_without_a_place_is_not_said_to_be_altered():
    made = {"en": "The file carries the parameters of an image generator.", "zh": "文件中有图像生成工具的参数。"}
    found = fp.Finding(detector="ai_labels", version=1, score=4.0, supports=fp.Category.EDITED, sentence=made)
    parts = (Contribution(detector="ai_labels", version=1, score=4.0, llr=1.8),)
    bare = replace(verdict(), findings=(found,), sources=())
    decided = replace(bare.edited, contributions=parts)
    bare = replace(bare, scores={**bare.scores, fp.Category.EDITED: decided})
    for lang in ("en", "zh"):
        text = statement(bare, lang, 300)
        assert made[lang] in text
        for words in (text, headline(bare, lang)):
            assert not re.search("traces of alteration|存在修改痕迹", words)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_fits_phones_and_desks(tmp_path, lang, width):
    page = tmp_path / "page.html"
    text = verdict(name="一个很长的文件名" * 9 + ".jpg").to_html(lang=lang)
    # The page allows no script; a copy without that rule measures itself and writes the answer into its title.
    text = re.sub(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    quoted = json.dumps(text).replace("</", "<\\/")
    probe = (
        f'<iframe id="f" style="width:{width}px;height:3000px;border:0"></iframe><script>'
        f"f.srcdoc = {quoted};"
        "f.onload = () => { const r = f.contentDocument.documentElement;"
        "document.title = r.scrollWidth + ' ' + f.contentDocument.images.length + ' ' +"
        "[...f.contentDocument.images].every(i => i.naturalWidth > 0); }</script>"
    )
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>none</title><body style='margin:0'>{probe}", encoding="utf-8"
    )
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command = [CHROMIUM, *flags, "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'u'}"]
    command += ["--virtual-time-budget=4000", "--dump-dom", page.as_uri()]
    out = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", out).group(1)
    assert re.fullmatch(r"\d+ \d+ true", title), title
    wide, pictures, _ = title.split()
    assert int(wide) <= width
    assert int(pictures) == len(verdict().exhibits()) + sum(bool(e.frames) for e in verdict().exhibits())


def test_a_pair_takes_in_both_places_that_stood_alone():
    from fakeproof.edited.places import altered_places

    def found(detector, *places):
        return fp.Finding(detector=detector, version=1, score=1.0, supports=fp.Category.EDITED, regions=places)

    fused = found("localize", region(300, 60, 60, "1"), region(60, 60, 60, "2"), region(60, 300, 50, "3"))
    cloned = found("copy_move", region(60, 60, 60, "1a"), region(300, 60, 60, "1b"), region(380, 60, 20, "1b"))
    places = altered_places((cloned, fused), (600, 400))
    assert [r.label for r in places.regions] == ["1a", "1b", "1b", "2"]
    assert places.mask[70, 70]
    assert places.mask[310, 70]


def test_a_clone_is_linked_without_saying_which_came_first():
    image = np.full((400, 600, 3), 128, np.uint8)
    draw.link(image, (100, 200), (500, 200), radii=(60, 60))
    assert (image[:, :155] == 128).all()
    assert (image[:, 445:] == 128).all()
    inked = (image != 128).any(axis=2).sum(axis=0)
    assert inked[300] > 0
    assert inked.max() <= inked[300] + 1  # an arrow's head would be wider than its shaft
    draw.link(crowded := np.full((400, 600, 3), 128, np.uint8), (100, 200), (140, 200), radii=(60, 60))
    assert (crowded == 128).all()


def test_the_headline_promises_circles_only_where_there_are_some():
    from dataclasses import replace

    from fakeproof.exhibits.report import headline

    marked = verdict()
    bare = replace(marked, findings=tuple(replace(f, regions=()) for f in marked.findings))
    assert "circled" in headline(marked, "en")
    assert "circled" not in headline(bare, "en")
    assert "红圈" not in headline(bare, "zh")


@pytest.mark.parametrize(
    ("lang", "listed", "explained"), [("en", "1a: ", "Faint traces"), ("zh", "1a：", "弱痕迹单独")]
)
def test_a_statement_explains_no_places_that_it_leaves_out(lang, listed, explained):
    plain = verdict()
    clone, *rest = plain.findings
    faint = tuple(replace(r, traces=("copy_move", "noise")) for r in clone.regions)
    shot = replace(plain, findings=(replace(clone, regions=faint), *rest))
    texts = [statement(shot, lang, limit) for limit in range(60, 700, 20)]
    assert {listed in text for text in texts} == {True, False}
    assert all((listed in text) == (explained in text) for text in texts)
