import cv2
import numpy as np
import pytest

from fakeproof.edited.block_maps import block_heatmap, outlines, to_mask


@pytest.mark.parametrize(
    ("origin", "size", "block"), [((0, 0), (40, 24), 8), ((3, 5), (47, 31), 8), ((2, 0), (33, 50), 4)]
)
def test_blocks_become_pixels(origin, size, block):
    width, height = size
    rows, columns = (height - origin[0]) // block, (width - origin[1]) // block
    value = np.random.default_rng(3).normal(size=(rows, columns)).astype(np.float32)
    heatmap = block_heatmap(value, origin, size, block=block)
    pixels = heatmap.picture()
    assert pixels.shape == (height, width)
    assert not pixels.flags.writeable
    expected = np.zeros((height, width), np.float32)
    for y in range(rows * block):
        for x in range(columns * block):
            expected[origin[0] + y, origin[1] + x] = value[y // block, x // block]
    np.testing.assert_array_equal(pixels, expected)
    for start, stop in ((0, 1), (5, 13), (height - 3, height + 9), (0, height), (7, 7)):
        np.testing.assert_array_equal(heatmap.rows(start, stop), expected[start:stop])
    np.testing.assert_array_equal(to_mask(value > 0, origin, size, block=block), expected > 0)


def test_blocks_beyond_the_picture_are_cut():
    ones = block_heatmap(np.ones((3, 3), np.float32), (0, 0), (10, 9), block=4)
    np.testing.assert_array_equal(ones.picture(), np.ones((9, 10)))


def test_no_block_gives_an_empty_mask():
    assert not to_mask(np.zeros((0, 0), bool), (0, 0), (20, 10)).any()
    assert outlines(np.zeros((10, 20), bool), trace="t") == ()


@pytest.mark.parametrize("seed", range(4))
def test_outlines_are_those_of_the_whole_mask(seed):
    """Labelling only where something lies changes neither places nor their order, also among places of one size."""
    mask = np.zeros((60, 80), np.uint8)
    for x, y in np.random.default_rng(seed).integers(5, 50, (12, 2)):
        mask[y : y + 3, x : x + 2] = 1
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    order = sorted(range(1, len(stats)), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    found = outlines(mask > 0, trace="t")
    assert [r.area for r in found] == [int(stats[i, cv2.CC_STAT_AREA]) for i in order]
    for region, i in zip(found, order, strict=True):
        x, y, w, h = (int(v) for v in stats[i, :4])
        assert region.box == (x, y, x + w - 1, y + h - 1)
        assert region.polygon[:, 0].min() == x
