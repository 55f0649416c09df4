"""Six photos and what every detector says of them: ``python -m tests.golden.write`` pins the numbers in scores.json.

Run it where a version rose or a card was refitted on purpose, and read the difference in review.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image

import fakeproof as fp

SCORES = Path(__file__).with_name("scores.json")


def jpeg(rgb: np.ndarray, quality: int, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def png(rgb: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG")
    return out.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data))).copy()


def photos() -> dict[str, bytes]:
    """As is, saved twice, spliced, cloned, a chat copy, and a PNG."""
    coffee, cat = skimage.data.coffee(), skimage.data.chelsea()
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Canon", "Canon EOS 80D", "Adobe Photoshop 24.0 (Windows)"
    spliced = decoded(jpeg(coffee, 95))
    spliced[120:260, 300:440] = decoded(jpeg(cat, 60))[91:231, 155:295]
    cloned = coffee.copy()
    cloned[20:110, 470:560] = coffee[200:290, 230:320]
    chat = np.asarray(Image.fromarray(spliced).resize((480, 320), Image.Resampling.BICUBIC))
    return {
        "as_is": jpeg(coffee, 92),
        "saved_twice": jpeg(decoded(jpeg(coffee, 60)), 90, exif=exif),
        "spliced": jpeg(spliced, 95),
        "cloned": jpeg(cloned, 90),
        "chat_copy": jpeg(chat, 75),
        "png": png(skimage.data.astronaut()[40:360, 60:480]),
    }


def answer(finding: fp.Finding) -> dict[str, Any]:
    """The heatmap's mean stands for its values: a score of 0 on both sides hides what changed below a threshold."""
    return {
        "version": finding.version,
        "score": float(finding.score),
        "supports": finding.supports.value if finding.supports else None,
        "regions": len(finding.regions),
        "heatmap": None if finding.heatmap is None else float(np.nanmean(finding.heatmap, dtype=np.float64)),
    }


EXTRAS = ("watermarks",)
"""Detectors whose answer hangs on an extra that a machine may lack: pinned numbers must be the same with and without."""


def measured(data: bytes) -> dict[str, Any]:
    """Each detector's version, score and decision, and the three llrs, with one source and one product given."""
    verdict = fp.analyze(
        data,
        sources=[fp.Source(jpeg(skimage.data.coffee(), 96), key="coffee")],
        products=[jpeg(skimage.data.chelsea(), 93)],
        skip=EXTRAS,
    )
    answers: dict[str, Any] = {}
    for finding in verdict.findings:
        answers.setdefault(finding.detector, answer(finding))
    for skipped in verdict.skipped:
        answers.setdefault(skipped.detector, {"version": skipped.version, "not_applicable": skipped.reason["en"]})
    scores = {category.value: (score.llr, score.decision) for category, score in verdict.scores.items()}
    return {"answers": answers, "scores": {name: {"llr": llr, "decision": how} for name, (llr, how) in scores.items()}}


def main() -> None:
    pinned = {name: measured(data) for name, data in photos().items()}
    SCORES.write_text(json.dumps(pinned, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
