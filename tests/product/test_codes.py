"""Codes: check digits, agreement, contradiction, places."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeproof import product
from fakeproof.photo import Photo
from fakeproof.product.codes import Code, articles, gtin, read_codes

L = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
PARITY = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL")


def ean13(digits, module=3, height=90):
    """Draw an EAN-13 from the standard's tables."""
    r = ["".join("10"[int(b)] for b in code) for code in L]
    g = [code[::-1] for code in r]
    left = "".join((L if p == "L" else g)[int(d)] for p, d in zip(PARITY[int(digits[0])], digits[1:7], strict=True))
    bits = "101" + left + "01010" + "".join(r[int(d)] for d in digits[7:]) + "101"
    bars = np.repeat(np.array([0 if b == "1" else 255 for b in bits], np.uint8), module)
    quiet = np.full((height, 11 * module), 255, np.uint8)
    return np.hstack([quiet, np.tile(bars, (height, 1)), quiet])


def scene(digits, *, module=3, tilt=0.0):
    picture = np.full((420, 640), 190, np.uint8)
    code = ean13(digits, module)
    picture[150 : 150 + code.shape[0], 120 : 120 + code.shape[1]] = code
    turn = cv2.getRotationMatrix2D((320, 210), tilt, 1.0)
    return Photo.from_array(cv2.warpAffine(picture, turn, (640, 420), borderValue=190))


@pytest.mark.parametrize("tilt", [0.0, 6.0])
@pytest.mark.parametrize("digits", ["4006381333931", "6901234567892"])
def test_reads_a_drawn_code(digits, tilt):
    finding = product.codes(scene(digits, tilt=tilt))
    assert finding.facts["articles"] == ["0" + digits]
    assert finding.supports is None
    assert finding.score >= 1
    box = finding.regions[0].box
    assert 100 < box[0] < box[2] < 520
    assert digits in finding.wording("zh")


def test_flat_photos_show_none():
    finding = product.codes(Photo.from_array(np.full((160, 200, 3), 77, np.uint8)))
    assert finding.score == 0
    assert finding.facts["codes"] == []


def test_too_small():
    answer = product.codes(Photo.from_array(np.zeros((40, 200, 3), np.uint8)))
    assert not answer
    assert "64" in str(answer)
    assert "64" in answer.wording("zh")


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_check_digit_catches_any_single_error(body, place, shift):
    full = next(body + d for d in "0123456789" if gtin(body + d))
    wrong = list(full)
    wrong[place] = str((int(wrong[place]) + shift) % 10)
    assert gtin(full) == "0" + full
    assert gtin("".join(wrong)) is None


def test_not_every_number_is_an_article():
    assert gtin("123") is None
    assert gtin("４００６３８１３３３９３１") is None
    assert gtin("96385074") == "00000096385074"


@pytest.mark.parametrize(
    ("readers", "valid", "counts"),
    [(("cv2",), True, False), (("cv2", "zxing"), True, True), (("cv2", "zxing"), False, False)],
)
def test_one_reading_is_not_enough(readers, valid, counts):
    code = Code("EAN13", "4006381333931", np.zeros((4, 2), np.float32), 3.0, readers, valid)
    assert code.counts is counts
    assert articles([code]) == (frozenset({"04006381333931"}) if counts else frozenset())
    assert Code.from_dict(code.to_dict()).to_dict() == code.to_dict()


def test_contradicting_readings_of_one_place_do_not_count():
    from fakeproof.product.codes import _merged

    place = np.array([[0, 0], [200, 0], [200, 80], [0, 80]], np.float32)
    strip = np.array([[2, 1], [198, 1], [198, 20], [2, 20]], np.float32)
    readings = [
        ("EAN13", "4006381333931", place, "zxing"),
        ("EAN13", "4006381333931", place, "zxing x2"),
        ("EAN13", "5000111333931", strip, "zxing"),
        ("EAN13", "5000111333931", strip, "cv2"),
    ]
    back = np.ones(2, np.float32)
    assert articles(_merged(readings, back)) == frozenset()
    assert articles(_merged(readings[:3], back)) == {"04006381333931"}


def test_readings_are_cached_with_the_photo():
    photo = scene("4006381333931")
    assert read_codes(photo) is read_codes(photo)
