"""What is known of each source of an index, in SQLite: the commit point of every write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fakeproof.errors import IndexFormatError

__all__ = ["Catalog"]

APPLICATION_ID = 0x66706978
"""Marks the database as a fakeproof index ("fpix")."""
FORMAT, READ = 2, (1, 2)
"""Format that is written, and those that are read; 2 keeps compact RootSIFT points, which 1 did not know."""
FILE = "index.sqlite"
BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE sources (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, seen_on TEXT NOT NULL,
  seen_at TEXT NOT NULL, order_id TEXT NOT NULL, sha256 TEXT NOT NULL, path TEXT NOT NULL, width INTEGER NOT NULL,
  height INTEGER NOT NULL, quality INTEGER NOT NULL, removed INTEGER NOT NULL DEFAULT 0, picture BLOB);
CREATE INDEX sources_key ON sources (key);
CREATE INDEX sources_sha256 ON sources (sha256);
CREATE INDEX sources_removed ON sources (removed) WHERE removed;
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), sources INTEGER NOT NULL, descriptors INTEGER NOT NULL);
INSERT INTO state VALUES (1, 0, 0);
"""
COLUMNS = (
    "id", "key", "name", "url", "seen_on", "seen_at", "order_id", "sha256", "path", "width", "height", "quality",
    "picture",
)  # fmt: skip


class Catalog:
    """The database of one index; `folder` None keeps it in memory.

    Raises
    ------
    IndexFormatError
        If the folder holds no index, or one of another format.
    """

    def __init__(self, folder: Path | None, *, create: bool) -> None:
        self._lock = threading.RLock()
        self.folder = folder
        if folder is not None and not create and not (folder / FILE).is_file():
            raise IndexFormatError(f"{folder}: holds no {FILE}; it is no source index")
        place = ":memory:" if folder is None else str(folder / FILE)
        try:
            self._db = sqlite3.connect(place, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            if create:
                self._db.executescript(_SCHEMA)
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {FORMAT}")
            self._check()
            if folder is not None:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
        except sqlite3.DatabaseError as error:
            raise IndexFormatError(f"{folder}: {FILE} cannot be read ({error})") from error

    def _check(self) -> None:
        (mark,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if mark != APPLICATION_ID:
            self._db.close()
            raise IndexFormatError(f"{self.folder}: {FILE} is a database of something else (mark {mark:#x})")
        if version not in READ:
            self._db.close()
            raise IndexFormatError(f"{self.folder}: {FILE} has format {version}; this version reads {READ}")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def writing(self) -> Iterator[tuple[int, int]]:
        """Hold the one write lock of the index; yields the committed numbers of sources and descriptors."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self.lengths()
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def lengths(self) -> tuple[int, int]:
        """Return how many sources and descriptors are committed."""
        with self._lock:
            sources, descriptors = self._db.execute("SELECT sources, descriptors FROM state").fetchone()
        return sources, descriptors

    def insert(self, records: list[dict[str, Any]], sources: int, descriptors: int) -> None:
        """Record sources inside :meth:`writing`, and the lengths that the columns now have."""
        marks = ", ".join(f":{c}" for c in COLUMNS)
        self._db.executemany(f"INSERT INTO sources ({', '.join(COLUMNS)}) VALUES ({marks})", records)
        self._db.execute("UPDATE state SET sources = ?, descriptors = ?", (sources, descriptors))
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def rows(self, ids: list[int]) -> list[dict[str, Any]]:
        """Return the records of some sources, in the order asked for."""
        with self._lock:
            marks = ", ".join("?" * len(ids))
            query = f"SELECT {', '.join(COLUMNS)} FROM sources WHERE id IN ({marks})"
            found = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in self._db.execute(query, ids)}
        return [found[i] for i in ids]

    def ids(self, *, key: str | None = None, sha256: str | None = None) -> list[int]:
        """Return the sources that are not removed, all or those with a key or a digest."""
        query, values = "SELECT id FROM sources WHERE removed = 0", []
        for name, value in (("key", key), ("sha256", sha256)):
            if value is not None:
                query += f" AND {name} = ?"
                values.append(value)
        with self._lock:
            return [row[0] for row in self._db.execute(query + " ORDER BY id", values)]

    def removed(self) -> list[int]:
        """Return the sources that were removed."""
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT id FROM sources WHERE removed = 1")]

    def listed(self, *, text: str = "", order: str = "") -> list[int]:
        """Return the sources that are not removed and hold a text in key, name, address, place seen or path."""
        query, values = "SELECT id FROM sources WHERE removed = 0", []
        if text:
            query += " AND instr(lower(key || char(10) || name || char(10) || url || char(10) || seen_on || char(10) || path), ?)"
            values.append(text.lower())
        if order:
            query += " AND order_id = ?"
            values.append(order)
        with self._lock:
            return [row[0] for row in self._db.execute(query + " ORDER BY id", values)]

    def remove(self, key: str) -> int:
        """Mark the sources with this key as removed; return how many there were."""
        with self.writing():
            return self._db.execute("UPDATE sources SET removed = 1 WHERE key = ? AND removed = 0", (key,)).rowcount


def read_time(text: str) -> date | datetime | None:
    """Read back what `isoformat` wrote."""
    if not text:
        return None
    return datetime.fromisoformat(text) if len(text) > len("2026-01-01") else date.fromisoformat(text)
