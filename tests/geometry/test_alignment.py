import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.web.photos import image, motorcycles, photo

from fakeproof import geometry
from fakeproof.geometry.alignment import block_alignment, register
from fakeproof.photo import Photo


def on_a_bottle(label, radius=150, tall=300):
    """The label around a lit cylinder, in front of another photo."""
    import cv2

    page = np.asarray(image("rocket").resize((900, 1000))).copy()
    art = np.asarray(label.resize((round(np.pi * radius * 0.8), tall)))
    x = np.arange(-radius + 1, radius)
    angle = np.arcsin(x / radius)
    columns = (angle * radius + art.shape[1] / 2).astype(np.float32)
    rows = np.arange(tall, dtype=np.float32)[:, None] + (12 * np.cos(angle))[None].astype(np.float32)
    around = cv2.remap(art, np.repeat(columns[None], tall, 0), rows, cv2.INTER_LINEAR)
    light = 0.35 + 0.65 * np.cos(angle + 0.5) ** 2
    page[350 : 350 + tall, 300 : 300 + len(x)] = around * light[None, :, None]
    return Image.fromarray(page)


def cell(source):
    """A 2x2 collage that shows a square cut of the source in one cell."""
    page = Image.new("RGB", (900, 900), "white")
    for k, picture in enumerate([image("rocket"), source, image("chelsea"), image("astronaut")]):
        page.paste(ImageOps.fit(picture, (440, 440)), (5 + 450 * (k % 2), 5 + 450 * (k // 2)))
    return page


def covered(source, share=0.3):
    out = source.copy()
    size = [round(side * share**0.5) for side in source.size]
    out.paste(image("rocket").resize(size), (round(0.2 * source.width), round(0.25 * source.height)))
    return out


@pytest.fixture(scope="module")
def art():
    return image("coffee").resize((800, 533))


def test_a_label_around_a_bottle_is_the_same_product_but_no_web_image(art):
    found = geometry.verify(photo(on_a_bottle(art), 90), photo(art, 90))
    assert found.kind == "same_product"
    assert found.inliers > 15
    assert found.alignment.firm < 0.9


@pytest.mark.parametrize("reuse", [cell, covered])
def test_what_is_cut_or_covered_does_not_hide_a_reuse(reuse, art):
    found = geometry.verify(photo(reuse(art), 80), photo(art, 90))
    assert found.kind == "same_photo"
    assert found.alignment.firm > 0.85


def test_a_cell_is_found_as_the_rectangle_that_shows_the_source(art):
    alignment = geometry.verify(photo(cell(art), 85), photo(art, 90)).alignment
    assert alignment.shown == pytest.approx(2 / 3, abs=0.1)  # a square out of 3:2
    assert alignment.shown_fraction > 0.94
    assert alignment.outside < 0.15


def test_registration_takes_out_a_misplaced_transform(art):
    a = geometry.working_picture(photo(art, 90))
    wrong = np.array([[1.006, 0.004, 2.5], [-0.004, 0.996, -2.0], [0, 0, 1.0]])
    before = block_alignment(a, a, wrong)
    matrix, after = register(a, a, wrong)
    assert after.fraction > before.fraction
    assert after.fraction > 0.95
    inner = np.array([[100.0, 80], [400, 80], [400, 260], [100, 260]])
    assert (
        np.abs(geometry.apply(matrix, inner) - inner).max() < 0.5 < np.abs(geometry.apply(wrong, inner) - inner).max()
    )


def test_registration_leaves_what_is_clear_and_what_is_hopeless(art):
    a = geometry.working_picture(photo(art, 90))
    other = geometry.working_picture(photo(image("rocket").resize((800, 533)), 90))
    for b in (a, other):
        matrix, _ = register(a, b, np.eye(3))
        np.testing.assert_array_equal(matrix, np.eye(3))


def test_flat_pictures_have_no_blocks():
    flat = geometry.working_picture(Photo.from_array(np.full((300, 300, 3), 90, np.uint8)))
    assert block_alignment(flat, flat, np.eye(3)).blocks == 0
    assert register(flat, flat, np.eye(3))[1].fraction == 0


def test_without_overlap_nothing_agrees(art):
    a = geometry.working_picture(photo(art, 90))
    away = np.array([[1, 0, 5000.0], [0, 1, 0], [0, 0, 1]])
    assert block_alignment(a, a, away).blocks == 0


def test_another_view_of_a_scene_is_not_registered_away():
    left, right = (photo(Image.open(path).convert("RGB")) for path in motorcycles())
    assert geometry.verify(right, left).kind != "same_photo"
