import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.web.photos import image, jpeg, motorcycles, photo

from fakeproof import geometry
from fakeproof.errors import ParameterError
from fakeproof.photo import Photo


def similarity(angle, scale, shift):
    c, s = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    return np.array([[c, s, shift[0]], [-s, c, shift[1]], [0, 0, 1]])


@given(st.floats(-179, 179), st.floats(0.1, 8), st.booleans())
def test_motion_reads_back_what_was_put_in(angle, scale, mirrored):
    matrix = similarity(angle, scale, (5, -3)) @ np.diag([-1.0 if mirrored else 1.0, 1, 1])
    found = geometry.motion(matrix, (640, 480))
    assert found.mirrored is mirrored
    assert found.rotation_deg == pytest.approx(angle, abs=1e-6)
    assert found.scale == pytest.approx(scale)
    assert found.stretch == pytest.approx(1)


@given(st.floats(-30, 30), st.floats(0.3, 3))
def test_overlap_swaps_with_the_inverse(angle, scale):
    matrix = similarity(angle, scale, (20, 10))
    there = geometry.overlap(matrix, (200, 150), (320, 240))
    back = geometry.overlap(np.linalg.inv(matrix), (320, 240), (200, 150))
    assert there == pytest.approx(back[::-1], abs=1e-3)


def test_overlap_of_a_quarter():
    matrix = np.diag([0.5, 0.5, 1.0])
    matrix[:2, 2] = -0.25
    assert geometry.overlap(matrix, (200, 100), (200, 100)) == pytest.approx((0.25, 1.0), abs=1e-6)


@pytest.mark.parametrize(
    ("matrix", "sane"),
    [
        (np.eye(3), True),
        (similarity(40, 2, (0, 0)), True),
        (np.diag([30.0, 30, 1]), False),
        (np.diag([4.0, 1, 1]), False),
        (np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]), False),
    ],
)
def test_sane(matrix, sane):
    assert geometry.sane(matrix, (200, 150)) is sane


@pytest.mark.parametrize("orientation", range(1, 9))
def test_working_picture_is_upright_whichever_way_it_was_decoded(orientation):
    big = image("coffee").resize((2400, 1600))
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = Photo.from_bytes(jpeg(big, exif=exif.tobytes()))
    reduced = geometry.working_picture(opened)
    full = geometry.working_picture(Photo.from_array(opened.rgb))
    assert reduced.grey.shape == full.grey.shape
    assert np.abs(reduced.grey.astype(float) - full.grey).mean() < 2
    assert not reduced.grey.flags.writeable


@pytest.mark.parametrize("method", [geometry.orb, geometry.rootsift])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_known_transform_comes_back(method, mirrored):
    original = image("astronaut")
    altered = original.resize((640, 640)).crop((60, 40, 600, 560))
    if mirrored:
        altered = altered.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    source, questioned = photo(original, 95), photo(altered)
    fit = geometry.fit_homography(method(source, mirrored=mirrored), method(questioned))
    assert fit.inliers > 50
    inside = np.array([[100.0, 100], [400, 120], [250, 400]])
    expected = (inside + 0.5) * 1.25 - 0.5 - (60, 40)
    if mirrored:
        expected[:, 0] = altered.width - 1 - expected[:, 0]
    np.testing.assert_allclose(geometry.apply(fit.displayed, inside), expected, atol=1.0)
    affine = geometry.fit_affine(method(source, mirrored=mirrored), method(questioned))
    np.testing.assert_allclose(geometry.apply(affine.displayed, inside), expected, atol=1.0)


def test_the_same_pairs_give_the_same_fit():
    a, b = geometry.orb(photo(image("coffee"))), geometry.orb(photo(image("coffee").rotate(10)))
    first, second = geometry.fit_homography(a, b), geometry.fit_homography(a, b)
    np.testing.assert_array_equal(first.matrix, second.matrix)
    np.testing.assert_array_equal(first.pairs, second.pairs)


def test_flat_pictures_have_no_fit_and_say_so():
    flat = Photo.from_array(np.full((300, 300, 3), 90, np.uint8))
    fit = geometry.fit_homography(geometry.orb(flat), geometry.orb(flat))
    assert not fit
    assert "below" in fit.reason


def test_kinds_do_not_mix():
    p = photo(image("coffee"))
    with pytest.raises(ParameterError, match="rootsift"):
        geometry.pair(geometry.orb(p), geometry.rootsift(p))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_unlike_noise_does_not_align(seed):
    rng = np.random.default_rng(seed)
    a, b = (Photo.from_array(rng.integers(0, 256, (160, 160, 3), dtype=np.uint8)) for _ in range(2))
    pa, pb = geometry.working_picture(a), geometry.working_picture(b)
    assert geometry.block_alignment(pa, pa, np.eye(3)).fraction == 1
    assert geometry.block_alignment(pa, pb, np.eye(3)).fraction < 0.2


def test_verify_tells_a_reuse_from_another_photo_of_the_scene():
    left, right = (photo(Image.open(path).convert("RGB")) for path in motorcycles())
    again = photo(Image.fromarray(left.rgb).resize((500, 340)), 70)
    assert geometry.verify(again, left).kind == "same_photo"
    assert geometry.verify(right, left).kind != "same_photo"
    assert geometry.verify(photo(image("rocket")), left).kind == "unrelated"
