"""The 8x8 grid that JPEG leaves: where it starts, where another one or none shows, with exact error control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fakeproof.detector import detector, own_map
from fakeproof.edited.block_maps import block_heatmap, box_sum, outlines, to_mask
from fakeproof.edited.marks.aside import aside, in_collage
from fakeproof.edited.planes import ijg_table, jpeg_planes
from fakeproof.edited.saves.shifted_grid import shifted_grid
from fakeproof.findings import Finding, Flag, NotApplicable
from fakeproof.types import Category
from fakeproof.words import Phrase, phrase

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["jpeg_grid"]

Votes = npt.NDArray[np.uint8]

GRIDS = 64
MIN_SIDE = 64
"""Pixels; below, not even the whole photo could be validated."""
REACH = 9
"""Pixels over which votes of one region are joined into a mask; Nikoukhah et al. 2021."""
DECISION_LOG_NFA = -2.0
"""log10 of the expected number of regions of chance in a photo; the paper decides at 0."""
MAX_SHARE = 0.5
"""Share of the photo above which a second grid is the photo's own, older one (cropped and saved again)."""
MAX_OLDER_SHARE = 0.35
"""Share of the photo's cells with an earlier save on a grid above which that grid is the whole photo's older one."""
RESAVE_QUALITIES = (99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 88, 86, 84, 82, 80, 75, 70, 65, 60, 50)
"""IJG qualities among which that of the photo's own grid is read, highest first."""
OWN_LEVEL = 0.55
"""Loss, in units of an untouched block's, below which the photo was saved at a quality before."""
STRIP_BITS = 20
"""Pixels counted at once, as a power of two: a count of bytes needs eight times their memory."""
SAMPLE_STRIDE = 24
"""Pixels between the blocks from which the quality is read."""
CELLS = 5
"""8 px cells over which votes are pooled for the heatmap."""
FAINT = 0.15
"""Share of votes that an untouched, finely textured place still gives the photo's grid (chance is 1/64)."""
LEAST_RATIO = -2.0
"""log10 ratio below which more votes for the photo's grid add nothing."""
MISSING_SHARE = 0.06
"""Largest share of votes for the photo's grid in a place that counts as without grid; measured on camera originals."""
MISSING_CAST = 3.0
"""Blocks' worth of votes among the pooled cells that make their share meaningful."""


HALF_GRID_RATIO = 1.75
"""Votes for each grid half a block beside the main one, in units of the median grid's, from which blocks of 4 px show: VP8
has them, so that WebP gives 2 to 24; a JPEG gives its diagonal neighbour at most 1.7 (66 photos)."""
HALF_GRID_SHARE = 0.65
"""Share of all votes that the main grid then has at most: 0.55 after WebP, 0.78 and more after a JPEG (the same photos)."""
WEAK_SHARE = 0.3
"""Share of all votes below which the main grid of a file other than JPEG is no JPEG's: 0.47 and more after one of quality
85-97 (23 photos), half the photos below after AVIF."""


@dataclass(frozen=True)
class _Grid:
    """A grid, its votes, and log10 of its number of false alarms."""

    position: int
    votes: int
    log_nfa: float

    @property
    def xy(self) -> tuple[int, int]:
        return self.position % 8, self.position // 8


@dataclass(frozen=True)
class _Place:
    kind: str
    grid: int
    votes: int
    box: tuple[int, int, int, int]
    log_nfa: float


