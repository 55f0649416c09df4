"""Comparing: answers, doubts, damage to the input, several products, saving and loading."""

import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

import fakeproof as fp
from fakeproof.errors import CalibrationError, ParameterError
from fakeproof.geometry.fit import pair
from fakeproof.geometry.keypoints import rootsift
from fakeproof.photo import Photo
from fakeproof.product import fusion, local_matches, references
from fakeproof.product.references import ProductReferences, describe, prepare
from fakeproof.types import Category
from tests.product.test_codes import ean13


def another_photo(rgb, *, angle=7.0, scale=0.85, gain=0.9):
    """The same thing again: turned, further away, darker, saved as JPEG."""
    height, width = rgb.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    out = cv2.warpAffine(rgb, turn, (width, height), borderValue=(150, 140, 130))
    out = np.clip(out * gain, 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def shop():
    return prepare([Photo.from_array(data.coffee(), name="cup.png")], name="cup")


@pytest.fixture(scope="module")
def same(shop):
    return fp.product.compare(Photo.from_array(another_photo(data.coffee())), shop)


def test_the_same_thing_in_another_photo(same):
    assert same.facts["answer"] == "same"
    assert same.supports is None
    assert same.score < -1
    assert same.related[0].kind == "same_product"
    assert same.related[0].source.name == "cup.png"
    assert same.regions[0].role == "matched"


def test_homography_leads_from_shop_photo_to_photo(same):
    turn = cv2.getRotationMatrix2D((300, 200), 7.0, 0.85)
    point = np.array([320.0, 180.0, 1.0])
    moved = same.related[0].homography @ point
    np.testing.assert_allclose(moved[:2] / moved[2], turn @ point, atol=3)
    for x, y, u, v in same.related[0].facts["links"][:5]:
        np.testing.assert_allclose(turn @ [u, v, 1], [x, y], atol=8)


def test_something_else_scores_higher(shop, same):
    other = fp.product.compare(Photo.from_array(data.chelsea()), shop)
    assert other.score > same.score + 2
    assert other.facts["answer"] != "same"
    assert other.related == ()
    assert "本店商品" in other.wording("zh")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_merchants_read_words_not_figures(shop, same, lang):
    other = fp.product.compare(Photo.from_array(data.chelsea()), shop)
    assert not re.search(r"\d\.\d", other.wording(lang) + same.wording(lang))
    assert {"en": "no more alike", "zh": "不高于无关物品"}[lang] in other.wording(lang)
    assert {"en": "much more alike", "zh": "远高于无关物品"}[lang] in same.wording(lang)


def test_what_is_not_said_is_no_strong_evidence_either():
    photo = Photo.from_bytes(cv2.imencode(".jpg", data.coffee()[..., ::-1])[1].tobytes())
    shop = [Photo.from_array(data.chelsea())]
    finding = fp.product.compare(photo, shop)
    assert finding.facts["answer"] == "cannot tell"
    assert finding.score <= 0.5 * finding.facts["threshold"] < finding.facts["products"]["product 1"]
    assert fp.analyze(photo, products=shop).wrong_product.decision == "inconclusive"
    own = fp.product.compare(photo, shop, embedder=lambda rgb: rgb.mean(axis=(0, 1)))
    assert own.score <= 0.5 * own.facts["threshold"]


def test_a_claim_needs_the_threshold_and_no_doubt(shop):
    clear = fp.product.compare(Photo.from_array(data.astronaut()), shop)
    assert (clear.supports is Category.WRONG_PRODUCT) == (clear.score >= clear.facts["threshold"])
    blurred = cv2.GaussianBlur(data.astronaut(), (0, 0), 14)
    doubtful = fp.product.compare(Photo.from_array(blurred), shop)
    assert "blurred" in doubtful.facts["doubts"]
    assert doubtful.supports is None
    assert doubtful.score < max(clear.score, 0.01)


@pytest.mark.parametrize(
    "rgb",
    [np.full((200, 300, 3), 180, np.uint8), np.full((200, 300, 3), (205, 160, 130), np.uint8)],
    ids=["blank table", "skin"],
)
def test_without_a_product_it_cannot_tell(shop, rgb):
    finding = fp.product.compare(Photo.from_array(rgb), shop)
    assert finding.facts["answer"] == "cannot tell"
    assert finding.supports is None
    assert finding.facts["doubts"]


def test_one_broken_shop_photo_does_not_stop_the_rest(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    good = Photo.from_array(data.coffee())
    finding = fp.product.compare(good, [broken, good, tmp_path / "missing.jpg"])
    assert finding.facts["answer"] == "same"
    assert {problem.name for problem in finding.unreadable} == {str(broken), str(tmp_path / "missing.jpg")}
    none = fp.product.compare(good, [broken])
    assert not none
    assert "broken.jpg" in str(none.unreadable[0])
    assert not fp.product.compare(good, [])


def test_several_products_of_one_order(shop):
    cat = prepare([Photo.from_array(data.chelsea())], name="cat")
    finding = fp.product.compare(Photo.from_array(another_photo(data.chelsea(), angle=-4)), {"cup": shop, "cat": cat})
    assert finding.facts["product"] == "cat"
    assert finding.facts["products"]["cat"] < finding.facts["products"]["cup"]
    listed = fp.product.compare(Photo.from_array(data.chelsea()), [shop, cat])
    assert listed.facts["product"] == "cat"


@pytest.mark.parametrize(("other", "answer"), [("4006381333931", "same"), ("6901234567892", "different")])
def test_article_numbers_decide(other, answer):
    def box(digits):
        picture = np.ascontiguousarray(data.coffee())
        code = ean13(digits)
        picture[20 : 20 + code.shape[0], 30 : 30 + code.shape[1]] = code[..., None]
        return Photo.from_array(picture)

    finding = fp.product.compare(box(other), [box("4006381333931")])
    assert finding.facts["answer"] == answer
    assert (finding.supports is Category.WRONG_PRODUCT) == (answer == "different")
    ignored = fp.product.compare(box(other), [box("4006381333931")], codes=False)
    assert ignored.facts["codes"] == ""


def test_own_embedder_decides_nothing():
    calls = []

    def mean_colour(rgb):
        calls.append(rgb.shape)
        return rgb.reshape(-1, 3).mean(axis=0)

    finding = fp.product.compare(
        Photo.from_array(data.astronaut()), [Photo.from_array(data.coffee())], embedder=mean_colour
    )
    assert len(calls) == 2
    assert finding.supports is None
    assert finding.facts["embedder"] == "user"
    alike = fp.product.compare(
        Photo.from_array(data.chelsea()), [Photo.from_array(data.coffee())], embedder=lambda _: np.ones(8)
    )
    assert alike.facts["answer"] == "cannot tell", "to it all things are alike, and nobody knows its error rate"
    with pytest.raises(ParameterError, match="embedder"):
        fp.product.compare(Photo.from_array(data.coffee()), [Photo.from_array(data.coffee())], embedder=lambda _: [])


def test_saved_products_give_the_same_answer(shop, same, tmp_path):
    path = shop.save(tmp_path / "cup.npz")
    loaded = ProductReferences.load(path)
    again = fp.product.compare(Photo.from_array(another_photo(data.coffee())), loaded)
    assert again.score == pytest.approx(same.score, abs=0.1)
    assert again.facts["product"] == "cup"
    assert len(loaded) == 1
    with pytest.raises(ParameterError, match="overwrite"):
        shop.save(path)
    (tmp_path / "bad.npz").write_bytes(b"no")
    with pytest.raises(ParameterError, match="wrote"):
        ProductReferences.load(tmp_path / "bad.npz")


def test_findings_survive_json_and_pickle(same):
    import json
    import pickle

    assert json.loads(json.dumps(same.to_dict()))["facts"]["answer"] == "same"
    assert pickle.loads(pickle.dumps(same)).score == same.score


def test_too_small(shop):
    assert not fp.product.compare(Photo.from_array(np.zeros((50, 50, 3), np.uint8)), shop)


@pytest.mark.parametrize("column", range(len(fusion.CUES)))
def test_more_likeness_never_means_another_product(column):
    card = fusion.load_card()
    low = np.array(card.mean)
    high = low.copy()
    high[column] += 0.3
    assert card.score(high) <= card.score(low)
    assert card.weights[column] >= 0


def test_no_match_is_no_evidence():
    cues = np.array([[0.4, 0.5, 0.4, 0.6, 0.1, 0.0]])
    with_match = cues + np.array([0, 0, 0, 0, 0, 3.0])
    assert fusion.load_card().score(fusion.pooled(with_match)) < fusion.load_card().score(fusion.pooled(cues))


def test_only_likeness_beyond_the_usual_counts(shop):
    metric = fusion.load_card().metric
    photo, own = describe(Photo.from_array(another_photo(data.coffee())), codes=False), shop.photos[0]
    crowded = replace(metric, usual=metric.usual + metric.adapt(own.views)[[0, fusion.CLOSE]] / 2)
    plain, lowered = (fusion.looks(photo, own, m) for m in (metric, crowded))
    assert lowered[0] < plain[0]  # where everything looks like this cup, looking like it says less
    assert lowered[3:] == plain[3:]


def test_pairs_are_those_of_geometry():
    a, b = (rootsift(Photo.from_array(rgb), count=300) for rgb in (data.coffee(), another_photo(data.coffee())))
    np.testing.assert_array_equal(local_matches._pairs(a, b), pair(a, b))
    assert len(local_matches._pairs(a, b)) > 30


def test_files_of_the_first_format_are_refused(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(references, "FORMAT", 1)
    old = shop.save(tmp_path / "old.npz")
    monkeypatch.undo()
    with pytest.raises(ParameterError, match="format 2, not 1"):
        ProductReferences.load(old)


def test_foreign_cards_are_refused(tmp_path):
    path = tmp_path / "card.json"
    own = tmp_path / "own.json"
    fusion.load_card().save(own)
    path.write_text(json.dumps({**json.loads(own.read_text()), "features": ["other"]}))
    with pytest.raises(CalibrationError, match="other"):
        fusion.load_card(path)
    assert fusion.load_card(own).score(np.zeros(len(fusion.FEATURES))) == pytest.approx(
        fusion.load_card().score(np.zeros(len(fusion.FEATURES))), abs=1e-3
    )


@pytest.mark.parametrize("answer", ["same", "different"])
def test_what_speaks_against_an_answer_is_never_its_reason(answer):
    from fakeproof.product.compare import Cue, _sentence
    from fakeproof.words import phrase

    cues = [Cue(phrase("compare.likeness.unrelated"), "different"), Cue(phrase("compare.colours.agree"), "same")]
    said = _sentence(answer, cues, 3)
    assert ("颜色相符" in said["zh"]) == (answer == "same")
    assert ("colours agree" in said["en"]) == (answer == "same")
    assert ("unrelated" in said["en"]) == (answer == "different")
    assert "照片中的可能" not in said["zh"]


def test_the_facts_keep_both_sides(shop):
    other = fp.product.compare(Photo.from_array(data.chelsea()), shop)
    assert {cue["speaks_for"] for cue in other.facts["reasons"]} <= {"same", "different", ""}
    assert all(cue["words"]["zh"] for cue in other.facts["reasons"])
