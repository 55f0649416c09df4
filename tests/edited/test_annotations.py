"""What is laid over openly is told by its form and left out; what a forger draws is not."""

import io

import cv2
import numpy as np
import pytest
import skimage.data
from benchmarks.material import innocent
from benchmarks.material.bases import identical_goods
from PIL import Image

import fakeproof as fp
from fakeproof.edited.marks.aside import aside, aside_cells, cleared
from fakeproof.edited.marks.flats import bars, even_ground
from fakeproof.edited.marks.mark import PIXELS, reduced
from fakeproof.edited.marks.mosaic import mosaics
from fakeproof.edited.marks.seams import cells
from fakeproof.edited.marks.transport import transport_damage
from fakeproof.exhibits.statement import statement

RED = (255, 59, 48)


def ground():
    return cv2.resize(skimage.data.coffee(), (900, 600), interpolation=cv2.INTER_CUBIC)


def saved(rgb, quality=85):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return fp.Photo.from_bytes(out.getvalue())


def circle(rgb):
    return cv2.ellipse(rgb, (450, 300), (150, 90), 0, 0, 360, (0, 122, 255), 7, cv2.LINE_AA)


def box(rgb):
    return cv2.rectangle(rgb, (120, 80), (400, 300), (7, 193, 96), 7)


def arrow(rgb):
    cv2.line(rgb, (150, 480), (330, 380), (0, 122, 255), 9, cv2.LINE_AA)
    return cv2.fillPoly(rgb, [np.array([[360, 363], [330, 420], [296, 366]])], (0, 122, 255), cv2.LINE_AA)


def text(rgb):
    cv2.putText(rgb, "破损 BROKEN", (120, 200), (0, 122, 255), cv2.FontFace("uni"), 60, 600)
    return rgb


def sticker(rgb):
    return cv2.circle(rgb, (700, 150), 60, (16, 174, 255), -1, cv2.LINE_AA)


def bar(rgb):
    return cv2.rectangle(rgb, (300, 420), (620, 470), (0, 0, 0), -1)


def border(rgb):
    return cv2.copyMakeBorder(rgb, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(255, 255, 255))


@pytest.mark.parametrize("quality", [85, 95])
@pytest.mark.parametrize("draw", [circle, box, arrow, text, sticker, bar, border], ids=lambda d: d.__name__)
def test_a_mark_is_told_by_its_form(draw, quality):
    finding = fp.edited.annotations(saved(np.ascontiguousarray(draw(ground())), quality))
    assert draw.__name__ in finding.facts["counts"]
    assert finding.supports is None
    assert finding.regions
    assert all(r.role == "mark" for r in finding.regions)
    assert finding.mask.any()
    assert finding.mask.mean() < 0.5


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_an_untouched_photo_carries_no_mark(name):
    finding = fp.edited.annotations(saved(getattr(skimage.data, name)()))
    assert finding.facts["counts"] == {}
    assert finding.regions == ()
    assert finding.mask is None


@pytest.mark.parametrize("ink", [(15, 14, 14), (70, 45, 20), (35, 38, 30)], ids=["crack", "stain", "mould"])
def test_drawn_damage_is_no_annotation(ink):
    rgb = ground()
    rng = np.random.default_rng(3)
    alpha = np.zeros(rgb.shape[:2], np.float32)
    point = np.array([250.0, 300.0])
    for _ in range(30):
        after = point + np.array([12, rng.normal(0, 9)])
        cv2.line(alpha, point.astype(int).tolist(), after.astype(int).tolist(), 1.0, int(rng.integers(1, 5)))
        point = after
    alpha = 0.85 * cv2.GaussianBlur(alpha, (0, 0), 0.9)[..., None]
    drawn = (rgb + alpha * (np.array(ink) - rgb)).astype(np.uint8)
    photo = saved(drawn)
    assert fp.edited.annotations(photo).facts["counts"] == {}
    assert aside(photo) is None


def test_detectors_leave_marks_out_with_a_margin():
    photo = saved(circle(ground()))
    mask = aside(photo)
    assert mask[300, 300]
    assert mask[300, 290]
    assert not mask[300, 450]
    assert not mask.flags.writeable
    left_out = aside_cells(photo, (75, 112))
    values = np.ones((75, 112), np.float32)
    assert np.array_equal(cleared(photo, values) == 0, left_out)
    assert values.all()


def test_a_map_without_marks_is_handed_back_as_it_is():
    photo, values = saved(ground()), np.ones((75, 112), np.float32)
    assert cleared(photo, values) is values


