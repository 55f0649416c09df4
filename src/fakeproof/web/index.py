"""An embedded index of sources: add, search, save, open memory-mapped."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from fakeproof._folders import appearing
from fakeproof.errors import IndexFormatError, ParameterError, PhotoError
from fakeproof.findings import Match, Source
from fakeproof.web.candidates import as_source
from fakeproof.web.catalog import FILE, Catalog
from fakeproof.web.columns import Column, FileColumn, MemoryColumn
from fakeproof.web.entry import Entry, describe_source, restore
from fakeproof.web.search import Searcher, span

if TYPE_CHECKING:
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["SourceIndex"]

BATCH = 64
"""Sources that are written in one transaction."""
HASHES = ("pdq-0", "pdq-1", "pdq-2", "pdq-3", "ends")
DESCRIPTORS = ("orb-0", "orb-1", "orb-2", "orb-3", "points")
FEW_HASHES = ("few-ends",)
FEW = ("few-0", "few-1", "few-2", "few-3", "few-points")
"""Columns that came with the second format: a row a source, and a row a compact point."""
_DTYPES = {"ends": "<i8", "points": "<u4", "few-ends": "<i8", "few-points": "<u4"}


class SourceIndex:
    """Sources by hash and by keypoints, in one folder, without a server.

    Make one with :meth:`build`, ``SourceIndex()`` or :meth:`open`. An index that was opened from a folder writes to it
    as sources are added; one that was built stays in memory until :meth:`save`. One writer and any number of readers
    may use a folder at once; readers see what was committed when they search.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> photos = [fp.Photo.from_array(getattr(skimage.data, n)(), name=n) for n in ("astronaut", "coffee", "chelsea")]
    >>> index = fp.SourceIndex.build(photos)
    >>> query = fp.Photo.from_array(skimage.data.coffee()[40:360, 60:520])
    >>> len(index), index.search(query, limit=1)[0].source.name
    (3, 'coffee')
    """

    def __init__(self) -> None:
        self._catalog = Catalog(None, create=True)
        self._columns = _columns(None)
        self.unreadable: list[dict[str, str]] = []

    @classmethod
    def build(
        cls,
        sources: Iterable[Photo | Source | str | Path | bytes],
        *,
        progress: bool = False,
        workers: int | None = None,
    ) -> Self:
        """Make an index in memory.

        Parameters
        ----------
        sources : iterable
            Photos, paths, bytes or `Source`. One that cannot be read is listed in ``unreadable`` and stops nothing.
        progress : bool
            Show a progress bar.
        workers : int, optional
            Threads that read and describe sources; by default one a core.
        """
        index = cls()
        index.add_many(sources, progress=progress, workers=workers)
        return index

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a saved index; its numbers are mapped, not read.

        Raises
        ------
        IndexFormatError
            If the folder holds no index, or a damaged one; names what is wrong.
        """
        index = cls.__new__(cls)
        folder = Path(path)
        index._catalog = Catalog(folder, create=False)
        index._columns = _columns(folder)
        index.unreadable = []
        index._views()
        return index

    @property
    def path(self) -> Path | None:
        """The folder, or None for an index in memory."""
        return self._catalog.folder

    def __len__(self) -> int:
        return self._catalog.lengths()[0] - len(self._catalog.removed())

    def __repr__(self) -> str:
        return f"SourceIndex({len(self)} sources, {self.path or 'in memory'})"

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self._catalog.ids(key=key))

    def __iter__(self) -> Iterator[Source]:
        ids = self._catalog.ids()
        for low in range(0, len(ids), BATCH):
            yield from map(restore, self._catalog.rows(ids[low : low + BATCH]))

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise ParameterError("index", "in memory", "an index that was saved and opened, to pass to other processes")
        return type(self).open, (self.path,)

    def close(self) -> None:
        """Close the database; searching afterwards is an error."""
        self._catalog.close()

    def add(self, source: Photo | Source | str | Path | bytes, /) -> str:
        """Add one source and return its key: the caller's, or the file's sha256.

        A source of the same picture and address as one that is there is not added again.

        Raises
        ------
        PhotoError
            If it cannot be read.
        """
        entry = describe_source(as_source(source))
        self._write([entry])
        return str(entry.record["key"])

    def add_many(
        self,
        sources: Iterable[Photo | Source | str | Path | bytes],
        /,
        *,
        progress: bool = False,
        workers: int | None = None,
    ) -> int:
        """Add many sources, 64 a transaction; return how many were new. The rest is in ``unreadable``."""
        before, batch = self._catalog.lengths()[0], []
        for entry in _bar(self._described(sources, workers), sources, progress):
            if entry is not None:
                batch.append(entry)
            if len(batch) >= BATCH:
                self._write(batch)
                batch = []
        self._write(batch)
        return self._catalog.lengths()[0] - before

    def _described(self, sources: Iterable[Any], workers: int | None) -> Iterator[Entry | None]:
        """Describe sources in threads, in order, holding only a few at a time."""
        pending = (as_source(s) for s in sources)
        with ThreadPoolExecutor(workers) as pool:
            while group := list(islice(pending, 2 * BATCH)):
                yield from pool.map(self._try_describe, group)

    def _try_describe(self, source: Source) -> Entry | None:
        try:
            return describe_source(source)
        except (PhotoError, OSError) as error:
            reason = error.reason if isinstance(error, PhotoError) else str(error)
            self.unreadable.append({"name": source.name, "reason": reason})
            return None

    def _write(self, entries: Sequence[Entry]) -> None:
        """Append the columns first, then commit the record: what a crash leaves behind was never counted."""
        with self._catalog.writing() as (sources, descriptors):
            fresh = [e for e in entries if not self._known(e)]
            if not fresh:
                return
            self._append(fresh, sources, descriptors)
            records = [{**e.record, "id": sources + i} for i, e in enumerate(fresh)]
            total = descriptors + sum(len(e.descriptors) for e in fresh)
            self._catalog.insert(records, sources + len(fresh), total)

    def _known(self, entry: Entry) -> bool:
        same = self._catalog.rows(self._catalog.ids(key=entry.record["key"], sha256=entry.record["sha256"]))
        keys = ("url", "order_id", "path")
        return any(all(row[k] == entry.record[k] for k in keys) for row in same)

    def _append(self, entries: Sequence[Entry], sources: int, descriptors: int) -> None:
        import numpy as np

        words = np.stack([e.words for e in entries])
        codes = np.concatenate([e.descriptors for e in entries])
        points = np.ascontiguousarray(np.concatenate([e.points for e in entries])).view("<u4").ravel()
        ends = descriptors + np.cumsum([len(e.descriptors) for e in entries])
        for i in range(4):
            self._columns[f"pdq-{i}"].append(words[:, i], sources)
            self._columns[f"orb-{i}"].append(codes[:, i], descriptors)
        self._columns["ends"].append(ends, sources)
        self._columns["points"].append(points, descriptors)
        before = self._columns["few-ends"].view(sources)
        kept = int(before[-1]) if sources else 0
        few = np.concatenate([e.few for e in entries])
        for i in range(4):
            self._columns[f"few-{i}"].append(few[:, i], kept)
        places = np.ascontiguousarray(np.concatenate([e.few_points for e in entries])).view("<u4").ravel()
        self._columns["few-points"].append(places, kept)
        self._columns["few-ends"].append(kept + np.cumsum([len(e.few) for e in entries]), sources)

    def remove(self, key: str) -> int:
        """Remove the sources with this key; return how many there were. :meth:`save` to a new folder frees the room.

        Raises
        ------
        ParameterError
            No source has the key.
        """
        gone = self._catalog.remove(key)
        if not gone:
            raise ParameterError("key", key, "a key of this index, as add() returns it and iteration shows it")
        return gone

    def list(self, text: str = "", *, order: str = "", missing: bool = False) -> builtins.list[Source]:
        """Return the sources whose description fits, in the order in which they were added; no picture is read.

        Parameters
        ----------
        text : str
            What key, name, address, place seen or path hold, in upper or lower case.
        order : str
            The earlier order that they came with.
        missing : bool
            Only those whose file is no longer there.
        """
        ids = self._catalog.listed(text=text, order=order)
        found = [
            restore(row) for low in range(0, len(ids), BATCH) for row in self._catalog.rows(ids[low : low + BATCH])
        ]
        return [s for s in found if not missing or (isinstance(s.image, Path) and not s.image.is_file())]

    def prune(self) -> builtins.list[Source]:
        """Remove the sources whose file is no longer there, for nothing can be proved with them; return them."""
        gone = self.list(missing=True)
        for key in dict.fromkeys(source.key for source in gone):
            self._catalog.remove(key)
        return gone

    def search(self, photo: Photo, /, *, limit: int = 10) -> builtins.list[Match]:
        """Return the most likely sources of a photo, best first, not verified.

        Hashes of the photo in all eight orientations find whole re-uses; ORB descriptors, plain and mirrored, vote for
        the sources of crops, collages, screenshots and rotations; the best of both are ordered by how many keypoints
        agree with one transform. :func:`fakeproof.web.match_sources` proves them.

        Parameters
        ----------
        photo : Photo
            The questioned photo.
        limit : int
            At most so many.

        Returns
        -------
        list of Match
            ``kind`` is ``'unverified'``; ``distance`` is that of the hash in bits, ``inliers`` the agreeing keypoints.
        """
        return self.search_many([photo], limit=limit)[0]

    def candidates(self, photo: Photo, /, *, limit: int) -> tuple[builtins.list[Source], int]:
        """Return the sources that are worth opening, best first, and how many were held against the photo.

        Of the `limit` most likely sources those are left of which the hash is near, ORB points agree, or a few compact
        RootSIFT points agree, plain or mirrored; the same file always is. No file is opened.
        """
        searcher = Searcher(self._views(), self._catalog.removed())
        (hits,) = searcher.search([photo], limit)
        same = self._catalog.rows(self._catalog.ids(sha256=photo.sha256))
        known = {record["id"] for record in same}
        hinted = [hit for hit in hits if hit.id not in known and searcher.hinted(hit, photo)]
        others = [match.source for match in self._matches(hinted)]
        return [*map(restore, same), *others], len(known | {hit.id for hit in hits})

    def search_many(self, photos: Sequence[Photo], /, *, limit: int = 10) -> builtins.list[builtins.list[Match]]:
        """Search for several photos at once: the hashes of all are compared in one pass."""
        if limit < 1:
            raise ParameterError("limit", limit, "1 or more")
        hits = Searcher(self._views(), self._catalog.removed()).search(photos, limit)
        return [self._matches(found) for found in hits]

    def _matches(self, hits: Sequence[Any]) -> builtins.list[Match]:
        records = self._catalog.rows([hit.id for hit in hits])
        return [
            Match(
                source=restore(record),
                sha256=record["sha256"],
                inliers=hit.inliers,
                distance=hit.distance,
                facts={"votes": round(hit.votes, 2), "source_size": [record["width"], record["height"]]},
            )
            for hit, record in zip(hits, records, strict=True)
        ]

    def _views(self) -> dict[str, npt.NDArray[Any]]:
        sources, descriptors = self._catalog.lengths()
        few = self._columns["few-ends"].view(sources)
        lengths = {
            **dict.fromkeys((*HASHES, *FEW_HASHES), sources),
            **dict.fromkeys(DESCRIPTORS, descriptors),
            **dict.fromkeys(FEW, int(few[-1]) if sources else 0),
        }
        return {name: column.view(lengths[name]) for name, column in self._columns.items()}

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the index to a folder, without what was removed; the folder appears only when it is complete.

        Raises
        ------
        FileExistsError
            If the folder exists and `overwrite` is false.
        IndexFormatError
            If what is there is no index: it is never replaced.
        """
        target = Path(path)
        if target.exists() and not overwrite:
            raise FileExistsError(f"{target} exists; pass overwrite=True to replace it")
        if target.exists() and not (target / FILE).is_file():
            raise IndexFormatError(f"{target}: holds no {FILE}; only an index is replaced")
        with appearing(target) as part:
            copy = type(self).__new__(type(self))
            copy._catalog, copy._columns, copy.unreadable = Catalog(part, create=True), _columns(part), []
            copy.merge(self)
            copy.close()

    def merge(self, other: SourceIndex, /) -> int:
        """Add the sources of another index without reading their pictures again; return how many were new.

        Of an index of the first format they are read, for the points that it did not keep; one that is gone stays as it
        was, and is opened in every search that it is likely in.
        """
        before, ids = self._catalog.lengths()[0], other._catalog.ids()
        views = other._views()
        for low in range(0, len(ids), BATCH):
            self._write([_renewed(_entry(views, record)) for record in other._catalog.rows(ids[low : low + BATCH])])
        return self._catalog.lengths()[0] - before


def _entry(views: dict[str, npt.NDArray[Any]], record: dict[str, Any]) -> Entry:
    import numpy as np

    i = record["id"]
    part, few = span(views["ends"], i), span(views["few-ends"], i)
    return Entry(
        record,
        np.array([views[f"pdq-{k}"][i] for k in range(4)], np.uint64),
        np.stack([views[f"orb-{k}"][part] for k in range(4)], axis=1),
        np.ascontiguousarray(views["points"][part]).view("<u2").reshape(-1, 2),
        np.stack([views[f"few-{k}"][few] for k in range(4)], axis=1),
        np.ascontiguousarray(views["few-points"][few]).view("<u2").reshape(-1, 2),
    )


def _renewed(entry: Entry) -> Entry:
    """Return the entry with compact points, where an index of the first format kept none and its picture is there."""
    if len(entry.few):
        return entry
    try:
        read = describe_source(restore(entry.record))
    except (PhotoError, OSError):
        return entry
    return replace(entry, few=read.few, few_points=read.few_points)


def _columns(folder: Path | None) -> dict[str, Column]:
    names = (*HASHES, *DESCRIPTORS, *FEW_HASHES, *FEW)
    if folder is None:
        return {name: MemoryColumn(_DTYPES.get(name, "<u8")) for name in names}
    return {
        name: FileColumn(folder / f"{name}.bin", _DTYPES.get(name, "<u8"), optional=name in (*FEW_HASHES, *FEW))
        for name in names
    }


def _bar(items: Iterator[Any], sources: Any, progress: bool) -> Iterable[Any]:
    if not progress:
        return items
    from tqdm.auto import tqdm

    return tqdm(items, total=len(sources) if hasattr(sources, "__len__") else None, unit="photo")  # type: ignore[no-any-return]
