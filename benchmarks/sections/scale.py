"""Batches and services: rate by workers, memory over thousands of photos, and what a day's traffic takes."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.frame import Options, Table, median_seconds, one_thread
from benchmarks.material.scenes import scene

PHOTOS = 24
GROWTH_RUNS = 2000
GROWTH_WARM = 200
GROWTH_TARGET = 0.05
CODES = 4_000_000
DAY = 86_400
HEADROOM = 0.6
"""Share of a core that may be planned for: traffic has peaks."""


def run(options: Options) -> list[Table]:
    """Return the tables: rate, memory, sizing."""
    rates = _rates()
    return [rates, _growth(options), _sizing(rates)]


def _chat_copies(count: int) -> list[bytes]:
    base = scene(1440, 1080)
    out = []
    for i in range(count):
        buffer = io.BytesIO()
        Image.fromarray(np.roll(base, 31 * i, axis=1)).save(buffer, "JPEG", quality=72 + i % 12)
        out.append(buffer.getvalue())
    return out


def _rates() -> Table:
    import fakeproof as fp

    photos = _chat_copies(PHOTOS)
    table = Table(
        "Photos a second (1.6 MP chat copies, all checks, no sources and products)", ["workers", "photos/s", "ratio"]
    )
    base = 0.0
    for workers in (1, 2):
        stream = fp.analyze_many([*photos[:2], *photos], workers=workers, progress=False)
        next(stream), next(stream)  # start-up and loading of kernels are not the rate
        start = time.perf_counter()
        done = sum(1 for v in stream if v)
        rate = done / (time.perf_counter() - start)
        base = base or rate
        table.rows.append([workers, f"{rate:.2f}", f"{rate / base:.2f}"])
    return table


_GROWTH_CODE = """
import io, sys, psutil, numpy as np
from PIL import Image
import fakeproof as fp
rng = np.random.default_rng(0)
def photo(i):
    small = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize((240 + 8 * (i % 5), 180), Image.Resampling.BICUBIC).save(out, "JPEG", quality=60 + i % 35)
    return out.getvalue()
rss = lambda: psutil.Process().memory_info().rss / 2**20
for i in range(int(sys.argv[1])):
    fp.analyze(photo(i))
before = rss()
for i in range(int(sys.argv[2])):
    fp.analyze(photo(i))
print(before, rss())
"""


def _growth(options: Options) -> Table:
    runs = GROWTH_RUNS if options.limit is None else min(GROWTH_RUNS, 20 * options.limit)
    command = [sys.executable, "-c", _GROWTH_CODE, str(min(GROWTH_WARM, runs)), str(runs)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    before, after = float(out[0]), float(out[1])
    table = Table(
        "Memory of one process over many analyses", ["analyses", "MiB after warm-up", "MiB at the end", "growth"]
    )
    table.rows.append([runs, round(before), round(after), f"{(after - before) / before:+.1%}"])
    if after > before * (1 + GROWTH_TARGET):
        table.shortfalls.append(
            f"Memory grows by {(after - before) / before:.1%} over {runs} analyses; the target is 5 %."
        )
    return table


def _sizing(rates: Table) -> Table:
    rate = float(rates.rows[0][1])
    scan, build, opened = _index_rates()
    cores = 1e6 / DAY / (rate * HEADROOM)
    table = Table("Sizing, from the rates above", ["what", "arithmetic", "result"])
    table.rows += [
        ["a million photos a day", f"1e6 / {DAY} s / ({rate:.2f} photos/s a core x {HEADROOM})", f"{cores:.0f} cores"],
        ["a billion sources, memory", "1e9 x 32 bytes a 256-bit code", "32 GB over the workers"],
        [
            "a billion sources, one exact scan",
            f"1e9 / {scan:.2e} codes/s a core",
            f"{1e9 / scan:.1f} core-seconds (batched by 64)",
        ],
        [
            "describing a million new sources",
            f"1e6 / {build:.1f} sources/s a core",
            f"{1e6 / build / 3600:.1f} core-hours",
        ],
        ["opening an index of 1,000 sources", "measured", f"{opened * 1000:.1f} ms"],
    ]
    table.note = (
        "Codes are scanned in batches of 64 queries on one thread; descriptors for voting come on top on disk, mapped."
    )
    return table


def _index_rates() -> tuple[float, float, float]:
    import tempfile
    from pathlib import Path

    import fakeproof as fp
    from fakeproof.web.search import scan

    rng = np.random.default_rng(0)
    words = [rng.integers(0, 2**63, CODES, dtype=np.uint64) for _ in range(4)]
    queries = rng.integers(0, 2**63, (64, 4), dtype=np.uint64)
    with one_thread():
        seconds = median_seconds(lambda: scan(words, queries, 31), rounds=3)
        photos = [fp.Photo.from_bytes(d, name=str(i)) for i, d in enumerate(_chat_copies(20))]
        start = time.perf_counter()
        index: Any = fp.SourceIndex.build(photos, workers=1)
        build = len(photos) / (time.perf_counter() - start)
        with tempfile.TemporaryDirectory() as folder:
            index.save(Path(folder) / "index")
            opened = median_seconds(lambda: fp.SourceIndex.open(Path(folder) / "index"))
    return CODES * 64 / seconds, build, opened
