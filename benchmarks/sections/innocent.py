"""Innocent hands: who accuses photos that honest buyers marked and phones processed; which marks are named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

import fakeproof as fp
from benchmarks.frame import Options, Table
from benchmarks.material.bases import base_photo, bases, identical_goods
from benchmarks.material.chains import through
from benchmarks.material.data import Half, rows, split
from benchmarks.material.forgeries import forge
from benchmarks.material.innocent import EXPECTED, KINDS, app_save, change, seeded
from fakeproof.evidence.metrics import wilson

CHAINS = ("app", "wechat", "whatsapp")
PHOTOS = 100
"""A kind and chain; --limit asks for fewer."""
HALF: Half = "unseen"
GOODS = "identical goods"
FORGED = ("stain", "text", "erase")
TARGET, TARGET_KIND, TARGET_FOUND = 0.01, 0.02, 0.90


@dataclass(frozen=True)
class Job:
    """One photo to make and judge: kind, number, chain, and the file that it is made from."""

    kind: str
    number: int
    chain: str
    path: Path


@dataclass(frozen=True)
class Answer:
    """What was said: whether `edited` is supported, by whom alone, and the kinds of marks named."""

    job: Job
    accused: bool
    alone: tuple[str, ...]
    marks: tuple[str, ...]


def made(job: Job) -> bytes:
    """Make a job's photo: changed, saved by an app, sent through the chain; or forged."""
    rng = seeded(job.kind, job.number)
    if job.kind in FORGED:
        data = forge(job.path.read_bytes(), kind=job.kind, seed=job.number).data
    elif job.kind == GOODS:
        with Image.open(job.path) as opened:
            data = app_save(identical_goods(np.asarray(opened.convert("RGB")), rng), rng)
    else:
        data = app_save(change(base_photo(job.path, rng), job.kind, rng), rng)
    return data if job.chain == "app" else through(data, job.chain, rng)


def judge(job: Job) -> Answer:
    """Analyse a job's photo."""
    verdict = fp.analyze(made(job))
    alone = tuple(f.detector for f in verdict.findings if f.supports is fp.Category.EDITED)
    said = verdict.finding("annotations")
    marks = tuple(said.facts["counts"]) + (("collage",) if said.facts["cells"] else ()) if said else ()
    return Answer(job, verdict.edited.decision == "supported", alone, marks)


def jobs(options: Options) -> list[Job]:
    """Return the jobs: every kind and chain as often; counter-set and goods with them."""
    number = options.limit or PHOTOS
    unlimited = Options(options.data)
    found = bases(unlimited, HALF)
    goods = [r for r in rows(unlimited, need="products", set="beer_labels") if split(r) == HALF]
    out = []
    for kind in (*KINDS, GOODS, *FORGED):
        own = goods if kind == GOODS else found
        order = seeded(kind, options.seed).integers(len(own), size=number)
        out += [Job(kind, options.seed + i, chain, own[int(k)].path) for chain in CHAINS for i, k in enumerate(order)]
    return out


def run(options: Options) -> list[Table]:
    """Measure; about 2.5 s a photo, with --jobs in as many processes."""
    with ProcessPoolExecutor(max(1, options.jobs), mp_context=get_context("spawn")) as pool:
        answers = list(pool.map(judge, jobs(options), chunksize=4))
    innocent = [a for a in answers if a.job.kind not in FORGED]
    forged = [a for a in answers if a.job.kind in FORGED]
    return [_by_chain(innocent), _by_kind(innocent), _marks(innocent), _found(forged)]


def _shown(answers: Sequence[Answer]) -> str:
    hits = sum(a.accused for a in answers)
    return f"{hits} of {len(answers)}: {wilson(hits, len(answers))}" if answers else "-"


def _by_chain(answers: Sequence[Answer]) -> Table:
    table = Table("Innocently changed photos accused, by chain", ["chain", "accused", "alone"])
    table.note = (
        "Bases of the unseen half: cameras, WhatsApp, a messenger. Verdict `supported`; last column: detectors."
    )
    for chain in CHAINS:
        own = [a for a in answers if a.job.chain == chain]
        alone = Counter(name for a in own for name in a.alone)
        table.rows.append([chain, _shown(own), ", ".join(f"{k} {n}" for k, n in alone.most_common()) or "-"])
        rate = sum(a.accused for a in own) / max(1, len(own))
        if rate > TARGET:
            table.shortfalls.append(f"{chain}: {rate:.1%} of innocently changed photos accused; the target is 1 %.")
    return table


def _by_kind(answers: Sequence[Answer]) -> Table:
    table = Table("Innocently changed photos accused, by kind", ["kind", *CHAINS])
    kinds: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        kinds[answer.job.kind].append(answer)
    above = []
    for kind, own in kinds.items():
        table.rows.append([kind, *(_shown([a for a in own if a.job.chain == chain]) for chain in CHAINS)])
        if sum(a.accused for a in own) > TARGET_KIND * len(own):
            above.append(kind)
    if above:
        table.shortfalls.append(f"More than 2 % accused among: {', '.join(above)}.")
    return table


def _marks(answers: Sequence[Answer]) -> Table:
    table = Table("Marks named", ["kind", "one of", *CHAINS])
    table.note = (
        "Share of photos in which a fitting kind of mark is named; first row: untouched photos said to carry any."
    )
    untouched = [a for a in answers if a.job.kind == "none"]
    table.rows.append(["none", "-", *(_share([bool(a.marks) for a in untouched if a.job.chain == c]) for c in CHAINS)])
    every = []
    for kind, wanted in EXPECTED.items():
        own = [(a.job.chain, bool(wanted & set(a.marks))) for a in answers if a.job.kind == kind]
        every += [hit for _, hit in own]
        table.rows.append([kind, ", ".join(sorted(wanted)), *(_share([h for c, h in own if c == n]) for n in CHAINS)])
    wrong = float(np.mean([bool(a.marks) for a in untouched])) if untouched else 0.0
    found = float(np.mean(every)) if every else 1.0
    if found < TARGET_FOUND:
        table.shortfalls.append(f"Marks named in {found:.0%} of the marked photos; the target is 90 %.")
    if wrong > TARGET:
        table.shortfalls.append(f"{wrong:.1%} of untouched photos said to carry a mark; the target is 1 %.")
    return table


def _share(hits: Sequence[bool]) -> float | None:
    return float(np.mean(hits)) if hits else None


def _found(answers: Sequence[Answer]) -> Table:
    table = Table("The counter-set: drawn damage, forged print, erased places found", ["kind", *CHAINS])
    for kind in FORGED:
        own = [a for a in answers if a.job.kind == kind]
        table.rows.append([kind, *(_shown([a for a in own if a.job.chain == chain]) for chain in CHAINS)])
    return table
