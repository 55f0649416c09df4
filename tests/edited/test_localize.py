import json
from importlib.resources import files

import numpy as np
import pytest
from skimage import data
from tests.edited.jpegs import pasted, save, saved
from tests.reference import fusion as plain

import fakeproof as fp
from fakeproof._kernels.fusion import tree_sums
from fakeproof.edited.fusion_maps import cell_channels, cell_features, channels, features
from fakeproof.edited.localize import FusionModel, kept_places, localize, photo_features
from fakeproof.errors import CalibrationError

SHIPPED = json.loads(files("fakeproof.edited").joinpath("fusion.json").read_text(encoding="utf-8"))


@pytest.mark.nojit
@pytest.mark.parametrize("depth", [1, 3])
def test_tree_sums_equal_their_twin(depth):
    rng = np.random.default_rng(depth)
    inner = 2**depth - 1
    rows = rng.normal(size=(40, 5)).astype(np.float32)
    feature = rng.integers(0, 5, (7, inner))
    threshold = rng.normal(size=(7, inner)).astype(np.float32)
    leaf = rng.normal(size=(7, inner + 1)).astype(np.float32)
    sums = tree_sums(rows, feature, threshold, leaf)
    np.testing.assert_allclose(sums, plain.tree_sums(rows, feature, threshold, leaf), atol=1e-4)


DETECTORS = (*(d.name for d in fp.edited.detectors() if d.maps), "copy_move")


def _missing(*, but=()):
    return [fp.NotApplicable(detector=d, reason={"en": "left out", "zh": "略"}) for d in DETECTORS if d not in but]


@pytest.fixture(scope="module")
def forged():
    """A photo saved coarsely, a piece of another pasted in off the grid, saved finely."""
    host, piece = saved(data.astronaut(), 72), data.coffee()[100:220, 200:330]
    rgb, truth = pasted(host, piece, 197, 133)
    return fp.Photo.from_bytes(save(rgb, 94)), truth


def test_a_paste_is_found_and_named(forged):
    photo, truth = forged
    finding = localize(photo, findings=_missing(but=DETECTORS[:-1]) + _run(photo))
    assert finding.supports is fp.Category.EDITED
    assert finding.heatmap[truth].mean() > 3 * finding.heatmap[~truth].mean()
    assert (finding.mask & truth).sum() > 0.5 * finding.mask.sum()
    assert {"double_jpeg", "jpeg_ghosts"} & set(finding.regions[0].traces)
    assert finding.heatmap.min() >= 0
    assert finding.heatmap.max() <= 1


def _run(photo):
    return [getattr(fp.edited, d)(photo) for d in DETECTORS[:-1]]


@pytest.mark.parametrize("left", [("noise",), ("ela", "resampling"), ("double_jpeg",)])
def test_it_works_when_detectors_cannot_look(forged, left):
    photo, _ = forged
    findings = [f for f in _run(photo) if f.detector in left] + _missing(but=left)
    finding = localize(photo, findings=findings)
    assert set(finding.facts["missing"]) == set(DETECTORS) - set(left)
    assert np.isfinite(finding.score)


def test_no_detector_no_answer():
    photo = fp.Photo.from_array(data.astronaut())
    answer = localize(photo, findings=_missing())
    assert not answer
    assert answer.wording("zh") == "没有可用的检测器"


def test_a_small_photo_cannot_be_looked_at():
    answer = fp.edited.localize(fp.Photo.from_array(data.astronaut()[:100, :300]))
    assert "300x100" in str(answer)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
@pytest.mark.parametrize("quality", [None, 80])
def test_untouched_photos_are_not_accused(name, quality):
    image = getattr(data, name)()
    photo = fp.Photo.from_array(image) if quality is None else fp.Photo.from_bytes(save(saved(image, 70), quality))
    finding = localize(photo, findings=_run(photo) + _missing(but=DETECTORS[:-1]))
    assert finding.supports is None
    assert finding.regions == ()
    assert finding.score < finding.facts["threshold"]


def test_the_model_knows_no_tables_and_no_container():
    """Tables tell CASIA's altered photos by their software; no feature may carry them."""
    assert len(SHIPPED["features"]) == len(features())
    for name in SHIPPED["features"]:
        assert name.split(".")[0] in channels()
        assert not any(word in name for word in ("quality", "table", "quantis", "progressive", "subsampling"))


def test_a_model_of_other_features_is_refused():
    with pytest.raises(CalibrationError, match="train it again"):
        FusionModel.from_json({**SHIPPED, "features": SHIPPED["features"][1:]})


def test_no_detector_can_speak_for_innocence():
    assert min(SHIPPED["photo"]["weights"]) >= 0
    low = photo_features(np.zeros((20, 20), np.float32), [], {})
    assert low.shape == (len(SHIPPED["photo"]["weights"]),)


def test_features_of_a_constant_map_say_nothing_about_a_place():
    flat = np.full((12, 12, len(channels())), 2.0, np.float32)
    views = cell_features(flat).reshape(12, 12, len(channels()), -1)
    assert not views[..., -1].any()
    np.testing.assert_allclose(views[..., :-1], 2.0, rtol=1e-5)
    assert kept_places([]) == []


def test_channels_are_silent_where_detectors_are():
    photo = fp.Photo.from_array(data.chelsea())
    assert not cell_channels(photo, {}).any()
