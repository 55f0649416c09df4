"""Plots for notebooks: every function returns the matplotlib axes that it drew on.

Give axes first, or as ``ax=``, or none: then a figure is made. matplotlib comes with the ``notebook`` extra and is imported on
use.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fakeproof.errors import ParameterError
from fakeproof.evidence.calibrate import pav as _pav

if TYPE_CHECKING:
    from fakeproof.findings import Finding, Match
    from fakeproof.photo import Photo
    from fakeproof.verdict import Verdict

__all__ = [
    "copy_move",
    "dct_histogram",
    "ela",
    "ghost_curve",
    "grid_votes",
    "heatmap",
    "llr_histogram",
    "match_lines",
    "overlay",
    "pav",
    "reliability",
    "source_difference",
    "tippett",
]

RED = "#d61820"
BLUE = "#1460c8"


def _drawn(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Let a plot make its axes where none are given."""

    @wraps(draw)
    def plot(*given: Any, ax: Any = None, **options: Any) -> Any:
        if given and hasattr(given[0], "imshow"):
            ax, given = given[0], given[1:]
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.subplots(layout="constrained")[1]
        return draw(ax, *given, **options)

    return plot


def _picture(ax: Any, photo: Photo) -> None:
    ax.imshow(photo.rgb)
    ax.set_xticks([])
    ax.set_yticks([])


@_drawn
def overlay(ax: Any, photo: Photo, result: Finding | Verdict) -> Any:
    """Draw the photo with the decided places outlined and numbered; nothing is drawn where nothing was decided."""
    _picture(ax, photo)
    for region in result.regions:
        closed = np.vstack([region.polygon, region.polygon[:1]])
        ax.plot(closed[:, 0], closed[:, 1], color="white", linewidth=3.5)
        ax.plot(closed[:, 0], closed[:, 1], color=RED, linewidth=1.6)
        left, top, _, _ = region.box
        ax.annotate(
            region.label, (left, top), color="white", fontsize=8, bbox={"boxstyle": "circle", "fc": RED, "ec": "white"}
        )
    return ax


@_drawn
def heatmap(ax: Any, photo: Photo, finding: Finding, *, label: str = "") -> Any:
    """Draw a finding's heatmap over the photo in grey; the bar's unit stands in the detector's docstring.

    Raises
    ------
    ParameterError
        The finding has no heatmap.
    """
    if finding.heatmap is None:
        raise ParameterError("finding", finding.detector, "a finding with a heatmap")
    ax.imshow(photo.luma, cmap="gray", vmin=0, vmax=255)
    shown = ax.imshow(finding.heatmap, cmap="magma", alpha=0.72)
    bar = ax.figure.colorbar(shown, ax=ax, fraction=0.04)
    bar.set_label(label or finding.detector)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


@_drawn
def ela(ax: Any, photo: Photo, finding: Finding | None = None, *, quality: int = 90) -> Any:
    """Draw an ELA map: the finding's deviations from blocks of like texture, or without one the classic picture.

    The classic picture is the difference to a copy saved at `quality`; edges and texture glow in it on every photo.
    """
    if finding is not None:
        return heatmap(ax, photo, finding, label="deviation from like blocks (robust SD)")
    # The module carries the function's name; importing from it keeps both reachable.
    from fakeproof.edited.saves.ela import error_levels

    ax.imshow(error_levels(photo, quality=quality))
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


@_drawn
def source_difference(ax: Any, photo: Photo, finding: Finding) -> Any:
    """Draw what differs between the photo and its original."""
    return heatmap(ax, photo, finding, label="difference over the expected")


