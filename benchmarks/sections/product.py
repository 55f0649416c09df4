"""Same product or another: pairs, one to ten shop photos, siblings, damage, and curves; --train writes the card.

Products are split by their name, so that a product's photos never stand on both sides; a pair counts as unseen only if
both of its products are. The photos: GroceryStoreDataset, DreamBooth objects, beer labels against bottles.
"""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.frame import Options, Table, median_seconds, one_thread
from benchmarks.material.chains import apply_chain
from benchmarks.material.damage import damage, worsen
from benchmarks.material.data import DataMissing, family_of, half_of, product_of, rows
from fakeproof.evidence.metrics import roc_auc, tpr_at_fpr, wilson
from fakeproof.findings import Finding
from fakeproof.photo import Photo
from fakeproof.product import fusion
from fakeproof.product.fusion import CLOSE, CUES, FEATURES, Card, Metric, against, load_card, looks, pooled
from fakeproof.product.quality import doubts
from fakeproof.product.references import Described, ProductReferences, describe, prepare

CARD = Path(fusion.__file__).with_name("fusion.json")
SHOP_PHOTOS = (1, 3, 10)
QUESTIONED = 90
"""Shelf photos that play the questioned photo in episodes with several shop photos."""
CLEAN_RATE, DAMAGED_RATE = 0.01, 0.02
TRAINED_RATE = 0.5
"""Share of those rates at which thresholds are set: few products, so leave a margin."""
FOLDS = 6
RIDGE = 0.01
DIRECTIONS = 128
"""Within-product directions that the metric keeps."""
SHRINK = 0.3
"""Floor of the within-product variance, in shares of its largest: how far directions are forgotten."""


@dataclass
class Case:
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

    def values(self, case: Case) -> Any:
        """Return the features of a case."""
        a, found = self.look(case.key, questioned=True), []
        for name in case.shop:
            b = self.look(name, questioned=False)
            if (case.key, name) not in self.cues:
                self.cues[case.key, name] = against(a, b, self.metric).cues
            found.append((*looks(a, b, self.metric), self.cues[case.key, name][-1]))
        return pooled(np.array(found))


def pair_cases(data: Path) -> list[Case]:
    """Return the pairs of pairs.csv."""
    with (data / "products" / "pairs.csv").open(encoding="utf-8", newline="") as file:
        return [Case(r["a"], (r["b"],), r["same"] == "1", r["kind"]) for r in csv.DictReader(file)]


def episodes(names: Sequence[str], seed: int) -> list[Case]:
    """Return shelf photos against ten others of their product, of a sibling, and of another kind."""
    rng = np.random.default_rng(seed)
    by_product: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if "grocery" in name and "iconic" not in name:
            by_product[product_of(name)].append(name)
    products = sorted(product for product, found in by_product.items() if len(found) >= 4)
    out: list[Case] = []
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
                out.append(Case(photo, shop, label == "same", f"{kind} {label}"))
    return out


def cases_of(options: Options) -> list[Case]:
    """Return every case, clean and damaged, with one, three and ten shop photos."""
    if options.data is None:
        raise DataMissing("product")
    found = rows(Options(options.data), need="products")
    names = [str(row.path.relative_to(options.data)) for row in found]
    cases = [*pair_cases(options.data)]
    for case in episodes(names, options.seed):
        counts = sorted({min(n, len(case.shop)) for n in SHOP_PHOTOS})
        cases += [Case(case.photo, case.shop[:n], case.same, case.kind) for n in counts]
    if options.limit is not None:
        keep = sorted(cases, key=lambda c: hashlib.sha256(f"{c.photo}{c.shop[0]}".encode()).digest())
        cases = keep[: options.limit * 4]
    return cases + [Case(c.photo, c.shop, c.same, c.kind, damaged=True) for c in cases]


# ---- training ---------------------------------------------------------------------------------------------------------


