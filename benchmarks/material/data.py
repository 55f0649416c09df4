"""The measuring photos: the manifest, and a split that no scene crosses."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from benchmarks.frame import Options

Half = Literal["train", "unseen"]

COMPOSITES = frozenset({"000000000138.jpg"})
"""Files among the sources that are no photos but collages: this one is a rendered kitchen whose tiles are one texture
pasted many times, with a real clone's pixels. They serve as web pictures, never as untouched photos."""


class DataMissing(SystemExit):
    """The section needs --data."""

    def __init__(self, section: str) -> None:
        super().__init__(f"{section}: needs --data DIR with a manifest.csv")


@dataclass(frozen=True)
class Row:
    """One line of the manifest; `component` joins what shares a group or a host."""

    need: str
    set: str
    role: str
    path: Path
    mask_path: Path | None
    host: str
    kind: str
    group: str
    note: str
    component: str


def rows(
    options: Options,
    *,
    need: str | None = None,
    set: str | None = None,
    role: str | None = None,
) -> list[Row]:
    """Return the manifest's rows that fit; --limit takes an even sample, the same each time."""
    if options.data is None:
        raise DataMissing("this section")
    found = [
        row
        for row in manifest(options.data)
        if (need in (None, row.need)) and (set in (None, row.set)) and (role in (None, row.role))
    ]
    if options.limit is not None and len(found) > options.limit:
        found = sorted(found, key=lambda r: hashlib.sha256(str(r.path.name).encode()).digest())[: options.limit]
    return found


@lru_cache(maxsize=4)
def manifest(folder: Path) -> tuple[Row, ...]:
    """Read manifest.csv and join rows that share a group or a host (a splice has a host and a donor)."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    component = _components(records)
    return tuple(
        Row(
            need=r["need"],
            set=r["set"],
            role=r["role"],
            path=folder / r["file"],
            mask_path=folder / r["mask"] if r["mask"] else None,
            host=r["host"],
            kind=r["kind"],
            group=r["group"],
            note=r["note"],
            component=component[i],
        )
        for i, r in enumerate(records)
    )


def _components(records: list[dict[str, str]]) -> list[str]:
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    keys: list[list[str]] = []
    for r in records:
        own = [f"{r['set']}:{_scene(v)}" for v in (r["group"], r["host"]) if v] or [f"file:{r['file']}"]
        keys.append(own)
        for other in own[1:]:
            parent[root(other)] = root(own[0])
    return [root(own[0]) for own in keys]


def _scene(name: str) -> str:
    """Fold CASIA's two spellings of one scene: ``Au_cha_0017.jpg`` and ``cha_0017``."""
    return (
        Path(name).stem.removeprefix("Au_").replace("_", "").lower()
        if name.startswith("Au_")
        else name.replace("_", "").lower()
    )


def half_of(group: str) -> Half:
    """Return the half of what must stay together, a scene or a product: about 60 % train."""
    return "train" if hashlib.sha256(group.encode()).digest()[0] < 154 else "unseen"


def fold_of(group: str, folds: int) -> int:
    """Return the fold of what must stay together."""
    return hashlib.sha256(f"fold{group}".encode()).digest()[0] % folds


def split(row: Row) -> Half:
    """Return the row's half, decided by its component so that no scene crosses."""
    return half_of(row.component)


def product_of(name: str) -> str:
    """Name the product that a file of the product photos shows."""
    if "beer_labels" in name:
        return "beer:" + Path(name).stem.split("__")[-1].lower()
    return Path(name).parent.name


def family_of(name: str) -> str:
    """Name the family (juice, apple) in which products are siblings; shelf photos of single kinds are their own."""
    parts = Path(name).parts
    return "/".join(parts[-4:-2]) if "grocery" in name else product_of(name)


def by_half(found: list[Row]) -> dict[Half, list[Row]]:
    """Sort rows into their halves."""
    out: dict[Half, list[Row]] = defaultdict(list)
    for row in found:
        out[split(row)].append(row)
    return out
