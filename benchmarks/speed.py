"""Seconds by stage and size, as ratios to cv2.imdecode of the same file in the same run; one thread."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks.frame import Options, Table, median_seconds, one_thread, peak_mib
from benchmarks.scenes import SIZES, phone_jpeg

RATIO_TARGET = {"12 MP": 20.0}
EDITED_RATIO_TARGET = {"12 MP": 15.0}
MEMORY_TARGET_MIB = {"12 MP": 900.0}


def run(options: Options) -> list[Table]:
    """Return the tables: stages by size, peak memory, start-up times."""
    names = list(SIZES) if options.limit is None else list(SIZES)[: max(2, options.limit)]
    with one_thread():
        import fakeproof as fp

        fp.warm_up()
        stages = {name: _stages(*SIZES[name], rounds=3 if name in ("0.3 MP", "1 MP") else 1) for name in names}
    return [_stage_table(stages), _memory_table(names), _start_table()]


def _detectors() -> dict[str, Callable[[Any], Any]]:
    from fakeproof import edited, metadata, product, web

    return {
        "metadata": metadata.check,
        "ela": edited.ela,
        "jpeg_ghosts": edited.jpeg_ghosts,
        "double_jpeg": edited.double_jpeg,
        "jpeg_grid": edited.jpeg_grid,
        "noise": edited.noise,
        "resampling": edited.resampling,
        "copy_move": edited.copy_move,
        "codes": product.codes,
        "perceptual_hash": web.perceptual_hash,
    }


def _stages(width: int, height: int, *, rounds: int) -> dict[str, float]:
    """Time each stage on a fresh photo whose shared views are already there, then the whole from bytes."""
    import fakeproof as fp

    data = phone_jpeg(width, height)
    buffer = np.frombuffer(data, np.uint8)
    out = {"cv2.imdecode": median_seconds(lambda: cv2.imdecode(buffer, cv2.IMREAD_COLOR), rounds=5)}
    out["open + rgb"] = median_seconds(lambda: fp.Photo.from_bytes(data).rgb, rounds=rounds, warm=0)
    out["coefficients"] = median_seconds(lambda: fp.Photo.from_bytes(data).jpeg.coefficients(), rounds=rounds, warm=0)
    photo = fp.Photo.from_bytes(data)
    answers = []
    for name, detector in _detectors().items():
        start = time.perf_counter()
        answers.append(detector(photo))
        out[name] = time.perf_counter() - start
    start = time.perf_counter()
    fp.edited.localize(photo, findings=tuple(a for a in answers if isinstance(a, fp.Finding | fp.NotApplicable)))
    out["localize (fusion)"] = time.perf_counter() - start
    photo.release()
    out["analyze, all"] = median_seconds(lambda: fp.analyze(fp.Photo.from_bytes(data)), rounds=rounds, warm=0)
    return out


def _stage_table(stages: dict[str, dict[str, float]]) -> Table:
    names = list(stages)
    table = Table("Seconds by stage, and the ratio to cv2.imdecode of the same file", ["stage", *names])
    for stage in next(iter(stages.values())):
        cells = []
        for name in names:
            seconds, base = stages[name][stage], stages[name]["cv2.imdecode"]
            cells.append(f"{seconds:.3f} ({seconds / base:.1f}x)")
        table.rows.append([stage, *cells])
    table.note = (
        "Generated phone-like JPEGs (q92, 4:2:0), one thread. Detectors run in this order on one photo, so the first to "
        'need a shared view (coefficients, keypoints) pays for it; "analyze, all" starts from bytes, without sources '
        "and products."
    )
    for name, limit in RATIO_TARGET.items():
        if name in stages:
            ratio = stages[name]["analyze, all"] / stages[name]["cv2.imdecode"]
            if ratio > limit:
                table.shortfalls.append(
                    f"{name} analyze takes {ratio:.1f} times cv2.imdecode; the target is {limit:g}."
                )
    return table


def _measure_memory(width: int, height: int, queue: Any) -> None:
    import fakeproof as fp

    data = phone_jpeg(width, height)
    before = peak_mib()
    fp.analyze(fp.Photo.from_bytes(data))
    queue.put((before, peak_mib()))


def _memory_table(names: list[str]) -> Table:
    table = Table("Peak resident memory of one analysis, MiB", ["size", "before", "peak", "peak - before"])
    context = multiprocessing.get_context("spawn")
    for name in names:
        queue = context.Queue()
        process = context.Process(target=_measure_memory, args=(*SIZES[name], queue))
        process.start()
        before, peak = queue.get(timeout=600)
        process.join()
        table.rows.append([name, round(before), round(peak), round(peak - before)])
        limit = MEMORY_TARGET_MIB.get(name)
        if limit is not None and peak > limit:
            table.shortfalls.append(f"{name} analyze peaks at {peak:.0f} MiB; the target is {limit:g}.")
    table.note = (
        'A fresh process each; "before" is its peak after making the test photo, which enlarges pictures itself.'
    )
    return table


def _start_table() -> Table:
    table = Table("Start-up, seconds (fresh interpreter, median of 5)", ["what", "seconds"])
    base = _run_fresh("pass")
    table.rows.append(["python itself", base])
    table.rows.append(["import fakeproof, on top", _run_fresh("import fakeproof") - base])
    table.rows.append(["warm_up with cached kernels, on top", _run_fresh("import fakeproof as f; f.warm_up()") - base])
    first, tenth = _first_and_tenth()
    table.rows.append(["first 1 MP verdict after warm_up", first])
    table.rows.append(["tenth 1 MP verdict", tenth])
    return table


def _run_fresh(code: str) -> float:
    return median_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True), rounds=5)


def _first_and_tenth() -> tuple[float, float]:
    code = (
        "import time, sys, fakeproof as fp; from benchmarks.scenes import phone_jpeg; fp.warm_up(); "
        "d = phone_jpeg(1156, 868); t = []\n"
        "for _ in range(10):\n a = time.perf_counter(); fp.analyze(fp.Photo.from_bytes(d)); t.append(time.perf_counter() - a)\n"
        "print(t[0], t[-1])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1])
