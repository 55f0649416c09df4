"""Clones are found however they were turned; what merely repeats is not."""

import io
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image
from tests.reference import self_match as plain
from tests.reference.patchmatch import field_one_by_one, fit_error_at, nearest

import fakeproof as fp
from fakeproof._kernels.patchmatch import DEPTH, match_field, next_random
from fakeproof._kernels.self_match import likest_elsewhere
from fakeproof.edited.clones import verify as clone_verify
from fakeproof.edited.clones.groups import grouped
from fakeproof.edited.clones.patch_field import fit_error, zernike_moduli
from fakeproof.edited.clones.refine import fitted_to_pixels
from fakeproof.edited.clones.words import describe, numbers
from fakeproof.evidence.pixels import pixel_scores
from fakeproof.geometry import mirrored_descriptors

SIDE = 100


def jpeg(rgb, quality=90):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return fp.Photo.from_bytes(out.getvalue())


def cloned(rgb, *, angle=0.0, scale=1.0, mirror=False, source=(330, 130), target=(120, 300), side=SIDE):
    """Paste a round patch of the photo elsewhere; return the photo and the mask of both places."""
    transform = cv2.getRotationMatrix2D((0, 0), angle, scale)[:, :2] @ np.diag([-1.0 if mirror else 1.0, 1.0])
    (sy, sx), (ty, tx) = source, target
    affine = np.column_stack([transform, np.array([tx, ty]) - transform @ np.array([sx, sy])])
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    first = (np.hypot(y - sy, x - sx) < side / 2).astype(np.uint8)
    size = (rgb.shape[1], rgb.shape[0])
    second = cv2.warpAffine(first, affine, size, flags=cv2.INTER_NEAREST) > 0
    seen = cv2.warpAffine(rgb, affine, size, flags=cv2.INTER_CUBIC)
    out = rgb.copy()
    out[second] = seen[second]
    return out, (first > 0) | second


@pytest.mark.parametrize(
    ("change", "least"),
    [
        ({}, 0.75),
        ({"angle": 30.0}, 0.6),
        ({"angle": 170.0}, 0.6),
        ({"scale": 0.75}, 0.55),
        ({"scale": 1.4}, 0.55),
        ({"mirror": True}, 0.6),
    ],
    ids=str,
)
def test_finds_clones_however_they_were_turned(change, least):
    rgb, truth = cloned(skimage.data.astronaut(), **change)
    finding = fp.edited.copy_move(jpeg(rgb))
    assert finding.supports is fp.Category.EDITED
    assert pixel_scores(finding.mask, truth).f1 >= least
    pair = finding.facts["pairs"][0]
    scale = change.get("scale", 1.0)
    assert min(abs(pair["scale"] - scale), abs(pair["scale"] - 1 / scale)) < 0.08
    assert pair["mirrored"] == change.get("mirror", False)
    assert {r.label for r in finding.regions} >= {"1a", "1b"}
    assert all(r.role == "either" for r in finding.regions)


def test_the_shift_is_right_and_told_in_words():
    rgb, _ = cloned(skimage.data.astronaut())
    pair = fp.edited.copy_move(jpeg(rgb)).facts["pairs"][0]
    assert (abs(pair["dx"]), abs(pair["dy"])) == pytest.approx((170, 210), abs=2)
    assert "px" in pair["words"]["en"]
    assert "像素" in pair["words"]["zh"]


def test_several_copies_are_several_pairs_or_one_place():
    rgb, first = cloned(skimage.data.astronaut(), target=(120, 300))
    rgb, second = cloned(rgb, target=(420, 420))
    finding = fp.edited.copy_move(jpeg(rgb, 95))
    covered = [(finding.mask & truth).sum() / truth.sum() for truth in (first, second)]
    assert min(covered) > 0.4


@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "chelsea", "rocket", "brick", "page", "text", "coins", "camera"]
)
@pytest.mark.parametrize("quality", [75, 95])
def test_untouched_photos_are_not_accused(name, quality):
    rgb = getattr(skimage.data, name)()
    if rgb.ndim == 2:
        rgb = np.repeat(rgb[..., None], 3, axis=2)
    finding = fp.edited.copy_move(jpeg(rgb, quality))
    assert finding.supports is None
    assert finding.mask is None
    assert finding.regions == ()


