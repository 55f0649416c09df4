"""Copy-move: masks by set, false alarms, sweeps over what was done to the clone, odd photos, time."""

from __future__ import annotations

import gc
import hashlib
import io
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

import fakeproof as fp
from benchmarks.frame import Options, Table, median_seconds, one_thread, peak_mib
from benchmarks.material.chains import CHAINS, apply_chain
from benchmarks.material.clones import PIXEL_SUFFIXES, cloned, not_cloned
from benchmarks.material.data import Row, rows, split
from benchmarks.material.scenes import SIZES, phone_jpeg
from fakeproof.evidence.metrics import roc_auc, wilson
from fakeproof.evidence.pixels import pixel_scores
from fakeproof.findings import Finding

RGB = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

TARGETS = {"translation": 0.93, "rot": 0.85, "scale": 0.85, "cmh": 0.75, "casia1": 0.65}
SWEEP_LONG = 1200
"""px, longer side of the photos that sweeps are made from."""
SWEEP_PHOTOS = 12
ODD_PHOTOS = 200


def run(options: Options) -> list[Table]:
    with one_thread():
        judged = [_judge(row, options) for row in cloned(options) + not_cloned(options)]
        judged = [j for j in judged if j is not None]
        tables = [_by_set(judged), _by_change(judged), _alarms(judged)]
        if options.chain == "asis":
            hosts = _hosts(options)
            tables += [_sweep(hosts), _odd(options), _time()]
    return tables


@dataclass(frozen=True)
class _Judged:
    row: Row
    score: float
    decided: bool
    f1: float
    seconds: float


def _judge(row: Row, options: Options) -> _Judged | None:
    seed = int.from_bytes(hashlib.sha256(row.path.name.encode()).digest()[:4], "big")
    delivered = apply_chain(row.path.read_bytes(), options.chain, seed=seed)
    photo = fp.Photo.from_bytes(delivered.data)
    start = time.perf_counter()
    finding = fp.edited.copy_move(photo)
    seconds = time.perf_counter() - start
    if not isinstance(finding, Finding):
        return None
    f1 = float("nan")
    if row.mask_path is not None:
        with Image.open(row.mask_path) as image:
            truth = delivered.mask(np.asarray(ImageOps.exif_transpose(image).convert("L")) > 127)
        f1 = _f1(finding, truth, source_unknown=row.set == "casia1")
    return _Judged(row, finding.score, finding.supports is not None, f1, seconds)


def _f1(finding: Finding, truth: Mask, *, source_unknown: bool) -> float:
    """F1 of the finding's own mask; what it did not decide is nothing found."""
    if finding.mask is None:
        return 0.0
    unknown = _partners(finding, truth) if source_unknown else None
    return pixel_scores(finding.mask, truth, dont_care=unknown).f1


def _partners(finding: Finding, truth: Mask) -> Mask:
    """Return the places whose partner of the same pair lies in the marked copy: the source, which no mask marks."""
    parts: dict[str, npt.NDArray[np.uint8]] = defaultdict(lambda: np.zeros(truth.shape, np.uint8))
    for region in finding.regions:
        cv2.fillPoly(parts[region.label], [np.round(region.polygon).astype(np.int32)], 1)
    out = np.zeros(truth.shape, bool)
    for label, part in parts.items():
        other = label[:-1] + ("b" if label.endswith("a") else "a")
        if (truth & (part > 0)).sum() >= 0.5 * part.sum() and other in parts:
            # The outline runs through pixel centres; the mask's edge lies half a pixel further out.
            out |= cv2.dilate(parts[other], np.ones((5, 5), np.uint8)) > 0
    return np.asarray(out & ~truth)


def _cell(part: list[_Judged]) -> list[object]:
    found = wilson(sum(j.decided for j in part), len(part))
    f1 = [j.f1 for j in part]
    hit = sum(j.decided and j.f1 > 0.1 for j in part)
    return [len(part), str(found), hit / len(part), float(np.mean(f1)), float(np.median(f1))]


