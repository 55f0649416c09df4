"""Reading a case: its photo is made, and the detectors asked for look at it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

import fakeproof as fp
from benchmarks.material.cases import LARGEST, Case, Made, make
from benchmarks.training.versions import versions
from fakeproof.edited import fusion_maps
from fakeproof.errors import PhotoError

PHOTO = "photo"
"""Not a detector: the photo's chain and size, and the share of each cell that was altered."""
MATERIAL = {
    "file": ("benchmarks.material.chains",),
    "forged": ("benchmarks.material.forgeries",),
    "innocent": ("benchmarks.material.innocent", "benchmarks.material.chains"),
    "attack": ("benchmarks.material.attacks", "benchmarks.material.chains"),
    "product": ("benchmarks.material.chains",),
    "pair": ("benchmarks.material.damage", "benchmarks.material.chains"),
}
"""Code that a recipe's bytes rest on."""

Answer = tuple[dict[str, Any], "npt.NDArray[np.float32] | None"]


def version(name: str) -> int:
    """Return a detector's version."""
    return 1 if name == PHOTO else versions()[name]


def module(name: str) -> str:
    """Return where a detector lives."""
    return "fakeproof.photo_chain" if name == PHOTO else str(_record(name).run.__module__)


@cache
def _record(name: str) -> fp.Detector:
    return {d.name: d for d in fp.detectors()}[name]


def look(case: Case, names: Sequence[str]) -> dict[str, Answer]:
    """Make a case's photo and let detectors look; a photo that cannot be opened, or is too large, gives no score."""
    cv2.setNumThreads(1)
    made = make(case)
    try:
        photo = fp.Photo.from_bytes(made.data, name=made.name)
    except PhotoError as error:
        return {name: ({"skipped": error.reason}, None) for name in names}
    if photo.size[0] * photo.size[1] > LARGEST:
        return {name: ({"skipped": "too large for training"}, None) for name in names}
    return {name: _answer(name, photo, case, made) for name in names}


def _answer(name: str, photo: fp.Photo, case: Case, made: Made) -> Answer:
    if name == PHOTO:
        return {"chain": photo.chain.kind, "size": photo.size}, _truth(photo, made.mask)
    said = _ASK.get(name, _alone)(name, photo, case)
    if not isinstance(said, fp.Finding):
        return {"skipped": str(said)}, None
    answer = {"score": float(said.score), "supports": said.supports is not None}
    return answer, _map(name, photo, said)


def _alone(name: str, photo: fp.Photo, _: Case) -> Any:
    return _record(name).run(photo)


def _difference(_: str, photo: fp.Photo, case: Case) -> Any:
    """Hold every third made photo against its original."""
    if case.recipe[0] != "forged" or case.recipe[-1] % 3:
        return "no original is at hand"
    original = fp.Photo.open(case.recipe[1])
    found = fp.web.match_sources(photo, [original])
    if not found or not found.matches:
        return "the original was not matched"
    return fp.edited.source_difference(photo, original, match=found.matches[0])


_ASK = {
    "source_difference": _difference,
    "match_sources": lambda _, photo, case: fp.web.match_sources(photo, list(case.recipe[-1])),
    "compare": lambda _, photo, case: fp.product.compare(photo, [case.recipe[2]]),
}


def channels_of(name: str) -> list[int]:
    """Return the positions of a detector's channels in the fusion's maps."""
    return [k for k, d in enumerate(fusion_maps.channels().values()) if d.name == name]


def _map(name: str, photo: fp.Photo, said: fp.Finding) -> npt.NDArray[np.float32] | None:
    own = channels_of(name)
    return fusion_maps.cell_channels(photo, {name: said})[..., own] if own else None


def _truth(photo: fp.Photo, mask: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.float32] | None:
    if mask is None:
        return None
    rows, columns = photo.size[1] // fusion_maps.CELL, photo.size[0] // fusion_maps.CELL
    whole = mask[: rows * fusion_maps.CELL, : columns * fusion_maps.CELL].astype(np.float32)
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
