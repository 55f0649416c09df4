"""Quantisation tables against what libjpeg writes; identification; the zigzag order against the plain twin."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from fakeproof.jpeg import identify, ijg_table, nearest_quality, standard_huffman, walk, zigzag_order
from tests.reference import jpeg as twin


def structure(**options):
    out = io.BytesIO()
    Image.effect_noise((32, 32), 40).convert(options.pop("mode", "RGB")).save(out, "JPEG", **options)
    return walk(out.getvalue())


@pytest.mark.parametrize("quality", [1, 2, 10, 24, 25, 49, 50, 51, 75, 90, 99, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_tables_are_libjpegs(quality, mode) -> None:
    tables = structure(quality=quality, mode=mode).quantization
    np.testing.assert_array_equal(tables[0], ijg_table(quality))
    if mode == "RGB":
        np.testing.assert_array_equal(tables[1], ijg_table(quality, chroma=True))
    found = identify(tables)
    assert (found.family, found.quality, found.exact) == ("ijg", quality, True)


def test_every_quality_is_found_again() -> None:
    assert [nearest_quality(ijg_table(q)) for q in range(1, 101)] == [(q, 0) for q in range(1, 101)]


def test_other_families() -> None:
    preset = identify(structure(quality="maximum").quantization)
    assert (preset.family, preset.quality) == ("photoshop", None)
    robidoux = ijg_table(80, base="robidoux")
    assert identify([robidoux] * 3).family == "mozjpeg"
    assert identify([ijg_table(80), ijg_table(70, chroma=True)]).chroma_quality == 70
    assert identify([ijg_table(80), ijg_table(80)]).family == "ijg-luma"
    odd = ijg_table(80).copy()
    odd[0, 1] += 1
    found = identify([odd])
    assert (found.family, found.quality, found.exact) == ("unknown", 80, False)
    assert identify([]).quality is None


def test_standard_huffman_tables_are_told_from_optimised_ones() -> None:
    assert standard_huffman(structure(quality=80).huffman)
    assert not standard_huffman(structure(quality=80, optimize=True).huffman)
    assert not standard_huffman(())


def test_zigzag_equals_the_twin() -> None:
    assert zigzag_order().tolist() == twin.zigzag()