@pytest.mark.parametrize("name", ["grass", "gravel"])
def test_textures_that_were_made_seamless_by_cloning_are_found(name):
    # Two of scikit-image's textures hold large patches twice, to the pixel: somebody's clone stamp, not nature.
    grey = getattr(skimage.data, name)()
    finding = fp.edited.copy_move(jpeg(np.repeat(grey[..., None], 3, axis=2), 90))
    assert finding.supports is fp.Category.EDITED
    pair = finding.facts["pairs"][0]
    assert (round(pair["rotation_deg"]), round(pair["scale"], 2), pair["mirrored"]) == (0, 1.0, False)
    (sx, sy), (tx, ty) = pair["from"], pair["to"]
    patch = [grey[int(y) - 8 : int(y) + 9, int(x) - 8 : int(x) + 9].astype(float) for x, y in ((sx, sy), (tx, ty))]
    shift = max(
        np.corrcoef(patch[0].ravel(), np.roll(patch[1], (dy, dx), axis=(0, 1)).ravel())[0, 1]
        for dy in range(-2, 3)
        for dx in range(-2, 3)
    )
    assert shift > 0.6


def patterns():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:400, :520]
    tile = cv2.resize(rng.integers(30, 225, (9, 9), dtype=np.uint8), (45, 45), interpolation=cv2.INTER_CUBIC)
    page = np.full((400, 520), 255, np.uint8)
    for line in range(12):
        text = "the same words again and again, " + "word " * (line % 3)
        cv2.putText(page, text, (8, 30 + 31 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
    return {
        "tiling": np.tile(tile, (9, 12))[:400, :520],
        "flat": np.full((400, 520), 130, np.uint8),
        "black": np.zeros((400, 520), np.uint8),
        "noise": rng.integers(0, 255, (400, 520), dtype=np.uint8),
        "gradient": (x / 520 * 255).astype(np.uint8),
        "tiles": (127 + 100 * np.sin(x / 7) * np.sin(y / 7)).astype(np.uint8),
        "checks": (((x // 24 + y // 24) % 2) * 200 + 20).astype(np.uint8),
        "page": page,
        "moire": (127 + 60 * np.sin(x * 1.31) + 60 * np.sin(y * 1.27 + x * 0.02)).astype(np.uint8),
    }


@pytest.mark.parametrize("name", sorted(patterns()))
def test_odd_photos_end_soon_and_are_not_accused(name):
    grey = patterns()[name].astype(np.float32)
    grey += np.random.default_rng(1).normal(0, 2.0, grey.shape)
    start = time.perf_counter()
    finding = fp.edited.copy_move(jpeg(np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)))
    assert finding.supports is None
    assert time.perf_counter() - start < 30


def test_a_plain_table_around_a_cloned_thing_is_not_outlined_with_it():
    rgb, truth = np.full((420, 560, 3), 200, np.uint8), np.zeros((420, 560), bool)
    y, x = np.mgrid[:120, :120]
    disc = np.hypot(y - 60, x - 60) < 58
    for row, column in ((60, 70), (240, 330)):
        place = np.s_[row : row + 120, column : column + 120]
        rgb[place][disc] = skimage.data.astronaut()[60:180, 160:280][disc]
        truth[place] |= disc
    rgb[300:400, 20:160] = skimage.data.coffee()[100:200, 200:340]
    finding = fp.edited.copy_move(jpeg(rgb))
    assert pixel_scores(finding.mask, truth).f1 > 0.8


def test_too_small_is_not_applicable():
    answer = fp.edited.copy_move(fp.Photo.from_array(np.zeros((80, 300, 3), np.uint8)))
    assert not answer
    assert str(answer) == "300x80 is below 96 px"
    assert "96" in answer.wording("zh")


def test_the_same_photo_gives_the_same_numbers():
    rgb, _ = cloned(skimage.data.chelsea(), source=(200, 100), target=(100, 330), side=80)
    first, second = (fp.edited.copy_move(jpeg(rgb)) for _ in range(2))
    assert first.to_dict() == second.to_dict()


@pytest.mark.nojit
def test_the_field_comes_near_exhaustive_search():
    rng = np.random.default_rng(2)
    # Smooth as features of a picture are: the search lives on neighbours having like partners.
    features = np.zeros((14, 16, DEPTH), np.float32)
    features[..., :3] = cv2.GaussianBlur(rng.random((14, 16, 3), dtype=np.float32), (0, 0), 1.2)
    features[2:6, 2:6] = features[9:13, 10:14]
    field, cost = match_field(features, 4, 4, 7)
    best = nearest(features, 4)
    y, x = np.mgrid[:14, :16]
    there = features[y + field[..., 0], x + field[..., 1]]
    assert np.allclose(((features - there) ** 2).sum(axis=2), cost, atol=1e-6)
    assert (np.hypot(field[..., 0], field[..., 1]) >= 4).all()
    assert (cost >= best - 1e-6).all()
    assert (cost[2:6, 2:6] < 1e-9).mean() > 0.7
    assert np.median(cost - best) < 0.001


@pytest.mark.nojit
@pytest.mark.parametrize(("seed", "stride"), [(7, 1), (20150, 1), (7, 2), (5, 3)])
def test_the_field_is_that_of_one_offset_after_the_other(seed, stride):
    features = np.random.default_rng(seed).random((11, 13, DEPTH), dtype=np.float32)
    field, cost = match_field(features, 3, 4, seed, stride)
    expected, least_cost = field_one_by_one(features, 3, 4, seed, stride)
    np.testing.assert_array_equal(field, expected)
    np.testing.assert_array_equal(cost, least_cost)


def test_the_field_wants_twelve_features():
    with pytest.raises(ValueError, match="12"):
        match_field(np.zeros((9, 9, 3), np.float32), 3, 1, 7)


@pytest.mark.nojit
@pytest.mark.parametrize("least", [0.0, 9.0, 25.0, 999.0])
def test_the_likest_are_those_of_a_full_sort(least):
    rng = np.random.default_rng(5)
    at = rng.integers(0, 40, (60, 2)).astype(np.float32)
    # Few levels, so that there are ties.
    likeness = (rng.integers(0, 20, (25, 60)) / 20).astype(np.float32)
    index, value = likest_elsewhere(likeness, at[10:35], at, least, 6)
    order, expected = plain.likest_elsewhere(likeness, at[10:35], at, least, 6)
    assert np.array_equal(value, expected.astype(np.float32))
    assert np.array_equal(index[value > -1], order[value > -1])


def test_what_lies_beyond_reach_of_a_place_does_not_matter(monkeypatch):
    rgb, _ = cloned(skimage.data.astronaut(), angle=12.0)
    ground = clone_verify.Ground.of(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32))
    linear = cv2.getRotationMatrix2D((0, 0), 12.0, 1.0)[:, :2]
    affine = np.column_stack([linear, np.array([300, 120]) - linear @ np.array([130, 330])])
    seed = np.zeros(ground.grey.shape, bool)
    seed[310:350, 110:150] = True
    cut = clone_verify.verify_clone(ground, affine, seed=seed, least=20.0)
    monkeypatch.setattr(clone_verify, "_around", lambda _, shape: (slice(0, shape[0]), slice(0, shape[1])))
    whole = clone_verify.verify_clone(ground, affine, seed=seed, least=20.0)
    assert cut is not None
    assert cut.pixels > 1000
    assert np.array_equal(cut.first, whole.first)
    assert np.array_equal(cut.second, whole.second)
    for name in ("agreement", "fine", "pixels", "filled", "repeats", "light", "contrast"):
        assert getattr(cut, name) == pytest.approx(getattr(whole, name), abs=1e-6)


@pytest.mark.nojit
def test_the_generator_is_xorshift64():
    # Marsaglia 2003, shifts 13, 7, 17; worked by hand in Python's integers.
    state, expected = np.uint64(20150), 20150
    for _ in range(5):
        state = np.uint64(next_random(state))  # numba hands Python integers back
        expected ^= (expected << 13) & 0xFFFFFFFFFFFFFFFF
        expected ^= expected >> 7
        expected ^= (expected << 17) & 0xFFFFFFFFFFFFFFFF
        assert int(state) == expected


def test_fit_error_is_that_of_least_squares():
    rng = np.random.default_rng(3)
    field = rng.integers(-300, 300, (24, 26, 2)).astype(np.float32)
    got = fit_error(field, radius=4)
    for y, x in ((8, 9), (12, 15), (15, 6)):
        assert got[y, x] == pytest.approx(fit_error_at(field, y, x, 4), rel=1e-4)


def test_affine_fields_have_no_error():
    y, x = np.mgrid[:30, :30]
    field = np.stack([40 + 0.1 * x - 0.2 * y, 12 + 0.3 * x + 0.05 * y], axis=-1).astype(np.float32)
    assert fit_error(field)[10:20, 10:20].max() < 1e-2


def test_moduli_do_not_turn():
    grey = cv2.GaussianBlur(np.random.default_rng(4).random((61, 61)).astype(np.float32) * 255, (0, 0), 2)
    ahead, turned = zernike_moduli(grey), zernike_moduli(np.rot90(grey).copy())
    assert np.allclose(np.rot90(ahead)[20:40, 20:40], turned[20:40, 20:40], atol=2e-3)


def test_mirrored_descriptors_are_those_of_the_mirrored_photo():
    grey = cv2.cvtColor(skimage.data.chelsea(), cv2.COLOR_RGB2GRAY)
    point = cv2.KeyPoint(200.0, 150.0, 12.0, 40.0, 0.0, 0)
    flipped = cv2.KeyPoint(grey.shape[1] - 1 - 200.0, 150.0, 12.0, (180.0 - 40.0) % 360, 0.0, 0)
    sift = cv2.SIFT_create()
    _, one = sift.compute(grey, [point])
    _, other = sift.compute(np.ascontiguousarray(grey[:, ::-1]), [flipped])
    got = mirrored_descriptors(one)
    likeness = float((got * other).sum() / np.linalg.norm(got) / np.linalg.norm(other))
    assert likeness > 0.99


@pytest.mark.parametrize("angle", [-150, -30, 0, 45, 90])
@pytest.mark.parametrize("mirror", [False, True])
def test_numbers_name_the_transform(angle, mirror):
    # getRotationMatrix2D turns counter-clockwise as seen.
    linear = cv2.getRotationMatrix2D((0, 0), angle, 0.8)[:, :2] @ np.diag([-1.0 if mirror else 1.0, 1.0])
    got = numbers(np.column_stack([linear, [5.0, -7.0]]), (0.0, 0.0))
    assert got["rotation_deg"] == pytest.approx(angle, abs=0.1)
    assert (got["scale"], got["mirrored"], got["dx"], got["dy"]) == (0.8, mirror, 5.0, -7.0)
    assert ("mirrored" in describe(got)["en"]) == mirror


def test_several_copies_of_one_source_are_one_group():
    rgb = skimage.data.astronaut()[:, :, :].copy()
    patch = rgb[300:390, 150:240].copy()
    for top, left in ((20, 20), (20, 380), (400, 400)):
        rgb[top : top + 90, left : left + 90] = patch
    finding = fp.edited.copy_move(jpeg(rgb, 95))
    assert sorted({r.label for r in finding.regions}) == ["1a", "1b", "1c", "1d"]
    for top, left in ((300, 150), (20, 20), (20, 380), (400, 400)):
        assert finding.mask[top + 20 : top + 70, left + 20 : left + 70].mean() > 0.9
    assert {p["pair"] for p in finding.facts["pairs"]} == {1}
    assert {place for p in finding.facts["pairs"] for place in p["places"]} == set("abcd")


@pytest.mark.parametrize("mirror", [False, True])
def test_a_rough_transform_is_fitted_to_the_pixels(mirror):
    rgb, truth = cloned(skimage.data.astronaut(), angle=20.0, scale=1.2, mirror=mirror)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    linear = cv2.getRotationMatrix2D((0, 0), 20.0, 1.2)[:, :2] @ np.diag([-1.0 if mirror else 1.0, 1.0])
    exact = np.column_stack([linear, np.array([300, 120]) - linear @ np.array([130, 330])])
    rough = exact + np.array([[0.01, -0.01, 1.2], [0.01, 0.0, -1.0]])
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    first = np.hypot(y - 330, x - 130) < SIDE / 2
    second = truth & ~first
    values = dict.fromkeys(("agreement", "fine", "filled", "repeats", "light", "contrast"), 0.0)
    clone = clone_verify.Clone(first=first, second=second, affine=rough, pixels=1, **values)
    fitted = fitted_to_pixels(grey, clone)
    corners = np.array([[90.0, 300.0, 1.0], [170.0, 360.0, 1.0]])
    assert np.abs(corners @ (fitted - exact).T).max() < 0.5 < np.abs(corners @ (rough - exact).T).max()
    empty = replace(clone, first=np.zeros_like(first))
    assert fitted_to_pixels(grey, empty) is None


def half(*numbers):
    return np.isin(np.arange(12).reshape(3, 4), numbers)


def pair(first, second):
    values = dict.fromkeys(("agreement", "fine", "filled", "repeats", "light", "contrast"), 0.0)
    return clone_verify.Clone(first=half(*first), second=half(*second), affine=np.eye(2, 3), pixels=2, **values), 2.0


def test_pairs_that_share_a_place_are_joined_and_what_is_known_says_nothing_new():
    found = grouped([pair((0, 1), (4, 5)), pair((8, 9), (10, 11)), pair((5, 4), (1,)), pair((4,), (6, 7))])
    assert [[link.letters for link in g.links] for g in found] == [[("a", "b"), ("b", "c")], [("a", "b")]]
    (joined,) = grouped([pair((0, 1), (4, 5)), pair((8, 9), (10, 11)), pair((5,), (8,))])
    assert [link.letters for link in joined.links] == [("a", "b"), ("c", "d"), ("b", "c")]
    assert len(joined.places) == 4
