import numpy as np
import pytest
from skimage import data
from tests.edited.jpegs import overlap, pasted, save, saved
from tests.reference import double_jpeg as plain

import fakeproof as fp
from fakeproof._kernels import double_jpeg as kernels
from fakeproof.edited.planes import ijg_table
from fakeproof.edited.saves.double_jpeg import _by_video_codec, mostly_twice
from fakeproof.edited.saves.first_save import FREQUENCIES

FEW = FREQUENCIES[:3]


@pytest.fixture(scope="module")
def blocks():
    return np.random.default_rng(0).integers(-40, 41, (5, 6, 8, 8)).astype(np.int16)


@pytest.fixture(scope="module")
def plane():
    return data.moon()[200:241, 100:150] + np.random.default_rng(0).uniform(0, 1, (41, 50)).astype(np.float32)


@pytest.mark.nojit
def test_counts_equal_their_twin(blocks):
    np.testing.assert_array_equal(kernels.value_counts(blocks, FEW, 20), plain.value_counts(blocks, FEW, 20))


@pytest.mark.nojit
def test_magnitudes_equal_their_twin(plane):
    origins, edges = np.array([[4, 4], [3, 5]]), np.array([0.0, 0.5, 2.0, 9.0, 100.0])
    found = kernels.magnitudes(plane, origins, FEW, edges, 8)
    np.testing.assert_array_equal(found, plain.magnitudes(plane, origins, FEW, edges, 8))


@pytest.mark.nojit
@pytest.mark.parametrize("last", [3, 10])
def test_masses_equal_their_twin(last):
    density = 0.9 ** np.arange(60.0)
    density[0] /= 2
    firsts = np.array([0, 1, 4, 7, 16])
    found = kernels.requantised_masses(density, last, firsts, 0.45, 25)
    np.testing.assert_allclose(found, plain.requantised_masses(density, last, firsts, 0.45, 25), atol=1e-6)


@pytest.mark.nojit
def test_block_ratio_equals_its_twin(blocks):
    tables = np.random.default_rng(1).normal(size=(3, 30)).astype(np.float32)
    found = kernels.block_ratio(blocks, FEW, tables)
    np.testing.assert_allclose(found, plain.block_ratio(blocks, FEW, tables), atol=1e-5)


@pytest.mark.nojit
def test_phase_sums_equal_their_twin():
    values = np.random.default_rng(2).normal(0, 30, 200).astype(np.float32)
    steps = np.array([2, 5, 11])
    np.testing.assert_allclose(kernels.phase_sums(values, steps), plain.phase_sums(values, steps), atol=1e-3)


@pytest.mark.nojit
def test_wrapped_ratio_equals_its_twin(plane):
    tables = np.random.default_rng(1).normal(size=(3, 16)).astype(np.float32)
    steps = np.array([3.0, 5.0, 2.0], np.float32)
    found = kernels.wrapped_ratio(plane, (3, 2), FEW, steps, tables)
    np.testing.assert_allclose(found, plain.wrapped_ratio(plane, (3, 2), FEW, steps, tables), atol=1e-4)


@pytest.mark.parametrize(("first", "last"), [(50, 80), (70, 90), (85, 95)])
def test_both_qualities_of_a_photo_saved_twice(first, last):
    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(save(saved(data.astronaut(), first), last)))
    facts = finding.facts
    assert facts["saved_twice"] is True
    assert abs(facts["first_quality"] - first) <= 1
    assert facts["second_quality"] == last
    table = ijg_table(first)
    for name, step in facts["first_steps"].items():
        v, h = map(int, name.split(","))
        assert abs(step - table[v, h]) <= 1
    assert finding.supports is None


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket"])
@pytest.mark.parametrize("quality", [55, 75, 95])
def test_a_photo_saved_once(name, quality):
    rgb = getattr(data, name)()[1:, 1:]  # rocket is a JPEG itself; off its grid it is as good as fresh
    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(save(rgb, quality)))
    assert finding.supports is None
    assert not finding.mask.any()


@pytest.mark.parametrize("side", [64, 128, 192])
def test_a_place_saved_once_in_a_photo_saved_twice(side):
    """The rest keeps its first save; the place comes from the photo before any save."""
    rgb = data.astronaut()
    edited, mask = pasted(saved(rgb, 60), rgb[160 : 160 + side, 200 : 200 + side], 160, 200)
    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(save(edited, 90)))
    assert finding.supports is fp.Category.EDITED
    assert overlap(finding.mask, mask) > 0.45
    assert finding.facts["share"] > 0.5


def test_a_place_saved_twice_on_another_grid_is_circled():
    rgb = data.astronaut()
    edited, mask = pasted(rgb, saved(rgb, 60)[163:323, 205:365], 160, 200)
    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(save(edited, 92)))
    assert finding.supports is fp.Category.EDITED
    assert finding.facts["shifted_grid"] == (3, 5)
    assert overlap(finding.mask, mask) > 0.5


@pytest.mark.parametrize(("first", "second"), [(60, 92), (50, 70), (75, 85)])
def test_a_place_saved_twice_on_another_grid(first, second):
    rgb = data.astronaut()
    edited, mask = pasted(rgb, saved(rgb, first)[11:251, 13:253], 8, 8)
    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(save(edited, second)))
    assert finding.facts["shifted_grid"] == (3, 5)
    inside, outside = finding.heatmap[mask].mean(), finding.heatmap[~mask].mean()
    assert inside > 0 > outside


@pytest.mark.parametrize(
    ("share", "twice", "expected"),
    [(0.6, 0.2, True), (0.4, 0.7, True), (0.4, 0.3, False), (0.2, 0.7, False)],
)
def test_a_doubtful_share_is_settled_by_places(share, twice, expected):
    """Blocks that say little pull the fitted share down, never up."""
    ratio = np.full((40, 50), -3.0, np.float32)
    ratio[: round(40 * twice)] = 3.0
    assert mostly_twice(ratio, share) is expected


def test_orientation_does_not_move_the_place():
    from PIL import Image

    rgb = data.astronaut()[:, :400]
    edited, mask = pasted(saved(rgb, 60), rgb[160:320, 200:360], 160, 200)
    exif = Image.Exif()
    exif[0x0112] = 6
    finding = fp.edited.double_jpeg(fp.Photo.from_bytes(save(edited, 90, exif=exif)))
    assert overlap(finding.mask, np.rot90(mask, -1)) > 0.45


def test_a_photo_without_a_file_has_no_coefficients():
    finding = fp.edited.double_jpeg(fp.Photo.from_array(data.coffee()))
    assert finding.facts["second_quality"] is None
    assert finding.score == 0


def test_small_photos_are_not_looked_at():
    assert not fp.edited.double_jpeg(fp.Photo.from_array(np.zeros((100, 300, 3), np.uint8)))


@pytest.mark.parametrize("quality", [50, 71, 85, 92])
def test_a_jpeg_table_is_no_video_codec(quality):
    table = ijg_table(quality)
    assert not _by_video_codec({f: int(table[v, h]) for f, (v, h) in enumerate(FREQUENCIES)})


@pytest.mark.parametrize("steps", [[10] * 10 + [11, 10, 11, 14], [11, 11, 11, 11, 13, 12, 12], [19, 20, 19, 21, 18]])
def test_one_step_for_all_frequencies_is_a_video_codec(steps):
    """As read from untouched photos that were AVIF before: 8 of 20 were called edited by it."""
    assert _by_video_codec(dict(enumerate(steps)))
