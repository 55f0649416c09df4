"""Labelled cases for the scoring benchmark: which photo, what is true of it, and what the detectors say.

Rows are cached in benchmarks/.cache by case, detector versions and the code's digest, because they take hours and the
weighing is tried again in seconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fakeproof as fp
from benchmarks.chains import apply_chain
from benchmarks.data import Row, rows, split
from benchmarks.forgeries import KINDS, forge, untouched
from benchmarks.frame import Options

CACHE = Path(__file__).parent / ".cache"
WORKERS = 2
CAMERA_ROLES = ("original", "natural")


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
        text = json.dumps([self.category, self.chain, [str(r) for r in self.recipe], code_digest()])
        return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of everything that can change a finding; the weighing itself is not in it."""
    root = Path(fp.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        part = path.relative_to(root).parts[0]
        if path.suffix in (".py", ".json", ".toml", ".onnx") and part in FINDING_PARTS:
            digest.update(path.read_bytes())
    for name in ("forgeries.py", "chains.py", "attacks.py", "damage.py"):
        extra = Path(__file__).parent / name
        if extra.exists():
            digest.update(extra.read_bytes())
    return digest.hexdigest()


FINDING_PARTS = ("_kernels", "jpeg", "geometry", "edited", "web", "product", "photo.py", "findings.py")


def seed_of(*parts: Any) -> int:
    """Return a seed that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


# Edited


def edited_cases(options: Options, chain: str) -> Iterator[Case]:
    """Tampered and untouched photos of the tamper sets; forgeries and their saved-again twins from camera photos."""
    for row in rows(options, need="tamper"):
        yield _plain(row, row.role == "tampered", chain)
    hosts = [r for r in rows(options, need="camera") if r.role in CAMERA_ROLES]
    hosts += rows(options, need="sources")
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
    from fakeproof.analysis import pixel_detectors

    photo = make_photo(case)
    answers: list[Any] = [detector(photo) for detector in pixel_detectors()]
    if case.recipe[0] == "forged" and case.recipe[-1] % 2 == 0:
        original = fp.Photo.from_bytes(case.recipe[1].read_bytes(), name=case.recipe[1].name)
        found = fp.web.match_sources(photo, [original])
        if found and found.matches:
            answers.append(fp.edited.source_difference(photo, original, match=found.matches[0]))
    answers.append(fp.edited.localize(photo, findings=tuple(answers)))
    return [("chain", photo.chain.kind), *answers]


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


FINDERS: dict[str, Callable[[Case], list[Any]]] = {"edited": edited_findings}


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
