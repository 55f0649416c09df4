import cv2
import numpy as np
import pytest
from skimage import data
from tests.edited.jpegs import save
from tests.reference import resampling as plain

import fakeproof as fp
from fakeproof._kernels.resampling import prediction_map
from fakeproof.edited.resampling import _frequencies, period_maps


@pytest.mark.nojit
def test_prediction_map_equals_its_twin():
    luma = data.coins()[40:60, 60:85].astype(np.float32)
    np.testing.assert_allclose(prediction_map(luma), plain.prediction_map(luma), atol=1e-5)


def test_jpeg_frequencies_never_speak():
    used = _frequencies()
    for y in range(0, 64, 8):
        for x in range(0, 33, 8):
            assert not used[y, x]
    assert used.sum() > 1000


def _grain(shape, seed):
    """Texture like a sensor's: unpredictable from pixel to pixel, smooth in the large."""
    rng = np.random.default_rng(seed)
    large = cv2.resize(rng.normal(128, 25, (shape[0] // 32, shape[1] // 32)).astype(np.float32), shape[::-1])
    return large + cv2.GaussianBlur(rng.normal(0, 6, shape).astype(np.float32), (0, 0), 0.5)


def _rgb(grey):
    return np.repeat(np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("factor", [1.3, 1.7])
def test_an_enlarged_place_is_found(factor):
    grey = _grain((640, 640), 0)
    piece = cv2.resize(_grain((256, 256), 1), None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    truth = np.zeros(grey.shape, bool)
    truth[160:416, 192:448] = True
    grey[truth] = piece[:256, :256].ravel()
    finding = fp.edited.resampling(fp.Photo.from_array(_rgb(grey)))
    assert finding.heatmap[truth].mean() > 5 * finding.heatmap[~truth].mean()
    assert finding.score > 0


def test_a_photo_enlarged_as_a_whole_is_no_accusation():
    grey = cv2.resize(_grain((448, 448), 2), None, fx=1.4, fy=1.4, interpolation=cv2.INTER_LINEAR)
    finding = fp.edited.resampling(fp.Photo.from_array(_rgb(grey)))
    assert finding.supports is None
    assert finding.facts["whole_resampled"]


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "brick", "grass", "gravel", "page"])
def test_untouched_photos_are_not_accused(name):
    image = getattr(data, name)()
    photo = fp.Photo.from_array(image)
    answer = fp.edited.resampling(photo)
    if isinstance(answer, fp.NotApplicable):
        assert min(photo.size) < 192
        return
    assert answer.supports is None


@pytest.mark.parametrize("quality", [60, 85, 95])
def test_jpeg_blocks_are_no_resampling(quality):
    answer = fp.edited.resampling(fp.Photo.from_bytes(save(data.astronaut(), quality)))
    assert answer.supports is None
    assert not answer.facts["whole_resampled"]


def test_a_small_photo_cannot_be_looked_at():
    answer = fp.edited.resampling(fp.Photo.from_array(data.astronaut()[:150, :300]))
    assert not answer
    assert "300x150" in answer.wording("zh")


def test_flat_and_clipped_photos_say_nothing():
    for value in (0, 255):
        answer = fp.edited.resampling(fp.Photo.from_array(np.full((256, 256, 3), value, np.uint8)))
        assert answer.score == 0
    assert not period_maps(fp.Photo.from_array(data.coffee())).strength.flags.writeable
