"""Delivery chains: which one Photo.chain names, against which one a photo came through."""

from __future__ import annotations

from collections import Counter

from benchmarks.frame import Options, Table
from benchmarks.material.chains import apply_chain
from benchmarks.material.data import Row, rows, split

KINDS = ("original", "resaved", "platform", "screenshot", "unknown")
TRUE_KIND = {"original": "original", "natural": "original", "edited": "resaved", "facebook_recompressed": "platform"}
"""Roles of the camera set whose chain is known; the other roles (AI, C2PA, IPTC) came through several."""


def run(options: Options) -> list[Table]:
    from fakeproof import Photo, PhotoError

    seen: dict[str, dict[str, Counter[str]]] = {"train": {}, "unseen": {}}
    left_out = 0
    for row in [r for r in rows(options, need="camera") if r.role in TRUE_KIND]:
        data = row.path.read_bytes()
        try:
            first = Photo.from_bytes(data, name=row.path.name).chain.kind
        except PhotoError:
            left_out += 1
            continue
        half = seen[split(row)]
        half.setdefault(f"{TRUE_KIND[row.role]} (as it is)", Counter())[first] += 1
        for chain, truth in (("chat", "platform (simulated chat)"), ("screenshot", "screenshot (simulated)")):
            delivered = apply_chain(data, chain, seed=options.seed + _seed(row))
            half.setdefault(truth, Counter())[Photo.from_bytes(delivered.data).chain.kind] += 1
        shared = apply_chain(apply_chain(data, "screenshot", seed=_seed(row)).data, "chat", seed=_seed(row)).data
        half.setdefault("screenshot sent by chat (simulated)", Counter())[Photo.from_bytes(shared).chain.kind] += 1
    for row in rows(options, set="phone_paste", role="authentic"):
        kind = Photo.open(row.path).chain.kind
        seen[split(row)].setdefault("platform (messenger-sized phone photos)", Counter())[kind] += 1
    return [_table(half, counts, left_out) for half, counts in seen.items()]


def _seed(row: Row) -> int:
    return sum(row.path.name.encode())


def _table(half: str, counts: dict[str, Counter[str]], left_out: int) -> Table:
    body = []
    for truth in sorted(counts):
        named = counts[truth]
        right = named[truth.split(" ", maxsplit=1)[0]]
        total = sum(named.values())
        body.append([truth, total, *(named[k] for k in KINDS), f"{right / total:.0%}"])
    return Table(
        f"Delivery chain, {half} photos", ["came through", "n", *KINDS, "named rightly"], body,
        note=f"Rows are the truth, columns what Photo.chain says. {left_out} files could not be opened (HEIC without its "
        "extra, 1x1 px). Chat: longer side 1440 px, libjpeg quality 70-85, metadata dropped. Screenshot: four phone "
        "screens, PNG. Real WeChat or Weibo files are not among them. PNG files of the resaved set carry no trace. The "
        "rules were written with the whole camera set in view, so its unseen half is unseen by name only.",
    )  # fmt: skip
