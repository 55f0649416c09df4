import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from tests.edited.jpegs import overlap
from tests.reference import noise as plain

import fakeproof as fp
from fakeproof._kernels.noise import BINS, SYMMETRY, cell_histograms, window_features
from fakeproof.edited import residual_statistics
from fakeproof.edited.residual_statistics import noise_maps
from fakeproof.evidence.pixels import pixel_auc


@pytest.mark.nojit
@pytest.mark.parametrize(("every", "step"), [(1, 6.0), (2, 3.0)])
def test_cell_histograms_equal_their_twin(every, step):
    luma = data.coins()[40:67, 60:95].astype(np.float32)
    use = (luma > 60).astype(np.uint8)
    counts = cell_histograms(luma, use, SYMMETRY, 8, every, step)
    np.testing.assert_array_equal(counts, plain.cell_histograms(luma, use, SYMMETRY, 8, every, step))


@pytest.mark.nojit
@pytest.mark.parametrize("window", [1, 3, 8])
def test_window_features_equal_their_twin(window):
    counts = np.random.default_rng(5).integers(0, 40, (9, 13, 5)).astype(np.float32)
    least = 98.0 * window * window
    features, valid = window_features(counts, window, least)
    expected, where = plain.window_features(counts, window, least)
    assert 0 < valid.sum() < valid.size
    np.testing.assert_array_equal(valid, where)
    np.testing.assert_allclose(features, expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(160, 171), (389, 203)])
def test_strips_see_what_the_whole_photo_shows(shape):
    luma = np.random.default_rng(2).normal(128, 60, shape).astype(np.float32)
    seen = residual_statistics._seen(luma)
    rows, columns = (n // 8 for n in shape)
    use, *whole = residual_statistics._filtered(luma)
    np.testing.assert_array_equal(seen.use, use)
    for plane, found in zip((use, *whole), (seen.usable, seen.sigma, seen.mean, seen.coarse), strict=True):
        np.testing.assert_allclose(found, residual_statistics._cells(plane, rows, columns), rtol=1e-5, atol=1e-5)


def test_words_fall_into_25_classes():
    """Counted by hand: sign and direction leave 25 of 81 words."""
    assert BINS == 25
    for word in range(81):
        digits = np.array(np.unravel_index(word, (3,) * 4))
        for other in (digits[::-1], 2 - digits, 2 - digits[::-1]):
            assert SYMMETRY[np.ravel_multi_index(tuple(other), (3,) * 4)] == SYMMETRY[word]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_counts_ignore_mirroring_and_sign(seed):
    luma = np.random.default_rng(seed).normal(128, 20, (32, 32)).astype(np.float32)
    use = np.ones(luma.shape, np.uint8)
    total = cell_histograms(luma, use, SYMMETRY, 32, 1, 6.0).sum(axis=(0, 1, 3))
    negative = cell_histograms(256 - luma, use, SYMMETRY, 32, 1, 6.0)
    np.testing.assert_array_equal(negative, cell_histograms(luma, use, SYMMETRY, 32, 1, 6.0))
    assert total[0] == total[1]


def _grainy(shape, sigma, seed=0):
    """A smooth scene with camera-like noise that grows with light."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    scene = 120 + 50 * np.sin(x / 90) + 40 * np.cos(y / 70)
    grey = scene + rng.normal(0, 1, shape) * sigma * np.sqrt(scene / 120)
    return np.repeat(np.clip(grey.round(), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("other", [0.8, 9.0])
def test_a_place_with_other_noise_stands_out(other):
    rgb = _grainy((512, 640), 3.0)
    truth = np.zeros(rgb.shape[:2], bool)
    truth[160:320, 240:400] = True
    rgb[truth] = _grainy((512, 640), other, seed=1)[truth]
    finding = fp.edited.noise(fp.Photo.from_array(rgb))
    untouched = fp.edited.noise(fp.Photo.from_array(_grainy((512, 640), 3.0)))
    assert finding.score > untouched.score + 10
    assert pixel_auc(finding.heatmap, truth) > 0.9


def test_a_painted_place_is_decided_and_circled():
    rgb = _grainy((768, 1024), 3.0)
    truth = np.zeros(rgb.shape[:2], bool)
    truth[256:544, 320:608] = True
    rgb[truth] = _grainy((768, 1024), 0.3, seed=1)[truth]
    finding = fp.edited.noise(fp.Photo.from_array(rgb))
    assert finding.supports is fp.Category.EDITED
    assert overlap(finding.mask, truth) > 0.5
    assert finding.regions[0].traces == ("noise",)


@pytest.mark.parametrize("sigma", [1.0, 3.0, 8.0])
def test_noise_that_grows_with_light_accuses_nobody(sigma):
    finding = fp.edited.noise(fp.Photo.from_array(_grainy((400, 480), sigma)))
    assert finding.supports is None
    assert not finding.mask.any()
    assert finding.facts["sigma"] == pytest.approx(sigma, rel=0.25)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_untouched_photos_are_not_accused(name):
    finding = fp.edited.noise(fp.Photo.from_array(getattr(data, name)()))
    assert finding.supports is None
    assert np.isfinite(finding.score)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_photo_says_nothing(value):
    finding = fp.edited.noise(fp.Photo.from_array(np.full((256, 256, 3), value, np.uint8)))
    assert finding.score == 0
    assert fp.Flag.FLAT in finding.flags


def test_a_small_photo_cannot_be_looked_at():
    answer = fp.edited.noise(fp.Photo.from_array(data.astronaut()[:100, :300]))
    assert not answer
    assert "300x100" in str(answer)
    assert "300x100" in answer.wording("zh")


def test_maps_are_read_only_and_repeatable():
    photo = fp.Photo.from_array(data.chelsea())
    maps = noise_maps(photo)
    assert not maps.level.flags.writeable
    again = noise_maps(fp.Photo.from_array(data.chelsea()))
    np.testing.assert_array_equal(maps.statistics, again.statistics)
