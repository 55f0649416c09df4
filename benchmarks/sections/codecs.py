"""Untouched photos that another codec than JPEG held before: who accuses them."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

import fakeproof as fp
from benchmarks.frame import Options, Table
from benchmarks.material.data import rows, split
from fakeproof.evidence.metrics import wilson

SIDE = 1024
"""Longer side, px, that photos are reduced to: shopping sites deliver about that."""
DETECTORS = tuple(d.name for d in fp.edited.detectors())


def _held(picture: Image.Image, *saves: tuple[str, int]) -> bytes:
    """Save in one format after the other."""
    data = b""
    for kind, quality in saves:
        out = io.BytesIO()
        picture.save(out, kind, quality=quality)
        data = out.getvalue()
        picture = Image.open(io.BytesIO(data)).convert("RGB")
    return data


CHAINS: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG 85": lambda p: _held(p, ("JPEG", 85)),
    "AVIF 60, JPEG 92": lambda p: _held(p, ("AVIF", 60), ("JPEG", 92)),
    "AVIF 75, JPEG 85": lambda p: _held(p, ("AVIF", 75), ("JPEG", 85)),
    "AVIF 60": lambda p: _held(p, ("AVIF", 60)),
    "WebP 80": lambda p: _held(p, ("WEBP", 80)),
    "WebP 80, JPEG 85": lambda p: _held(p, ("WEBP", 80), ("JPEG", 85)),
    "WebP 80, PNG": lambda p: _held(p, ("WEBP", 80), ("PNG", 0)),
}


def _one(job: tuple[Path, str]) -> tuple[bool, tuple[str, ...]]:
    path, chain = job
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    verdict = fp.analyze(CHAINS[chain](small))
    alone = tuple(f.detector for f in verdict.findings if f.supports is fp.Category.EDITED)
    return verdict.edited.decision == "supported", alone


def run(options: Options) -> list[Table]:
    """Measure; about 1.5 s a photo and chain, with --jobs in as many processes."""
    found = [r for r in rows(options, need="camera") if r.role in ("original", "natural")]
    found += rows(options, set="phone_paste", role="authentic")
    found = [r for r in found if r.path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    table = Table("Untouched photos accused, by what held them before", ["saves", "photos", "train", "unseen", "alone"])
    table.note = f"Reduced to {SIDE} px. Verdict `supported`; last column: detectors that accuse by themselves."
    with ProcessPoolExecutor(max(1, options.jobs), mp_context=get_context("spawn")) as pool:
        for chain in CHAINS:
            answers = list(pool.map(_one, [(r.path, chain) for r in found]))
            halves = [[a for a, r in zip(answers, found, strict=True) if split(r) == h] for h in ("train", "unseen")]
            hits = [sum(accused for accused, _ in half) for half in halves]
            shown = [f"{n} of {len(half)}: {wilson(n, len(half))}" for n, half in zip(hits, halves, strict=True)]
            alone = {d: sum(d in said for _, said in answers) for d in DETECTORS}
            table.rows.append([chain, len(found), *shown, ", ".join(f"{d} {n}" for d, n in alone.items() if n) or "-"])
            rate = float(np.mean([accused for accused, _ in answers])) if answers else 0.0
            if rate > 0.01:
                table.shortfalls.append(f"{chain}: {sum(hits)} of {len(found)} untouched accused; the target is 1 %.")
    return [table]