@detector(version=3, category=Category.EDITED, least_side=MIN_SIDE, maps={"jpeg_grid": own_map}, cost_ms=40)
def jpeg_grid(photo: Photo, /) -> Finding | NotApplicable:
    """Find the JPEG grid, and places that follow another grid or none.

    Every pixel votes for the grid of the block around it in which most DCT coefficients vanish. A grid counts when so
    many votes for it would be expected less than once in all photos of this size without compression; so do the
    regions of connected votes for another grid. Places without any grid are found by saving the photo once more at
    quality 99: what only then votes was never compressed with the rest.

    It sees pastes from another JPEG and grid-less patches (painting, blurring, rotating) as long as the photo was
    not saved again at a lower quality afterwards; and whole-photo crops. It sees nothing when the paste happens to
    lie on the grid (1 in 64), after a resize, and in photos that never were JPEGs.

    Parameters
    ----------
    photo : Photo

    Returns
    -------
    Finding
        `heatmap`: log10 likelihood ratio of "no main grid here" against "the photo's main grid here", from the votes
        of 5 x 5 cells of 8 px; 0 where nobody votes or no main grid exists. `score`: minus the smallest log10 number
        of false alarms of a region, 0 if none is below 1. `facts`: ``main_grid`` (x, y) or None, ``log10_nfa``,
        ``cropped``, ``grids``.
    NotApplicable
        When the photo's shorter side is below 64 px, it is a lossy WebP, or a PNG or the like that was one before.

    References
    ----------
    Nikoukhah, Anger, Colom, Morel, Grompone von Gioi 2021, "ZERO: a local JPEG grid origin detector based on the
    number of DCT zeros and its applications in image forensics", doi:10.5201/ipol.2021.390. Regions are grown here
    over the blocks that votes elect, which touch, instead of over pixels at most 9 px apart.

    Examples
    --------
    >>> from skimage import data
    >>> import fakeproof as fp
    >>> finding = fp.edited.jpeg_grid(fp.Photo.from_array(data.chelsea()[3:, 5:]))
    >>> finding.facts["main_grid"], finding.facts["cropped"]  # a PNG now, but a JPEG once, and cropped
    ((3, 5), True)
    """
    from fakeproof._kernels.grid import NO_VOTE, grid_votes

    if photo.format == "WEBP" and not photo.lossless:
        return NotApplicable(
            reason=phrase("jpeg_grid.lossy_webp"),
        )
    luma, origin = photo.luma, jpeg_planes(photo).origin
    votes = grid_votes(luma)
    if photo.format != "JPEG" and _other_codec(votes):
        return NotApplicable(reason=phrase("jpeg_grid.other_codec"))
    left_out = aside(photo)
    if left_out is not None:
        votes[left_out] = NO_VOTE
    grids = _valid_grids(votes)
    places = [] if in_collage(photo) else _foreign(photo, votes, grids)
    own = origin[1] + 8 * origin[0]
    loyal = [g for g in grids if g in grids[:1] or (g.position == own and photo.format == "JPEG")]
    if grids and not in_collage(photo):
        places += _missing(luma, votes, loyal)
    places.sort(key=lambda p: p.log_nfa)
    decided = [p for p in places if p.log_nfa < DECISION_LOG_NFA]
    mask = _mask(votes, decided)
    return Finding(
        score=max(0.0, -places[0].log_nfa) if places else 0.0,
        supports=Category.EDITED if decided else None,
        sentence=_sentence(grids, decided),
        mask=mask,
        heatmap=block_heatmap(_absence(votes, loyal), (0, 0), photo.size),
        regions=outlines(mask, trace="jpeg_grid"),
        facts=_facts(grids, places, own),
        flags=Flag.NONE,
    )


def _other_codec(votes: Votes) -> bool:
    """Tell a picture that WebP or AVIF held before.

    WebP's transform has 4 px, so that the grids half a block aside show as well; AVIF's has many sizes, so that its grid
    of 8 px gets few of the votes.
    """
    count = _counts(votes)
    main = int(count.argmax())
    if count[main] < WEAK_SHARE * count.sum() and _log_nfa(int(count[main]), votes.size, votes.shape) < 0:
        return True
    x, y = main % 8, main // 8
    aside = [(x + dx) % 8 + 8 * ((y + dy) % 8) for dx, dy in ((4, 0), (0, 4), (4, 4))]
    clear = count[aside].min() >= HALF_GRID_RATIO * max(float(np.median(count)), 1.0)
    return bool(clear and count[main] <= HALF_GRID_SHARE * count.sum())


def _counts(votes: Votes) -> npt.NDArray[np.int64]:
    """Count the votes for each of the 64 grids."""
    count = np.zeros(256, np.int64)
    for strip in np.array_split(votes, max(1, votes.size >> STRIP_BITS)):
        count += np.bincount(strip.ravel(), minlength=256)
    return count[:GRIDS]


