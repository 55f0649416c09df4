import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.web.photos import image, jpeg, photo, pixels

import fakeproof as fp

BOX = (slice(100, 180), slice(300, 400))


def edited_pixels():
    out = pixels("coffee").copy()
    out[BOX] = pixels("chelsea")[60:140, 100:200]
    return out


@pytest.fixture(scope="module")
def source():
    return photo(image("coffee"), 95)


def truth():
    mask = np.zeros(pixels("coffee").shape[:2], bool)
    mask[BOX] = True
    return mask


def f1(found, expected):
    return 2 * (found & expected).sum() / (found.sum() + expected.sum())


CHAINS = {
    "saved again": Image.fromarray,
    "cropped and enlarged": lambda a: Image.fromarray(a[20:380, 50:560]).resize((800, 565)),
    "reduced": lambda a: Image.fromarray(a).resize((360, 240)),
    "mirrored": lambda a: Image.fromarray(a[:, ::-1].copy()),
    "darkened": lambda a: Image.fromarray((a * 0.7).astype(np.uint8)),
    "blurred": lambda a: Image.fromarray(cv2.GaussianBlur(a, (0, 0), 1.2)),
}


@pytest.mark.parametrize("how", CHAINS)
def test_the_edit_is_marked_whatever_was_done_to_the_copy(how, source):
    make = CHAINS[how]
    expected = np.asarray(make(np.repeat(truth()[..., None], 3, 2).astype(np.uint8) * 255))[..., 0] > 90
    finding = fp.edited.source_difference(photo(make(edited_pixels()), 80), source)
    assert finding.supports is fp.Category.EDITED
    assert finding.mask.shape == expected.shape
    assert f1(finding.mask, expected) > 0.8
    assert finding.regions[0].role == "altered"


@pytest.mark.parametrize("how", CHAINS)
def test_an_unedited_copy_is_not_accused(how, source):
    finding = fp.edited.source_difference(photo(CHAINS[how](pixels("coffee").copy()), 75), source)
    assert finding.supports is None
    assert not finding.mask.any()


def test_a_translucent_text_mark_is_no_edit(source):
    base = image("coffee").convert("RGBA")
    layer = Image.new("RGBA", base.size, (0, 0, 0, 0))
    ImageDraw.Draw(layer).text((330, 350), "@SHOP 12345678", fill=(255, 255, 255, 180), font_size=28)
    finding = fp.edited.source_difference(photo(Image.alpha_composite(base, layer), 85), source)
    assert finding.supports is None
    assert finding.facts["marks"] >= 1
    assert not finding.mask.any()


def test_the_match_of_the_search_is_used(source):
    cropped = photo(CHAINS["cropped and enlarged"](edited_pixels()))
    (match,) = fp.web.match_sources(cropped, [source]).matches
    with_match = fp.edited.source_difference(cropped, match.source, match=match)
    alone = fp.edited.source_difference(cropped, source)
    assert f1(with_match.mask, alone.mask) > 0.95


def test_the_mirrored_photo_has_the_mirrored_mask(source):
    plain = fp.edited.source_difference(photo(Image.fromarray(edited_pixels()), 95), source)
    mirrored = fp.edited.source_difference(photo(Image.fromarray(edited_pixels()[:, ::-1].copy()), 95), source)
    assert f1(plain.mask, mirrored.mask[:, ::-1]) > 0.95


def test_an_unrelated_source_does_not_apply(source):
    answer = fp.edited.source_difference(photo(image("rocket")), source)
    assert not answer
    assert "cannot be aligned" in str(answer)


def test_tiny_pictures_do_not_apply(source):
    assert not fp.edited.source_difference(photo(image("coffee").resize((60, 40))), source)


def test_sources_are_taken_as_bytes_too():
    data = jpeg(image("coffee"), 95)
    finding = fp.edited.source_difference(photo(Image.fromarray(edited_pixels())), fp.Source(data, key="web"))
    assert finding.supports is fp.Category.EDITED


def test_what_it_hands_out_is_read_only(source):
    finding = fp.edited.source_difference(photo(Image.fromarray(edited_pixels())), source)
    assert not finding.mask.flags.writeable
    assert not finding.heatmap.flags.writeable
    assert finding.heatmap.dtype == np.float32
    assert finding.heatmap.max() <= 20
