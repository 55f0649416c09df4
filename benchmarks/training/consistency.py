"""The trace net of :func:`fakeproof.edited.consistency`: sources, training, export, threshold.

It needs an environment of its own, with torch; everything else is the project's::

    python -m venv /tmp/traces && /tmp/traces/bin/pip install . torch==2.13.0
    /tmp/traces/bin/python -m benchmarks.training build --data DIR edited.consistency

DIR/traces/photos holds camera originals, a folder for each camera or person; those in folders named ``held-…`` are never
trained on: they set the threshold. DIR/traces/reduced and DIR/traces/run are made. The training goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.material import innocent
from benchmarks.material.chains import apply_chain
from benchmarks.training.parts import Part
from benchmarks.training.store import Store
from benchmarks.training.trace_export import context, streams
from fakeproof.artefact import Head
from fakeproof.edited.consistency import photo_score
from fakeproof.edited.trace_net import cell_logits, seen

TARGET = Path(fp.__file__).parent / "edited"
ABOUT = "two halves of the trace net; the threshold is the score that 1 % of clean photos of held cameras exceed"
LONG_SIDE, LEAST_SIDE, LEAST_REDUCTION = 1900, 1000, 1.3
"""Reduced photos: longer side at most and at least, px; and by how much every photo is reduced at least."""
CHAINS = ("asis", "wechat", "wechat_large", "whatsapp", "chat")
CLEAN_SIDE = 1280
"""Longer side, px, of the photos that set the threshold."""
FALSE_ALARMS = 0.01


def reduce_all(photos: Path, reduced: Path) -> None:
    """Reduce the originals once, as .npy (BGR), named by part, folder and digest."""
    reduced.mkdir(parents=True, exist_ok=True)
    for path in sorted(p for p in photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg")):
        part = "held" if path.parent.name.startswith("held-") else "train"
        name = hashlib.sha256(path.name.encode()).hexdigest()[:10]
        target = reduced / f"{part}__{path.parent.name}__{name}.npy"
        picture = None if target.exists() else cv2.imread(str(path))
        if picture is None:
            continue
        side = min(float(LONG_SIDE), max(picture.shape[:2]) / LEAST_REDUCTION)
        if side >= LEAST_SIDE:
            scale = side / max(picture.shape[:2])
            np.save(target, cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def export(weights: dict[str, Any], folder: Path) -> dict[str, str]:
    """Write both halves and return their digests."""
    out = {}
    for name, data in (("streams", streams(weights)), ("context", context(weights))):
        path = folder / f"consistency_{name}.onnx"
        path.write_bytes(data)
        out[path.name] = hashlib.sha256(data).hexdigest()
    return out


def clean(reduced: Path, *, per_photo: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Yield chain, innocent change and file of photos by held cameras: untouched ones, and one of each kind in turn."""
    kinds = sorted(innocent.KINDS)
    for i, path in enumerate(sorted(reduced.glob("held__*.npy"))):
        picture = np.load(path)
        scale = min(1.0, CLEAN_SIDE / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        rgb = np.ascontiguousarray(small[..., ::-1])
        for k in range(per_photo):
            for c, chain in enumerate(CHAINS):
                kind = (
                    "none" if (k + c) % 2 else kinds[(i * per_photo * len(CHAINS) + k * len(CHAINS) + c) % len(kinds)]
                )
                rng = innocent.seeded(kind, seed + 1000 * i + 10 * k + c)
                data = innocent.app_save(innocent.change(rgb, kind, rng), rng)
                if chain != "asis":
                    data = apply_chain(data, chain, seed=seed + i).data
                yield chain, kind, data


def score(data: bytes) -> float:
    """Return the score of a file, whatever the threshold."""
    return photo_score(cell_logits(seen(fp.Photo.from_bytes(data))))


def fit_part(options: Options, _store: Store, head: Head) -> None:
    """Train, write both halves, set the threshold."""
    try:
        import torch

        from benchmarks.training import trace_run
    except ImportError as error:
        raise SystemExit(f"{head.part}: needs an environment of its own ({error}); see {__name__}") from error
    if options.data is None:
        raise SystemExit(f"{head.part}: needs --data DIR with traces/photos")
    home = options.data / "traces"
    reduce_all(home / "photos", home / "reduced")
    trace_run.main([str(home / "reduced"), str(home / "run"), "--seed", str(options.seed)])
    kept = torch.load(home / "run" / "last.pt", weights_only=False)
    weights = {name: value.double().numpy() for name, value in kept["net"].items()}
    write(weights, kept["state"], home / "reduced", head)


def write(weights: dict[str, Any], state: dict[str, Any], reduced: Path, head: Head) -> None:
    """Write the part's files: networks first, then the threshold that these networks need."""
    target = TARGET / "consistency.json"
    own = replace(head, data=_digest(reduced), files=export(weights, TARGET))
    values: dict[str, Any] = {"head": own.to_dict(), "about": ABOUT, "samples": state["seen"], "curve": state["curve"]}
    target.write_text(json.dumps({**values, "threshold": 0.0}, indent=1) + "\n", encoding="utf-8")
    by_chain: dict[str, list[float]] = {}
    for chain, _, data in clean(reduced, per_photo=2, seed=head.seed):
        by_chain.setdefault(chain, []).append(score(data))
    cuts = {chain: float(np.quantile(found, 1 - FALSE_ALARMS, method="higher")) for chain, found in by_chain.items()}
    values["clean"] = {chain: len(found) for chain, found in by_chain.items()}
    target.write_text(
        json.dumps({**values, "threshold": round(max(cuts.values()), 3)}, indent=1) + "\n", encoding="utf-8"
    )


def _digest(reduced: Path) -> str:
    """Return the SHA-256 of the reduced photos' names and bytes."""
    total = hashlib.sha256()
    for path in sorted(reduced.glob("*.npy")):
        total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


PARTS = (Part("edited.consistency", fit_part, __name__),)