def _log_nfa(votes: int, pixels: float, shape: tuple[int, int]) -> float:
    """log10 of the number of false alarms: tests are all windows of the photo for all grids."""
    from fakeproof._kernels.grid import log10_binomial_tail

    tests = 2 * np.log10(GRIDS * float(shape[0]) * shape[1])
    blocks = int(np.ceil(pixels / GRIDS))
    return float(tests + log10_binomial_tail(votes // GRIDS, blocks, 1 / GRIDS))


def _valid_grids(votes: Votes) -> list[_Grid]:
    """Return the grids that the whole photo's votes validate, strongest first."""
    count = _counts(votes)
    found = [_Grid(i, int(n), _log_nfa(int(n), votes.size, votes.shape)) for i, n in enumerate(count)]
    return sorted((g for g in found if g.log_nfa < 0), key=lambda g: (-g.votes, g.position))


def _min_votes(shape: tuple[int, int]) -> int:
    """Return the fewest votes that any box could validate."""
    tests = 2 * np.log10(GRIDS * float(shape[0]) * shape[1])
    return int(np.ceil(GRIDS * tests / np.log10(GRIDS)))


def _regions(votes: Votes, skip: npt.NDArray[np.bool_], kind: str) -> list[_Place]:
    from fakeproof._kernels.grid import vote_regions

    places = []
    for row in vote_regions(votes, skip, _min_votes(votes.shape)):
        grid, number, left, top, right, bottom = (int(v) for v in row[:6])
        log_nfa = _log_nfa(number, (right - left) * (bottom - top), votes.shape)
        if log_nfa < 0:
            places.append(_Place(kind, grid, number, (left, top, right, bottom), log_nfa))
    return places


def _foreign(photo: Photo, votes: Votes, grids: list[_Grid]) -> list[_Place]:
    """Return regions of grids that show nowhere else: an older grid of the whole photo shows in many places."""
    top, left = jpeg_planes(photo).origin
    skip = np.zeros(GRIDS, bool)
    skip[[g.position for g in grids[:1]]] = True
    skip[left + 8 * top] |= photo.format == "JPEG"
    places = [p for p in _regions(votes, skip, "foreign") if _share(p, votes.shape) <= MAX_SHARE]
    if not places:
        return []
    shares = shifted_grid(photo).shares
    return [p for p in places if shares[p.grid] <= MAX_OLDER_SHARE]


def _share(place: _Place, shape: tuple[int, int]) -> float:
    left, top, right, bottom = place.box
    return (right - left) * (bottom - top) / float(shape[0] * shape[1])


def _missing(luma: npt.NDArray[np.float32], votes: Votes, grids: list[_Grid]) -> list[_Place]:
    """Return regions that vote for a grid only after another save at the photo's own quality.

    The paper saves at quality 99, whose trace most textures hide. A place that had been saved with the rest would show
    as much of a grid before as after.
    """
    from fakeproof._kernels.grid import NO_VOTE

    loyal, cast = _pooled(votes, grids)
    absent = (cast >= MISSING_CAST) & (loyal <= MISSING_SHARE * cast)
    if absent.sum() * GRIDS < _min_votes(votes.shape):
        return []
    again = np.full_like(votes, NO_VOTE)
    rows, columns = (np.flatnonzero(absent.any(axis=axis)) for axis in (1, 0))
    # A margin of two blocks, so that every pixel of the part has all the blocks that cover it.
    top, left = (max(0, int(n[0]) * 8 - 16) for n in (rows, columns))
    bottom, right = (int(n[-1]) * 8 + 24 for n in (rows, columns))
    part = np.ascontiguousarray(luma[top:bottom, left:right])
    again[top:bottom, left:right] = _votes_after(part, _own_quality(luma, grids[0]))
    again[~to_mask(absent, (0, 0), (votes.shape[1], votes.shape[0]))] = NO_VOTE
    for grid in grids:
        again[votes == grid.position] = NO_VOTE
    skip = np.ones(GRIDS, bool)
    skip[0] = False
    places = _regions(again, skip, "missing")
    return [p for p in places if _share(p, votes.shape) <= MAX_SHARE]


def _votes_after(luma: npt.NDArray[np.float32], quality: int) -> Votes:
    """Return the votes after a save; the part starts on a multiple of 8, so the save's grid is (0, 0)."""
    import cv2

    from fakeproof._kernels.grid import grid_votes

    grey = np.clip(luma + 0.5, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    # Read-only as the photo's own view is: another kind of array would have another kernel compiled.
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)
    again.flags.writeable = False
    return grid_votes(again)


def _own_quality(luma: npt.NDArray[np.float32], grid: _Grid) -> int:
    """Return the highest quality whose steps the photo's grid already fits; 99 where it fits none."""
    from fakeproof._kernels.dct import requantise

    tables = np.stack([ijg_table(q) for q in RESAVE_QUALITIES])
    cost, telling = requantise(luma, grid.xy[::-1], SAMPLE_STRIDE, tables)
    for t, quality in enumerate(RESAVE_QUALITIES):
        valid = telling[t] > 0
        if valid.any() and float(np.median(cost[t][valid] / telling[t][valid])) < OWN_LEVEL:
            return quality
    return RESAVE_QUALITIES[0]


def _mask(votes: Votes, places: list[_Place]) -> npt.NDArray[np.bool_]:
    import cv2

    mask = np.zeros(votes.shape, bool)
    ones = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
    for place in places:
        left, top, right, bottom = place.box
        if place.kind == "missing":
            mask[top:bottom, left:right] = True
            continue
        inside = (votes[top:bottom, left:right] == place.grid).astype(np.uint8)
        mask[top:bottom, left:right] |= cv2.morphologyEx(inside, cv2.MORPH_CLOSE, ones) > 0
    mask.flags.writeable = False
    return mask


def _pooled(votes: Votes, grids: list[_Grid]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return by 8 px cell the votes for a valid grid and for any, in blocks, pooled over the neighbouring cells."""
    import cv2

    from fakeproof._kernels.grid import NO_VOTE

    rows, columns = votes.shape[0] // 8, votes.shape[1] // 8
    whole = votes[: rows * 8, : columns * 8]
    counts = []
    for chosen in ([g.position for g in grids[:2]], [NO_VOTE]):
        table = np.zeros(256, np.uint8)
        table[chosen] = 255
        mean = cv2.resize(cv2.LUT(whole, table), (columns, rows), interpolation=cv2.INTER_AREA)
        counts.append(np.asarray(mean, np.float32) / np.float32(255))
    loyal, cast = counts[0], (1 - counts[1]).astype(np.float32)
    return box_sum(loyal, CELLS), box_sum(cast, CELLS)


def _absence(votes: Votes, grids: list[_Grid]) -> npt.NDArray[np.float32]:
    """log10 likelihood ratio, by cell, of votes at random against a faint trace of the photo's grid.

    Texture weakens the trace down to a few votes in a hundred; only its complete absence is evidence.
    """
    loyal, cast = _pooled(votes, grids)
    if not grids:
        return np.zeros_like(loyal)
    chance = 1 / GRIDS
    ratio = np.log10(chance / FAINT) * loyal + np.log10((1 - chance) / (1 - FAINT)) * (cast - loyal)
    limited: npt.NDArray[np.float32] = np.maximum(ratio, LEAST_RATIO).astype(np.float32)
    return limited


def _facts(grids: list[_Grid], places: list[_Place], own: int) -> dict[str, object]:
    main = grids[0] if grids else None
    return {
        "main_grid": main.xy if main else None,
        "log10_nfa": round(main.log_nfa, 2) if main else None,
        "cropped": bool(main and main.position != own),
        "grids": [{"grid": g.xy, "log10_nfa": round(g.log_nfa, 2)} for g in grids],
        "places": [
            {"kind": p.kind, "grid": (p.grid % 8, p.grid // 8), "log10_nfa": round(p.log_nfa, 2), "box": p.box}
            for p in places
        ],
    }


def _sentence(grids: list[_Grid], places: list[_Place]) -> Phrase:
    if places:
        return phrase("jpeg_grid.places", count=len(places))
    return phrase("jpeg_grid.whole" if grids else "jpeg_grid.nothing")