def learn_metric(bench: Bench, names: Iterable[str]) -> Metric:
    """Within-product scatter of the main views of clean and damaged photos, one product one vote for the centre."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for name in names:
        groups[product_of(name)].append(bench.look(name, questioned=False).views)
        if bench.described.get("D:" + name) is not None:
            groups[product_of(name)].append(bench.described["D:" + name].views)
    stacked = {product: np.concatenate(found).astype(np.float64) for product, found in groups.items()}
    centres = np.array([views.mean(axis=0) for views in stacked.values()])
    within = np.concatenate([views - views.mean(axis=0) for views in stacked.values()])
    values, directions = np.linalg.eigh(within.T @ within / len(within))
    values, directions = values[::-1][:DIRECTIONS], directions[:, ::-1][:, :DIRECTIONS].T
    floor = SHRINK * values[0]
    gains = np.sqrt(floor / (values + floor)) - 1
    nothing = np.zeros((2, directions.shape[1])), np.zeros_like(bench.unrelated[0].chroma)
    bare = Metric(*(a.astype(np.float32) for a in (centres.mean(axis=0), directions, gains, *nothing)))
    usual = np.mean([bare.adapt(photo.views)[[0, CLOSE]] for photo in bench.unrelated], axis=0)
    return replace(bare, usual=usual, usual_colours=np.mean([photo.chroma for photo in bench.unrelated], axis=0))


def weights_of(cases: Sequence[Case]) -> Any:
    """Balance same against different, and clean against damaged, within each kind of episode."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for index, case in enumerate(cases):
        groups[case.same, case.damaged, case.kind.split("_")[0], len(case.shop)].append(index)
    weight = np.zeros(len(cases))
    for found in groups.values():
        weight[found] = len(found) ** -0.5
    for same in (True, False):
        side = np.array([case.same is same for case in cases])
        weight[side] /= weight[side].sum()
    return weight / weight.mean()


