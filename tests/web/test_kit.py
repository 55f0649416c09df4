"""The kit for finding the original by hand: what is cut out, what is written, what a provider is asked."""

import re
from html import unescape

import numpy as np
import pytest
import skimage.data

import fakeproof as fp
from fakeproof.findings import Finding
from fakeproof.web import kit

CAT, CUP = skimage.data.chelsea(), skimage.data.coffee()


def crops(rgb, **options):
    return {c.kind: c for c in fp.web.search_crops(fp.Photo.from_array(np.ascontiguousarray(rgb)), **options)}


@pytest.mark.parametrize("bars", [(0, 0, 0), (255, 255, 255), (30, 90, 160)])
def test_bars_and_frames_are_removed(bars):
    framed = np.full((400, 551, 3), bars, np.uint8)
    framed[70:370, 50:501] = CAT
    found = crops(framed)
    left, top, right, bottom = found["whole"].box
    assert max(abs(left - 50), abs(top - 70), abs(right - 501), abs(bottom - 370)) <= 2
    np.testing.assert_array_equal(found["unmirrored"].image, found["whole"].image[:, ::-1])


def test_the_cells_of_a_collage_come_alone():
    collage = np.full((300, 451 * 2 + 12, 3), 255, np.uint8)
    collage[:, :451], collage[:, 463:] = CAT, CUP[50:350, 60:511]
    cells = [c for c in fp.web.search_crops(fp.Photo.from_array(collage)) if c.kind == "cell"]
    assert [c.box[0] < 451 for c in cells] == [True, False]
    assert all(abs(c.image.shape[1] - 451) <= 4 for c in cells)


def test_a_photo_that_is_no_collage_has_no_cells_and_a_plain_one_no_crash():
    assert "cell" not in crops(CAT)
    assert crops(np.full((120, 160, 3), 200, np.uint8))["whole"].box == (0, 0, 160, 120)
    assert crops(np.zeros((40, 60, 3), np.uint8)) == {}


def marked(polygon, text="小红书号 12345678"):
    region = fp.Region(polygon=np.array(polygon, np.float32), area=2000)
    facts = {
        "marks": [
            {"platform": "小红书", "account": "12345678", "text": text},
            {"platform": "", "account": "", "text": "<b>Getty & Co</b>"},
        ]
    }
    return Finding(detector="watermarks", version=1, score=1.0, regions=(region,), facts=facts)


def test_the_largest_part_beside_a_mark_is_free_of_it():
    crop = crops(CAT, marks=marked([[300, 260], [440, 260], [440, 290], [300, 290]]))["beside_mark"]
    assert crop.box == (0, 0, 451, 260)


def test_the_kit_is_a_page_with_words_links_and_pictures_and_no_script(tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "watermarks", lambda photo: marked([[300, 260], [440, 260], [440, 290], [300, 290]]))
    page = fp.web.search_kit(fp.Photo.from_array(CAT, name="cat"), tmp_path / "kit", lang="zh")
    said = page.read_text(encoding="utf-8")
    assert "小红书 12345678" in said
    assert "<b>Getty" not in said
    assert "<b>Getty & Co</b>" in unescape(said)
    assert "<script" not in said
    assert "default-src 'none'" in said
    for name in re.findall(r'src="([^"]+)"', said):
        assert min(fp.Photo.open(page.parent / name).size) >= kit.LEAST_SIDE
    links = re.findall(r'href="([^"]+)"', said)
    assert len(links) == len(kit.PAGES)
    assert all(link.startswith("https://") for link in links)


def test_a_kit_replaces_only_an_earlier_kit(tmp_path):
    photo = fp.Photo.from_array(CAT)
    fp.web.search_kit(photo, tmp_path / "kit", lang="en")
    with pytest.raises(fp.ParameterError, match="overwrite"):
        fp.web.search_kit(photo, tmp_path / "kit")
    fp.web.search_kit(photo, tmp_path / "kit", overwrite=True)
    (tmp_path / "mine").mkdir()
    with pytest.raises(fp.ParameterError, match="earlier kit"):
        fp.web.search_kit(photo, tmp_path / "mine", overwrite=True)


def test_a_provider_is_asked_with_crops_and_what_it_finds_is_proved():
    asked = []

    def service(crops):
        asked.extend(crops)
        yield fp.Source(fp.Photo.from_array(CAT, name="theirs"), url="https://example.org/cat")

    photo = fp.Photo.from_array(CAT[20:280, 30:430], name="cut")
    verdict = fp.analyze(photo, sources=[service, fp.Photo.from_array(CUP)], detectors=["match_sources"])
    assert [c.kind for c in asked][:2] == ["whole", "unmirrored"]
    assert [m.source.url for m in verdict.matches] == ["https://example.org/cat"]


def test_a_provider_that_fails_is_a_problem_and_no_error():
    def service(crops):
        raise ConnectionError("the service is down")

    verdict = fp.analyze(fp.Photo.from_array(CAT), sources=service, detectors=["match_sources"])
    (problem,) = verdict.problems
    assert (problem.role, problem.name) == ("source", "service")
    assert "the service is down" in str(problem)
    assert verdict.web_image.decision == "not_examined"
