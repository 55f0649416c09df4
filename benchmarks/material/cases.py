"""Labelled cases: a photo to make, and what is true of it. Reading them is the store's work (training.store)."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmarks.frame import Options
from benchmarks.material import innocent
from benchmarks.material.attacks import KINDS as KINDS_OF_ATTACK
from benchmarks.material.chains import CHAINS, apply_chain
from benchmarks.material.data import COMPOSITES, Row, half_of, product_of, rows, split
from benchmarks.material.forgeries import KINDS, forge

CAMERA_ROLES = ("original", "natural")
DECODED = (".jpg", ".jpeg", ".png")
SHARES = {"asis": 1.0, "wechat": 0.3, "wechat_large": 0.2, "whatsapp": 0.3, "chat": 0.1, "screenshot": 0.05}
OTHER_SHARE = 0.05
"""Share of the cases that also come through a chain; each chain draws its own, so that a new one moves no other."""
SIZES = (720, 1080)
"""Longer sides, px, that hosts are reduced to before something is done to them."""
TURNS = 3
"""How often each host is forged, saved again, and changed by innocent hands."""
LARGEST = 4_000_000
"""Pixels; larger photos only repeat what smaller ones teach, at many times the cost."""


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
        """Digest of the recipe; a path counts by its last three parts, wherever the data lie."""
        text = repr((self.category, self.chain, _plain_values(self.recipe)))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Made:
    """A case's photo, and what was altered in displayed pixels (None: nothing)."""

    data: bytes
    name: str
    mask: npt.NDArray[np.bool_] | None = None


def _plain_values(value: Any) -> Any:
    if isinstance(value, Path):
        return "/".join(value.parts[-3:])
    return [_plain_values(v) for v in value] if isinstance(value, tuple | list) else value


def seed_of(*parts: Any) -> int:
    """Return a seed that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


def sampled(found: Iterable[Case]) -> Iterator[Case]:
    """Send the cases through the chains, each chain a share of them; a forgery and its twin go together."""
    for case in found:
        name = repr((case.category, _plain_values(case.recipe[1:2]), case.recipe[-1]))
        for chain in CHAINS:
            draw = hashlib.sha256(f"{name}{chain}".encode()).digest()[0]
            if draw < 256 * SHARES.get(chain, OTHER_SHARE):
                yield replace(case, chain=chain)


def limited(found: Iterable[Case], limit: int | None) -> list[Case]:
    """Return the cases in an order in which every beginning is a fair sample; at most `limit`."""
    ordered = sorted(found, key=lambda case: hashlib.sha256(f"{case.group}{case.key}".encode()).digest())
    return ordered[:limit]


# Edited


def edited_cases(options: Options) -> Iterator[Case]:
    """Photos of the tamper sets; untouched hosts; and hosts forged, saved again, and changed by innocent hands."""
    for row in rows(options, need="tamper"):
        yield _case(row, row.role == "tampered", row.set, ("file", row.path, row.mask_path, row.kind, 0))
    hosts = [r for r in rows(options, need="camera") if r.role in CAMERA_ROLES]
    hosts += [r for r in rows(options, need="sources") if r.path.name not in COMPOSITES]
    hosts = [r for r in hosts if r.path.suffix.lower() in DECODED]
    for number, row in enumerate(hosts):
        yield _case(row, False, row.set, ("file", row.path, None, "", 0))
        other = hosts[(number * 7 + 3) % len(hosts)]
        donor = other.path if split(other) == split(row) else None
        for turn in range(TURNS):
            seed = seed_of(row.path.name, turn)
            kind = KINDS[seed % len(KINDS)]
            yield _case(row, True, f"made ({kind})", ("forged", row.path, donor, kind, seed))
            yield _case(row, False, "made (none)", ("forged", row.path, donor, "none", seed))
            changed = sorted(innocent.KINDS)[seed // 7 % len(innocent.KINDS)]
            yield _case(row, False, f"innocent ({changed})", ("innocent", row.path, changed, seed))


def _case(row: Row, label: bool, name: str, recipe: tuple[Any, ...]) -> Case:
    return Case("edited", label, row.component, split(row), name, "asis", recipe)


def make(case: Case) -> Made:
    """Make a case's photo."""
    return _MAKE[case.recipe[0]](case)


