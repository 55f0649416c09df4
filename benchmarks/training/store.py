"""What detectors say of cases, read once: a cache by recipe, detector, version and the digest of the code that it imports.

One file of SQLite, written by the parent alone and after every case, so that a run that was stopped goes on where it
was. Maps are kept by cell, in half precision.
"""

from __future__ import annotations

import io
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.material.cases import Case
from benchmarks.training import code, reading

CACHE = Path(__file__).parent.parent / ".cache"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS answers (recipe TEXT, detector TEXT, version INTEGER, code TEXT, answer TEXT, map BLOB, "
    "PRIMARY KEY (recipe, detector, version, code))"
)


@dataclass
class Read:
    """A case and what was read in it: for each name its answer, and its map by cell where it has one."""

    case: Case
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    maps: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)

    def score(self, detector: str) -> float:
        """Return a detector's score; NaN where it could not look."""
        value = self.answers.get(detector, {}).get("score")
        return float("nan") if value is None else float(value)


class Store:
    """The cache, and the processes that fill it.

    Parameters
    ----------
    folder : Path
    jobs : int
        Processes that read photos; 0 reads in this one.
    minutes : float, optional
        After which no further photo is read: what is there must do.
    by_version : bool
        Take what was read by other code of the same version: the golden scores hold that its numbers are the same.
    """

    def __init__(
        self, folder: Path = CACHE, *, jobs: int = 1, minutes: float | None = None, by_version: bool = False
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.book = sqlite3.connect(folder / "answers.sqlite", timeout=60)
        self.book.execute("PRAGMA journal_mode=WAL")
        self.book.execute(_TABLE)
        self.jobs, self.by_version = jobs, by_version
        self.end = None if minutes is None else time.monotonic() + 60 * minutes

    def read(self, cases: Sequence[Case], names: Sequence[str]) -> list[Read]:
        """Return the cases in which everything named was read, in order; what is missing is read now."""
        missing = [(case, lacks) for case in cases if (lacks := [n for n in names if not self._known(case, n)])]
        for case, answers in self._look(missing):
            for name, (answer, cells) in answers.items():
                row = (
                    case.key,
                    name,
                    reading.version(name),
                    _code(name, case.recipe[0]),
                    json.dumps(answer),
                    _packed(cells),
                )
                self.book.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
            self.book.commit()
        found = (self._stored(case, names) for case in cases)
        return [read for read in found if read is not None]

    def _look(self, missing: list[tuple[Case, list[str]]]) -> Iterator[tuple[Case, dict[str, Any]]]:
        if self.jobs == 0 or not missing:
            yield from ((case, reading.look(case, names)) for case, names in missing)
            return
        with ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn")) as pool:
            for first in tqdm(range(0, len(missing), 2 * self.jobs)):
                if self.end is not None and time.monotonic() > self.end:
                    return
                batch = missing[first : first + 2 * self.jobs]
                yield from zip((c for c, _ in batch), pool.map(reading.look, *zip(*batch, strict=True)), strict=True)

    def _known(self, case: Case, name: str) -> bool:
        return self._row(case, name, "1") is not None

    def _row(self, case: Case, name: str, what: str) -> Any:
        asked = f"SELECT {what} FROM answers WHERE recipe = ? AND detector = ? AND version = ?"
        key: tuple[Any, ...] = (case.key, name, reading.version(name))
        if not self.by_version:
            asked, key = f"{asked} AND code = ?", (*key, _code(name, case.recipe[0]))
        return self.book.execute(asked, key).fetchone()

    def _stored(self, case: Case, names: Iterable[str]) -> Read | None:
        out = Read(case)
        for name in names:
            row = self._row(case, name, "answer, map")
            if row is None:
                return None
            out.answers[name] = json.loads(row[0])
            if row[1] is not None:
                out.maps[name] = np.load(io.BytesIO(zlib.decompress(row[1])), allow_pickle=False).astype(np.float32)
        return out


def _code(name: str, how: str) -> str:
    return code.digest([reading.module(name), "fakeproof.photo", *reading.MATERIAL[how], reading.__name__])


def _packed(cells: npt.NDArray[np.float32] | None) -> bytes | None:
    if cells is None:
        return None
    out = io.BytesIO()
    np.save(out, cells.astype(np.float16), allow_pickle=False)
    return zlib.compress(out.getvalue(), 3)
