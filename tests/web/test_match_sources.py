from datetime import date

import numpy as np
import pytest
from PIL import Image
from tests.web.photos import image, jpeg, motorcycles, photo, pixels

import fakeproof as fp
from fakeproof.errors import ParameterError
from fakeproof.geometry import apply


@pytest.fixture(scope="module")
def sources():
    return [
        fp.Source(photo(image(name).resize((900, 700)), 90), url=f"https://example.org/{name}.jpg", key=name)
        for name in ("astronaut", "coffee", "chelsea")
    ]


def pasted():
    page = Image.fromarray(pixels("rocket")).resize((900, 1200))
    page.paste(image("coffee").resize((540, 420)), (180, 500))
    return page


REUSES = {
    "resaved": lambda: image("coffee").resize((600, 467)),
    "cropped": lambda: image("coffee").resize((900, 700)).crop((250, 150, 700, 560)),
    "mirrored": lambda: image("coffee").resize((900, 700)).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "rotated": lambda: image("coffee").resize((900, 700)).rotate(25, expand=True),
    "pasted": pasted,
    "grey": lambda: image("coffee").resize((900, 700)).convert("L"),
    "darkened": lambda: image("coffee").resize((900, 700)).point(lambda v: int(v * 0.6)),
}


@pytest.mark.parametrize("how", REUSES)
def test_a_reused_photo_is_matched_with_its_address(how, sources):
    finding = fp.web.match_sources(photo(REUSES[how](), 75), sources)
    assert finding.supports is fp.Category.WEB_IMAGE
    best = finding.matches[0]
    assert best.source.url.endswith("coffee.jpg")
    assert best.kind == "same_photo"
    assert finding.score > 3
    assert finding.regions[0].role == "matched"
    assert "https://example.org/coffee.jpg" in finding.wording("zh")


@pytest.mark.parametrize(
    ("how", "en", "zh"),
    [
        ("mirrored", "mirrored", "左右镜像"),
        ("rotated", "rotated by 25° counter-clockwise", "逆时针旋转25°"),
        ("pasted", "placed in a larger picture", "嵌入更大的画面"),
        ("cropped", "cropped to", "裁剪至原图的"),
    ],
)
def test_the_transform_is_said_in_words(how, en, zh, sources):
    (match,) = fp.web.match_sources(photo(REUSES[how]()), sources[1:2]).matches
    assert en in match.transform()
    assert zh in match.transform("zh")


def test_the_homography_takes_source_pixels_to_the_photo(sources):
    (match,) = fp.web.match_sources(photo(REUSES["cropped"]()), sources[1:2]).matches
    inside = np.array([[300.0, 200], [650, 500], [450, 300]])
    np.testing.assert_allclose(apply(match.homography, inside), inside - (250, 150), atol=1)
    assert match.overlap_photo == pytest.approx(1, abs=0.02)
    assert match.overlap_source == pytest.approx(450 * 410 / (900 * 700), abs=0.02)


def test_an_unrelated_photo_is_not_matched(sources):
    finding = fp.web.match_sources(photo(image("rocket")), sources)
    assert finding.matches == finding.related == ()
    assert finding.supports is None
    assert finding.score < 1


def test_another_photo_of_the_scene_is_related_at_most():
    left, right = (fp.Photo.open(path) for path in motorcycles())
    finding = fp.web.match_sources(left, [right])
    assert finding.matches == ()
    assert finding.supports is None


def test_a_thumbnail_is_matched(sources):
    finding = fp.web.match_sources(photo(image("coffee").resize((72, 56), Image.Resampling.LANCZOS), 85), sources)
    assert [match.source.key for match in finding.matches] == ["coffee"]
    assert finding.flags & fp.Flag.SMALL


def test_what_is_no_match_scores_below_every_match(sources):
    left, right = (fp.Photo.open(path) for path in motorcycles())
    assert fp.web.match_sources(left, [right]).score <= 1


def test_one_broken_source_stops_nothing(sources, tmp_path):
    missing = tmp_path / "missing.jpg"
    broken = fp.Source(b"not a picture", key="broken")
    finding = fp.web.match_sources(photo(image("coffee")), [broken, missing, *sources])
    assert len(finding.matches) == 1
    assert [problem.name for problem in finding.unreadable] == ["broken", "missing.jpg"]
    assert all(problem.wording(lang) for problem in finding.unreadable for lang in ("en", "zh"))


def test_sources_of_which_none_can_be_read_clear_nobody(tmp_path):
    answer = fp.web.match_sources(photo(image("coffee")), [tmp_path / "missing.jpg"])
    assert not answer
    assert [str(problem) for problem in answer.unreadable] == [
        "source missing.jpg: cannot be read (No such file or directory)"
    ]


def test_the_same_file_is_said_to_be_the_same(tmp_path):
    flat = jpeg(Image.new("RGB", (300, 200), (200, 180, 20)))
    finding = fp.web.match_sources(fp.Photo.from_bytes(flat), [flat])
    assert finding.matches[0].facts["identical_file"]
    assert "byte for byte" in finding.matches[0].transform()


def test_an_earlier_order_is_named(sources):
    old = fp.Source(photo(image("coffee")), order="2024-0815", seen_at=date(2024, 8, 15))
    finding = fp.web.match_sources(photo(REUSES["cropped"]()), [old])
    assert finding.facts["earlier_orders"] == ["2024-0815"]
    assert "2024-0815" in finding.wording()


def test_without_sources_it_does_not_apply():
    answer = fp.web.match_sources(photo(image("coffee")), [])
    assert not answer
    assert "no sources" in str(answer)
    assert "疑似原图" in answer.wording("zh"), "the glossary's word"


def test_small_photos_do_not_apply(sources):
    assert str(fp.web.match_sources(photo(image("coffee").resize((60, 36))), sources)) == "60x36 is below 40 px"


@pytest.mark.parametrize("wrong", ["a.jpg", b"bytes", fp.Source("a.jpg")])
def test_a_single_source_is_an_error_that_names_what_is_wanted(wrong):
    with pytest.raises(ParameterError, match="a list of"):
        fp.web.match_sources(photo(image("coffee")), wrong)


def test_a_finding_survives_json(sources):
    import json

    finding = fp.web.match_sources(photo(REUSES["cropped"]()), sources)
    assert json.loads(json.dumps(finding.to_dict()))["matches"][0]["source"]["url"].endswith("coffee.jpg")