def _file(case: Case) -> Made:
    _, path, mask_path, *_ = case.recipe
    sent = apply_chain(path.read_bytes(), case.chain, seed=seed_of(path.name))
    if mask_path is None:
        return Made(sent.data, path.name)
    with Image.open(mask_path) as opened:
        mask = np.asarray(ImageOps.exif_transpose(opened).convert("L")) > 127
    return Made(sent.data, path.name, sent.mask(mask))


def _forged(case: Case) -> Made:
    _, host, donor, kind, seed = case.recipe
    other = donor.read_bytes() if donor is not None else None
    made = forge(host.read_bytes(), kind=kind, seed=seed, donor=other, chain=case.chain, sizes=SIZES)
    return Made(made.data, host.name, made.mask if made.mask.any() else None)


def _innocent(case: Case) -> Made:
    _, host, kind, seed = case.recipe
    rng = innocent.seeded(kind, seed)
    with Image.open(host) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    side = int(rng.choice(SIZES))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    saved = innocent.app_save(innocent.change(np.asarray(picture), kind, rng), rng)
    return Made(apply_chain(saved, case.chain, seed=seed).data, host.name)


# Web image

DISTRACTORS = 3


def web_cases(options: Options) -> Iterator[Case]:
    """Attacked sources with their original among distractors; the same attacks without it; other photos of a product."""
    sources = rows(options, need="sources")
    kinds = sorted(KINDS_OF_ATTACK)
    for number, row in enumerate(sources):
        seed = seed_of(row.path.name)
        far = [sources[(number + 17 * k + 5) % len(sources)].path for k in range(1, 2 * DISTRACTORS + 1)]
        others, strangers = far[:DISTRACTORS], far[DISTRACTORS:]
        for turn in range(2):
            kind = kinds[(number * 2 + turn + seed) % len(kinds)]
            for label in (True, False):
                recipe: tuple[Any, ...] = ("attack", row.path, kind, seed + turn, (row.path, *others))
                if not label:  # what a collage was made of must not be among the candidates, or it is a true match
                    recipe = (*recipe[:-1], tuple(others), tuple(strangers))
                yield Case("web_image", label, row.component, split(row), row.set, "asis", recipe)
    for pair in _pairs(options):
        if pair.same:
            recipe = ("product", pair.a, seed_of(pair.a.name), (pair.b, *(r.path for r in sources[:2])))
            yield Case("web_image", False, pair.group, pair.half, "same product", "asis", recipe)


def _attacked(case: Case) -> Made:
    from benchmarks.material.attacks import attack

    _, path, kind, seed, partners, *_ = case.recipe
    with Image.open(path) as picture:
        others = [Image.open(p).convert("RGB") for p in partners[-DISTRACTORS:]]
        data = attack(picture, kind, seed=seed, others=others)
    return Made(apply_chain(data, case.chain, seed=seed).data, path.name)


def _other_photo(case: Case) -> Made:
    _, path, seed, _ = case.recipe
    return Made(apply_chain(path.read_bytes(), case.chain, seed=seed).data, path.name)


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


def product_cases(options: Options) -> Iterator[Case]:
    """Pairs of product photos as they are; every third again with damage drawn on the evidence."""
    for number, pair in enumerate(_pairs(options)):
        seed = seed_of(pair.a.name, pair.b.name)
        for damaged in (False, True) if number % 3 == 0 else (False,):
            recipe = ("pair", pair.a, pair.b, damaged, seed)
            yield Case("wrong_product", not pair.same, pair.group, pair.half, pair.kind, "asis", recipe)


def _product(case: Case) -> Made:
    _, path, _, damaged, seed = case.recipe
    data = path.read_bytes()
    return Made(apply_chain(_damaged(data, seed) if damaged else data, case.chain, seed=seed).data, path.name)


def _damaged(data: bytes, seed: int) -> bytes:
    from benchmarks.material.damage import damage

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        broken = damage(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")), seed=seed)
    Image.fromarray(broken).save(out, "JPEG", quality=88)
    return out.getvalue()


_MAKE: dict[str, Callable[[Case], Made]] = {
    "file": _file,
    "forged": _forged,
    "innocent": _innocent,
    "attack": _attacked,
    "product": _other_photo,
    "pair": _product,
}
