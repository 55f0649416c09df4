"""The trace net by itself: public sets, forgeries by kind, chain and area, and photos that nobody altered, by chain.

The camera photos that forgeries are made from, and all sets, were never trained on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

import fakeproof as fp
from benchmarks.frame import Options, Table
from benchmarks.material import innocent
from benchmarks.material.chains import apply_chain
from benchmarks.material.data import Row, rows, split
from benchmarks.material.forgeries import KINDS, forge, untouched
from benchmarks.sections.edited import COLUMNS, MAX_PIXELS, Outcome, figures, note
from fakeproof.errors import PhotoError
from fakeproof.evidence.metrics import wilson
from fakeproof.findings import Finding

NAME = "consistency"
SETS = ("phone_paste", "casia1", "misd")
CHAINS = ("asis", "wechat", "wechat_large", "whatsapp", "chat")
AREAS = ((0.0, 0.002), (0.002, 0.01), (0.01, 0.03), (0.03, 1.0))
"""Shares of the photo by which forgeries are sorted; below the first limit the docs say "cannot tell"."""
SIZES = (720, 1080, 1280)
TARGETS = {
    "phone_paste": {"image AUC": 0.95, "found at 1 %": 0.75, "decided F1": 0.45},
    "casia1": {"pixel AUC": 0.93, "decided F1": 0.40},
    "misd": {"decided": 0.45},
}
MADE = "Forgeries made from photos of cameras that were never trained on"
CLEAN = "Photos that nobody altered"


def run(options: Options) -> list[Table]:
    """Measure; takes about 0.5 s a photo."""
    made: dict[str, list[tuple[Outcome, float]]] = {c: list(_made(options, c)) for c in CHAINS}
    clean = {c: list(_clean(options, c)) for c in CHAINS}
    return [_sets(options), _by_kind(made), _by_area(made), _accused(clean, list(_recaptured(options)))]


def _look(data: bytes, mask: npt.NDArray[np.bool_] | None, row: Row, label: str, kind: str = "") -> Outcome | None:
    try:
        photo = fp.Photo.from_bytes(data)
    except PhotoError:
        return None
    if photo.size[0] * photo.size[1] > MAX_PIXELS:
        return None
    answer = fp.edited.consistency(photo)
    if not isinstance(answer, Finding):
        return None
    outcome = Outcome(label, split(row), row.component, mask is not None, kind)
    note(outcome, answer, mask)
    return outcome


def _sets(options: Options) -> Table:
    table = Table(
        "The trace net on public sets",
        COLUMNS,
        note="Never trained or tuned on. CASIA: splices only; its masks mark the pasted part.",
    )
    for name in SETS:
        found = []
        for row in rows(options, set=name):
            if row.kind not in ("", "splicing"):
                continue
            mask = cv2.imread(str(row.mask_path), 0) > 127 if row.mask_path is not None else None
            data = row.path.read_bytes()
            if options.chain != "asis":
                sent = apply_chain(data, options.chain, seed=options.seed)
                data, mask = sent.data, None if mask is None else sent.mask(mask)
            found.append(_look(data, mask, row, name))
        seen = [o for o in found if o is not None]
        bad, good = [o for o in seen if o.altered], [o for o in seen if not o.altered]
        values, cells = figures(bad, good, NAME)
        table.rows.append((name, "all", len(bad), len(good), *cells))
        for column, target in TARGETS[name].items():
            if values[column] is None or values[column].value < target:
                table.shortfalls.append(f"{name}, {column}: {values[column]}, the target is {target}.")
    return table


def _hosts(options: Options) -> list[Row]:
    found = rows(options, need="camera")
    return [r for r in found if r.role in ("original", "natural") and r.path.suffix.lower() in (".jpg", ".jpeg")]


def _made(options: Options, chain: str) -> Iterable[tuple[Outcome, float]]:
    """Yield each host's forgeries, two kinds a chain in turn, with the altered share."""
    hosts = _hosts(options)
    for i, row in enumerate(hosts):
        donor = hosts[(i + 5) % len(hosts)].path.read_bytes()
        for k in range(2):
            kind = KINDS[(2 * i + k + CHAINS.index(chain)) % len(KINDS)]
            made = forge(row.path.read_bytes(), kind=kind, seed=70_000 + 10 * i + k + options.seed, donor=donor,
                         chain=chain, sizes=SIZES)  # fmt: skip
            outcome = _look(made.data, made.mask, row, chain, kind)
            if outcome is not None:
                yield outcome, float(made.facts["share"])


