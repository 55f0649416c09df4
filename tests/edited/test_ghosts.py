import numpy as np
import pytest
from skimage import data
from tests.edited.jpegs import overlap, pasted, png, save, saved
from tests.reference import ghosts as plain

import fakeproof as fp
from fakeproof._kernels import ghosts
from fakeproof.edited.planes import ijg_table
from fakeproof.edited.saves.shifted_grid import shifted_grid
from fakeproof.errors import ParameterError


@pytest.mark.nojit
@pytest.mark.parametrize("bands", [(0,), (0, 1)])
def test_shifted_fit_equals_its_twin(bands):
    plane = data.moon()[200:282, 100:177] + np.random.default_rng(0).uniform(0, 1, (82, 77)).astype(np.float32)
    steps = np.array([[ijg_table(q)[f] for f in ghosts.FREQUENCIES] for q in (60, 90)], np.float32)
    cost, telling = ghosts.shifted_fit(plane, steps, np.array(bands))
    expected, number = plain.shifted_fit(plane, steps, bands, ghosts.FREQUENCIES, ghosts.CELL)
    # a coefficient within rounding of half a step may fall on either side
    np.testing.assert_allclose(telling, number, atol=1)
    same = telling == number
    assert same.mean() > 0.99
    np.testing.assert_allclose(cost[same], expected[same], atol=5e-3)


@pytest.mark.parametrize("quality", [60, 80])
def test_the_grid_and_quality_of_a_shifted_paste(quality):
    edited, mask = pasted(data.astronaut(), saved(data.astronaut(), quality)[203:363, 205:365], 200, 200)
    photo = fp.Photo.from_bytes(save(edited, 95))
    found = shifted_grid(photo)
    assert found.grid == (3, 5)
    assert abs(found.quality - quality) <= 6
    assert found.local
    finding = fp.edited.jpeg_ghosts(photo)
    assert finding.supports is fp.Category.EDITED
    assert finding.facts["grid"] == (3, 5)
    assert finding.facts["aligned"] is False
    assert overlap(finding.mask, mask) > 0.5


@pytest.mark.parametrize("quality", [50, 60, 70])
def test_what_fits_the_last_quality_is_no_earlier_save(quality):
    """Coffee's dark and textured parts differ most at the photo's own quality, by rounding and clipping."""
    finding = fp.edited.jpeg_ghosts(fp.Photo.from_bytes(save(data.coffee(), quality)))
    assert finding.facts["aligned"]
    assert finding.facts["quality"] == quality
    assert finding.score == 0
    assert finding.heatmap.max() > 3


def test_an_aligned_ghost_is_found_with_its_quality():
    edited, mask = pasted(data.astronaut(), saved(data.astronaut(), 65)[160:320, 200:360], 160, 200)
    finding = fp.edited.jpeg_ghosts(fp.Photo.from_bytes(save(edited, 95)))
    assert finding.facts["aligned"] is True
    assert abs(finding.facts["quality"] - 65) <= 5
    assert finding.heatmap[mask].mean() > 2 * finding.heatmap[~mask].mean()


def test_a_cropped_photo_is_saved_twice_but_not_edited():
    photo = fp.Photo.from_bytes(save(saved(data.astronaut(), 70)[3:, 5:], 92))
    found = shifted_grid(photo)
    assert found.grid == (3, 5)
    assert found.global_
    assert not found.local
    assert fp.edited.jpeg_ghosts(photo).supports is None


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket"])
@pytest.mark.parametrize("quality", [60, 90])
def test_untouched_photos_are_not_accused(name, quality):
    finding = fp.edited.jpeg_ghosts(fp.Photo.from_bytes(save(getattr(data, name)(), quality)))
    assert finding.supports is None
    assert not finding.mask.any()


def test_the_sweep_is_the_caller_s_choice():
    photo = fp.Photo.from_bytes(png(data.coffee()))
    finding = fp.edited.jpeg_ghosts(photo, qualities=(70, 80))
    assert finding.facts["quality"] in (70, 80)
    assert finding.heatmap.shape == (400, 600)


@pytest.mark.parametrize("qualities", [(), (0,), (70, 101), (70.5,)])
def test_wrong_qualities_are_named(qualities):
    with pytest.raises(ParameterError, match="qualities"):
        fp.edited.jpeg_ghosts(fp.Photo.from_array(data.coffee()), qualities=qualities)


def test_small_photos_are_not_looked_at():
    assert not fp.edited.jpeg_ghosts(fp.Photo.from_array(np.zeros((100, 300, 3), np.uint8)))


def test_maps_that_ela_made_first_are_those_of_the_sweep_alone():
    edited, _ = pasted(data.astronaut(), saved(data.astronaut(), 70)[200:360, 200:360], 200, 200)
    alone, after = (fp.Photo.from_bytes(save(edited, 95)) for _ in range(2))
    fp.edited.ela(after)
    for qualities in ((60, 75, 90), (90, 61, 90)):
        first = fp.edited.jpeg_ghosts(alone, qualities=qualities)
        second = fp.edited.jpeg_ghosts(after, qualities=qualities)
        assert first.to_dict() == second.to_dict()
        np.testing.assert_array_equal(first.heatmap, second.heatmap)
