"""Labelled cases for the scoring benchmark: which photo, what is true of it, and what the detectors say.

Rows are cached in benchmarks/.cache by case, detector versions and the code's digest, because they take hours and the
weighing is tried again in seconds.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material.attacks import KINDS as KINDS_OF_ATTACK
from benchmarks.material.chains import apply_chain
from benchmarks.material.data import COMPOSITES, Row, half_of, product_of, rows, split
from benchmarks.material.forgeries import KINDS, forge, untouched

CACHE = Path(__file__).parent.parent / ".cache"
WORKERS = 2
CAMERA_ROLES = ("original", "natural")


SHARES = {
    "edited": {"asis": 0.8, "chat": 0.5, "screenshot": 0.3},
    "web_image": {"asis": 0.6, "chat": 0.4, "screenshot": 0.25},
    "wrong_product": {"asis": 1.0, "chat": 0.8, "screenshot": 0.6},
}
"""Share of the cases of each chain that are read: all of them take hours on two cores. The sample is by digest."""


@dataclass(frozen=True)
class Case:
    """A photo to make, and its truth. `recipe` is everything that decides its bytes."""

    category: str
    label: bool
    group: str
    half: str
    set: str
    chain: str
    recipe: tuple[Any, ...]

    @property
    def key(self) -> str:
        """Digest of the recipe and of the code that reads the photo."""
        text = json.dumps([self.category, self.chain, [str(r) for r in self.recipe], code_digest(self.category)])
        return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4)
def code_digest(category: str) -> str:
    """Digest of what can change this category's findings; the weighing itself is not in it."""
    root = Path(fp.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        part = path.relative_to(root).parts[0]
        if path.suffix in (".py", ".json", ".npz", ".onnx") and part in (*SHARED_PARTS, *FINDING_PARTS[category]):
            digest.update(path.read_bytes())
    for name in ("forgeries.py", "chains.py", "attacks.py", "damage.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()


SHARED_PARTS = ("jpeg", "reading", "geometry", "photo.py", "photo_decode.py", "photo_chain.py", "findings.py")
FINDING_PARTS = {"edited": ("_kernels", "edited"), "web_image": ("web",), "wrong_product": ("product",)}


def sampled(found: Iterable[Case]) -> Iterator[Case]:
    """Keep the shares of :data:`SHARES`, the same cases each time; a forgery and its twin go together."""
    for case in found:
        name = repr([str(r) for r in case.recipe[1:2]]) + case.set.split(" (")[0] + case.chain
        if hashlib.sha256(name.encode()).digest()[0] < 256 * SHARES[case.category][case.chain]:
            yield case


def seed_of(*parts: Any) -> int:
    """Return a seed that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


# Edited


def edited_cases(options: Options, chain: str) -> Iterator[Case]:
    """Tampered and untouched photos of the tamper sets; forgeries and their saved-again twins from camera photos."""
    for row in rows(options, need="tamper"):
        yield _plain(row, row.role == "tampered", chain)
    hosts = [r for r in rows(options, need="camera") if r.role in CAMERA_ROLES]
    hosts += [r for r in rows(options, need="sources") if r.path.name not in COMPOSITES]
    for row in hosts:
        if row.path.suffix.lower() in (".jpg", ".jpeg"):
            yield _plain(row, False, chain)
    for number, row in enumerate(hosts):
        if row.path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            continue
        donor = hosts[(number * 7 + 3) % len(hosts)].path
        kind = KINDS[number % len(KINDS)]
        for made, label in ((kind, True), ("none", False)):
            recipe = ("forged", row.path, donor, made, seed_of(row.path.name))
            yield Case("edited", label, row.component, split(row), f"made ({made})", chain, recipe)


def _plain(row: Row, label: bool, chain: str) -> Case:
    return Case("edited", label, row.component, split(row), row.set, chain, ("file", row.path, seed_of(row.path.name)))


def make_photo(case: Case) -> fp.Photo:
    """Make an edited-case's photo."""
    how = case.recipe[0]
    if how == "file":
        _, path, seed = case.recipe
        return fp.Photo.from_bytes(apply_chain(path.read_bytes(), case.chain, seed=seed).data, name=path.name)
    _, host, donor, kind, seed = case.recipe
    if kind == "none":
        made = untouched(host.read_bytes(), seed=seed, chain=case.chain)
    else:
        other = donor.read_bytes() if donor.suffix.lower() in (".jpg", ".jpeg", ".png") else None
        made = forge(host.read_bytes(), kind=kind, seed=seed, donor=other, chain=case.chain)
    return fp.Photo.from_bytes(made.data, name=host.name)


def edited_findings(case: Case) -> list[Any]:
    """Run the pixel detectors, the fusion, and for every other made case the difference to the original."""
    photo = make_photo(case)
    answers: list[Any] = [d.run(photo) for d in fp.edited.detectors() if d.needs == "photo"]
    if case.recipe[0] == "forged" and case.recipe[-1] % 2 == 0:
        original = fp.Photo.from_bytes(case.recipe[1].read_bytes(), name=case.recipe[1].name)
        found = fp.web.match_sources(photo, [original])
        if found and found.matches:
            answers.append(fp.edited.source_difference(photo, original, match=found.matches[0]))
    answers.append(fp.edited.localize(photo, findings=tuple(answers)))
    return [("chain", photo.chain.kind), *answers]


# Web image

DISTRACTORS = 3


def web_cases(options: Options, chain: str) -> Iterator[Case]:
    """Attacked sources with their original among distractors; the same attacks without it; other photos of a product."""
    sources = rows(options, need="sources")
    kinds = sorted(KINDS_OF_ATTACK)
    for number, row in enumerate(sources):
        seed = seed_of(row.path.name, chain)
        far = [sources[(number + 17 * k + 5) % len(sources)].path for k in range(1, 2 * DISTRACTORS + 1)]
        others, strangers = far[:DISTRACTORS], far[DISTRACTORS:]
        for turn in range(2):
            kind = kinds[(number * 2 + turn + seed) % len(kinds)]
            for label in (True, False):
                recipe: tuple[Any, ...] = ("attack", row.path, kind, seed + turn, (row.path, *others))
                if not label:  # what a collage was made of must not be among the candidates, or it is a true match
                    recipe = (*recipe[:-1], tuple(others), tuple(strangers))
                yield Case("web_image", label, row.component, split(row), row.set, chain, recipe)
    for pair in _pairs(options):
        if pair.same:
            recipe = ("product", pair.a, seed_of(pair.a.name), (pair.b, *(r.path for r in sources[:2])))
            yield Case("web_image", False, pair.group, pair.half, "same product", chain, recipe)


def web_findings(case: Case) -> list[Any]:
    """Verify the photo against its candidates."""
    from benchmarks.material.attacks import attack

    pool = case.recipe[-1]
    if case.recipe[0] == "attack":
        _, path, kind, seed, partners, *_ = case.recipe
        with Image.open(path) as picture:
            others = [Image.open(p).convert("RGB") for p in partners[-DISTRACTORS:]]
            data = attack(picture, kind, seed=seed, others=others)
    else:
        _, path, seed, _ = case.recipe
        data = path.read_bytes()
    photo = fp.Photo.from_bytes(apply_chain(data, case.chain, seed=seed).data, name=path.name)
    found = fp.web.match_sources(photo, list(pool))
    return [("chain", photo.chain.kind), found]


# Wrong product


@dataclass(frozen=True)
class _Pair:
    a: Path
    b: Path
    same: bool
    kind: str
    group: str
    half: str


def _pairs(options: Options) -> list[_Pair]:
    """Read pairs.csv; the product (or its family) that the first photo belongs to is the group."""
    assert options.data is not None
    with (options.data / "products" / "pairs.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    out = []
    for r in records:
        halves = {half_of(product_of(r["a"])), half_of(product_of(r["b"]))}
        if len(halves) > 1:  # a pair across the halves would leak one product into both
            continue
        out.append(
            _Pair(
                options.data / r["a"],
                options.data / r["b"],
                r["same"] == "1",
                r["kind"],
                product_of(r["a"]),
                halves.pop(),
            )
        )
    if options.limit is not None:
        out = sorted(out, key=lambda p: hashlib.sha256(f"{p.a}{p.b}".encode()).digest())[: options.limit]
    return out


def product_cases(options: Options, chain: str) -> Iterator[Case]:
    """Pairs of product photos as they are; every third again with damage drawn on the evidence."""
    for number, pair in enumerate(_pairs(options)):
        seed = seed_of(pair.a.name, pair.b.name)
        for damaged in (False, True) if number % 3 == 0 else (False,):
            recipe = ("pair", pair.a, pair.b, damaged, seed)
            yield Case("wrong_product", not pair.same, pair.group, pair.half, pair.kind, chain, recipe)


def product_findings(case: Case) -> list[Any]:
    """Compare the evidence with the shop's photo."""
    _, a, b, damaged, seed = case.recipe
    data = a.read_bytes()
    if damaged:
        data = _damaged(data, seed)
    photo = fp.Photo.from_bytes(apply_chain(data, case.chain, seed=seed).data, name=a.name)
    return [("chain", photo.chain.kind), fp.product.compare(photo, [b])]


def _damaged(data: bytes, seed: int) -> bytes:
    from benchmarks.material.damage import damage

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        broken = damage(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")), seed=seed)
    Image.fromarray(broken).save(out, "JPEG", quality=88)
    return out.getvalue()


# Rows


def row_of(case: Case, answers: Iterable[Any]) -> dict[str, Any]:
    """Return the table row: a column a detector, label, group, half."""
    row: dict[str, Any] = {
        case.category: int(case.label),
        "group": case.group,
        "half": case.half,
        "set": case.set,
        "delivered": case.chain,
        "chain": "unknown",
        "versions": {},
    }
    for answer in answers:
        if isinstance(answer, tuple):
            row[answer[0]] = answer[1]
        elif isinstance(answer, fp.Finding):
            row[answer.detector] = max(answer.score, row.get(answer.detector, -float("inf")))
            row["versions"][answer.detector] = answer.version
    return row


FINDERS: dict[str, Callable[[Case], list[Any]]] = {
    "edited": edited_findings,
    "web_image": web_findings,
    "wrong_product": product_findings,
}


def read_case(case: Case) -> dict[str, Any]:
    """Run a case in a worker."""
    import cv2

    cv2.setNumThreads(1)
    return row_of(case, FINDERS[case.category](case))


def table(cases: Iterable[Case]) -> list[dict[str, Any]]:
    """Return the rows of cases, from the cache where they are, in order."""
    from tqdm import tqdm

    CACHE.mkdir(exist_ok=True)
    wanted = list(cases)
    book = CACHE / "cases.jsonl"
    known: dict[str, dict[str, Any]] = {}
    if book.exists():
        for line in book.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            known[record["key"]] = record["row"]
    missing = [c for c in wanted if c.key not in known]
    with ProcessPoolExecutor(WORKERS) as pool, book.open("a", encoding="utf-8") as out:
        for case, row in tqdm(zip(missing, pool.map(read_case, missing, chunksize=2), strict=True), total=len(missing)):
            known[case.key] = row
            out.write(json.dumps({"key": case.key, "row": row}) + "\n")
            out.flush()
    return [known[c.key] for c in wanted]


def digest(found: Iterable[dict[str, Any]]) -> str:
    """Return the digest of a table's rows."""
    return hashlib.sha256(json.dumps(list(found), sort_keys=True).encode()).hexdigest()
