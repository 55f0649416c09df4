"""All traces in one map: the probability that a place was altered, the places, and how sure the photo as a whole is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fakeproof.artefact import Head, shipped
from fakeproof.detector import detector
from fakeproof.edited.block_maps import Place, block_heatmap, block_places, outlines, to_mask
from fakeproof.edited.fusion_maps import (
    CELL,
    Cells,
    cell_channels,
    cell_features,
    channels,
    features,
    fused,
    neutralised,
)
from fakeproof.errors import CalibrationError
from fakeproof.findings import Finding, NotApplicable, Region
from fakeproof.heatmaps import BlockHeatmap, heatmap_rows
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["FusionModel", "cell_logits", "fuse", "kept_places", "localize", "photo_features"]

Heat: TypeAlias = "npt.NDArray[np.float32] | BlockHeatmap"

MIN_SIDE = 128
"""Pixels; below, no detector looks."""
MIN_CELLS = 6
"""Cells (about 20 x 20 px) that make a place."""
MAX_SHARE = 0.5
"""Share of the photo above which an anomaly cannot be told from the photo's own history."""
TOP_SHARES = (0.002, 0.01, 0.05)
"""Shares of the photo whose mean logit describes its strongest part."""
CLONE_PROBABILITY = 0.95
"""Probability given to the places of a copy-move that was verified pixel by pixel."""
TRACE_LEVEL = 1.25
"""Compressed map value, above the photo's median, at which a detector counts as supporting a place."""
DECISIVE = ("double_jpeg", "jpeg_grid")
"""Detectors whose own decision opens the photo: none of 1,044 untouched training photos made one decide."""
LOCAL_SHARE, LOCAL_CELLS, SPREAD_COST = 0.05, 250, 3.0
"""Share of the photo or cells up to which places cost nothing, and log odds taken off by e-fold beyond; twice as much where the
places differ in their saves (benchmarks innocent, training half: whole-photo processing was accused on 8 to 16 % of the
photo, most forgeries on 0.5 to 6 %)."""
BOUNDED = 0.08
"""Largest share of the photo on which a decisive detector opens it by itself."""
CLONES = "copy_move"
"""The detector that joins with its mask in place of a map: what it verified needs no weighing."""


@dataclass(frozen=True)
class FusionModel:
    """Coefficients read from fusion.json: trees for cells, a logistic model for the photo, thresholds."""

    base: float
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.float32]
    photo_weights: npt.NDArray[np.float64]
    photo_mean: npt.NDArray[np.float64]
    photo_scale: npt.NDArray[np.float64]
    photo_bias: float
    cell_cut: float
    decision: dict[str, float]
    head: Head | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any], head: Head | None = None) -> FusionModel:
        """Read a model; its features must be those of this version."""
        if tuple(values["features"]) != features():
            raise CalibrationError("fusion.json: its features are not those of this version; train it again")
        trees, photo = values["trees"], values["photo"]
        return cls(
            base=float(trees["base"]),
            feature=np.array(trees["feature"], np.int64),
            threshold=np.array(trees["threshold"], np.float32),
            leaf=np.array(trees["leaf"], np.float32),
            photo_weights=np.array(photo["weights"], np.float64),
            photo_mean=np.array(photo["mean"], np.float64),
            photo_scale=np.array(photo["scale"], np.float64),
            photo_bias=float(photo["bias"]),
            cell_cut=float(values["cell_cut"]),
            decision={k: float(v) for k, v in values["decision"].items()},
            head=head,
        )

    def cut(self, chain: str) -> float:
        """Return the decision threshold of a delivery chain, the general one where the chain has none."""
        return self.decision.get(chain, self.decision["any"])


@lru_cache(maxsize=1)
def _shipped() -> FusionModel:
    part = shipped("edited.fusion")
    return FusionModel.from_json(part.values, part.head)