@_drawn
def ghost_curve(ax: Any, photo: Photo, *, box: tuple[int, int, int, int] | None = None) -> Any:
    """Draw the mean squared difference between the photo and itself re-saved at each quality (Farid 2009).

    Parameters
    ----------
    box : tuple of int, optional
        (left, top, right, bottom) of a place to draw beside the whole photo: a dip of its own is a ghost.
    """
    import io

    from PIL import Image

    qualities = np.arange(30, 100, 2)
    curves: dict[str, list[float]] = {"whole photo": [], "place": []}
    for quality in qualities:
        out = io.BytesIO()
        Image.fromarray(photo.rgb).save(out, "JPEG", quality=int(quality))
        again = np.asarray(Image.open(io.BytesIO(out.getvalue())), np.float32)
        gap = ((again - photo.rgb.astype(np.float32)) ** 2).mean(axis=2)
        curves["whole photo"].append(float(gap.mean()))
        if box is not None:
            left, top, right, bottom = box
            curves["place"].append(float(gap[top:bottom, left:right].mean()))
    for (name, values), colour in zip(curves.items(), (BLUE, RED), strict=True):
        if values:
            ax.plot(qualities, np.array(values) / max(values), color=colour, label=name)
    ax.set_xlabel("quality of the re-save")
    ax.set_ylabel("squared difference, scaled to its largest")
    ax.legend(frameon=False)
    return ax


@_drawn
def dct_histogram(ax: Any, photo: Photo, *, row: int = 0, column: int = 1, component: int = 0) -> Any:
    """Draw the histogram of one quantised DCT coefficient; combs and gaps tell of an earlier save.

    Raises
    ------
    ParameterError
        The photo is no JPEG.
    """
    if photo.jpeg is None:
        raise ParameterError("photo", photo.format, "a JPEG")
    values = photo.jpeg.coefficients()[component][..., row, column].ravel()
    limit = max(3, int(np.percentile(np.abs(values), 99)))
    bins = np.arange(-limit, limit + 2) - 0.5
    ax.hist(values, bins=bins, color=BLUE)
    ax.set_yscale("log")
    ax.set_xlabel(f"quantised coefficient ({row}, {column})")
    ax.set_ylabel("blocks")
    return ax


@_drawn
def grid_votes(ax: Any, photo: Photo) -> Any:
    """Draw how many pixels vote for each of the 64 positions of the JPEG grid: one bright cell is one grid."""
    from fakeproof._kernels.grid import grid_votes as vote

    votes = vote(photo.luma)
    table = np.bincount(votes[votes < 64], minlength=64).reshape(8, 8)
    ax.imshow(table, cmap="Blues")
    ax.set_xlabel("column of the grid's origin")
    ax.set_ylabel("row")
    return ax


@_drawn
def copy_move(ax: Any, photo: Photo, finding: Finding) -> Any:
    """Draw cloned places with an arrow from each to where it was found again."""
    overlay(ax, photo, finding)
    for pair in finding.facts.get("pairs", ()):
        arrow = {"arrowstyle": "->", "color": RED, "linewidth": 1.6}
        ax.annotate("", xy=pair["to"], xytext=pair["from"], arrowprops=arrow)
    return ax


@_drawn
def match_lines(ax: Any, photo: Photo, match: Match, *, lines: int = 24) -> Any:
    """Draw photo and source side by side, joined by lines between the same points of both."""
    from fakeproof.photo import Photo as PhotoType

    other = match.photo or PhotoType.of(match.source)
    if match.homography is None:
        raise ParameterError("match", match.kind, "a verified match with a transform")
    height = max(photo.size[1], other.size[1])
    canvas = np.full((height, photo.size[0] + other.size[0] + 20, 3), 255, np.uint8)
    canvas[: photo.size[1], : photo.size[0]] = photo.rgb
    canvas[: other.size[1], photo.size[0] + 20 :] = other.rgb
    ax.imshow(canvas)
    steps = int(np.ceil(np.sqrt(lines)))
    x, y = np.meshgrid(np.linspace(0.1, 0.9, steps) * other.size[0], np.linspace(0.1, 0.9, steps) * other.size[1])
    here = np.column_stack([x.ravel(), y.ravel(), np.ones(x.size)])
    there = here @ np.asarray(match.homography).T
    there = there[:, :2] / there[:, 2:]
    for a, b in zip(there, here[:, :2], strict=True):
        if 0 <= a[0] < photo.size[0] and 0 <= a[1] < photo.size[1]:
            ax.plot([a[0], b[0] + photo.size[0] + 20], [a[1], b[1]], color=BLUE, linewidth=0.8)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


