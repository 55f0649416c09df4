"""Beyond one machine, with the ``dask`` extra: photos as bags or columns, a source index in shards.

For a plain stream of verdicts hand ``fp.analyze_many`` the executor of a client:
``fp.analyze_many(paths, executor=client.get_executor())``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fakeproof._worker import Job, run_job
from fakeproof.batch import joined, to_frame
from fakeproof.errors import IndexFormatError, ParameterError
from fakeproof.types import Category

if TYPE_CHECKING:
    from fakeproof.findings import Match

__all__ = ["ShardedIndex", "analyze_bag", "analyze_frame"]

SHARD = "shard-{:05d}"


def analyze_bag(bag: Any, /, **options: Any) -> Any:
    """Analyse a ``dask.bag`` of photos (paths, bytes or Photo).

    Parameters
    ----------
    bag : dask.bag.Bag
        Photos. Bytes from object storage come as ``dask.bag.from_delayed`` of ``fsspec`` reads.
    **options
        ``sources``, ``products``, ``order``, ``scorer`` of :func:`fakeproof.analyze`; paths rather than pictures, since
        they travel to every worker.

    Returns
    -------
    dask.bag.Bag of Verdict or Failure
        Light verdicts, in the bag's order; a photo that cannot be analysed is a falsy Failure.
    """
    return bag.map_partitions(_analyze_all, options, joined())


def analyze_frame(frame: Any, /, *, column: str = "photo", **options: Any) -> Any:
    """Analyse a column of photos of a dask DataFrame; return a frame with the columns of ``fp.to_frame``.

    The index is kept, so the result joins to the frame it came from.
    """
    if column not in frame.columns:
        raise ParameterError("column", column, list(frame.columns))
    return frame[column].map_partitions(_frame_rows, options, joined(), meta=_meta())


def _analyze_all(items: Iterable[Any], options: dict[str, Any], detectors: Sequence[Any]) -> list[Any]:
    return [run_job(Job.of(item, number=i, timeout=None), options, detectors) for i, item in enumerate(items)]


def _columns() -> dict[str, str]:
    columns = {"name": "object", "sha256": "object", "width": "float64", "height": "float64", "chain": "object"}
    for category in Category:
        columns[f"{category}_llr"] = "float64"
        columns[f"{category}_decision"] = "object"
        columns[f"{category}_at_bound"] = "object"
    return {**columns, "best": "object", "regions": "float64", "problems": "object", "error": "object"}


def _meta() -> Any:
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _columns().items()})


def _frame_rows(photos: Any, options: dict[str, Any], detectors: Sequence[Any]) -> Any:
    made = to_frame(_analyze_all(list(photos), options, detectors))
    kinds = _columns()
    return made.set_index(photos.index).reindex(columns=list(kinds)).astype(kinds)


class ShardedIndex:
    """A source index in shards, each searched by the worker that holds it; the best of all are merged.

    The folder must be reachable by every worker (a network file system, or the same disk). Each worker maps its shard;
    Dask reruns the search of a shard elsewhere when its worker is lost.

    Parameters
    ----------
    folder : path
        Where the shards lie.
    client : distributed.Client, optional
        Without one, shards are searched one after the other in this process.

    Examples
    --------
    >>> import tempfile, fakeproof as fp, skimage.data
    >>> photos = [fp.Photo.from_array(getattr(skimage.data, n)(), name=n) for n in ("astronaut", "coffee", "chelsea")]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     index = fp.dask.ShardedIndex.build(photos, folder + "/index", shards=2)
    ...     index.search(photos[1], limit=1)[0].source.name
    'coffee'
    """

    def __init__(self, folder: str | Path, *, client: Any = None) -> None:
        self.folder = Path(folder)
        self.client = client
        self.shards = sorted(p for p in self.folder.glob("shard-*") if p.is_dir())
        if not self.shards:
            raise IndexFormatError(f"{self.folder}: no shards in it (folders named shard-00000 and so on)")

    @classmethod
    def build(cls, sources: Iterable[Any], folder: str | Path, *, shards: int = 2, client: Any = None) -> Self:
        """Describe sources and write the shards, in parallel where a client is given.

        Sources go to the shards in turn, so that all grow alike. Paths travel cheaply; Photos are sent whole.
        """
        if shards < 1:
            raise ParameterError("shards", shards, "1 or more")
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        everything = list(sources)
        parts = [everything[i::shards] for i in range(min(shards, max(1, len(everything))))]
        places = [str(target / SHARD.format(i)) for i in range(len(parts))]
        if client is None:
            for part, place in zip(parts, places, strict=True):
                _build_shard(part, place)
        else:
            client.gather([client.submit(_build_shard, p, d, pure=False) for p, d in zip(parts, places, strict=True)])
        return cls(target, client=client)

    def search(self, photo: Any, /, *, limit: int = 10) -> list[Match]:
        """Return the most likely sources over all shards, best first, not verified."""
        places = [str(p) for p in self.shards]
        if self.client is None:
            found = [_search_shard(place, photo, limit) for place in places]
        else:
            found = self.client.gather([self.client.submit(_search_shard, p, photo, limit, pure=False) for p in places])
        return _merge(found, limit)

    def __len__(self) -> int:
        from fakeproof.web.index import SourceIndex

        return sum(len(SourceIndex.open(p)) for p in self.shards)

    def __repr__(self) -> str:
        return f"ShardedIndex({self.folder}, {len(self.shards)} shards)"


def _build_shard(sources: Sequence[Any], place: str) -> int:
    from fakeproof.web.index import SourceIndex

    index = SourceIndex.build(sources, workers=1)
    # A shard that a lost worker had finished is written again by the one that took over.
    index.save(place, overwrite=True)
    return len(index)


def _search_shard(place: str, photo: Any, limit: int) -> list[Match]:
    from fakeproof.photo import Photo
    from fakeproof.web.index import SourceIndex

    return SourceIndex.open(place).search(Photo.of(photo), limit=limit)


def _merge(found: Iterable[Sequence[Match]], limit: int) -> list[Match]:
    from fakeproof.web.search import Hit

    def rank(match: Match) -> tuple[float, str]:
        votes = float(match.facts.get("votes", 0.0))
        return -Hit(id=0, votes=votes, distance=match.distance, inliers=match.inliers).rank, match.source.name

    return sorted((match for part in found for match in part), key=rank)[:limit]
