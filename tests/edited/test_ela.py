import sys

import numpy as np
import pytest
from skimage import data
from tests.edited.jpegs import overlap, pasted, save, saved
from tests.reference import dct as plain_dct
from tests.reference import ela as plain

import fakeproof as fp
from fakeproof._kernels import dct, ela
from fakeproof.edited.planes import ijg_table
from fakeproof.edited.saves.ela import error_levels
from fakeproof.errors import ParameterError


@pytest.mark.nojit
@pytest.mark.parametrize(("origin", "stride"), [((0, 0), 8), ((3, 5), 8), ((1, 0), 16)])
def test_requantise_equals_its_twin(origin, stride):
    plane = data.coins()[40:75, 60:101] + np.random.default_rng(0).uniform(0, 1, (35, 41)).astype(np.float32)
    tables = np.stack([ijg_table(q) for q in (40, 75, 95)])
    cost, telling = dct.requantise(plane, origin, stride, tables)
    expected, number = plain_dct.requantise(plane, origin, stride, tables)
    np.testing.assert_array_equal(telling, number)
    np.testing.assert_allclose(cost, expected, atol=2e-3)


@pytest.mark.nojit
def test_placed_dct_equals_its_twin():
    plane = data.moon()[100:121, 100:130].astype(np.float32)
    corners = np.array([(2 + 8 * y, 3 + 8 * x) for y in range(2) for x in range(3)])
    expected = plain_dct.blocks(plane, 2, 3, 8).reshape(-1, 8, 8)
    np.testing.assert_allclose(dct.placed_dct(plane, corners), expected, atol=1e-3)
    assert dct.placed_dct(plane, corners[:0]).shape == (0, 8, 8)


@pytest.mark.nojit
@pytest.mark.parametrize("blocks", [0, 40, 3000])
def test_texture_baseline_equals_its_twin(blocks):
    rng = np.random.default_rng(blocks)
    telling = rng.integers(0, 30, (blocks, 3)).astype(np.float32)
    cost = (telling * rng.uniform(0.2, 1.8, (blocks, 3))).astype(np.float32)
    out = np.empty((2, 64), np.float32)
    ela.texture_baseline(cost, telling, 2.0, 5, out)
    expected = plain.texture_baseline(cost, telling, 2.0, 5, 64)
    np.testing.assert_allclose(out[:, 2:30], expected[:, 2:30], atol=0.05)


def test_an_untouched_plane_loses_what_theory_says():
    """Noise was never quantised: each telling coefficient loses q*q/12 in the mean, which is 1 in ELA's unit."""
    plane = np.random.default_rng(1).normal(128, 40, (256, 256)).astype(np.float32)
    cost, telling = dct.requantise(plane, (0, 0), 8, ijg_table(90)[None])
    assert cost.sum() / telling.sum() == pytest.approx(1.0, abs=0.02)


def test_the_photo_s_own_quality_loses_nothing():
    photo = fp.Photo.from_bytes(save(data.coffee(), 85))
    finding = fp.edited.ela(photo, quality=(85, 70))
    assert finding.facts["error_level"]["85"] < 0.1 < finding.facts["error_level"]["70"]


def test_a_fresh_patch_in_a_saved_photo_stands_out(monkeypatch):
    host = saved(data.astronaut(), 60)
    edited, mask = pasted(host, data.astronaut()[150:310, 120:290], 150, 120)
    photo = fp.Photo.from_bytes(save(edited, 95))
    finding = fp.edited.ela(photo)
    assert finding.heatmap[mask].mean() > 2 * finding.heatmap[~mask].mean()
    assert finding.score > fp.edited.ela(fp.Photo.from_bytes(save(host, 95))).score
    # the place that a lower threshold would circle is the patch
    monkeypatch.setattr(sys.modules["fakeproof.edited.saves.ela"], "DECISION", 3.0)
    decided = fp.edited.ela(photo)
    assert decided.supports is fp.Category.EDITED
    assert overlap(decided.mask, mask) > 0.4
    assert decided.regions[0].traces == ("ela",)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket"])
@pytest.mark.parametrize("quality", [70, 92])
def test_untouched_photos_are_not_accused(name, quality):
    finding = fp.edited.ela(fp.Photo.from_bytes(save(getattr(data, name)(), quality)))
    assert finding.supports is None
    assert not finding.mask.any()
    assert not finding.regions


def test_a_flat_photo_says_nothing():
    finding = fp.edited.ela(fp.Photo.from_array(np.full((200, 160, 3), 127, np.uint8)))
    assert finding.score == 0
    assert not finding.heatmap.any()
    assert fp.Flag.FLAT in finding.flags


def test_mirroring_the_photo_mirrors_the_map():
    rgb = data.chelsea()[:296, :448]
    straight = fp.edited.ela(fp.Photo.from_array(rgb)).heatmap
    turned = fp.edited.ela(fp.Photo.from_array(rgb[:, ::-1].copy())).heatmap
    np.testing.assert_allclose(straight, turned[:, ::-1], atol=0.15)


def test_results_are_shaped_like_the_photo_and_locked():
    finding = fp.edited.ela(fp.Photo.from_array(data.coffee()[:301, :403]))
    assert finding.heatmap.shape == finding.mask.shape == (301, 403)
    assert finding.heatmap.dtype == np.float32
    assert not finding.heatmap.flags.writeable


def test_small_photos_are_not_looked_at():
    answer = fp.edited.ela(fp.Photo.from_array(np.zeros((127, 300, 3), np.uint8)))
    assert not answer
    assert "127" in str(answer)
    assert "128" in answer.wording("zh")


@pytest.mark.parametrize("quality", [0, 101, (), (90, 0), 90.5])
def test_a_wrong_quality_is_named(quality):
    with pytest.raises(ParameterError, match="quality"):
        fp.edited.ela(fp.Photo.from_array(data.coffee()), quality=quality)


def test_the_classic_picture_grows_with_gain():
    photo = fp.Photo.from_array(data.coffee())
    weak, strong = error_levels(photo, gain=5), error_levels(photo, gain=20)
    assert weak.dtype == np.uint8
    assert weak.shape == photo.rgb.shape
    assert strong.mean() > 2 * weak.mean() > 0
