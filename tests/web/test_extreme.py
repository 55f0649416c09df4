import numpy as np
import pytest

import fakeproof as fp

SHAPES = [(64, 4000), (3000, 70), (64, 64), (65, 200)]


def made(shape, kind):
    rng = np.random.default_rng(1)
    if kind == "noise":
        return rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    out = np.zeros((*shape, 3), np.uint8)
    if kind == "stripes":
        out[:, ::4] = 255
    return out


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["noise", "black", "stripes"])
def test_odd_photos_raise_nothing(shape, kind):
    photo = fp.Photo.from_array(made(shape, kind))
    other = fp.Photo.from_array(made(shape, kind)[::-1, ::-1].copy())
    finding = fp.web.match_sources(photo, [other])
    assert np.isfinite(finding.score)
    difference = fp.edited.source_difference(photo, other)
    assert not difference or np.isfinite(difference.score)
    assert len(fp.SourceIndex.build([photo]).search(other, limit=1)) <= 1


def test_a_photo_held_against_itself_has_no_difference():
    photo = fp.Photo.from_array(made((400, 500), "noise"))
    finding = fp.edited.source_difference(photo, fp.Photo.from_array(photo.rgb))
    assert finding.score == 0
    assert not finding.mask.any()
