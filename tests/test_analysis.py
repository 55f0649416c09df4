"""The whole path on real photos: what it finds, what it leaves alone, and that it is the same every time."""

import io
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

import fakeproof as fp
from fakeproof.demo import cases

CATEGORIES = set(fp.Category)


def jpeg(rgb, quality=88):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture(scope="module")
def demo():
    return {case.name: case for case in cases()}


def analyse(case):
    return fp.analyze(fp.Photo.from_bytes(case.evidence, name=case.name), sources=case.sources, products=case.products)


def test_the_edited_case_is_found_and_circled(demo):
    verdict = analyse(demo["edited"])
    assert verdict.edited.decision == "supported"
    assert verdict.best.category is fp.Category.EDITED
    inside = np.zeros((400, 600), bool)
    inside[272:388, 26:142] = True
    assert (verdict.mask & inside).sum() > 0.5 * inside.sum() * np.pi / 4
    assert {e.kind for e in verdict.exhibits()} >= {"circled", "copied"}


def test_the_web_image_is_proved_by_its_source(demo):
    verdict = analyse(demo["web-image"])
    assert verdict.best.category is fp.Category.WEB_IMAGE
    (match,) = verdict.finding("match_sources").matches
    assert match.source.name == "chelsea.jpg"
    assert "mirrored" in match.transform("en")
    assert verdict.edited.decision != "supported", "cropping and mirroring alter no place"


def test_counter_cases_are_not_accused(demo):
    for name in ("right-product", "untouched"):
        verdict = analyse(demo[name])
        assert verdict.best is None, name
        assert verdict.regions == ()


def test_another_object_is_the_wrong_product(demo):
    verdict = analyse(demo["wrong-product"])
    assert verdict.best.category is fp.Category.WRONG_PRODUCT
    assert verdict.exhibits()[0].kind == "product"


def test_the_shops_own_listing_is_a_web_image():
    listing = skimage.data.chelsea()
    copy = ImageOps.mirror(Image.fromarray(listing).crop((30, 20, 420, 280)))
    verdict = fp.analyze(jpeg(np.asarray(copy), 80), products=[jpeg(listing, 95)])
    assert verdict.web_image.decision == "supported"
    finding = verdict.finding("match_sources")
    assert finding.matches[0].source.seen_on == "this shop's own listing"
    assert "this shop's own listing" in finding.wording("en")
    assert "本店商品页" in finding.wording("zh")
    assert verdict.wrong_product.decision != "supported"


def test_a_photo_that_is_not_the_listing_is_not_cleared_by_that():
    photo = fp.Photo.from_bytes(jpeg(skimage.data.astronaut()))
    verdict = fp.analyze(photo, products=[fp.Photo.from_bytes(jpeg(skimage.data.coffee()))])
    assert verdict.web_image.decision == "not_examined"
    assert verdict.finding("match_sources") is None


def test_prepared_and_several_products_are_compared_with():
    cup, cat = (fp.Photo.from_bytes(jpeg(getattr(skimage.data, name)())) for name in ("coffee", "chelsea"))
    photo = fp.Photo.from_bytes(jpeg(skimage.data.coffee()[20:380, 30:560]))
    plain = fp.analyze(photo, products=[cup]).finding("compare")
    ready = fp.product.prepare([cup], name="cup")
    prepared = fp.analyze(photo, products=ready)
    assert prepared.finding("compare").score == plain.score
    assert prepared.products[0].sha256 == cup.sha256
    several = fp.analyze(photo, products={"cat": [cat], "cup": ready})
    assert several.finding("compare").facts["product"] == "cup"
    assert {p.sha256 for p in several.products} == {cup.sha256, cat.sha256}
    assert fp.analyze(photo, products=[]).finding("compare") is None


def test_a_web_image_that_was_also_edited_is_both():
    original = skimage.data.coffee()
    forged = original.copy()
    forged[60:150, 380:480] = skimage.data.chelsea()[100:190, 200:300]
    verdict = fp.analyze(jpeg(forged, 85), sources=[fp.Source(jpeg(original, 92), url="https://example.org/x")])
    assert verdict.web_image.decision == "supported"
    assert verdict.finding("source_difference").supports is fp.Category.EDITED
    assert verdict.edited.llr > 0.3
    assert "source_difference" in {c.detector for c in verdict.edited.contributions}


def test_sources_that_cannot_be_read_are_problems(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    verdict = fp.analyze(jpeg(skimage.data.chelsea()), sources=tmp_path, products=[tmp_path / "missing.jpg"])
    assert len(verdict.problems) == 2
    assert any("broken.jpg" in str(p) for p in verdict.problems)
    assert any("missing.jpg" in str(p) for p in verdict.problems)
    assert verdict.web_image.decision == "not_examined", "what could not be read clears nobody"


def test_shop_photos_that_are_not_used_are_problems(tmp_path):
    mug = fp.Photo.from_array(skimage.data.coffee(), name="mug")
    prepared = fp.product.prepare([mug, tmp_path / "none.jpg"])
    (problem,) = fp.analyze(mug, products=prepared).problems
    assert str(problem) == f"product {tmp_path / 'none.jpg'}: cannot be read (No such file or directory)"
    (problem,) = fp.analyze(mug, products=[mug] * 21).problems
    assert "only the first 20 photos" in str(problem)


@pytest.mark.parametrize("bad", [b"", b"GIF89a", b"\xff\xd8\xff", b"%PDF-1.4", b"\x00" * 4096])
def test_what_is_no_photo_is_a_photo_error(bad):
    with pytest.raises(fp.PhotoError):
        fp.analyze(bad)


def test_other_types_are_refused_by_name():
    with pytest.raises(fp.ParameterError, match="int"):
        fp.analyze(7)


def test_threads_and_repeats_give_the_same_numbers():
    photos = [jpeg(a[:256, :320]) for a in (skimage.data.coffee(), skimage.data.chelsea())]
    alone = [fp.analyze(p).to_dict() for p in photos]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda p: fp.analyze(p).to_dict(), photos * 4))
    assert together == alone * 4


