"""Photos of products against shop photos: the comparisons, and what is seen of each photo, computed once.

Products are split by their name, so that a product's photos never stand on both sides; a comparison counts as unseen
only if both of its products are. The photos: GroceryStoreDataset, DreamBooth objects, beer labels against bottles.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.frame import Options
from benchmarks.material.chains import apply_chain
from benchmarks.material.damage import damage
from benchmarks.material.data import DataMissing, family_of, half_of, product_of, rows
from fakeproof.photo import Photo
from fakeproof.product.fusion import against, looks, pooled
from fakeproof.product.quality import doubts
from fakeproof.product.references import Described, describe

SHOP_PHOTOS = (1, 3, 10)
QUESTIONED = 90
"""Shelf photos that play the questioned photo in episodes with several shop photos."""


@dataclass
class Comparison:
    """A questioned photo against shop photos of one product."""

    photo: str
    shop: tuple[str, ...]
    same: bool
    kind: str
    damaged: bool = False

    @property
    def key(self) -> str:
        """Name under which the questioned photo is described."""
        return ("D:" if self.damaged else "") + self.photo

    @property
    def half(self) -> str:
        """``train``, ``unseen``, or ``mixed`` where the two products stand on different sides."""
        sides = {half_of(product_of(self.photo)), half_of(product_of(self.shop[0]))}
        return sides.pop() if len(sides) == 1 else "mixed"


@dataclass
class Bench:
    """Descriptions and cues, each computed once."""

    data: Path
    chain: str
    seed: int
    metric: Any = None
    described: dict[str, Described] = field(default_factory=dict)
    doubted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cues: dict[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)

    @cached_property
    def unrelated(self) -> list[Described]:
        """Describe photos of anything (need ``sources``), which show none of the products."""
        return [describe(Photo.open(row.path), codes=False) for row in rows(Options(self.data), need="sources")]

    def photo(self, name: str) -> Photo:
        """Open a photo, damaged where its name begins with D:, sent through the chain."""
        damaged, plain = name.startswith("D:"), name.removeprefix("D:")
        photo = Photo.open(self.data / plain)
        if damaged:
            seed = int.from_bytes(hashlib.sha256(f"{self.seed}{plain}".encode()).digest()[:4], "little")
            photo = Photo.from_array(damage(photo.rgb, seed=seed))
        if self.chain != "asis":
            out = io.BytesIO()
            from PIL import Image

            Image.fromarray(photo.rgb).save(out, "PNG")
            photo = Photo.from_bytes(apply_chain(out.getvalue(), self.chain, seed=self.seed).data)
        return photo

    def look(self, name: str, *, questioned: bool) -> Described:
        """Describe a photo; shop photos go through no chain."""
        key = name if questioned or self.chain == "asis" else "shop:" + name
        if key not in self.described:
            photo = self.photo(name) if questioned else Photo.open(self.data / name)
            self.described[key] = describe(photo, codes=False)
            if questioned:
                self.doubted[key] = tuple(doubt.name for doubt in doubts(photo, self.described[key]))
        elif questioned and key not in self.doubted:
            self.doubted[key] = tuple(doubt.name for doubt in doubts(self.photo(name), self.described[key]))
        return self.described[key]

    def values(self, case: Comparison) -> Any:
        """Return the features of a case."""
        a, found = self.look(case.key, questioned=True), []
        for name in case.shop:
            b = self.look(name, questioned=False)
            if (case.key, name) not in self.cues:
                self.cues[case.key, name] = against(a, b, self.metric).cues
            found.append((*looks(a, b, self.metric), self.cues[case.key, name][-1]))
        return pooled(np.array(found))


def pair_cases(data: Path) -> list[Comparison]:
    """Return the pairs of pairs.csv."""
    with (data / "products" / "pairs.csv").open(encoding="utf-8", newline="") as file:
        return [Comparison(r["a"], (r["b"],), r["same"] == "1", r["kind"]) for r in csv.DictReader(file)]


def episodes(names: Sequence[str], seed: int) -> list[Comparison]:
    """Return shelf photos against ten others of their product, of a sibling, and of another kind."""
    rng = np.random.default_rng(seed)
    by_product: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if "grocery" in name and "iconic" not in name:
            by_product[product_of(name)].append(name)
    products = sorted(product for product, found in by_product.items() if len(found) >= 4)
    out: list[Comparison] = []
    asked = [name for product in products for name in by_product[product]]
    for index in rng.permutation(len(asked))[:QUESTIONED]:
        photo = asked[index]
        own, kind = product_of(photo), "packages" if "Packages" in photo else "produce"
        others = [
            q for q in products if q != own and half_of(product_of(by_product[q][0])) == half_of(product_of(photo))
        ]
        siblings = [q for q in others if family_of(by_product[q][0]) == family_of(photo)]
        strangers = [q for q in others if family_of(by_product[q][0]) != family_of(photo)]
        for label, choice in (("same", [own]), ("sibling", siblings), ("other", strangers)):
            if choice:
                found = [n for n in by_product[choice[int(rng.integers(len(choice)))]] if n != photo]
                shop = tuple(found[i] for i in rng.permutation(len(found))[: SHOP_PHOTOS[-1]])
                out.append(Comparison(photo, shop, label == "same", f"{kind} {label}"))
    return out


def cases_of(options: Options) -> list[Comparison]:
    """Return every case, clean and damaged, with one, three and ten shop photos."""
    if options.data is None:
        raise DataMissing("product")
    found = rows(Options(options.data), need="products")
    names = [str(row.path.relative_to(options.data)) for row in found]
    cases = [*pair_cases(options.data)]
    for case in episodes(names, options.seed):
        counts = sorted({min(n, len(case.shop)) for n in SHOP_PHOTOS})
        cases += [Comparison(case.photo, case.shop[:n], case.same, case.kind) for n in counts]
    if options.limit is not None:
        keep = sorted(cases, key=lambda c: hashlib.sha256(f"{c.photo}{c.shop[0]}".encode()).digest())
        cases = keep[: options.limit * 4]
    return cases + [Comparison(c.photo, c.shop, c.same, c.kind, damaged=True) for c in cases]
