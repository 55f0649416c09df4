"""A photo of a screen: cues that can be shown, the outline, the search behind it, and what the order says."""

import io

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

import fakeproof as fp
from fakeproof.web.recapture_cues import cue_features, halved, planes_of, working
from fakeproof.web.recapture_model import look_at, weights
from fakeproof.web.recapture_screen import find_screen, rectified
from fakeproof.web.recapture_search import match_screen
from fakeproof.web.recapture_spectrum import TILE, peaks_of, tile_spectra

CORNERS = np.array([[130, 90], [680, 60], [705, 520], [110, 500]], np.float32)


def on_a_desk(picture, size=(820, 600)):
    """Show a picture on a dark-framed screen on a plain desk, seen from the side."""
    rng = np.random.default_rng(0)
    desk = np.clip(rng.normal(120, 3, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    framed = cv2.copyMakeBorder(picture, 18, 18, 18, 18, cv2.BORDER_CONSTANT, value=(12, 12, 14))
    height, width = framed.shape[:2]
    flat = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, CORNERS)
    return cv2.warpPerspective(framed, matrix, size, dst=desk, borderMode=cv2.BORDER_TRANSPARENT)


@pytest.mark.parametrize(("across", "down"), [(20 / 128, 0.0), (0.25, 14 / 128), (33 / 128, -21 / 128)])
def test_a_grid_is_found_at_its_frequency(across, down):
    y, x = np.mgrid[:256, :256]
    rng = np.random.default_rng(1)
    plane = rng.normal(128, 6, (256, 256)) + 9 * np.cos(2 * np.pi * (across * x + down * y))
    spectra = tile_spectra(plane.astype(np.float32), most=4)
    peak = peaks_of(spectra.excess[0], least=3.0)[0]
    assert (peak.across, peak.down) == pytest.approx((across, down), abs=1.5 / TILE)


def test_noise_alone_has_no_grid():
    plane = np.random.default_rng(2).normal(128, 6, (384, 384)).astype(np.float32)
    assert not any(peaks_of(excess, least=6.0) for excess in tile_spectra(plane, most=9).excess)


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_the_blocks_of_jpeg_are_no_grid(quality):
    out = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(out, "JPEG", quality=quality)
    assert fp.web.recapture(fp.Photo.from_bytes(out.getvalue())).facts["grid"] is False


def test_a_grid_stands_at_twice_the_frequency_of_half_the_size():
    y, x = np.mgrid[:512, :512]
    rgb = np.repeat((128 + 40 * np.cos(2 * np.pi * 13 / 128 * x + 0 * y))[..., None], 3, axis=2).astype(np.uint8)
    half = tile_spectra(planes_of(halved(rgb))[0], most=1)
    assert peaks_of(half.excess[0], least=3.0)[0].across == pytest.approx(26 / 128, abs=1.5 / TILE)


def test_cues_are_finite_for_flat_and_tiny_pictures():
    for rgb in (np.full((130, 140, 3), 255, np.uint8), np.zeros((128, 900, 3), np.uint8)):
        seen = working(rgb)
        found = cue_features(seen, planes_of(seen), planes_of(halved(seen)))
        assert np.isfinite(list(found.values())).all()


def test_what_is_measured_is_what_was_fitted():
    look, fitted = look_at(skimage.data.chelsea()), weights()
    assert sorted(look.cues) == sorted(fitted.names)
    assert fitted.row(look).shape == fitted.mean.shape


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket", "hubble_deep_field", "retina"])
def test_photos_of_things_are_not_accused(name):
    finding = fp.web.recapture(fp.Photo.from_array(getattr(skimage.data, name)()))
    assert finding.supports is None
    assert finding.facts["kind"] == "none"


def test_a_screen_is_outlined_and_seen_from_the_front():
    picture = skimage.data.coffee()
    rgb = on_a_desk(picture)
    screen = find_screen(rgb)
    assert screen is not None
    assert screen.sides == 4
    assert np.abs(screen.corners - CORNERS).max() < 32  # the frame's inner or outer edge
    flat, matrix = rectified(rgb, screen.corners)
    assert flat.shape[1] > flat.shape[0]
    assert cv2.perspectiveTransform(screen.corners[None], matrix)[0][0] == pytest.approx([0, 0], abs=1e-2)


def test_a_photo_without_edges_has_no_screen():
    assert find_screen(np.random.default_rng(3).normal(128, 3, (300, 400, 3)).astype(np.uint8)) is None


def test_what_a_screen_shows_is_found_in_the_photos_own_pixels():
    picture = skimage.data.coffee()
    photo = fp.Photo.from_array(on_a_desk(picture))
    region = fp.Region(polygon=find_screen(photo.rgb).corners, area=1, role="matched")
    seen = fp.Finding(detector="recapture", version=1, score=5.0, regions=(region,))
    found = match_screen(photo, seen, [fp.Photo.from_array(picture)])
    match = found.matches[0]
    centre = cv2.perspectiveTransform(np.array([[[300, 200]]], np.float32), match.homography)[0, 0]
    assert np.abs(centre - CORNERS.mean(axis=0)).max() < 25
    assert match.facts["on_screen"]
    assert match_screen(photo, fp.Finding(detector="recapture", version=1, score=5.0), [photo]) is None


def test_a_product_that_is_a_screen_makes_it_speak_for_nothing(monkeypatch):
    module = __import__("sys").modules[fp.web.recapture.__module__]
    fitted = weights()
    monkeypatch.setattr(module, "weights", lambda: _Sure(fitted))
    photo = fp.Photo.from_array(on_a_desk(skimage.data.coffee()))
    accused = fp.web.recapture(photo)
    expected = fp.web.recapture(photo, order=fp.Order(product_is_screen=True))
    assert accused.supports is fp.Category.WEB_IMAGE
    assert accused.regions[0].role == "matched"
    assert accused.pictures["spectrum"].shape[2] == 3
    assert expected.supports is None
    assert "the order" in expected.wording().lower()
    assert fp.Order.from_dict(fp.Order(product_is_screen=True).to_dict()).product_is_screen


class _Sure:
    """Weights that call everything a screen."""

    def __init__(self, fitted):
        self.values = fitted.values
        self.row = fitted.row

    def score(self, row):
        return self.values["cut"] + 1

    def print_score(self, row):
        return self.values["print"]["below"] - 1


def test_a_recapture_alone_is_never_supported(monkeypatch):
    module = __import__("sys").modules[fp.web.recapture.__module__]
    fitted = weights()
    monkeypatch.setattr(module, "weights", lambda: _Sure(fitted))
    photo = fp.Photo.from_array(on_a_desk(skimage.data.coffee()))
    verdict = fp.analyze(photo)
    assert 0 < verdict.web_image.llr < verdict.web_image.threshold
    assert verdict.web_image.decision != "supported"
    assert any(exhibit.kind == "recapture" for exhibit in verdict.exhibits())
    case = fp.analyze_case([photo])
    assert not any(link.kind == "recapture" for link in case.links)


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_an_order_takes_only_true_or_false(value):
    with pytest.raises(fp.ParameterError):
        fp.Order(product_is_screen=value)