def test_every_finding_has_words_in_both_languages_and_json():
    verdict = fp.analyze(
        jpeg(skimage.data.coffee()), sources=[jpeg(skimage.data.chelsea())], products=[jpeg(skimage.data.rocket())]
    )
    assert set(verdict.scores) == CATEGORIES
    for finding in verdict.findings:
        assert finding.wording("en"), finding.detector
        assert finding.wording("zh") != finding.wording("en"), finding.detector
        assert np.isfinite(finding.score), finding.detector
    assert '"NaN"' not in verdict.to_json()


def test_the_photos_of_a_case_are_held_against_each_other():
    coffee = skimage.data.coffee()
    forged = coffee.copy()
    forged[280:360, 60:160] = skimage.data.chelsea()[100:180, 200:300]
    shots = [jpeg(coffee, 92), jpeg(coffee[10:390, 10:590], 85), jpeg(forged, 90), jpeg(skimage.data.rocket())]
    case = fp.analyze_case([*shots, b"broken"])
    kinds = {link.photos: link.kind for link in case.links}
    assert kinds[(0, 1)] == "same_picture"
    assert kinds[(0, 2)] == "edited_differently"
    assert not any(3 in pair for pair in kinds)
    assert len(case.problems) == 1
    with pytest.raises(fp.PhotoError):
        fp.analyze_case([b"broken"])


def test_after_warm_up_no_photo_loads_a_kernel():
    """What rare photos reach counts too: saved twice, on two grids, turned, or progressive."""
    code = """
import io
import numpy as np, skimage.data
from PIL import Image
import fakeproof as fp
from fakeproof._kernels._jit import registered

def saved(rgb, quality, **options):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, **options)
    return out.getvalue()

def loaded():
    return {(k.py_func.__qualname__, str(s)) for k in registered() for s in k.signatures}

fp.warm_up()
known = loaded()
rgb = skimage.data.coffee()
once = np.asarray(Image.open(io.BytesIO(saved(rgb, 60))))
mixed = np.asarray(Image.open(io.BytesIO(saved(rgb, 95)))).copy()
mixed[120:280, 200:400] = once[115:275, 197:397]
turned = Image.Exif()
turned[0x112] = 6
for data in (saved(once, 90), saved(mixed, 95), saved(once, 85, progressive=True), saved(once[3:, 5:], 90, exif=turned)):
    fp.analyze(data, sources=[fp.Photo.from_array(rgb)])
fp.analyze(fp.Photo.from_array(mixed))
print(sorted(loaded() - known))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_case_without_evidence_says_what_could_be_given():
    case = fp.analyze_case([jpeg(skimage.data.chelsea())])
    assert case.best is None
    assert {"web image: address of the original", "wrong product: a real photo of the shop's product"} <= set(
        case.missing()
    )
    assert any("本店商品实拍图" in text for text in case.missing("zh"))


def test_an_order_must_be_an_order():
    with pytest.raises(fp.ParameterError, match="an Order"):
        fp.analyze(jpeg(skimage.data.chelsea()), order={"placed_at": "2026-05-01"})


@pytest.mark.parametrize("given", [{"heatmap": np.eye(40, 60, dtype=np.float32)}, {"mask": np.eye(400, 600) > 0}, {}])
def test_a_finding_shows_itself_with_a_picture_where_it_has_one(given):
    shown = fp.Finding(detector="<noise>", version=1, score=1.0, **given)._repr_html_()
    assert ("data:image/png;base64," in shown) == bool(given)
    assert "<noise>" not in shown


def test_the_best_original_is_opened_once_and_travels_with_its_match(tmp_path, monkeypatch):
    path = tmp_path / "original.png"
    Image.fromarray(skimage.data.chelsea()).save(path)
    opened = []
    read = fp.Photo.from_bytes.__func__
    monkeypatch.setattr(
        fp.Photo, "from_bytes", classmethod(lambda cls, *a, **k: opened.append(1) or read(cls, *a, **k))
    )
    verdict = fp.analyze(fp.Photo.from_array(skimage.data.chelsea()[20:280, 30:420], name="cut"), sources=[path])
    match = verdict.finding("match_sources").matches[0]
    assert len(opened) == 1
    assert verdict.sources == (match.photo,)
    light = pickle.loads(pickle.dumps(verdict.light())).finding("match_sources").matches[0]
    assert light.photo is None
    assert light.to_dict() == match.to_dict()