def test_a_circle_alone_supports_nothing_and_says_so():
    verdict = fp.analyze(saved(circle(ground())))
    assert verdict.edited.decision != "supported"
    said = verdict.finding("annotations").sentence
    assert said["en"] == "Marked on the photo: 1 circle. Visible marks are no reason for a report."
    assert said["zh"] == "照片上有可见标记：圆圈1处。可见标记不构成举报理由。"
    assert said["en"] in statement(verdict, "en", 400)
    assert said["zh"] in statement(verdict, "zh", 400)


def test_two_equal_letters_are_no_clone():
    rgb = ground()
    cv2.putText(rgb, "88:88:88", (100, 300), (255, 255, 255), cv2.FontFace("sans"), 90, 600)
    assert fp.edited.copy_move(saved(rgb, 92)).supports is None


@pytest.mark.parametrize("step", [16, 32])
def test_rows_that_transport_repeated_are_named_and_left_out(step):
    rgb = ground()
    for top in range(320, 600, step):
        rgb[top : top + step] = rgb[320 - step : 320][: 600 - top]
    photo = saved(rgb)
    finding = fp.edited.annotations(photo)
    assert fp.findings.Flag.DAMAGED in finding.flags
    assert finding.facts["damage"]["repeated"] >= 250
    assert aside(photo)[400].all()
    assert not aside(photo)[100].any()
    assert fp.edited.copy_move(photo).supports is None


def test_rows_that_never_came_are_named():
    rgb = ground()
    rgb[400:] = 128
    (damage,) = transport_damage(saved(rgb).luma)
    assert damage.kind == "blank"
    assert damage.rows[400:].all()
    assert not damage.rows[:380].any()


def test_an_even_wall_is_no_damage():
    rgb = ground()
    rgb[400:] = 250  # white ground at the lower rim, as in product photos
    assert transport_damage(saved(rgb).luma) == ()


def test_the_cells_of_a_collage_are_told_apart():
    tile = [cv2.resize(getattr(skimage.data, n)(), (440, 300)) for n in ("astronaut", "coffee", "chelsea", "rocket")]
    page = np.full((612, 892, 3), 255, np.uint8)
    for k, picture in enumerate(tile):
        top, left = 4 + 304 * (k // 2), 4 + 444 * (k % 2)
        page[top : top + 300, left : left + 440] = picture
    assert len(fp.edited.annotations(saved(page)).facts["cells"]) == 4
    assert len(cells(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY))) == 1


def test_one_photo_twice_in_a_collage_is_no_clone():
    tile = cv2.resize(skimage.data.coffee(), (440, 300))
    page = np.hstack([tile, np.full((300, 8, 3), 255, np.uint8), tile])
    assert fp.edited.copy_move(saved(page, 95)).supports is None


@pytest.mark.parametrize("step", [12, 19, 27])
def test_a_regular_mosaic_is_found_where_it_lies(step):
    rgb = ground()
    part = rgb[150 : 150 + 9 * step, 300 : 300 + 12 * step]
    coarse = cv2.resize(part, (12, 9), interpolation=cv2.INTER_AREA)
    part[:] = np.repeat(np.repeat(coarse, step, axis=0), step, axis=1)
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    found = mosaics(luma)
    assert found
    left, top, width, height = found[0].box
    assert left >= 230
    assert left + width <= 370 + 12 * step
    assert top >= 80
    assert top + height <= 220 + 9 * step


def test_flat_sky_is_no_bar():
    luma = np.full((400, 600), 200, np.uint8)
    luma[250:] = cv2.resize(skimage.data.camera(), (600, 150))
    assert bars(luma, even_ground(luma)) == []


def test_large_photos_are_looked_at_in_small():
    assert reduced(np.zeros((3000, 4000, 3), np.uint8)).size <= 3 * PIXELS * 1.01


@pytest.mark.parametrize("kind", sorted(innocent.KINDS))
def test_innocent_changes_are_repeatable_and_leave_their_photo_alone(kind):
    rgb = cv2.resize(skimage.data.coffee(), (480, 320))
    before = rgb.copy()
    first, again = (innocent.change(rgb, kind, innocent.seeded(kind, 5)) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert np.array_equal(first, again)
    assert np.array_equal(rgb, before)


def test_goods_side_by_side_are_no_copies_of_each_other():
    scene = identical_goods(skimage.data.coffee(), np.random.default_rng(1))
    tall, wide = scene.shape[0] // 3, 1200 // 4
    assert scene.dtype == np.uint8
    assert scene.shape[1] >= 1198
    first, second = scene[:tall, :wide].astype(int), scene[:tall, wide : 2 * wide].astype(int)
    assert np.abs(first - second).mean() > 1
