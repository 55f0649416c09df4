"""Find likely sources among many: hashes, then votes of descriptors, then one transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fakeproof.geometry import Fit, agrees_somewhere, fit_homography, orb, paired, sane
from fakeproof.geometry.keypoints import WORKING_SIDE, Keypoints, WorkingPicture
from fakeproof.web.hashes import dihedral_hashes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["Hit", "Searcher", "scan"]

HASH_RADIUS = 80
"""Bits of PDQ's 256; with a verifier behind it (false matches 1e-6 at 81-83 on 9.9 million pairs)."""
SURE_RADIUS = 40
"""Bits below which the hash alone is nearly certain."""
MIN_QUALITY = 50
"""PDQ's own limit: below it the bits come from noise."""
QUERIES = ((WORKING_SIDE, 500), (1024, 1500))
"""Working side, px, and ORB points of the photo that vote; the second only where the first finds nothing certain: it
sees sources that fill a small part of a collage or a screenshot."""
CERTAIN_INLIERS = 15
"""Agreeing keypoints from which a hit is certain enough to stop."""
VOTE_RADIUS = 56
"""Bits of ORB's 256 within which a descriptor votes (benchmarks web)."""
HINT_INLIERS = 7
"""Agreeing ORB points of an index from which a source is opened; of 84 unrelated pairs none had so many."""
RERANKED = 16
"""Sources, best by votes, that are fitted with one transform."""
SOURCES_A_BLOCK = 2048
"""Sources whose distances are held at once; bounds the memory to 2 MB a thousand descriptors."""
FIRST_CAPACITY = 4096


@dataclass(frozen=True)
class Hit:
    """A source that may be the one: its row, votes, hash distance in bits (or None), agreeing keypoints."""

    id: int
    votes: float
    distance: int | None
    inliers: int

    @property
    def certain(self) -> bool:
        """Whether looking further would not change the order."""
        return self.inliers >= CERTAIN_INLIERS or (self.distance is not None and self.distance <= SURE_RADIUS)

    @property
    def rank(self) -> float:
        """Agreeing keypoints, votes as a tie-break, and a near hash worth many of them."""
        near = max(0.0, HASH_RADIUS - self.distance) if self.distance is not None else 0.0
        return self.inliers + 0.25 * self.votes + 0.5 * near


def scan(
    words: Sequence[npt.NDArray[np.uint64]], queries: npt.NDArray[np.uint64], radius: int
) -> npt.NDArray[np.int64]:
    """Return (query, code, distance) of all codes within `radius` bits, int64 (hits, 3); exact.

    Parameters
    ----------
    words : sequence of ndarray, shape (codes,), uint64
        One array a 64-bit word: one for 64-bit codes, four for 256-bit ones.
    queries : ndarray, shape (queries, words), uint64
        What is looked for; many at once cost less each.
    radius : int
        Largest distance in bits.
    """
    import numpy as np

    from fakeproof._kernels.hamming import scan_64, scan_256

    capacity = FIRST_CAPACITY
    while True:
        out = np.empty((capacity, 3), np.int64)
        if len(words) == 1:
            found = scan_64(words[0], queries, radius, out)
        else:
            found = scan_256(words[0], words[1], words[2], words[3], queries, radius, out)
        if found <= capacity:
            return out[:found]
        capacity = int(found)