def fit(x: Any, y: Any, weight: Any) -> tuple[Any, Any, Any, float]:
    """Logistic regression with weights >= 0 for likenesses; the count of shop photos may take either sign."""
    from scipy.optimize import minimize

    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - mean) / scale
    sign = np.where(y, 1.0, -1.0)

    def loss(parameters: Any) -> tuple[float, Any]:
        margin = sign * (z @ parameters[:-1] + parameters[-1])
        slope = -weight * sign / (1 + np.exp(np.clip(margin, -50, 50))) / len(z)
        value = float((weight * np.logaddexp(0, -margin)).mean() + RIDGE * (parameters[:-1] ** 2).sum())
        return value, np.append(z.T @ slope + 2 * RIDGE * parameters[:-1], slope.sum())

    bounds = [(None, None) if name == "log photos" else (0, None) for name in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return mean, scale, found[:-1], float(found[-1])


def fold_of(name: str, folds: int) -> int:
    """Return the fold of a product; siblings may differ."""
    return hashlib.sha256(("fold" + product_of(name)).encode()).digest()[0] % folds


def left_out_features(bench: Bench, cases: Sequence[Case], names: Sequence[str]) -> Any:
    """Features of training cases under a metric that never saw their products: it would flatter them otherwise."""
    x = np.zeros((len(cases), len(FEATURES)))
    for side in (0, 1):
        bench.metric = learn_metric(bench, [name for name in names if fold_of(name, 2) != side])
        for index, case in enumerate(cases):
            if fold_of(case.photo, 2) == side:
                x[index] = bench.values(case)
    return x


def train(bench: Bench, cases: Sequence[Case]) -> Card:
    """Fit coefficients on training products; set thresholds on scores of products left out in turn."""
    cases = [case for case in cases if case.half == "train"]
    names = sorted({name for case in cases for name in (case.photo, *case.shop)})
    for case in cases:
        bench.look(case.key, questioned=True)
    x, y = left_out_features(bench, cases, names), np.array([case.same for case in cases])
    metric = bench.metric = learn_metric(bench, names)
    weight = weights_of(cases)
    fold, other = (
        np.array([fold_of(name, FOLDS) for name in side])
        for side in zip(*[(c.photo, c.shop[0]) for c in cases], strict=True)
    )
    scores = np.zeros(len(cases))
    for k in range(FOLDS):
        kept = (fold != k) & (other != k)
        card = Card(metric, *fit(x[kept], y[kept], weight[kept]), {1: 0.0}, {})
        scores[fold == k] = [card.score(values) for values in x[fold == k]]
    doubtful = np.array([bool(bench.doubted.get(case.key)) for case in cases], bool)
    decided = np.where(doubtful, -np.inf, scores)  # nothing is claimed there, whatever the score
    thresholds = {n: threshold_for(cases, decided, n) for n in SHOP_PHOTOS}
    about = {
        "cases": len(cases),
        "products": len({product_of(c.photo) for c in cases}),
        "digest": hashlib.sha256(repr([(c.photo, c.shop, c.damaged) for c in cases]).encode()).hexdigest(),
        "auc_left_out": round(roc_auc(scores, ~y), 4),
        "rates": {"clean": CLEAN_RATE, "damaged": DAMAGED_RATE, "margin": TRAINED_RATE},
    }
    return Card(metric, *fit(x, y, weight), thresholds, about)


def threshold_for(cases: Sequence[Case], scores: Any, photos: int) -> float:
    """Score above which at most the allowed share of same products lies, whichever of clean and damaged is harder.

    Several shop photos share one threshold: too few products have ten to set one of their own.
    """
    limits = []
    for damaged, allowed in ((False, CLEAN_RATE), (True, DAMAGED_RATE)):
        alike = [(len(c.shop) > 1) is (photos > 1) for c in cases]
        chosen = [c.same and c.damaged is damaged and a for c, a in zip(cases, alike, strict=True)]
        limits.append(float(np.quantile(scores[chosen], 1 - allowed * TRAINED_RATE, method="higher")) + 1e-3)
    return max(limits)


def bucket(photos: int) -> int:
    """Return the threshold's key for a number of shop photos."""
    return max(n for n in SHOP_PHOTOS if n <= photos)


# ---- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Scored:
    """Cases of one half with their features, scores and decisions."""

    cases: list[Case]
    x: Any
    scores: Any
    accused: Any

    def pick(self, test: Callable[[Case], bool]) -> Scored:
        """Keep the cases that pass."""
        keep = np.array([test(case) for case in self.cases], bool)
        cases = [case for case, k in zip(self.cases, keep, strict=True) if k]
        return Scored(cases, self.x[keep], self.scores[keep], self.accused[keep])

    @property
    def same(self) -> Any:
        """Truth."""
        return np.array([case.same for case in self.cases], bool)


def score_cases(bench: Bench, card: Card, cases: Sequence[Case]) -> Scored:
    """Score as compare does, codes left out."""
    x = np.array([bench.values(case) for case in cases])
    scores = np.array([card.score(values) for values in x])
    limit = np.array([card.threshold(len(case.shop)) for case in cases])
    doubtful = np.array([bool(bench.doubted.get(case.key)) for case in cases], bool)
    return Scored(list(cases), x, scores, (scores >= limit) & ~doubtful)


def auc(found: Scored, column: int | None = None) -> float | None:
    """Area under ROC for "another product"; a column measures that cue alone."""
    if len(set(found.same.tolist())) < 2:
        return None
    return float(roc_auc(found.scores if column is None else -found.x[:, column], ~found.same))


PAIR_KINDS: dict[str, Callable[[Case], bool]] = {
    "all pairs": lambda c: True,
    "objects in new places": lambda c: c.kind.startswith("dreambooth"),
    "labels on bottles": lambda c: c.kind.startswith("beer"),
    "shop picture, other kind": lambda c: c.kind.startswith("grocery_nat_iconic"),
    "shelf photos, other kind": lambda c: c.kind in ("grocery_nat_nat_same", "grocery_nat_nat_easy_diff"),
    "shelf photos, sibling": lambda c: c.kind in ("grocery_nat_nat_same", "grocery_nat_nat_hard_diff"),
}
PAIR_GOALS = {
    "all pairs": 0.90,
    "objects in new places": 0.99,
    "labels on bottles": 0.95,
    "shop picture, other kind": 0.96,
}


def is_pair(case: Case) -> bool:
    """Whether a case comes from pairs.csv."""
    return "_" in case.kind


def pairs_table(halves: dict[str, Scored]) -> Table:
    """ROC AUC by kind of pair, single cues beside it."""
    table = Table(
        "One photo against one: ROC AUC, same product against another (clean)",
        ["pairs", "half", "n same / other", "fused", *CUES, "target"],
        note="Targets hold for unseen products. Few objects and labels are unseen: read n.",
    )
    for name, test in PAIR_KINDS.items():
        for half, scored in halves.items():
            found = scored.pick(lambda c, test=test: is_pair(c) and not c.damaged and test(c))  # type: ignore[misc]
            value, goal = auc(found), PAIR_GOALS.get(name)
            singles = [auc(found, i) for i in range(len(CUES))]
            count = f"{int(found.same.sum())} / {int((~found.same).sum())}"
            table.rows.append([name, half, count, value, *singles, goal])
            if half == "unseen" and goal and value is not None and value < goal:
                table.shortfalls.append(f"{name}: ROC AUC {value:.3f} against {goal:.2f} ({count} unseen pairs)")
    return table


def photos_table(halves: dict[str, Scored]) -> Table:
    """ROC AUC and rates with one, three and ten shop photos."""
    table = Table(
        "One to ten shop photos: ROC AUC, and what is claimed at the default threshold",
        ["goods", "half", "shop photos", "photo", "n", "AUC", "best single cue", "wrong found", "true accused"],
        note="Damage is drawn (benchmarks/material/damage.py); no photos of damaged goods were to be had.",
    )
    for goods in ("packages", "produce"):
        for against_what in ("other", "sibling"):
            for half, scored in halves.items():
                for count in SHOP_PHOTOS:
                    for damaged in (False, True):
                        _photos_row(table, scored, goods, against_what, (half, count, damaged))
    for what in ("other", "sibling"):
        values = [
            auc(halves["unseen"].pick(lambda c, n=n, what=what: _episode(c, n, what)))  # type: ignore[misc]
            for n in SHOP_PHOTOS
        ]
        if None not in values:
            table.note += f" Unseen, clean, packages and produce against {what}: ROC AUC with {_words(values)}."
    return table


def _episode(case: Case, photos: int, what: str) -> bool:
    kind = case.kind.split()[-1]
    return not is_pair(case) and kind in ("same", what) and bucket(len(case.shop)) == photos and not case.damaged


def _words(values: Sequence[Any]) -> str:
    gains = (f"{n} photos {v:.3f} ({v - values[0]:+.3f})" for n, v in zip(SHOP_PHOTOS[1:], values[1:], strict=True))
    return f"one photo {values[0]:.3f}, {', '.join(gains)}"


def _photos_row(table: Table, scored: Scored, goods: str, against_what: str, cell: tuple[str, int, bool]) -> None:
    half, count, damaged = cell
    kinds = (f"{goods} same", f"{goods} {against_what}")
    found = scored.pick(lambda c: c.kind in kinds and bucket(len(c.shop)) == count and c.damaged is damaged)
    value = auc(found)
    if value is None:
        return
    single = max((auc(found, i) or 0.0) for i in range(len(CUES)))
    wrong, true = found.accused[~found.same], found.accused[found.same]
    name = f"{goods}, {against_what}"
    state = "damaged" if damaged else "clean"
    table.rows.append([name, half, count, state, len(found.cases), value, single, rate(wrong), rate(true)])
    if half == "unseen" and name == "packages, sibling" and count == SHOP_PHOTOS[-1] and not damaged and value < 0.90:
        table.shortfalls.append(
            f"packaged siblings, ten shop photos: ROC AUC {value:.3f} against .90 (n={len(found.cases)})"
        )


def rate(accused: Any) -> str:
    """Share with its 95 % interval and counts."""
    if len(accused) == 0:
        return "-"
    hits, n = int(accused.sum()), len(accused)
    low, high = wilson(hits, n)[-2:]
    return f"{hits / n:.3f} ({hits}/{n}; {low:.3f}-{high:.3f})"


def accusations_table(halves: dict[str, Scored]) -> Table:
    """How often a true product is accused, and how many wrong ones are found, over everything."""
    table = Table(
        "At the default threshold, all kinds together",
        ["half", "photo", "true accused", "limit", "wrong found", "of other kinds", "of siblings"],
    )
    sibling: Callable[[Case], bool] = lambda c: "sibling" in c.kind or "hard" in c.kind
    for half, scored in halves.items():
        for damaged, limit in ((False, CLEAN_RATE), (True, DAMAGED_RATE)):
            found = scored.pick(lambda c, damaged=damaged: c.damaged is damaged)  # type: ignore[misc]
            true, wrong = found.accused[found.same], found.accused[~found.same]
            kinds = np.array([sibling(c) for c in found.cases])[~found.same]
            state = "damaged" if damaged else "clean"
            table.rows.append([half, state, rate(true), limit, rate(wrong), rate(wrong[~kinds]), rate(wrong[kinds])])
            if half == "unseen" and len(true) and true.mean() > limit:
                table.shortfalls.append(f"true products accused on {state} photos: {true.mean():.3f} against {limit}")
    return table


WORSENED = (
    ("blur", (0.1, 0.3, 0.6)),
    ("crop", (0.2, 0.4, 0.6)),
    ("cover", (0.2, 0.4, 0.6)),
    ("dark", (0.5, 0.8, 0.92)),
)


def curves_table(bench: Bench, card: Card, scored: Scored, limit: int) -> Table:
    """How the answer fades with blur, crop, occlusion, low light and the chat chain."""
    table = Table(
        "Worse photos: unseen products, three shop photos, other kinds",
        ["change", "amount", "AUC", "wrong found", "true accused", "cannot tell, by doubts"],
        note="Amount: blur sigma in 4 % of the longer side, share of the side cropped, area covered, light lost.",
    )
    cases = [c for c in scored.cases if len(c.shop) == 3 and not c.damaged and c.kind.split()[-1] in ("same", "other")]
    cases = sorted(cases, key=lambda c: hashlib.sha256((c.photo + c.kind).encode()).digest())[:limit]
    steps: list[tuple[str, float, Callable[[Any], Any]]] = [("none", 0.0, lambda rgb: rgb)]
    steps += [(kind, a, partial(worsen, kind=kind, amount=a)) for kind, amounts in WORSENED for a in amounts]
    steps.append(("chat chain", 1.0, _chat))
    for name, amount, change in steps:
        other = Bench(
            bench.data, "worsened", bench.seed, bench.metric
        )  # keeps shop photos apart: they stay as they are
        for case in cases:
            if case.key not in other.described:
                photo = Photo.from_array(change(bench.photo(case.key).rgb))
                other.described[case.key] = describe(photo, codes=False)
                other.doubted[case.key] = tuple(d.name for d in doubts(photo, other.described[case.key]))
            for shop in case.shop:
                seen = other.described["shop:" + shop] = bench.look(shop, questioned=False)
                other.cues[case.key, shop] = against(other.described[case.key], seen, bench.metric).cues
        found = score_cases(other, card, cases)
        doubted = np.mean([bool(other.doubted[c.key]) for c in cases]) if cases else 0.0
        accused = rate(found.accused[~found.same]), rate(found.accused[found.same])
        table.rows.append([name, amount, auc(found), *accused, float(doubted)])
    return table


def _chat(rgb: Any) -> Any:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG")
    return Photo.from_bytes(apply_chain(out.getvalue(), "chat").data).rgb


def speed_table(bench: Bench, cases: Sequence[Case]) -> Table:
    """Prepare one photo; compare one with ten prepared; one thread, JPEG decoding included."""
    from fakeproof.product import compare

    case = max(cases, key=lambda c: len(c.shop))
    table = Table("Time, one thread", ["step", "ms", "target"])
    with one_thread():
        first = bench.data / case.shop[0]
        preparing = 1e3 * median_seconds(lambda: prepare([Photo.open(first)]))
        shop: ProductReferences = prepare([bench.data / name for name in case.shop])

        def once() -> Finding:
            found = compare(Photo.open(bench.data / case.photo), shop)
            assert isinstance(found, Finding)
            return found

        comparing = 1e3 * median_seconds(once)
    for name, value, goal in (("prepare one", preparing, 150), ("compare one with ten prepared", comparing, 250)):
        table.rows.append([name, value, goal])
        if value > goal:
            table.shortfalls.append(f"{name}: {value:.0f} ms against {goal} ms")
    return table


def run(options: Options) -> list[Table]:
    """Measure; with --train fit the card on training products first."""
    cases = cases_of(options)
    assert options.data is not None
    bench = Bench(options.data, options.chain, options.seed)
    started = time.perf_counter()
    if options.train:
        card = train(bench, cases)
        card.save(CARD)
    else:
        card = load_card()
        bench.metric = card.metric
    halves = {half: score_cases(bench, card, [c for c in cases if c.half == half]) for half in ("train", "unseen")}
    tables = [pairs_table(halves), photos_table(halves), accusations_table(halves)]
    if options.chain == "asis":
        tables.append(curves_table(bench, card, halves["unseen"], limit=min(30, options.limit or 30)))
        tables.append(speed_table(bench, cases))
    found, _ = tpr_at_fpr(halves["unseen"].scores, ~halves["unseen"].same, fpr=CLEAN_RATE)
    tables[2].note = (
        f"Over all unseen cases ROC AUC {auc(halves['unseen']):.3f}; found at 1 % false, threshold chosen afterwards: "
        f"{found[0]:.3f}. {time.perf_counter() - started:.0f} s."
    )
    return tables