def _by_set(judged: list[_Judged]) -> Table:
    body: list[list[object]] = []
    short = []
    groups: dict[str, list[_Judged]] = defaultdict(list)
    for j in judged:
        if j.row.mask_path is not None:
            groups[f"cvip {j.row.kind.removeprefix('copymove_')}" if j.row.set == "cvip" else j.row.set].append(j)
    for name, members in groups.items():
        for half in ("train", "unseen", "all"):
            part = [j for j in members if half in ("all", split(j.row))]
            if part:
                body.append([name, half, *_cell(part)])
        target = TARGETS[name.split()[-1]]
        reached = float(np.mean([j.f1 for j in members]))
        if reached < target:
            short.append(f"{name}: mean F1 {reached:.2f} where {target:.2f} is aimed at.")
    clean = [j.score for j in judged if j.row.mask_path is None]
    forged = [j.score for j in judged if j.row.mask_path is not None]
    auc = roc_auc([*forged, *clean], [1] * len(forged) + [0] * len(clean)) if forged and clean else float("nan")
    return Table(
        "Copy-move: own decision and mask",
        ["set", "half", "n", "decided", "right place", "mean F1", "median F1"],
        body,
        note="F1 of the mask that the detector decides on; 0 where it decides nothing. CASIA marks the pasted part only, "
        f"so the partner of a place in the mask does not count there. Photo-level AUC against untouched: {auc:.3f}.",
        shortfalls=short,
    )


def _by_change(judged: list[_Judged]) -> Table:
    body = []
    for j in sorted((j for j in judged if j.row.set == "cvip" and j.row.mask_path), key=lambda j: j.row.path.name):
        told = re.search(r"out_(r|s)(-?[\d.]+)_", j.row.path.name)
        if told:
            name = f"turned by {told[2]} degrees" if told[1] == "r" else f"scaled by {told[2]}"
            body.append([name, j.row.path.stem, split(j.row), j.decided, j.f1])
    return Table("Copy-move: cvip by angle and factor", ["change", "photo", "half", "decided", "F1"], body)


def _alarms(judged: list[_Judged]) -> Table:
    body: list[list[object]] = []
    groups: dict[tuple[str, str], list[_Judged]] = defaultdict(list)
    for j in judged:
        if j.row.mask_path is None:
            name = j.row.need if j.row.need in ("camera", "sources") else j.row.set
            for half in (split(j.row), "all"):
                groups[name, half].append(j)
                groups["all", half].append(j)
    for (name, half), part in sorted(groups.items(), key=lambda g: (g[0][0] == "all", g[0])):
        wrong = sum(j.decided for j in part)
        body.append([name, half, len(part), wrong, str(wilson(wrong, len(part)))])
    everything = groups["all", "all"]
    rate = sum(j.decided for j in everything) / max(1, len(everything))
    return Table(
        "Copy-move: false alarms on untouched photos",
        ["set", "half", "n", "accused", "rate"],
        body,
        note="cvip's are photos of genuinely similar objects.",
        shortfalls=[f"{100 * rate:.1f} % of untouched photos accused where 1 % is aimed at."] if rate > 0.01 else [],
    )


