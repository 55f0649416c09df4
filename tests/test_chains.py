"""The simulators write files that are built like the real ones that were counted (docs/chain.md)."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
import skimage.data
from benchmarks.material.chains import CHAINS, PROFILES, apply_chain, through
from PIL import Image

from fakeproof import Photo
from fakeproof.jpeg import identify, walk


@pytest.fixture(scope="module")
def picture() -> bytes:
    out = io.BytesIO()
    Image.fromarray(skimage.data.coffee()).resize((2100, 1400)).save(out, "JPEG", quality=95)
    return out.getvalue()


def files(picture, chain: str, count: int = 4) -> list[bytes]:
    return [through(picture, chain, np.random.default_rng(i)) for i in range(count)]


def names(data: bytes) -> list[str]:
    return [s.name for s in walk(data).segments]


def test_wechat_files_have_its_sizes_tables_segments_and_trailer(picture) -> None:
    seen = set()
    for data in files(picture, "wechat", 6):
        map_ = walk(data)
        assert min(map_.frame.width, map_.frame.height) in (1279, 1280)
        assert [n for n in names(data) if n != "APP2"] == [
            "SOI",
            "APP0",
            "DQT",
            "DQT",
            "SOF0",
            *["DHT"] * 4,
            "SOS",
            "EOI",
        ]
        encoder = identify(map_.quantization)
        assert (encoder.family, encoder.exact) == ("ijg", True)
        assert encoder.quality in (52, 60, 64, 75, 76)
        assert [(c.h, c.v) for c in map_.frame.components] == [(2, 2), (1, 1), (1, 1)]
        start, length = map_.trailer
        assert length == 24
        assert data[start + 4 : start + 8] == bytes(4)
        assert data[start + 8 :] == hashlib.md5(data[:start]).digest()
        seen.add("APP2" in names(data))
    assert seen == {True, False}


def test_the_larger_wechat_send_keeps_more(picture) -> None:
    for data in files(picture, "wechat_large", 2):
        assert Photo.from_bytes(data).size == (1920, 1280)
        assert 88 <= identify(walk(data).quantization).quality <= 96


def test_whatsapp_files_are_progressive_with_its_own_tables(picture) -> None:
    means = set()
    for data in files(picture, "whatsapp", 6):
        map_ = walk(data)
        assert max(map_.frame.width, map_.frame.height) in (1600, 1280)
        assert names(data)[:2] == ["SOI", "APP0"]
        assert map_.frame.progressive
        assert [(c.h, c.v) for c in map_.frame.components] == [(2, 2), (1, 1), (1, 1)]
        mean = round(float(map_.quantization[0].mean()), 1)
        assert names(data).count("DQT") == (1 if mean in (35.6, 44.8) else 2)
        means.add(mean)
    assert means <= {35.6, 23.1, 44.8, 29.0}
    assert 35.6 in means


@pytest.mark.parametrize("chain", [c for c in PROFILES if c != "heic_jpeg"])
def test_every_chain_delivers_a_photo_and_repeats_itself(chain) -> None:
    data = through(skimage.data.chelsea(), "asis", np.random.default_rng(0))
    first = apply_chain(data, chain, seed=3)
    assert first.data == apply_chain(data, chain, seed=3).data
    photo = Photo.from_bytes(first.data)
    assert photo.size == first.size
    marked = first.mask(np.ones((first.source_size[1], first.source_size[0]), bool))
    left, top, right, bottom = first.box
    assert marked.sum() == (right - left) * (bottom - top)
    with Image.open(io.BytesIO(data)) as source:
        small = np.asarray(source.resize((right - left, bottom - top)), np.float32)
    arrived = photo.rgb[top:bottom, left:right].astype(np.float32)
    assert np.abs(small - arrived).mean() < 8


def test_chains_begin_with_as_it_is() -> None:
    assert CHAINS[0] == "asis"
    with pytest.raises(ValueError, match="fax"):
        apply_chain(through(skimage.data.chelsea(), "asis", np.random.default_rng(0)), "fax")