@detector(version=2, category=Category.EDITED, least_side=MIN_SIDE, needs="findings", cost_ms=30)
def localize(photo: Photo, /, *, findings: Iterable[Finding | NotApplicable] | None = None) -> Finding | NotApplicable:
    """Fuse all detectors into one map of the altered places, and decide whether there are any.

    Boosted trees weigh, cell by cell of 8 px, what each detector's map says there, around there and against the rest
    of the photo; a logistic model then weighs the strongest places and the detectors' own scores. Neither sees a
    quantisation table, a quality or a file's container. The threshold depends on the delivery chain. A verified
    copy-move joins with its own mask, and a photo that `double_jpeg` or `jpeg_grid` decides on is decided. It may and often will say "no region".

    Parameters
    ----------
    photo : Photo
    findings : iterable of Finding or NotApplicable, optional
        What detectors already said about this photo; those that are missing are run.

    Returns
    -------
    Finding
        `heatmap`: probability that a pixel was altered, 0-1, as calibrated on training photos with their share of
        altered cells. `score`: log odds of the photo, any real number. `regions`: each names the detectors that
        support it in `traces`. `facts`: ``threshold``, ``chain``, ``missing`` (detectors that could not look).
    NotApplicable
        When the photo's shorter side is below 128 px, or no detector could look.

    References
    ----------
    Friedman 2001, "Greedy function approximation: a gradient boosting machine", doi:10.1214/aos/1013203451.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> fp.edited.localize(fp.Photo.from_array(data.chelsea())).supports is None
    True
    """
    found = _gather(photo, findings)
    if not found:
        return NotApplicable(reason=phrase("localize.none"))
    return fuse(photo, found, _shipped())


def fuse(photo: Photo, found: dict[str, Finding], model: FusionModel) -> Finding:
    """Fuse findings with a given model; :func:`localize` with the one that is shipped."""
    if model.head is not None:
        for name, finding in found.items():
            model.head.check(name, finding.version)
    maps = cell_channels(photo, found)
    left_out = neutralised(photo, maps)
    logits = cell_logits(maps, model)
    if left_out is not None:
        logits[left_out] = np.median(logits)
    places = [p for p in block_places(logits, model.cell_cut, min_blocks=MIN_CELLS) if _small(p, logits)]
    threshold = model.cut(photo.chain.kind)
    decided = np.zeros(logits.shape, bool)
    deciding = [found[d] for d in DECISIVE if d in found and found[d].supports is Category.EDITED]
    wide = any(not _bounded(answer) for answer in deciding)
    deciding = [answer for answer in deciding if _bounded(answer)]
    score = _photo_logit(photo_features(logits, places, found), model)
    score -= (2 if wide else 1) * spread_cost(places, logits.size)
    if deciding:
        score = max(score, threshold)
    if score >= threshold:
        for place in kept_places(places):
            decided |= place.mask
    heat: Heat = block_heatmap(1 / (1 + np.exp(-logits)), (0, 0), photo.size, block=CELL)
    mask = to_mask(decided, (0, 0), photo.size, block=CELL)
    if not decided.any():
        for answer in deciding:
            mask = mask | answer.mask if answer.mask is not None else mask
    clones = found.get(CLONES)
    if clones is not None and clones.supports is Category.EDITED and clones.mask is not None:
        mask = mask | clones.mask
        heat = _with_clones(heat, clones.mask)
        score = max(score, threshold)
    altered = bool(mask.any())
    return Finding(
        score=float(score),
        supports=Category.EDITED if altered else None,
        sentence=_sentence(altered),
        mask=mask,
        heatmap=heat,
        regions=_regions(mask, heat, maps, clones),
        facts={
            "threshold": round(threshold, 3),
            "chain": photo.chain.kind,
            "missing": [name for name in _joined() if name not in found],
        },
    )