def _hosts(options: Options) -> list[tuple[str, RGB]]:
    """Camera photos of the unseen half, reduced, so that the first save's traces are gone."""
    everything = replace(options, limit=None)
    found = [r for r in rows(everything, need="camera") if r.role in ("original", "natural") and split(r) == "unseen"]
    found += [r for r in rows(everything, need="tamper", set="phone_paste", role="authentic") if split(r) == "unseen"]
    out = []
    for row in [r for r in found if r.path.suffix.lower() in PIXEL_SUFFIXES][
        : min(SWEEP_PHOTOS, max(2, (options.limit or 99) // 5))
    ]:
        with Image.open(row.path) as image:
            rgb = ImageOps.exif_transpose(image).convert("RGB")
        rgb.thumbnail((SWEEP_LONG, SWEEP_LONG), Image.Resampling.BOX)
        out.append((row.path.name, np.asarray(rgb)))
    return out


def clone(
    rgb: RGB, name: str, *, side: int = 128, angle: float = 0, scale: float = 1, mirror: bool = False
) -> RGB | None:
    """Paste a round place of the photo elsewhere; the place is the same for the same name and has some structure."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    height, width = rgb.shape[:2]
    edge = int(max(side, side * scale) / 2) + 2
    if 3 * edge > min(height, width):
        return None
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    best = None
    for _ in range(60):
        sx, tx = rng.integers(edge, width - edge, 2)
        sy, ty = rng.integers(edge, height - edge, 2)
        if np.hypot(sx - tx, sy - ty) < 2.2 * edge:
            continue
        contrast = float(grey[sy - side // 2 : sy + side // 2, sx - side // 2 : sx + side // 2].std())
        best = max(best or (0.0, 0, 0, 0, 0), (min(contrast, 20.0), int(sx), int(sy), int(tx), int(ty)))
        if contrast > 20:
            break
    if best is None:
        return None
    _, sx, sy, tx, ty = best
    linear = cv2.getRotationMatrix2D((0, 0), angle, scale)[:, :2] @ np.diag([-1.0 if mirror else 1.0, 1.0])
    affine = np.column_stack([linear, np.array([tx, ty]) - linear @ np.array([sx, sy])])
    disc = cv2.circle(np.zeros((height, width), np.float32), (tx, ty), int(side * scale / 2), 1.0, -1)
    alpha = cv2.GaussianBlur(disc, (0, 0), 0.7)[..., None]
    seen = cv2.warpAffine(rgb, affine, (width, height), flags=cv2.INTER_CUBIC)
    return np.asarray(np.clip(rgb + alpha * (seen.astype(np.float32) - rgb) + 0.5, 0, 255), np.uint8)


def _saved(rgb: RGB, quality: int = 90) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _noisy(rgb: RGB, sigma: float) -> RGB:
    grain = np.random.default_rng(7).normal(0, sigma, rgb.shape)
    return np.asarray(np.clip(rgb + grain + 0.5, 0, 255), np.uint8)


def _resized(rgb: RGB, factor: float) -> RGB:
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _blurred(rgb: RGB, sigma: float) -> RGB:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma))


Change = Callable[[RGB], bytes]


def _sweeps() -> Iterable[tuple[str, str, dict[str, object], Change]]:
    """Yield what is swept, its value, how the clone is made, and how the whole photo is saved after it."""
    for quality in (50, 60, 70, 80, 90, 95):
        yield "JPEG quality", str(quality), {}, partial(_saved, quality=quality)
    for sigma in (2.0, 4.0, 8.0):
        yield "noise, grey levels", str(sigma), {}, lambda rgb, s=sigma: _saved(_noisy(rgb, s))
    for sigma in (0.7, 1.2, 2.0):
        yield "blur, px", str(sigma), {}, lambda rgb, s=sigma: _saved(_blurred(rgb, s))
    for factor in (0.5, 0.7, 0.85, 1.2):
        yield "resize of the photo", str(factor), {}, lambda rgb, f=factor: _saved(_resized(rgb, f))
    for chain in CHAINS[1:]:
        yield "delivery chain", chain, {}, lambda rgb, c=chain: apply_chain(_saved(rgb), c, seed=1).data
    for side in (24, 32, 48, 64, 96, 128, 192, 256):
        yield "side of the clone, px", str(side), {"side": side}, _saved
    for angle in (2, 5, 10, 30, 60, 90, 135, 180):
        yield "rotation, degrees", str(angle), {"angle": float(angle)}, _saved
    for scale in (0.5, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 2.0):
        yield "scale", str(scale), {"scale": scale}, _saved
    yield "mirrored", "yes", {"mirror": True}, _saved


def _sweep(hosts: list[tuple[str, RGB]]) -> Table:
    body: list[list[object]] = []
    for what, value, made, save in _sweeps():
        answers = []
        for name, rgb in hosts:
            forged = clone(rgb, name, **made)  # type: ignore[arg-type]
            if forged is not None:
                answers.append(bool(fp.edited.copy_move(fp.Photo.from_bytes(save(forged))).supports))
        body.append([what, value, len(answers), str(wilson(sum(answers), len(answers)))])
    wrong = [bool(fp.edited.copy_move(fp.Photo.from_bytes(_saved(rgb))).supports) for _, rgb in hosts]
    body.append(["nothing cloned", "-", len(wrong), str(wilson(sum(wrong), len(wrong)))])
    return Table(
        "Copy-move: found, by what was done",
        ["swept", "value", "n", "found"],
        body,
        note=f"One round clone of 128 px in untouched photos of {SWEEP_LONG} px (unseen half), saved at quality 90, but for "
        "what is swept.",
    )


def odd_photo(number: int, *, size: tuple[int, int] = (1156, 868)) -> RGB:
    """Return one of many photos that search methods choke on: tilings, print, noise, flat, gradients, moiré, products."""
    rng = np.random.default_rng(number)
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    kind = number % 8
    if kind == 0:
        tile = cv2.resize(
            rng.integers(30, 225, (9, 9)).astype(np.float32), None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC
        )
        grey = np.tile(tile, (height // 45 + 1, width // 45 + 1))[:height, :width]
    elif kind == 1:
        grey = np.full((height, width), 245, np.uint8)  # what putText draws on
        for line in range(20, height, 26):
            words = " ".join(
                str(rng.choice(["order", "total", "price", "the", "item", "4.99", "EXP"])) for _ in range(22)
            )
            cv2.putText(grey, words, (8, line), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 30, 1, cv2.LINE_AA)
    elif kind == 2:
        grey = rng.normal(128, rng.uniform(5, 60), (height, width))
    elif kind == 3:
        grey = np.full((height, width), float(rng.integers(0, 256)))
    elif kind == 4:
        grey = x / width * 200 + y / height * float(rng.integers(0, 50))
    elif kind == 5:
        a, b = rng.uniform(0.8, 1.5, 2)
        grey = 127 + 55 * np.sin(a * x + 0.02 * y) + 55 * np.sin(b * y + 0.015 * x)
    elif kind == 6:
        grey = ((x // 32 + y // 24) % 2) * 150 + 50 + 20 * np.sin(x * 0.9) * np.sin(y * 0.7)
    else:
        item = cv2.GaussianBlur(rng.integers(0, 255, (260, 180)).astype(np.float32), (0, 0), 4) * 3 - 250
        grey = np.full((height, width), 200.0)
        for left in (60, 320, 580, 840):
            grey[300:560, left : left + 180] = item * rng.uniform(0.95, 1.05)
    grey = grey + rng.normal(0, 2.5, (height, width))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


ODD_NAMES = ("tiling", "print", "noise", "flat", "gradient", "moiré", "checks", "the same product four times")


def _odd(options: Options) -> Table:
    body: list[list[object]] = []
    times: dict[str, list[float]] = defaultdict(list)
    accused: dict[str, int] = defaultdict(int)
    for number in range(min(ODD_PHOTOS, 2 * (options.limit or ODD_PHOTOS))):
        photo = fp.Photo.from_bytes(_saved(odd_photo(number)))
        _ = photo.luma
        start = time.perf_counter()
        finding = fp.edited.copy_move(photo)
        name = ODD_NAMES[number % 8]
        times[name].append(time.perf_counter() - start)
        accused[name] += bool(finding.supports)
    usual = _usual_seconds("1 MP")
    for name, found in times.items():
        body.append([name, len(found), accused[name], float(np.median(found)), max(found), max(found) / usual])
    slowest = max(max(found) for found in times.values()) / usual
    return Table(
        "Copy-move: odd photos of 1 MP, one thread",
        ["kind", "n", "accused", "median s", "longest s", "longest against a usual photo"],
        body,
        shortfalls=[f"The slowest odd photo takes {slowest:.1f} times a usual one; 3 is aimed at."]
        if slowest > 3
        else [],
    )


def _usual_seconds(name: str) -> float:
    data = phone_jpeg(*SIZES[name])

    def once() -> None:
        fp.edited.copy_move(fp.Photo.from_bytes(data))

    return median_seconds(once, rounds=3)


def _time() -> Table:
    body: list[list[object]] = []
    short = []
    for name, limit in (("1 MP", 2.0), ("12 MP", 6.0)):
        gc.collect()
        seconds = _usual_seconds(name)
        body.append([name, seconds, limit, seconds <= limit, peak_mib()])
        if seconds > limit:
            short.append(f"{name}: {seconds:.1f} s where {limit:.0f} s are aimed at.")
    return Table(
        "Copy-move: time with decoding, one thread",
        ["size", "s", "target s", "met", "peak MiB of the whole run"],
        body,
        shortfalls=short,
    )
