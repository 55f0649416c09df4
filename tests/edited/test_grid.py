import io
from math import log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data
from tests.edited.jpegs import overlap, pasted, png, save, saved
from tests.reference import grid as plain

import fakeproof as fp
from fakeproof._kernels import grid


def grey(rgb):
    return np.ascontiguousarray(rgb @ np.array([0.299, 0.587, 0.114]), np.float32)


@pytest.fixture(scope="module")
def small():
    """A decoded JPEG with a flat corner and a striped one, off its own grid."""
    rgb = data.astronaut()[180:250, 200:262].copy()
    luma = np.rint(grey(saved(rgb, 80)))[3:, 5:]
    luma[:14, :14] = 90
    luma[20:34, :20] = np.arange(20) % 5 * 30
    return np.ascontiguousarray(luma) * np.float32(1.0137)  # whole values make coefficients of exactly one half


@pytest.mark.nojit
def test_votes_equal_their_twin(small):
    np.testing.assert_array_equal(grid.grid_votes(small), plain.grid_votes(small))


@pytest.mark.nojit
@pytest.mark.parametrize("shape", [(15, 40), (16, 16), (17, 29)])
def test_votes_of_narrow_planes_equal_their_twin(shape):
    plane = np.random.default_rng(3).integers(0, 4, shape).astype(np.float32) * np.float32(1.0137)
    expected = plain.grid_votes(plane) if min(shape) >= 16 else np.full(shape, grid.NO_VOTE)
    np.testing.assert_array_equal(grid.grid_votes(plane), expected)


@pytest.mark.nojit
@pytest.mark.parametrize("least", [1, 30])
def test_regions_equal_their_twin(small, least):
    votes = grid.grid_votes(small)
    skip = np.zeros(64, bool)
    skip[int(np.bincount(votes[votes < 64]).argmax())] = True
    found = sorted(tuple(int(v) for v in row[:6]) for row in grid.vote_regions(votes, skip, least))
    assert found == plain.vote_regions(votes, skip, least)


@pytest.mark.nojit
@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 300), part=st.floats(0, 1), p=st.sampled_from([1 / 64, 0.25, 0.5, 0.9]))
def test_the_tail_is_exact(n, part, p):
    k = round(n * part)
    exact = plain.binomial_tail(k, n, p)
    expected = log10(exact.numerator) - log10(exact.denominator)
    assert grid.log10_binomial_tail(k, n, p) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.nojit
def test_the_tail_stays_exact_where_doubles_end():
    assert grid.log10_binomial_tail(2000, 6000, 1 / 64) < -1900
    assert grid.log10_binomial_tail(5, 4, 0.5) == -np.inf
    assert grid.log10_binomial_tail(0, 4, 0.5) == 0


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 5), (7, 1)])
def test_the_grid_of_a_cropped_photo(dx, dy):
    photo = fp.Photo.from_bytes(png(saved(data.coffee(), 85)[dy:, dx:]))
    finding = fp.edited.jpeg_grid(photo)
    assert finding.facts["main_grid"] == ((8 - dx) % 8, (8 - dy) % 8)
    assert finding.facts["cropped"] is ((dx, dy) != (0, 0))
    assert finding.facts["log10_nfa"] < -100
    assert finding.supports is None


def test_a_photo_that_never_was_a_jpeg_has_no_grid():
    finding = fp.edited.jpeg_grid(fp.Photo.from_array(data.coffee()))
    assert finding.facts["main_grid"] is None
    assert finding.score == 0
    assert not finding.heatmap.any()


@pytest.mark.parametrize("side", [128, 192])
@pytest.mark.parametrize("quality", [75, 90])
def test_a_shifted_paste_is_found(side, quality):
    host = saved(data.astronaut(), quality)
    edited, mask = pasted(host, host[163 : 163 + side, 205 : 205 + side], 40, 30)
    finding = fp.edited.jpeg_grid(fp.Photo.from_bytes(png(edited)))
    assert finding.supports is fp.Category.EDITED
    assert overlap(finding.mask, mask) > 0.5
    assert finding.facts["places"][0]["log10_nfa"] < -2
    assert finding.heatmap[mask].mean() > finding.heatmap[~mask].mean()


def test_a_patch_without_grid_is_found():
    host = saved(data.astronaut(), 85)
    edited, mask = pasted(host, data.coffee()[100:300, 150:350], 200, 150)
    finding = fp.edited.jpeg_grid(fp.Photo.from_bytes(png(edited)))
    assert finding.supports is fp.Category.EDITED
    assert {place["kind"] for place in finding.facts["places"]} == {"missing"}
    assert overlap(finding.mask, mask) > 0.3


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket"])
@pytest.mark.parametrize("quality", [60, 96])
def test_saved_and_cropped_photos_are_not_accused(name, quality):
    rgb = saved(getattr(data, name)(), 80)[5:, 3:]
    assert fp.edited.jpeg_grid(fp.Photo.from_bytes(save(rgb, quality))).supports is None


def test_the_origin_of_a_turned_photo():
    """Orientation 3 turns the photo; its grid then starts where the last whole block ends."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 3
    finding = fp.edited.jpeg_grid(fp.Photo.from_bytes(save(data.coffee()[:301, :403], 80, exif=exif)))
    assert finding.facts["main_grid"] == (403 % 8, 301 % 8)
    assert finding.facts["cropped"] is False
    assert finding.supports is None


def test_small_photos_are_not_looked_at():
    answer = fp.edited.jpeg_grid(fp.Photo.from_array(np.zeros((63, 300, 3), np.uint8)))
    assert not answer
    assert "64" in str(answer)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_lossy_webp_has_blocks_of_its_own(lossless):
    out = io.BytesIO()
    Image.fromarray(data.coffee()).save(out, "WEBP", lossless=lossless, quality=80)
    answer = fp.edited.jpeg_grid(fp.Photo.from_bytes(out.getvalue()))
    assert isinstance(answer, fp.NotApplicable) is not lossless


@pytest.mark.parametrize(("kind", "quality"), [("WEBP", 70), ("WEBP", 90), ("AVIF", 60)])
def test_a_png_that_another_codec_held_before_has_no_jpeg_grid(kind, quality) -> None:
    out = io.BytesIO()
    Image.fromarray(data.astronaut()).save(out, kind, quality=quality)
    with Image.open(io.BytesIO(out.getvalue())) as held:
        found = fp.edited.jpeg_grid(fp.Photo.from_array(np.asarray(held.convert("RGB"))))
    assert not found
    assert "WebP" in str(found)


@pytest.mark.parametrize("quality", [70, 85, 95])
def test_a_png_that_a_jpeg_was_before_keeps_its_grid(quality) -> None:
    out = io.BytesIO()
    Image.fromarray(data.astronaut()).save(out, "JPEG", quality=quality)
    with Image.open(io.BytesIO(out.getvalue())) as held:
        found = fp.edited.jpeg_grid(fp.Photo.from_array(np.asarray(held)))
    assert found.facts["main_grid"] == (0, 0)