def _with_clones(heat: Heat, clones: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    plain = heatmap_rows(heat, 0, len(clones))
    out = np.where(clones, np.maximum(plain, np.float32(CLONE_PROBABILITY)), plain)
    out.flags.writeable = False
    return out


def cell_logits(maps: Cells, model: FusionModel) -> Cells:
    """Return the log odds of each cell."""
    from fakeproof._kernels.fusion import tree_sums

    rows = cell_features(maps)
    sums = tree_sums(rows, model.feature, model.threshold, model.leaf)
    return (sums + np.float32(model.base)).reshape(maps.shape[:2])


def photo_features(logits: Cells, places: list[Place], found: dict[str, Finding]) -> npt.NDArray[np.float64]:
    """Return what the photo's model sees: its strongest cells, its strongest place, the detectors' own scores."""
    ordered = np.sort(logits, axis=None)[::-1]
    top = [float(ordered[: max(4, int(s * ordered.size))].mean()) for s in TOP_SHARES]
    middle = float(np.median(ordered))
    best = max(places, key=_weight, default=None)
    place = [float(np.log1p(_weight(best))), best.mean] if best is not None else [0.0, middle]
    own = [found[d.name].score if d.name in found else 0.0 for d in fused()]
    scores = [float(np.log1p(max(0.0, score))) for score in own]
    return np.array([*top, top[0] - middle, *place, *scores])


def _photo_logit(features: npt.NDArray[np.float64], model: FusionModel) -> float:
    scaled = np.clip((features - model.photo_mean) / model.photo_scale, -4, 4)
    return float(scaled @ model.photo_weights + model.photo_bias)


def _small(place: Place, logits: Cells) -> bool:
    return place.blocks <= MAX_SHARE * logits.size


def _weight(place: Place) -> float:
    return float(np.sqrt(place.blocks) * max(0.0, place.mean + 4))


def spread_cost(places: list[Place], cells: int) -> float:
    """Return what is taken off the photo's log odds for places that spread over it.

    A forger alters a bounded place. What blurs a ground, maps tones by region or corrects colours leaves differences too,
    but over large parts of the photo.
    """
    spread = sum(p.blocks for p in kept_places(places))
    beyond = min(spread / (LOCAL_SHARE * cells), spread / LOCAL_CELLS)
    return float(SPREAD_COST * np.log(beyond)) if beyond > 1 else 0.0


def _bounded(answer: Finding) -> bool:
    """Tell whether a detector decided on a bounded place: what differs over large parts is the photo's own history."""
    mask = answer.mask
    return mask is not None and float(mask.mean()) <= BOUNDED


def kept_places(places: list[Place]) -> list[Place]:
    """Return the places at least half as strong as the strongest: the rest is what any photo has."""
    strongest = max((_weight(p) for p in places), default=0.0)
    return [p for p in places if _weight(p) >= 0.5 * strongest]


def _joined() -> tuple[str, ...]:
    return (*(d.name for d in fused()), CLONES)


def _gather(photo: Photo, findings: Iterable[Finding | NotApplicable] | None) -> dict[str, Finding]:
    from fakeproof import edited

    said = {f.detector: f for f in findings or ()}
    found = {}
    for name in _joined():
        answer = said[name] if name in said else getattr(edited, name)(photo)
        if isinstance(answer, Finding):
            found[name] = answer
    return found


def _regions(mask: npt.NDArray[np.bool_], heat: Heat, maps: Cells, clones: Finding | None) -> tuple[Region, ...]:
    places = outlines(mask, trace="localize")
    if not places:
        return ()
    middle = np.median(maps.reshape(-1, maps.shape[2]), axis=0)
    out = []
    for region in places:
        left, top, right, bottom = (int(v) for v in region.box)
        inside = mask[top : bottom + 1, left : right + 1]
        probability = float(heatmap_rows(heat, top, bottom + 1)[:, left : right + 1][inside].mean())
        cells = maps[top // CELL : bottom // CELL + 1, left // CELL : right // CELL + 1].reshape(-1, maps.shape[2])
        level = (cells.max(axis=0) - middle) if len(cells) else middle * 0
        names = [d.name for d, v in zip(channels().values(), level, strict=True) if v >= TRACE_LEVEL]
        if (
            clones is not None
            and clones.supports
            and clones.mask is not None
            and (clones.mask & mask)[top : bottom + 1, left : right + 1].any()
        ):
            names.append(CLONES)
        out.append(
            Region(
                polygon=region.polygon,
                area=region.area,
                label=region.label,
                score=probability,
                traces=tuple(dict.fromkeys(names)),
                facts={"probability": round(probability, 3)},
            )
        )
    return tuple(out)


def _sentence(decided: bool) -> Phrase:
    return phrase(f"localize.{'places' if decided else 'nothing'}")
