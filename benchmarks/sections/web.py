"""Re-used photos: verification by kind of attack, false matches, search, source difference, watermarks, speed."""

from __future__ import annotations

import csv
import io
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

import fakeproof as fp
from benchmarks.frame import Options, Table, cpu_milliseconds, one_thread
from benchmarks.material.attacks import KINDS, attack
from benchmarks.material.chains import through
from benchmarks.material.cutouts import cut_out
from benchmarks.material.data import Row, half_of, product_of, rows, split
from benchmarks.material.forgeries import KINDS as EDITS
from benchmarks.material.forgeries import forge, untouched
from fakeproof.geometry import fit_homography, orb, pair, rootsift, verify
from fakeproof.geometry.parts import Part
from fakeproof.geometry.verify import MIN_INLIERS

RECALL, WORST_RECALL = 0.99, 0.95
UNRELATED_PAIRS = 100_000
FULL_SHARE = 20
"""One pair of so many is also put through every method, which takes a hundred times as long."""
PRODUCT_RATE = 0.003
CUT_OUTS = 0.90
CUT_CHAINS = ("chat", "wechat", "whatsapp")
"""Ways in which cut-outs are delivered."""
SEARCH_SOURCES, TOP1 = 1000, 0.97
DIFFERENCE_F1 = 0.80
PLATFORM_READ, NUMBER_READ, CLEAN = 0.95, 0.90, 200
HASHES_A_SECOND = 35.0
QUERY_MS, FAISS_RATIO = 1.5, 6.0
VERIFY_MS, OPEN_MS = 25.0, 50.0
CODES = 10_000_000
BACKGROUNDS = 40
COPIES = "mixed_images__"


def run(options: Options) -> list[Table]:
    """Measure everything; --limit bounds the photos of each part."""
    return [
        verification(options),
        unrelated(options),
        searching(options),
        difference(options),
        reading(options),
        speed(options),
    ]


