import io

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import fakeproof as fp
from fakeproof.edited import trace_net
from fakeproof.edited.trace_net import Seen, cell_logits, coefficient_features, quantised, seen, zigzag
from fakeproof.evidence.pixels import pixel_auc
from fakeproof.jpeg.file import upright


def jpeg(rgb, quality=92, **options):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data))).copy()


def retouched():
    """A photo saved well, a place of which was smoothed before it was saved again."""
    photo = decoded(jpeg(skimage.data.coffee(), 95))
    mask = np.zeros(photo.shape[:2], bool)
    mask[40:140, 420:540] = True
    smooth = cv2.GaussianBlur(photo, (0, 0), 3.0)
    return jpeg(np.where(mask[..., None], smooth, photo), 95), mask


@pytest.fixture(scope="module")
def coffee():
    return fp.Photo.from_bytes(jpeg(skimage.data.coffee()))


def test_the_answer_has_the_shape_of_the_photo(coffee):
    finding = fp.edited.consistency(coffee)
    assert finding.heatmap.shape == finding.mask.shape == coffee.rgb.shape[:2]
    assert finding.heatmap.dtype == np.float32
    assert np.isfinite(finding.heatmap).all()
    assert len(np.unique(finding.heatmap[64:72, 64:72])) == 1  # a value a cell
    assert finding.facts["coefficients"] is True


@pytest.mark.parametrize("size", [(127, 400), (400, 127)])
def test_small_photos_are_not_looked_at(size):
    answer = fp.edited.consistency(fp.Photo.from_array(np.zeros((*size, 3), np.uint8)))
    assert isinstance(answer, fp.NotApplicable)
    assert "127" in str(answer)


@pytest.mark.parametrize("size", [(128, 128), (129, 511), (135, 143)])
def test_every_size_from_128_px_on(size):
    rgb = np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8)
    for photo in (fp.Photo.from_array(rgb), fp.Photo.from_bytes(jpeg(rgb, 80))):
        assert fp.edited.consistency(photo).heatmap.shape == size


def test_a_retouched_place_stands_out():
    data, mask = retouched()
    finding = fp.edited.consistency(fp.Photo.from_bytes(data))
    assert pixel_auc(finding.heatmap, mask) > 0.8


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket"])
@pytest.mark.parametrize("quality", [60, 80, 95])
def test_untouched_photos_are_not_accused(name, quality):
    photo = fp.Photo.from_bytes(jpeg(getattr(skimage.data, name)(), quality))
    assert fp.edited.consistency(photo).supports is None


def test_parts_see_what_the_whole_photo_shows(coffee, monkeypatch):
    view = seen(coffee)
    whole = cell_logits(view)
    monkeypatch.setattr(trace_net, "TILE", 17)
    monkeypatch.setattr(trace_net, "STRIP", 9)
    np.testing.assert_allclose(cell_logits(view), whole, atol=1e-4)


def test_threads_change_nothing(coffee):
    threads = cv2.getNumThreads()
    try:
        found = []
        for count in (1, 4):
            cv2.setNumThreads(count)
            found.append(cell_logits(seen(coffee)))
    finally:
        cv2.setNumThreads(threads)
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_photos_are_seen_as_stored(orientation):
    rgb = skimage.data.coffee()[:213, :300]
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain = fp.edited.consistency(fp.Photo.from_bytes(jpeg(rgb)))
    turned = fp.edited.consistency(fp.Photo.from_bytes(jpeg(rgb, exif=exif)))
    np.testing.assert_allclose(turned.heatmap, upright(plain.heatmap, orientation), atol=1e-5)
    assert turned.score == pytest.approx(plain.score, abs=1e-4)


def test_without_a_jpeg_only_pixels_are_read(coffee):
    out = io.BytesIO()
    Image.fromarray(coffee.rgb).save(out, "PNG")
    photo = fp.Photo.from_bytes(out.getvalue())
    assert seen(photo).dct is None
    assert fp.edited.consistency(photo).facts["coefficients"] is False


steps = st.lists(st.integers(1, 60), min_size=64, max_size=64).map(lambda v: np.array(v, np.float32).reshape(8, 8))


@settings(max_examples=20, deadline=None)
@given(steps, steps, st.integers(0, 10**6))
def test_which_table_saved_the_file_is_not_seen(one, other, seed):
    """The same coefficients under two tables are one and the same to the net: swapping tables changes nothing."""
    ratios = np.random.default_rng(seed).integers(-6, 7, (4, 5, 64))
    planes = []
    for table in (one, other):
        blocks = np.stack([cv2.idct(b) for b in (ratios * table.ravel()).reshape(-1, 8, 8).astype(np.float32)])
        planes.append(blocks.reshape(4, 5, 8, 8).swapaxes(1, 2).reshape(32, 40) + 128)
    found = [quantised(plane, table) for plane, table in zip(planes, (one, other), strict=True)]
    np.testing.assert_array_equal(found[0], ratios)
    np.testing.assert_array_equal(found[0], found[1])
    assert set(Seen.__dataclass_fields__) == {"rgb", "dct"}


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_signs_do_not_count_and_features_are_bounded(seed):
    dct = np.random.default_rng(seed).integers(-127, 128, (3, 4, 64)).astype(np.int8)
    features = coefficient_features(dct)
    assert features.shape == (204, 3, 4)
    assert np.abs(features).max() <= 1
    np.testing.assert_array_equal(features, coefficient_features(-dct))
    np.testing.assert_array_equal(features[:64], (dct.transpose(2, 0, 1) == 0).astype(np.float32))


def test_zigzag_is_the_standards():
    """ITU-T T.81, figure A.6, first and last values."""
    assert zigzag()[:10] == [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]
    assert zigzag()[-4:] == [47, 55, 62, 63]
    assert sorted(zigzag()) == list(range(64))
