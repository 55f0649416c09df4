"""No number changes silently: a detector's answer stays while its version does."""

import json

import pytest

from .write import SCORES, measured, photos

REWRITE = "run python -m tests.golden.write and read the difference"
PINNED = json.loads(SCORES.read_text(encoding="utf-8"))
PHOTOS = photos()


def same(value, pinned):
    """Equal but for the last digits, which differ between processors and decoders."""
    if isinstance(pinned, dict):
        return value.keys() == pinned.keys() and all(same(value[key], pinned[key]) for key in pinned)
    return value == (pytest.approx(pinned, rel=1e-4, abs=1e-5) if isinstance(pinned, float) else pinned)


@pytest.mark.parametrize("name", PINNED)
def test_the_scores_are_the_pinned_ones(name):
    found, pinned = measured(PHOTOS[name]), PINNED[name]
    assert found["answers"].keys() == pinned["answers"].keys(), f"detectors came or went: {REWRITE}"
    for detector, answer in pinned["answers"].items():
        now = found["answers"][detector]
        assert now["version"] == answer["version"], f"{detector}'s version rose: {REWRITE}"
        assert same(now, answer), (
            f"{detector} v{answer['version']} changed its answer: raise its version, then {REWRITE}"
        )
    assert same(found["scores"], pinned["scores"]), f"the cards weigh differently: if on purpose, {REWRITE}"


def test_every_photo_is_pinned():
    assert PINNED.keys() == PHOTOS.keys()
