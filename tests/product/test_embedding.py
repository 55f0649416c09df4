"""The network file and its output; foreground and colours."""

import hashlib
from importlib.resources import files

import cv2
import numpy as np
import pytest
from skimage import data

from fakeproof.geometry.foreground import find_foreground
from fakeproof.product.colour import colours, likeness
from fakeproof.product.embedding import DIGEST, VIEWS, embed

STORED = {
    "whole": [3.87, 2.27, 0.0, 14.31, 119.68, 44.72, 0.0, 0.0, 10.22, 3.33, 0.0, 82.23],
    "product": [0.4, 3.43, 0.02, 34.82, 118.02, 11.76, 0.0, 0.0, 0.0, 0.0, 0.0, 112.98],
    "close": [5.55, 18.25, 0.0, 2.87, 111.42, 46.26, 0.0, 0.0, 1.17, 4.3, 0.0, 108.74],
}
"""First twelve values x 1000 of three views of skimage's cat, computed with onnxruntime 1.32."""


@pytest.fixture(scope="module")
def cat():
    return data.chelsea()


def test_the_file_is_the_one_that_the_tool_wrote():
    content = files("fakeproof.product").joinpath("embedding.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == DIGEST
    assert len(content) < 7_000_000


def test_output_agrees_with_another_runtime(cat):
    views = embed(cat, find_foreground(cat))
    assert views.shape == (len(VIEWS), 1280)
    assert not views.flags.writeable
    np.testing.assert_allclose(np.linalg.norm(views, axis=1), 1.0, atol=1e-5)
    for name, expected in STORED.items():
        np.testing.assert_allclose(1000 * views[VIEWS.index(name), :12], expected, atol=0.05)


def test_a_small_change_moves_little_and_another_object_much(cat):
    own = embed(cat, find_foreground(cat))[0]
    resaved = cv2.imdecode(cv2.imencode(".jpg", cat, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    coffee = data.coffee()
    again, other = (embed(p, find_foreground(p))[0] for p in (resaved, coffee))
    assert own @ again > 0.95
    assert own @ other < 0.6


@pytest.mark.parametrize("shape", [(64, 400), (400, 64), (65, 65)])
def test_odd_shapes(shape):
    rgb = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert np.isfinite(embed(rgb, find_foreground(rgb))).all()


def test_foreground_finds_what_stands_out():
    plate = np.full((200, 300, 3), (210, 205, 190), np.uint8)
    cv2.circle(plate, (150, 100), 45, (30, 120, 40), -1)
    found = find_foreground(plate)
    assert found.certain
    inside = found.at([[150, 100], [130, 110]], (300, 200))
    outside = found.at([[10, 10], [290, 100], [150, 190]], (300, 200))
    assert inside.min() > 0.8
    assert outside.max() < 0.2
    assert found.share == pytest.approx(np.pi * 45**2 / 60000, rel=0.5)


def test_the_box_holds_what_stands_out():
    plate = np.full((200, 300, 3), (210, 205, 190), np.uint8)
    cv2.rectangle(plate, (130, 60), (220, 140), (30, 120, 40), -1)
    left, top, right, bottom = find_foreground(plate).box
    assert 0.3 < left <= 130 / 300
    assert 220 / 300 <= right < 0.85
    assert 0.1 < top <= 0.3
    assert 0.7 <= bottom < 0.9


def test_nothing_stands_out_of_a_flat_photo():
    found = find_foreground(np.full((90, 90, 3), 128, np.uint8))
    assert found.box == (0.14, 0.14, 0.86, 0.86)
    assert not found.certain
    assert found.weight[32, 32] > found.weight[0, 0]


def test_colours_forgive_light_but_not_paint(cat):
    red = np.full((120, 160, 3), (200, 198, 190), np.uint8)
    cv2.rectangle(red, (50, 30), (110, 90), (190, 30, 30), -1)
    blue = red[..., ::-1]
    warm = np.clip(red * (1.06, 1.0, 0.92), 0, 255).astype(np.uint8)
    shop, same, other = (colours(p, find_foreground(p)) for p in (red, warm, blue))
    assert likeness(shop, shop) == pytest.approx(1.0, abs=1e-5)
    assert likeness(shop, same) > likeness(shop, other) + 0.3
