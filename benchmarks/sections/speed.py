"""Seconds by stage and size, as ratios to cv2.imdecode of the same file in the same run; one thread."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import cv2
import numpy as np

from benchmarks.frame import Options, Table, one_thread, peak_mib
from benchmarks.material.scenes import SIZES, phone_jpeg

RATIO_TARGET = {"12 MP": 20.0}
EDITED_RATIO_TARGET = {"12 MP": 15.0}
MEMORY_TARGET_MIB = {"12 MP": 900.0}
SECONDS_TARGET = {"1 MP": 1.5}
WARM_UP_TARGET = 2.0
ROUNDS_OF_SAVING = "15 saves and decodes, for jpeg_ghosts"


def run(options: Options) -> list[Table]:
    """Return the tables: stages by size, peak memory, start-up times."""
    names = list(SIZES) if options.limit is None else list(SIZES)[: max(2, options.limit)]
    with one_thread():
        import fakeproof as fp

        fp.warm_up()
        stages = {name: _stages(*SIZES[name], rounds=3 if name in ("0.3 MP", "1 MP") else 1) for name in names}
    return [_stage_table(stages), _memory_table(names), _start_table()]


def stages() -> dict[str, Callable[[Any], Any]]:
    """Return what is timed: every detector that needs no more than photo and order, in the order in which they run."""
    import fakeproof as fp

    order = fp.Order(placed_at=datetime(2026, 5, 1, tzinfo=UTC), delivered_at=datetime(2026, 5, 4, tzinfo=UTC))
    needed: dict[str, dict[str, Any]] = {"photo": {}, "order": {"order": order}}
    alone = {d.name: partial(d.run, **needed[d.needs]) for d in fp.detectors() if d.needs in needed}
    return {**alone, "perceptual_hash": fp.web.perceptual_hash}


def _stages(width: int, height: int, *, rounds: int) -> dict[str, float]:
    """Time each stage on a fresh photo whose shared views are already there, then the whole from bytes."""
    import fakeproof as fp

    data = phone_jpeg(width, height)
    buffer = np.frombuffer(data, np.uint8)
    out = {"cv2.imdecode": _seconds(lambda: cv2.imdecode(buffer, cv2.IMREAD_COLOR), rounds=5, warm=1)}
    out["open + rgb"] = _seconds(lambda: fp.Photo.from_bytes(data).rgb, rounds=rounds)
    out["coefficients"] = _seconds(lambda: fp.Photo.from_bytes(data).jpeg.coefficients(), rounds=rounds)
    photo = fp.Photo.from_bytes(data)
    answers = []
    for name, detector in stages().items():
        start = time.process_time()
        answers.append(detector(photo))
        out[name] = time.process_time() - start
    start = time.process_time()
    fp.edited.localize(photo, findings=tuple(a for a in answers if isinstance(a, fp.Finding | fp.NotApplicable)))
    out["localize (fusion)"] = time.process_time() - start
    out["edited, all"] = sum(out.get(d.name, 0.0) for d in fp.edited.detectors()) + out["localize (fusion)"]
    out[ROUNDS_OF_SAVING] = _seconds(lambda: _save_at_all_qualities(photo.rgb))
    photo.release()
    out["analyze, all"] = _seconds(lambda: fp.analyze(fp.Photo.from_bytes(data)), rounds=rounds)
    return out


def _seconds(call: Callable[[], Any], *, rounds: int = 1, warm: int = 0) -> float:
    """Return the median processor time of all threads together: a model's own threads count too."""
    for _ in range(warm):
        call()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return sorted(times)[len(times) // 2]


def _save_at_all_qualities(rgb: Any) -> None:
    """Do what a sweep of qualities does without a shortcut: save and decode the photo at each."""
    from fakeproof.edited.saves.jpeg_ghosts import DEFAULT_QUALITIES

    for quality in DEFAULT_QUALITIES:
        _, saved = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
        cv2.imdecode(saved, cv2.IMREAD_COLOR)


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
        "Processor time, generated phone-like JPEGs (q92, 4:2:0), one thread. Detectors run in this order on one photo, so the first to "
        'need a shared view (coefficients, keypoints) pays for it; "analyze, all" starts from bytes, without sources '
        "and products."
    )
    table.shortfalls += _too_slow(stages)
    return table


def _too_slow(stages: dict[str, dict[str, float]]) -> list[str]:
    out = []
    for what, limits in (("analyze, all", RATIO_TARGET), ("edited, all", EDITED_RATIO_TARGET)):
        for name in limits.keys() & stages.keys():
            ratio = stages[name][what] / stages[name]["cv2.imdecode"]
            if ratio > limits[name]:
                out.append(f"{name} {what} takes {ratio:.1f} times cv2.imdecode; the target is {limits[name]:g}.")
    for name in SECONDS_TARGET.keys() & stages.keys():
        if stages[name]["analyze, all"] > SECONDS_TARGET[name]:
            seconds = stages[name]["analyze, all"]
            out.append(f"{name} analyze takes {seconds:.2f} s; the target is {SECONDS_TARGET[name]:g}.")
    for name, seen in stages.items():
        if seen["jpeg_ghosts"] > seen[ROUNDS_OF_SAVING]:
            out.append(f"{name} jpeg_ghosts takes longer than saving and decoding at each of its qualities.")
    return out


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
    with tempfile.TemporaryDirectory() as folder:
        # Byte code as an installed package has it, whatever this environment says about writing it.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        base = _fresh_seconds("pass", environment)
        imported = _fresh_seconds("import fakeproof", environment) - base
        warm = _fresh_seconds("import fakeproof as f; f.warm_up()", environment) - base
        twice = _fresh_seconds("import fakeproof as f; f.warm_up(); f.warm_up()", environment) - base
    table.rows.append(["python itself", base])
    table.rows.append(["import fakeproof, on top", imported])
    table.rows.append(["warm_up with cached kernels, on top", warm])
    table.rows.append(["of that, loading: what a second warm_up does not take again", 2 * warm - twice])
    first, tenth = _first_and_tenth()
    table.rows.append(["first 1 MP verdict after warm_up", first])
    table.rows.append(["tenth 1 MP verdict", tenth])
    table.note = "Processor time."
    if warm > WARM_UP_TARGET:
        table.shortfalls.append(f"warm_up takes {warm:.1f} s with cached kernels; the target is {WARM_UP_TARGET:g}.")
    return table


def _fresh_seconds(code: str, environment: dict[str, str]) -> float:
    """Return the median processor time of a program; the first run, which writes byte code, does not count."""
    times = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return sorted(times[1:])[2]


def _first_and_tenth() -> tuple[float, float]:
    code = (
        "import time, sys, fakeproof as fp; from benchmarks.material.scenes import phone_jpeg; fp.warm_up(); "
        "d = phone_jpeg(1156, 868); t = []\n"
        "for _ in range(10):\n a = time.process_time(); fp.analyze(fp.Photo.from_bytes(d)); t.append(time.process_time() - a)\n"
        "print(t[0], t[-1])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1])