def _sources(options: Options) -> list[Row]:
    """Return the source photos, without the copies of each other that one of the sets contains."""
    found = rows(Options(options.data, None, seed=options.seed), need="sources")
    return [r for r in found if not r.path.name.startswith(COPIES)]


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _rate(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if len(hits) else float("nan")


def _others(found: list[Row], i: int) -> list[Image.Image]:
    return [_small(found[(i + 7 * k + 3) % len(found)].path) for k in range(4)]


@lru_cache(maxsize=256)
def _small(path: Path) -> Image.Image:
    picture = _picture(path)
    picture.thumbnail((600, 600))
    return picture


def verification(options: Options) -> Table:
    """Hold attacked photos against their own source."""
    found = _sources(options)
    each = max(2, min(len(found), options.limit or 40))
    hits: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    seconds = []
    for k, kind in enumerate(KINDS):
        for n in range(each):
            i = (k * 31 + n * max(1, len(found) // each)) % len(found)
            source = fp.Photo.open(found[i].path)
            data = attack(_picture(found[i].path), kind, seed=options.seed + n, others=_others(found, i))
            photo = fp.Photo.from_bytes(data, name=kind)
            start = time.perf_counter()
            finding = fp.web.match_sources(photo, [source])
            seconds.append(time.perf_counter() - start)
            hits[kind][split(found[i])].append(bool(finding and finding.matches))
    table = Table(
        "Re-used photos verified, by kind of attack",
        ["attack", "n", "recall", "train", "unseen"],
        note=f"{len(KINDS)} kinds with random parameters; {1e3 * float(np.median(seconds)):.0f} ms a pair with features.",
    )
    everything: dict[str, list[bool]] = defaultdict(list)
    for kind, halves in hits.items():
        both = halves["train"] + halves["unseen"]
        table.rows.append([kind, len(both), _rate(both), _rate(halves["train"]), _rate(halves["unseen"])])
        for half, values in halves.items():
            everything[half] += values
    every = everything["train"] + everything["unseen"]
    table.rows.sort(key=lambda row: row[2])
    table.rows.insert(0, ["all", len(every), _rate(every), _rate(everything["train"]), _rate(everything["unseen"])])
    if _rate(every) < RECALL:
        table.shortfalls.append(f"verified recall {_rate(every):.3f}, target {RECALL}")
    weak = [row for row in table.rows[1:] if row[2] < WORST_RECALL]
    if weak:
        names = ", ".join(f"{row[0]} {row[2]:.2f}" for row in weak)
        table.shortfalls.append(f"recall on the worst kinds (target {WORST_RECALL}): {names}")
    return table


def unrelated(options: Options) -> Table:
    """Hold unrelated photos against each other: ORB on every pair, and every method on a sample of them."""
    authentic = rows(Options(options.data), need="tamper", role="authentic")
    # MISD took its photos from CASIA: a photo of both would be an "unrelated" pair with itself.
    found = [*_sources(options), *(r for r in authentic if r.set != "misd")]
    paths = [r.path for r in _one_a_scene(found)]
    every = np.stack(np.triu_indices(len(paths), 1), axis=1)
    order = np.random.default_rng(options.seed).permutation(every)
    wanted = UNRELATED_PAIRS if options.limit is None else 4000 * options.limit
    pairs = order[:wanted]
    seen, most = _over_pairs(_orb_pairs, paths, pairs, options.jobs)
    full = pairs[: max(50, len(pairs) // FULL_SHARE)]
    same, strongest = _over_pairs(_verified_pairs, paths, full, options.jobs)
    table = Table(
        "Unrelated pairs",
        ["step", "pairs", "accepted", "most inliers"],
        [
            [f"ORB, {MIN_INLIERS} inliers or more", len(pairs), seen, most],
            ["every method, same photo", len(full), same, strongest],
        ],
        note=f"Each pair of {len(paths)} photos of different scenes at most once. The upper 95 % limit of a rate seen 0 "
        "times in n is 3/n.",
    )
    if seen or same:
        table.shortfalls.append(f"{seen} + {same} unrelated pairs were accepted")
    return table


def _over_pairs(
    step: Callable[[np.ndarray], tuple[int, int]], paths: list[Path], pairs: np.ndarray, jobs: int
) -> tuple[int, int]:
    """Return how many pairs were accepted and the most inliers; a process keeps the features of its photos."""
    if jobs == 1:
        _hold(paths)
        parts = [step(pairs)]
    else:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_hold, initargs=(paths,)) as pool:
            parts = list(pool.map(step, np.array_split(pairs, 8 * jobs)))
    return sum(p[0] for p in parts), max(p[1] for p in parts)


_held: list[Path] = []


def _hold(paths: list[Path]) -> None:
    _held[:] = paths


@lru_cache(maxsize=4096)
def _held_photo(i: int) -> fp.Photo:
    return fp.Photo.open(_held[i])


def _orb_pairs(pairs: np.ndarray) -> tuple[int, int]:
    accepted, most = 0, 0
    for i, j in pairs.tolist():
        for mirrored in (False, True):
            a, b = orb(_held_photo(i), count=500, mirrored=mirrored), orb(_held_photo(j), count=500)
            chosen = pair(a, b)
            if len(chosen) >= MIN_INLIERS:
                inliers = fit_homography(a, b, chosen).inliers
                most, accepted = max(most, inliers), accepted + (inliers >= MIN_INLIERS)
    return accepted, most


def _verified_pairs(pairs: np.ndarray) -> tuple[int, int]:
    accepted, most = 0, 0
    for i, j in pairs.tolist():
        result = verify(_held_photo(i), _held_photo(j))
        most, accepted = max(most, result.inliers), accepted + (result.kind == "same_photo")
    return accepted, most


def _one_a_scene(found: list[Row]) -> list[Row]:
    return list({row.component: row for row in found}.values())


def products(options: Options) -> Table:
    """Hold different photos of one product against each other: they must not count as one photo."""
    assert options.data is not None
    with (options.data / "products" / "pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = [r for r in csv.DictReader(file) if r["same"] == "1"]
    rng = np.random.default_rng(options.seed)
    rng.shuffle(pairs)
    if options.limit:
        pairs = pairs[: 20 * options.limit]
    kinds: dict[str, list[str]] = defaultdict(list)
    cache: dict[str, fp.Photo] = {}
    for r in pairs:
        for name in (r["a"], r["b"]):
            cache.setdefault(name, fp.Photo.open(options.data / name))
        said = verify(cache[r["a"]], cache[r["b"]]).kind
        for row in (r["kind"], half_of(product_of(r["a"])), "all"):
            kinds[row].append(said)
    table = Table(
        "Other photos of the same product", ["pairs", "n", "said to be the same photo", "a cut-out", "same product"]
    )
    last = ("train", "unseen", "all")
    for kind in [*sorted(k for k in kinds if k not in last), *(k for k in last if k in kinds)]:
        said_of = kinds[kind]
        shares = [_rate([s == wanted for s in said_of]) for wanted in ("same_photo", "cut_out", "same_product")]
        table.rows.append([kind, len(said_of), *shares])
    accepted = _rate([s in ("same_photo", "cut_out") for s in kinds["all"]])
    if accepted > PRODUCT_RATE:
        table.shortfalls.append(f"other photos of the product accepted {accepted:.4f}, target {PRODUCT_RATE}")
    return table


def cut_outs(options: Options) -> Table:
    """Put subjects of sources on other photos, send them through a chain, and hold them against their source."""
    found = [r for r in _sources(options) if min(_size(r.path)) >= 200]
    wanted = 2 * len(found) if options.limit is None else 20 * options.limit
    rng = np.random.default_rng(options.seed)
    said: dict[str, list[str]] = defaultdict(list)
    likeness: list[float] = []
    for n in range(wanted):
        row, ground = found[(31 * n) % len(found)], found[(31 * n + 7) % len(found)]
        made = cut_out(np.asarray(_picture(row.path)), np.asarray(_picture(ground.path)), rng)
        if made is None:
            continue
        chain = CUT_CHAINS[n % len(CUT_CHAINS)]
        photo = fp.Photo.from_bytes(through(made.rgb, chain, rng), name=chain)
        result = verify(photo, fp.Photo.open(row.path))
        for key in (split(row), chain, "both"):
            said[key].append(result.kind)
        if result.parts:
            likeness.append(_likeness(result.parts, made.mask, photo.size))
    table = Table("Cut-outs held against their source", ["photos", "n", "verified", "as a cut-out", "same product"])
    for key in (*CUT_CHAINS, "train", "unseen", "both"):
        kinds = said[key]
        row = [_rate([k in ("cut_out", "same_photo") for k in kinds])]
        table.rows.append(
            [key, len(kinds), *row, *(_rate([k == w for k in kinds]) for w in ("cut_out", "same_product"))]
        )
    table.note = (
        "Subjects cut out by GrabCut, 5-70 % of the photo, scaled .2-1.5, turned up to 45 degrees, mirrored, recoloured, "
        f"softened. Outline against the true one: median intersection over union {np.median(likeness):.2f}."
    )
    if table.rows[-1][2] < CUT_OUTS:
        table.shortfalls.append(f"cut-outs verified {table.rows[-1][2]:.3f}, target {CUT_OUTS}")
    return table


def _likeness(parts: Sequence[Part], truth: np.ndarray, size: tuple[int, int]) -> float:
    """Return intersection over union of the said outlines and the true one, at the photo's size."""
    import cv2

    said = np.zeros(size[::-1], np.uint8)
    for part in parts:
        cv2.fillPoly(said, [np.round(part.polygon).astype(np.int32)], 1)
    there = cv2.resize(truth.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return float((there & (said > 0)).sum() / max(1, (there | (said > 0)).sum()))


def searching(options: Options) -> Table:
    """Search an index of 1,000 sources for attacked photos, blindly."""
    own = _sources(options)
    extra = [r for r in rows(Options(options.data)) if r.need != "sources" and r.role != "tampered"]
    wanted = SEARCH_SOURCES if options.limit is None else max(len(own), min(SEARCH_SOURCES, 34 * options.limit))
    backgrounds = _one_a_scene(extra)[:BACKGROUNDS]
    scenes = {r.component for r in backgrounds}
    every = own + [r for r in extra if r.component not in scenes]
    unique = list(dict.fromkeys(r.path for r in every))[:wanted]
    start = time.perf_counter()
    index = fp.SourceIndex.build(unique, workers=1)
    build = time.perf_counter() - start
    rng = np.random.default_rng(options.seed)
    kinds, first, five, seconds = list(KINDS), defaultdict(list), defaultdict(list), []
    for n in range(300 if options.limit is None else min(300, 10 * options.limit)):
        kind, i = kinds[n % len(kinds)], int(rng.integers(len(own)))
        around = _others(backgrounds, int(rng.integers(len(backgrounds))))
        photo = fp.Photo.from_bytes(attack(_picture(own[i].path), kind, seed=n, others=around))
        start = time.perf_counter()
        found = index.search(photo, limit=5)
        seconds.append(time.perf_counter() - start)
        names = [str(match.source.image) for match in found]
        truth = str(own[i].path.resolve())
        first[split(own[i])].append(bool(names) and names[0] == truth)
        five[split(own[i])].append(truth in names)
    table = Table(
        f"Search among {len(index)} sources",
        ["half", "queries", "top 1", "top 5"],
        note=f"Attack unknown to the search; collages and backgrounds are of photos outside the index. Median {1e3 * float(np.median(seconds)):.0f} ms a query with features; "
        f"{1e3 * build / max(1, len(index)):.0f} ms a source to add.",
    )
    for half in ("train", "unseen"):
        table.rows.append([half, len(first[half]), _rate(first[half]), _rate(five[half])])
    both = first["train"] + first["unseen"]
    table.rows.append(["both", len(both), _rate(both), _rate(five["train"] + five["unseen"])])
    if _rate(both) < TOP1:
        table.shortfalls.append(f"search top-1 {_rate(both):.3f}, target {TOP1}")
    return table


def difference(options: Options) -> Table:
    """Edit copies of sources, crop and save them, and compare with the source."""
    found = [r for r in _sources(options) if min(_size(r.path)) >= 300]
    table = Table(
        "source_difference: edits made to re-encoded, cropped copies",
        [
            "half",
            "edits",
            "applied",
            "supported",
            "pixel F1 (mean)",
            "pixel F1 (pooled)",
            "copies",
            "wrongly supported",
        ],
    )
    scores: dict[str, list[tuple[bool, bool, float, np.ndarray]]] = defaultdict(list)
    wrong: dict[str, list[bool]] = defaultdict(list)
    kinds: dict[str, list[float]] = defaultdict(list)
    for n, row in enumerate(found[: options.limit or 160]):
        source, kind = fp.Photo.open(row.path), [k for k in EDITS if k != "resave"][n % (len(EDITS) - 1)]
        donor = found[(n + 5) % len(found)].path.read_bytes()
        made = forge(row.path.read_bytes(), kind=kind, seed=options.seed + n, donor=donor)
        data, mask = _cropped(made.data, made.mask, n)
        finding = fp.edited.source_difference(fp.Photo.from_bytes(data), source)
        says = finding.mask if finding else np.zeros(mask.shape, bool)
        counts = np.array([(says & mask).sum(), (says & ~mask).sum(), (~says & mask).sum()], float)
        f1 = 2 * counts[0] / max(1.0, 2 * counts[0] + counts[1] + counts[2])
        scores[split(row)].append((bool(finding), bool(finding) and finding.supports is not None, f1, counts))
        kinds[kind].append(f1)
        clean = untouched(row.path.read_bytes(), seed=options.seed + n)
        data, _ = _cropped(clean.data, clean.mask, n)
        finding = fp.edited.source_difference(fp.Photo.from_bytes(data), source)
        wrong[split(row)].append(bool(finding) and finding.supports is not None)
    for half in ("train", "unseen"):
        table.rows.append([half, *_difference_row(scores[half], wrong[half])])
    row_all = _difference_row(scores["train"] + scores["unseen"], wrong["train"] + wrong["unseen"])
    table.rows.append(["both", *row_all])
    table.note = (
        "Mean F1 by kind of edit: " + ", ".join(f"{k} {np.mean(v):.2f}" for k, v in sorted(kinds.items())) + "."
    )
    if row_all[3] < DIFFERENCE_F1:
        table.shortfalls.append(f"source_difference pixel F1 {row_all[3]:.3f}, target {DIFFERENCE_F1}")
    return table


def _difference_row(scores: list[tuple[bool, bool, float, np.ndarray]], wrong: list[bool]) -> list[object]:
    total = sum((s[3] for s in scores), np.zeros(3))
    pooled = 2 * total[0] / max(1.0, 2 * total[0] + total[1] + total[2])
    applied, supported = _rate([s[0] for s in scores]), _rate([s[1] for s in scores])
    return [len(scores), applied, supported, float(np.mean([s[2] for s in scores])), pooled, len(wrong), _rate(wrong)]


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def _cropped(data: bytes, mask: np.ndarray, seed: int) -> tuple[bytes, np.ndarray]:
    """Crop up to 15 % off each side, but not the edit, scale, and save again."""
    rng = np.random.default_rng(seed)
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    w, h = picture.size
    ys, xs = np.nonzero(mask) if mask.any() else (np.array([h // 2]), np.array([w // 2]))
    left = int(min(rng.uniform(0, 0.15) * w, xs.min()))
    top = int(min(rng.uniform(0, 0.15) * h, ys.min()))
    right = int(max(w - rng.uniform(0, 0.15) * w, xs.max() + 1))
    bottom = int(max(h - rng.uniform(0, 0.15) * h, ys.max() + 1))
    scale = rng.uniform(0.7, 1.2)
    size = max(64, round((right - left) * scale)), max(64, round((bottom - top) * scale))
    box = (left, top, right, bottom)
    small = Image.fromarray(mask).crop(box).convert("L").resize(size, Image.Resampling.BILINEAR)
    return _jpeg(picture.crop(box).resize(size, Image.Resampling.BICUBIC), int(rng.integers(70, 90))), np.asarray(
        small
    ) > 127


def reading(options: Options) -> Table:
    """Draw marks as platforms do and read them; read photos without marks."""
    font = next((f for f in FONTS if Path(f).exists()), None)
    table = Table("Watermarks", ["photos", "n", "platform named", "number exact", "a mark read", "s a photo"])
    if font is None or not fp.web.watermarks(fp.Photo.from_array(np.zeros((200, 200, 3), np.uint8))):
        table.note = "Passed over: needs the ocr extra and a font with Chinese characters."
        return table
    for shadow in (True, False):
        named, exact, seconds = _read_marked(options, font, shadow)
        what = "white with a soft shadow" if shadow else "white, no shadow"
        table.rows.append([what, len(named), _rate(named), _rate(exact), None, float(np.median(seconds))])
        if _rate(named) < PLATFORM_READ or _rate(exact) < NUMBER_READ:
            table.shortfalls.append(
                f"watermarks, {what}: platform {_rate(named):.2f} (target {PLATFORM_READ}), "
                f"number {_rate(exact):.2f} (target {NUMBER_READ})"
            )
    clean = [r for r in rows(Options(options.data)) if r.need in ("sources", "tamper") and r.role != "tampered"]
    clean = [r for r in _one_a_scene(clean) if min(_size(r.path)) >= 120]
    clean = clean[: CLEAN if options.limit is None else options.limit]
    found = [fp.web.watermarks(fp.Photo.open(r.path)).facts["marks"] for r in clean]
    read = [any(m["kind"] in ("platform", "stock", "ai_label") for m in marks) for marks in found]
    table.rows.append(["without a mark", len(read), None, None, _rate(read), None])
    table.note = (
        "小红书号 or 抖音号 and a number, 22-36 px on 1,080 px, opacity .7-.9, q75-85, any corner. Apps draw a soft "
        "shadow; without it, white writing on a white ground cannot be seen by people either."
    )
    if any(read):
        table.shortfalls.append(f"a mark was read on {sum(read)} of {len(read)} photos without")
    return table


def _read_marked(options: Options, font: str, shadow: bool) -> tuple[list[bool], list[bool], list[float]]:
    found, named, exact, seconds = _sources(options), [], [], []
    for n in range(min(len(found), options.limit or 60)):
        data, platform, account = _marked(_picture(found[n].path), font, n, shadow)
        photo = fp.Photo.from_bytes(data)
        start = time.perf_counter()
        finding = fp.web.watermarks(photo)
        seconds.append(time.perf_counter() - start)
        marks = finding.facts["marks"] if finding else []
        named.append(any(m["platform"] == platform for m in marks))
        exact.append(any(m["platform"] == platform and m["account"] == account for m in marks))
    return named, exact, seconds


FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "C:/Windows/Fonts/msyh.ttc",
)


def _marked(picture: Image.Image, font: str, seed: int, shadow: bool) -> tuple[bytes, str, str]:
    rng = np.random.default_rng(seed)
    scale = 1080 / max(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    platform = ("小红书", "抖音")[seed % 2]
    account = str(rng.integers(10**8, 10**11))
    size, opacity = int(rng.integers(22, 37)), rng.uniform(0.7, 0.9)
    letters = ImageFont.truetype(font, size)
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw, text = ImageDraw.Draw(layer), f"{platform}号：{account}"
    width = draw.textlength(text, font=letters)
    x = float(rng.choice([16, max(0, picture.width - width - 16)]))
    y = float(rng.choice([12, picture.height - 1.5 * size - 12]))
    if shadow:
        draw.text((x + 1, y + 1), text, font=letters, fill=(0, 0, 0, round(200 * opacity)))
        layer = layer.filter(ImageFilter.GaussianBlur(1.5))
        draw = ImageDraw.Draw(layer)
    draw.text((x, y), text, font=letters, fill=(255, 255, 255, round(255 * opacity)))
    data = _jpeg(Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB"), int(rng.integers(75, 86)))
    return data, platform, account


def speed(options: Options) -> Table:
    """Hash from file, scan codes, verify a pair, open an index."""
    table = Table("Speed, one core", ["what", "ours", "unit", "peer", "peer's", "ratio"])
    table.note = "CPU time of the one thread that works, for the peers, too: wall time on a machine at rest."
    with one_thread():
        _hash_speed(options, table)
        _scan_speed(options, table)
        _verify_speed(options, table)
    return table


def _hash_speed(options: Options, table: Table) -> None:
    import imagehash

    picture = _picture(_sources(options)[0].path).resize((4000, 3000), Image.Resampling.BICUBIC)
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 4, (3000, 4000, 1))
    data = _jpeg(Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)), 88)
    ours = 1e3 / cpu_milliseconds(lambda: fp.web.dihedral_hashes(fp.Photo.from_bytes(data)))
    peer = 1e3 / cpu_milliseconds(lambda: imagehash.phash(Image.open(io.BytesIO(data))))
    table.rows.append(["12 MP hashed from file, 8 variants", ours, "photos/s", "imagehash.phash", peer, ours / peer])
    if ours < HASHES_A_SECOND:
        table.shortfalls.append(
            f"12 MP photos hashed {ours:.0f}/s, target {HASHES_A_SECOND:.0f} (imagehash {peer:.1f})"
        )


def _scan_speed(options: Options, table: Table) -> None:
    from fakeproof.web.search import scan

    count = CODES if options.limit is None else 1_000_000
    rng = np.random.default_rng(options.seed)
    words = [rng.integers(0, 2**64, count, dtype=np.uint64) for _ in range(4)]
    queries = rng.integers(0, 2**64, (64, 4), dtype=np.uint64)
    ours = cpu_milliseconds(lambda: scan(words, queries, 31), rounds=3) / 64
    peer = ratio = None
    try:
        import faiss

        faiss.omp_set_num_threads(1)
        flat = faiss.IndexBinaryFlat(256)
        flat.add(np.stack(words, axis=1).view(np.uint8))
        peer = cpu_milliseconds(lambda: flat.range_search(queries.view(np.uint8), 32), rounds=3) / 64
        ratio = peer / ours
    except ImportError:
        table.note += " faiss is not installed; its row is empty."
    what = f"exact search of {count:,} codes of 256 bits, radius 31, batch of 64"
    table.rows.append([what, ours, "ms a query", "faiss IndexBinaryFlat", peer, ratio])
    if ours > QUERY_MS * count / CODES:
        table.shortfalls.append(f"search {ours:.2f} ms a query, target {QUERY_MS * count / CODES:.2f}")
    if ratio is not None and ratio < FAISS_RATIO:
        table.shortfalls.append(f"search {ratio:.1f} times faiss, target {FAISS_RATIO}")


def _verify_speed(options: Options, table: Table) -> None:
    found = _sources(options)
    times = []
    for i in range(0, min(len(found), 60), 2):
        source = fp.Photo.open(found[i].path)
        kind = list(KINDS)[i % len(KINDS)]
        photo = fp.Photo.from_bytes(attack(_picture(found[i].path), kind, seed=i, others=_others(found, i)))
        for p in (source, photo):
            for features in (orb, rootsift):
                features(p)
            orb(p, mirrored=True)
        verify(photo, source)
        times.append(cpu_milliseconds(lambda: verify(photo, source), rounds=3, warm=0))
    ours = float(np.median(times))
    table.rows.append(["one pair verified, features cached", ours, "ms", None, None, None])
    if ours > VERIFY_MS:
        table.shortfalls.append(f"verification {ours:.0f} ms a pair, target {VERIFY_MS:.0f}")
