"""Photos of screens and prints: each person held out in turn, untouched photos by set and chain, time."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
import skimage.data

from benchmarks.frame import Options, Table
from benchmarks.training.recapture import Sample, cut_of, held_out, kept_samples
from fakeproof.evidence.metrics import roc_auc, wilson

AUC, FOUND, ACCUSED, TIME_MS = 0.95, 0.75, 0.01, 150


def run(options: Options) -> list[Table]:
    samples = kept_samples(options)
    score = held_out(samples, options.seed).score
    taken = np.array([s.role != "real" for s in samples])
    cut = cut_of(score[~taken])
    return [_people(samples, score, taken, cut), _untouched(samples, score, taken, cut), _time()]


def _people(samples: list[Sample], score: Any, taken: Any, cut: float) -> Table:
    people = sorted({s.group for s, y in zip(samples, taken, strict=True) if y})
    named = {p: np.array([s.group == p for s in samples]) for p in people}
    chains = {c: np.array([s.chain == c for s in samples]) for c in ("asis", "chat", "small", "screenshot")}
    prints = np.array([s.role == "print" for s in samples])
    groups = {f"person {i + 1}": m for i, m in enumerate(named.values())}
    groups |= {f"all, {c}": m for c, m in chains.items()}
    groups["prints alone, all chains"] = prints | ~taken
    body = []
    for name, there in groups.items():
        found, accused = score[there & taken] >= cut, score[there & ~taken] >= cut
        both = found.size and accused.size
        body.append([
            name, found.size, accused.size, f"{roc_auc(score[there], taken[there]):.3f}" if both else "-",
            _rate(found), _rate(accused),
        ])  # fmt: skip
    whole = {row[0]: row for row in body}["all, asis"]
    there = chains["asis"]
    auc, found = roc_auc(score[there], taken[there]), float((score[there & taken] >= cut).mean())
    short = []
    if auc < AUC:
        short.append(f"recapture as delivered: AUC {auc:.3f} (target {AUC})")
    if found < FOUND:
        short.append(f"recapture as delivered: found {found:.2f} of {whole[1]} (target {FOUND} at 1 % accused)")
    return Table(
        "Photos of screens", ["", "recaptures", "untouched", "AUC", "found", "accused"], body,
        note="Every score comes from weights fitted on other people. One threshold for all, which three quarters of a "
        "percent of all untouched samples reach. Brackets: Wilson's 95 % interval. Chat, small and screenshot are "
        "simulated, asis is what was delivered, most of it by one chat app. Public answers to one task: what they call "
        "real holds documents, framed prints and screenshots, too.",
        shortfalls=short,
    )  # fmt: skip


def _rate(hits: Any) -> str:
    if not hits.size:
        return "-"
    low, high = wilson(int(hits.sum()), hits.size)[-2:]
    return f"{hits.mean():.3f} [{low:.3f}, {high:.3f}]"


def _untouched(samples: list[Sample], score: Any, taken: Any, cut: float) -> Table:
    body, short = [], []
    needs = np.array([s.group.split(":")[0] for s in samples])
    chain = np.array([s.chain for s in samples])
    for need in ("camera", "tamper", "products", "sources"):
        for name in ("asis", "chat", "small", "screenshot"):
            there = (needs == need) & (chain == name) & ~taken
            hits = score[there] >= cut
            body.append([need, name, hits.size, int(hits.sum()), _rate(hits)])
            if hits.size and hits.mean() > ACCUSED:
                short.append(f"recapture, untouched {need} {name}: {hits.mean():.3f} accused (aim {ACCUSED})")
    return Table(
        "Untouched photos called photos of screens", ["set", "chain", "n", "accused", "rate"], body,
        note="Held out by photo; at the threshold above.", shortfalls=short,
    )  # fmt: skip


def _time() -> Table:
    import cv2

    from fakeproof.web.recapture_model import look_at, weights

    rgb = cv2.resize(skimage.data.astronaut(), (1000, 1000), interpolation=cv2.INTER_CUBIC)
    fitted, times = weights(), []
    for _ in range(6):
        start = process_time()
        fitted.score(fitted.row(look_at(rgb)))
        times.append(1e3 * (process_time() - start))
    best = min(times)
    short = [f"recapture at 1 MP: {best:.0f} ms of processor time (target {TIME_MS})"] if best > TIME_MS else []
    return Table("Time of recapture", ["photo", "ms"], [["1 MP", round(best)]], shortfalls=short,
                 note="Least processor time of six, without reading the file.")  # fmt: skip