# Calibration


def _two(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    values, truth = np.asarray(llrs, np.float64).ravel(), np.asarray(labels).astype(bool).ravel()
    if values.shape != truth.shape:
        raise ParameterError("labels", truth.size, f"as many as llrs ({values.size})")
    if not truth.any() or truth.all():
        raise ParameterError("labels", f"{int(truth.sum())} of {truth.size} true", "cases of both classes")
    return values, truth


@_drawn
def tippett(ax: Any, llrs: npt.ArrayLike, labels: npt.ArrayLike) -> Any:
    """Draw for each class the share of cases whose llr is at least a value."""
    values, truth = _two(llrs, labels)
    for part, colour, name in ((values[truth], RED, "claim true"), (values[~truth], BLUE, "claim not true")):
        ordered = np.sort(part)
        ax.step(ordered, 1 - np.arange(ordered.size) / ordered.size, where="pre", color=colour, label=name)
    ax.axvline(0, color="0.6", linewidth=0.8)
    ax.set_xlabel("log10 likelihood ratio")
    ax.set_ylabel("share of cases with at least this llr")
    ax.legend(frameon=False)
    return ax


@_drawn
def pav(ax: Any, llrs: npt.ArrayLike, labels: npt.ArrayLike) -> Any:
    """Draw stated llrs against those after the best monotone recalibration; honest numbers follow the diagonal."""
    values, truth = _two(llrs, labels)
    posterior = np.clip(_pav(values, truth.astype(float)), 1e-4, 1 - 1e-4)
    best = np.log10(posterior / (1 - posterior)) - np.log10(truth.sum() / (~truth).sum())
    order = np.argsort(values, kind="stable")
    ax.plot(values[order], best[order], color=BLUE, linewidth=1.4)
    ends = [float(values.min()), float(values.max())]
    ax.plot(ends, ends, color="0.6", linewidth=0.8)
    ax.set_xlabel("stated log10 LR")
    ax.set_ylabel("recalibrated log10 LR")
    return ax


@_drawn
def reliability(ax: Any, llrs: npt.ArrayLike, labels: npt.ArrayLike, *, bins: int = 10) -> Any:
    """Draw stated against observed probability at even prior, in bins of equal count."""
    values, truth = _two(llrs, labels)
    weight = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    stated = 1 / (1 + 10 ** (-np.clip(values, -300, 300)))
    points = []
    for part in np.array_split(np.argsort(stated, kind="stable"), min(bins, stated.size)):
        total = weight[part].sum()
        points.append(((weight * stated)[part].sum() / total, weight[part][truth[part]].sum() / total))
    x, y = np.array(points).T
    ax.plot(x, y, "o-", color=BLUE)
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
    ax.set_xlabel("stated probability (even prior)")
    ax.set_ylabel("observed")
    return ax


@_drawn
def llr_histogram(ax: Any, llrs: npt.ArrayLike, labels: npt.ArrayLike, *, bins: int = 30) -> Any:
    """Draw the llrs of both classes."""
    values, truth = _two(llrs, labels)
    edges = np.linspace(values.min() - 0.05, values.max() + 0.05, bins + 1)
    ax.hist(values[truth], edges, color=RED, alpha=0.6, density=True, label="claim true")
    ax.hist(values[~truth], edges, color=BLUE, alpha=0.6, density=True, label="claim not true")
    ax.set_xlabel("log10 likelihood ratio")
    ax.legend(frameon=False)
    return ax
