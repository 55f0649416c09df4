import imagehash
import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.web.photos import NAMES, image, jpeg, photo, pixels

from fakeproof.errors import ParameterError
from fakeproof.photo import Photo
from fakeproof.web import PerceptualHash, dihedral_hashes, perceptual_hash
from fakeproof.web.pdq import VARIANTS

REFERENCE = {
    "ahash": imagehash.average_hash,
    "dhash": imagehash.dhash,
    "phash": imagehash.phash,
    "whash": imagehash.whash,
}
WORDS = st.lists(st.integers(0, 2**64 - 1), min_size=4, max_size=4)


@pytest.mark.independent
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", REFERENCE)
@pytest.mark.parametrize("side", [8, 16])
def test_equal_to_imagehash_bit_for_bit(name, kind, side):
    ours = perceptual_hash(Photo.from_array(pixels(name)), kind=kind, side=side)
    theirs = REFERENCE[kind](image(name), hash_size=side)
    assert ours.hex() == str(theirs)
    assert ours.to_imagehash() == theirs
    assert PerceptualHash.from_imagehash(theirs, kind=kind) == ours


@pytest.mark.independent
@pytest.mark.parametrize("name", NAMES)
def test_pdq_equals_the_reference_in_all_eight_variants(name):
    expected, _ = pdqhash.compute_dihedral(pixels(name))
    expected = {PerceptualHash.from_bits(e, kind="pdq") for e in expected}
    found = dihedral_hashes(Photo.from_array(pixels(name)))
    assert set(found) == expected


@pytest.mark.independent
def test_pdq_of_a_large_jpeg_stays_within_four_bits():
    data = jpeg(image("astronaut").resize((3000, 2250)), 92)
    opened = Photo.from_bytes(data)
    expected = PerceptualHash.from_bits(pdqhash.compute(opened.rgb)[0], kind="pdq")
    assert perceptual_hash(opened) - expected <= 4


@pytest.mark.parametrize("index", range(8))
def test_variants_are_named_after_what_was_done(index):
    done = {
        "plain": lambda a: a,
        "rotate90": np.rot90,
        "rotate180": lambda a: np.rot90(a, 2),
        "rotate270": lambda a: np.rot90(a, 3),
        "flip_rows": np.flipud,
        "flip_columns": np.fliplr,
        "transpose": lambda a: a.swapaxes(0, 1),
        "antitranspose": lambda a: np.rot90(a, 2).swapaxes(0, 1),
    }[VARIANTS[index]]
    square = pixels("astronaut")  # sampling is not symmetric, so a turned photo's bits move a little
    turned = Photo.from_array(np.ascontiguousarray(done(square)))
    assert dihedral_hashes(Photo.from_array(square))[index] - perceptual_hash(turned) <= 48


@pytest.mark.parametrize("kind", ["pdq", "phash", "dhash", "ahash", "whash"])
def test_resaving_moves_few_bits_and_another_photo_many(kind):
    one = perceptual_hash(Photo.from_array(pixels("coffee")), kind=kind)
    again = perceptual_hash(photo(image("coffee").resize((450, 300)), 60), kind=kind)
    other = perceptual_hash(Photo.from_array(pixels("astronaut")), kind=kind)
    assert one - again <= one.bits * 0.12 < one - other


@given(WORDS)
def test_hex_goes_both_ways(words):
    code = PerceptualHash("pdq", np.array(words, np.uint64))
    assert PerceptualHash.from_hex(code.hex()) == code
    assert hash(PerceptualHash.from_hex(code.hex())) == hash(code)
    assert PerceptualHash.from_imagehash(imagehash.hex_to_hash(code.hex()), kind="pdq") == code


@given(WORDS, WORDS)
def test_distance_is_symmetric_and_counts_bits(a, b):
    x, y = (PerceptualHash("pdq", np.array(w, np.uint64)) for w in (a, b))
    assert x - y == y - x == sum((i ^ j).bit_count() for i, j in zip(a, b, strict=True))


@pytest.mark.parametrize("text", ["", "xyz", "ff", "f" * 17])
def test_bad_hex_is_named(text):
    with pytest.raises(ParameterError, match="hexadecimal"):
        PerceptualHash.from_hex(text)


@pytest.mark.parametrize(("kind", "side"), [("md5", None), ("pdq", 8), ("phash", 12), ("whash", 24)])
def test_bad_parameters_are_named(kind, side):
    with pytest.raises(ParameterError):
        perceptual_hash(photo(image("coffee")), kind=kind, side=side)


def test_hashes_of_different_kinds_do_not_compare():
    p = photo(image("coffee"))
    with pytest.raises(ParameterError, match="phash"):
        perceptual_hash(p, kind="dhash") - perceptual_hash(p, kind="phash")


def test_flat_photos_have_no_quality():
    assert perceptual_hash(Photo.from_array(np.full((200, 300, 3), 77, np.uint8))).quality == 0


@pytest.mark.parametrize("size", [(8, 8), (9, 200), (65, 64)])
def test_tiny_photos_are_hashed(size):
    tiny = Image.fromarray(pixels("coffee")).resize(size)
    assert perceptual_hash(Photo.from_array(np.asarray(tiny))).bits == 256
