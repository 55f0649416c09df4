"""What searching costs beside the analysis itself, in processor time of one thread."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import fakeproof as fp
from benchmarks.frame import Options, Table, cpu_milliseconds, one_thread
from benchmarks.material.data import rows

MEGAPIXELS = 1.0
LEAST_SIDE = 600
"""Shorter side, px, of photos that are scaled to a megapixel; smaller ones would be blown up."""
FEW, MANY = 24, 200
TARGETS = {"index of 24": 1.5, "index of 200": 2.0, "list of 24 paths": 4.0}
"""Largest ratio to the analysis without sources."""


def run(options: Options) -> list[Table]:
    """Analyse one photo without sources, with an index, and with a list of files; none has to do with it."""
    with tempfile.TemporaryDirectory() as folder, one_thread():
        files = _megapixel_files(options, Path(folder))
        photo, sources = files[0].read_bytes(), files[1:]
        few = fp.SourceIndex.build(sources[:FEW], workers=1)
        many = fp.SourceIndex.build(sources[:MANY], workers=1)
        fp.analyze(fp.Photo.from_bytes(photo), sources=few)

        def spent(given: object) -> float:
            return cpu_milliseconds(lambda: fp.analyze(fp.Photo.from_bytes(photo), sources=given), rounds=3, warm=0)

        alone = spent(None)
        times = {
            "no sources": alone,
            f"index of {len(few)}": spent(few),
            f"index of {len(many)}": spent(many),
            f"list of {FEW} paths": spent(sources[:FEW]),
        }
    table = Table(
        "Analysis of 1 MP beside unrelated sources of 1 MP",
        ["sources", "ms of processor time", "times the analysis without"],
        [[name, ms, ms / alone] for name, ms in times.items()],
        note="Median of three, one thread, each photo read anew; decoding of the list's files included.",
    )
    for name, ms in times.items():
        if ms / alone > TARGETS.get(name, np.inf):
            table.shortfalls.append(f"{name}: {ms / alone:.1f} times the analysis without, target {TARGETS[name]}")
    return [table]


def _megapixel_files(options: Options, folder: Path) -> list[Path]:
    """Write photos of different scenes as JPEGs of a megapixel."""
    scenes = {row.component: row.path for row in rows(Options(options.data)) if row.role != "tampered"}
    out: list[Path] = []
    for path in scenes.values():
        if len(out) > MANY:
            break
        try:
            with Image.open(path) as image:
                if min(image.size) < LEAST_SIDE:
                    continue
                picture = ImageOps.exif_transpose(image).convert("RGB")
        except (OSError, ValueError):
            continue
        scale = (MEGAPIXELS * 1e6 / (picture.width * picture.height)) ** 0.5
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
        )
        out.append(folder / f"{len(out):03d}.jpg")
        picture.save(out[-1], "JPEG", quality=88)
    return out