def _clean(options: Options, chain: str) -> Iterable[Outcome]:
    """Yield each host as a forger would save it but unaltered, and after two innocent changes."""
    kinds = sorted(innocent.KINDS)
    for i, row in enumerate(_hosts(options)):
        data = row.path.read_bytes()
        again = untouched(data, seed=70_000 + 10 * i + options.seed, chain=chain, sizes=SIZES)
        files = [("none", again.data)]
        rgb = _small(data)
        for k in range(2):
            kind = kinds[(7 * i + 3 * k + CHAINS.index(chain)) % len(kinds)]
            rng = innocent.seeded(kind, 80_000 + 10 * i + k + options.seed)
            saved = innocent.app_save(innocent.change(rgb, kind, rng), rng)
            files.append((kind, saved if chain == "asis" else apply_chain(saved, chain, seed=i).data))
        for kind, file in files:
            outcome = _look(file, None, row, chain, kind)
            if outcome is not None:
                yield outcome


def _small(data: bytes) -> npt.NDArray[np.uint8]:
    rgb = fp.Photo.from_bytes(data).rgb
    scale = min(1.0, SIZES[-1] / max(rgb.shape[:2]))
    return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _recaptured(options: Options) -> Iterable[Outcome]:
    for row in rows(options, set="recapture", role="real"):
        outcome = _look(row.path.read_bytes(), None, row, "recapture, real")
        if outcome is not None:
            yield outcome


def _found(part: Sequence[Outcome]) -> Any:
    return wilson(sum(o.accused.get(NAME, False) for o in part), len(part)) if part else None


def _by_kind(made: dict[str, list[tuple[Outcome, float]]]) -> Table:
    table = Table(f"{MADE}, by kind", ("kind", "photos", *(f"found, {c}" for c in made), "pixel AUC, asis"))
    for kind in (*KINDS, "all"):
        parts = [[o for o, _ in found if kind in (o.kind, "all")] for found in made.values()]
        areas = [o.auc.get(NAME, 0.5) for o in parts[0]]
        mean = float(np.nanmean(areas)) if areas else None
        table.rows.append((kind, sum(map(len, parts)), *(_found(p) for p in parts), mean))
    return table


def _by_area(made: dict[str, list[tuple[Outcome, float]]]) -> Table:
    table = Table(f"{MADE}, by altered share", ("share", *(f"found, {c}" for c in made)))
    for low, high in AREAS:
        parts = [[o for o, share in found if low <= share < high] for found in made.values()]
        table.rows.append((f"{low:.1%} to {high:.1%}", *(_found(p) for p in parts)))
    return table


def _accused(clean: dict[str, list[Outcome]], recaptured: list[Outcome]) -> Table:
    table = Table(f"{CLEAN}, by chain", ("chain", "saved again", "innocent change", "accused changes"))
    for chain, found in {**clean, "recapture, real, as delivered": recaptured}.items():
        plain, changed = [o for o in found if o.kind in ("", "none")], [o for o in found if o.kind not in ("", "none")]
        said: dict[str, int] = defaultdict(int)
        for o in changed:
            said[o.kind] += o.accused.get(NAME, False)
        names = ", ".join(f"{k} {n}" for k, n in sorted(said.items()) if n)
        table.rows.append((chain, _found(plain), _found(changed), names or "none"))
        wrong = sum(o.accused.get(NAME, False) for o in found)
        if found and wrong / len(found) > 0.01:
            table.shortfalls.append(f"{chain}: {wrong} of {len(found)} clean photos accused; the target is 1 %.")
    return table
