"""Marks of generators in pixels, drawn here as generators draw them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

import fakeproof as fp
from fakeproof.web import generator_marks as marks


def photo() -> np.ndarray:
    return np.asarray(Image.fromarray(skimage.data.astronaut()).resize((768, 768)))


def with_message(rgb: np.ndarray, message: int = marks.SDXL_MESSAGE) -> np.ndarray:
    """Write 48 bits block by block, as the method is described; OpenCV's own YUV, not the reader's."""
    yuv = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV).astype(np.float64)
    plane = yuv[..., 1]
    low = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 2
    changed = low.copy()
    number = 0
    for i in range(0, low.shape[0] // 4 * 4, 4):
        for j in range(0, low.shape[1] // 4 * 4, 4):
            block = changed[i : i + 4, j : j + 4].ravel()
            at = int(np.abs(block[1:]).argmax()) + 1
            bit = message >> (47 - number % 48) & 1
            value = (abs(block[at]) // 36 + 0.25 + 0.5 * bit) * 36
            changed[i + at // 4, j + at % 4] = np.copysign(value, block[at])
            number += 1
    yuv[..., 1] += np.kron((changed - low) / 2, np.ones((2, 2)))
    return cv2.cvtColor(np.clip(np.rint(yuv), 0, 255).astype(np.uint8), cv2.COLOR_YUV2RGB)


def with_spark(rgb: np.ndarray, side: int = 48, margin: int = 32, opacity: float = 0.7) -> np.ndarray:
    at = (np.arange(side) + 0.5) / side * 2 - 1
    star = (np.sqrt(np.abs(at))[:, None] + np.sqrt(np.abs(at))[None] <= 1)[..., None] * opacity
    out = rgb.copy()
    place = out[-margin - side : -margin, -margin - side : -margin]
    place[:] = place * (1 - star) + 255 * star
    return out


def saved(rgb: np.ndarray, quality: int) -> np.ndarray:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(io.BytesIO(out.getvalue())))


def names(rgb: np.ndarray) -> list[str]:
    return [m.platform for m in marks.generator_marks(rgb)]


def test_the_message_of_sdxl_is_read_in_either_order_of_colours() -> None:
    rgb = with_message(photo())
    assert names(rgb) == ["Stable Diffusion XL"]
    assert names(with_message(photo()[..., ::-1])[..., ::-1].copy()) == ["Stable Diffusion XL"]
    found = marks.generator_marks(rgb)[0]
    assert found.text.endswith("48 of 48 bits")


@pytest.mark.parametrize(
    "make", [photo, lambda: with_message(photo(), 0x123456789ABC), lambda: with_message(photo())[3:, 5:]]
)
def test_other_messages_and_crops_are_not_taken_for_it(make) -> None:
    assert names(np.ascontiguousarray(make())) == []


def test_small_and_huge_pictures_have_no_bits() -> None:
    assert marks.message_bits(np.zeros((255, 400, 3), np.uint8)).size == 0
    assert marks.message_bits(np.zeros((2100, 2100, 3), np.uint8)).size == 0


def calm() -> np.ndarray:
    return np.asarray(Image.fromarray(skimage.data.chelsea()).resize((768, 768)))


@pytest.mark.parametrize("side", [32, 48, 64])
@pytest.mark.parametrize("quality", [75, 90])
def test_geminis_spark_is_found_after_a_save(side, quality) -> None:
    rgb = saved(with_spark(calm(), side), quality)
    found = marks.generator_marks(rgb)
    assert [m.platform for m in found] == ["Gemini"]
    left, top, right, bottom = found[0].box
    middle = 768 - 32 - side / 2
    assert left < middle < right
    assert top < middle < bottom


def test_watermarks_says_so_with_or_without_a_reader(monkeypatch) -> None:
    from importlib import import_module

    monkeypatch.setattr(import_module("fakeproof.web.watermarks"), "_reader", lambda: None)
    found = fp.web.watermarks(fp.Photo.from_array(with_spark(calm())))
    assert found.facts["marks"][0]["kind"] == "ai_label"
    assert "Gemini" in found.sentence["en"]
    assert found.supports is None
    assert not fp.web.watermarks(fp.Photo.from_array(photo()))


@pytest.mark.parametrize("text", ["豆包AI生成", "即梦AI", "AI生成", "Made with Gemini", "豆包Al生成"])
def test_corner_texts_of_generators(text) -> None:
    assert [m.kind for m in fp.web.marks.read_marks(text)] == ["ai_label"]