class Searcher:
    """One search over the columns of an index, as they were when it began."""

    def __init__(self, views: dict[str, npt.NDArray[Any]], removed: Sequence[int]) -> None:
        import numpy as np

        self._views = {name: np.asarray(view) for name, view in views.items()}
        self._alive = np.ones(len(views["ends"]), bool)
        self._alive[list(removed)] = False

    def search(self, photos: Sequence[Photo], limit: int) -> list[list[Hit]]:
        """Return the best hits of each photo."""
        distances = self._hash_distances(photos)
        return [self._search_one(photo, distances[i], limit) for i, photo in enumerate(photos)]

    def _hash_distances(self, photos: Sequence[Photo]) -> list[dict[int, int]]:
        import numpy as np

        variants = [dihedral_hashes(photo) for photo in photos]
        queries = np.stack([h.words for eight in variants for h in eight])
        words = [self._views[f"pdq-{i}"] for i in range(4)]
        out: list[dict[int, int]] = [{} for _ in photos]
        for query, row, distance in scan(words, queries, HASH_RADIUS).tolist():
            photo = query // 8
            if self._alive[row] and variants[photo][0].quality >= MIN_QUALITY:
                out[photo][row] = min(distance, out[photo].get(row, distance))
        return out

    def _search_one(self, photo: Photo, distances: dict[int, int], limit: int) -> list[Hit]:
        import numpy as np

        found: dict[int, Hit] = {row: Hit(row, 0.0, d, 0) for row, d in distances.items()}
        near = sorted(distances, key=distances.__getitem__)[:RERANKED]
        for side, count in QUERIES:
            if side > WORKING_SIDE and max(photo.size) < 1.25 * WORKING_SIDE:
                break
            for mirrored in (False, True):
                query = orb(photo, side=side, count=count, mirrored=mirrored)
                votes = self._votes(query)
                top = np.argsort(-votes, kind="stable")[: max(RERANKED, limit)]
                for row in dict.fromkeys([*(int(r) for r in top if votes[r] > 0), *near]):
                    hit = Hit(row, float(votes[row]), distances.get(row), self._agreeing(query, row))
                    if row not in found or hit.rank > found[row].rank:
                        found[row] = hit
            if any(hit.certain for hit in found.values()):
                break
        return sorted(found.values(), key=lambda hit: (-hit.rank, hit.id))[:limit]

    def _votes(self, query: Keypoints) -> npt.NDArray[np.float64]:
        """Let each descriptor vote for the sources that have one near it; the fewer they are, the more it counts."""
        import numpy as np

        from fakeproof._kernels.voting import nearest_in_spans

        count = len(self._alive)
        w0, w1, w2, w3 = (self._views[f"orb-{i}"] for i in range(4))
        hits = []
        for first in range(0, count, SOURCES_A_BLOCK):
            last = min(first + SOURCES_A_BLOCK, count)
            nearest = np.full((last - first, len(query)), 257, np.uint16)
            nearest_in_spans(w0, w1, w2, w3, self._views["ends"], first, last, query.descriptors, nearest)
            rows, columns = np.nonzero(nearest <= VOTE_RADIUS)
            hits.append(np.stack([rows + first, columns]))
        rows, columns = np.concatenate(hits, axis=1) if hits else np.zeros((2, 0), np.int64)
        rarity = 1.0 / np.maximum(np.bincount(columns, minlength=len(query)), 1)
        votes = np.bincount(rows, weights=rarity[columns], minlength=count)
        return np.where(self._alive, votes, 0.0)

    def _agreeing(self, query: Keypoints, row: int) -> int:
        """Count the keypoints of one source that agree with one sane transform."""
        source = self._keypoints(row)
        fit = fit_homography(source, query)
        if not isinstance(fit, Fit) or not sane(fit.matrix, source.picture.size, points=fit.points_a):
            return 0
        return fit.inliers

    def hinted(self, hit: Hit, photo: Photo) -> bool:
        """Return whether a source is worth opening: a near hash, agreeing ORB points, or agreeing compact points."""
        if hit.distance is not None or hit.inliers >= HINT_INLIERS:
            return True
        few = self._few(hit.id)
        return few is None or agrees_somewhere(few, photo)

    def _keypoints(self, row: int) -> Keypoints:
        import numpy as np

        part = span(self._views["ends"], row)
        codes = np.stack([self._views[f"orb-{i}"][part] for i in range(4)], axis=1)
        return _restored("orb", self._views["points"][part], np.ascontiguousarray(codes))

    def _few(self, row: int) -> Keypoints | None:
        """Return a source's compact points; None where an index of the first format kept none."""
        import numpy as np

        part = span(self._views["few-ends"], row)
        if part.start >= part.stop:
            return None
        codes = np.stack([self._views[f"few-{i}"][part] for i in range(4)], axis=1)
        return _restored("rootsift", self._views["few-points"][part], paired(codes.view(np.uint8)))


def span(ends: npt.NDArray[np.int64], row: int) -> slice:
    """Return where a source's points lie in the columns."""
    return slice(int(ends[row - 1]) if row else 0, int(ends[row]))


def _restored(kind: Literal["orb", "rootsift"], places: npt.NDArray[Any], descriptors: npt.NDArray[Any]) -> Keypoints:
    """Return keypoints as they were stored; of the picture only its size is known, from the outermost points."""
    import numpy as np

    points: Any = np.ascontiguousarray(places).view("<u2").reshape(-1, 2).astype(np.float32) / 64
    none: Any = np.zeros(len(points), np.float32)
    size = (int(points[:, 1].max()) + 1, int(points[:, 0].max()) + 1) if len(points) else (1, 1)
    picture = WorkingPicture(np.zeros(size, np.uint8), np.eye(3))
    return Keypoints(kind, points, none, none, descriptors, picture)
