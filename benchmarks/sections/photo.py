"""Reading photos: coefficients against jpeglib, time to pixels against OpenCV and Pillow."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import skimage.data
from PIL import Image

from benchmarks.frame import Options, Table

REPEATS = 5
RATIO = {"baseline": 1.1, "progressive": 1.5}
"""Most that ours may take of jpeglib's time at 12 MP, the same run, one thread."""


def run(options: Options) -> list[Table]:
    del options
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return [_equality(), _coefficient_time(), _open_time()]
    finally:
        cv2.setNumThreads(threads)


def _scene(width: int, height: int, *, seed: int = 0) -> Image.Image:
    """Return a photo blown up, with sensor-like noise so that its coefficients are as many as a camera's."""
    base = Image.fromarray(skimage.data.astronaut()).resize((width, height), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(base) + noise, 0, 255).astype(np.uint8))


def _encode(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def _by_jpeglib(path: Path) -> list[np.ndarray]:
    import jpeglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        read = jpeglib.read_dct(str(path))
    return [read.Y, read.Cb, read.Cr] if read.has_chrominance else [read.Y]


def _ours(data: bytes) -> tuple[np.ndarray, ...]:
    from fakeproof.jpeg import read_coefficients, walk

    found = read_coefficients(data, walk(data))
    assert found is not None
    return found.blocks


def _equality() -> Table:
    tally: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        for i, (quality, sampling, progressive, restart, grey) in enumerate(
            product((20, 60, 85, 97), ("4:4:4", "4:2:2", "4:2:0"), (False, True), (0, 3), (False, True))
        ):
            image = _scene(121 + 7 * i % 90, 97 + 5 * i % 60, seed=i)
            extra = {"restart_marker_blocks": restart} if restart else {}
            data = _encode(image.convert("L") if grey else image, quality=quality, subsampling=sampling,
                           progressive=progressive, optimize=bool(i % 3 == 0), **extra)  # fmt: skip
            path.write_bytes(data)
            theirs, ours = _by_jpeglib(path), _ours(data)
            same = len(theirs) == len(ours) and all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
            row = tally.setdefault("progressive" if progressive else "baseline", [0, 0])
            row[0], row[1] = row[0] + 1, row[1] + int(same)
    body = [[kind, *counts] for kind, counts in tally.items()]
    return Table(
        "Coefficients, value by value against jpeglib", ["files", "n", "equal"], body,
        note="Qualities 20-97, three samplings, odd sizes, restart markers, optimised tables, colour and grey.",
        shortfalls=[f"{r[0]}: {r[1] - r[2]} of {r[1]} files differ." for r in body if r[1] != r[2]],
    )  # fmt: skip


def _best(work: Callable[[], Any]) -> float:
    """Return the shortest of a few runs in ms."""
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times) * 1e3


def _coefficient_time() -> Table:
    image = _scene(4032, 3024)
    cases = {
        "baseline 4:2:0 q92": (_encode(image, quality=92), "baseline"),
        "baseline 4:4:4 q95": (_encode(image, quality=95, subsampling="4:4:4"), "baseline"),
        "baseline 4:2:0 q85, restarts": (_encode(image, quality=85, restart_marker_rows=1), "baseline"),
        "progressive 4:2:0 q90": (_encode(image, quality=90, progressive=True), "progressive"),
        "progressive 4:4:4 q95": (_encode(image, quality=95, subsampling="4:4:4", progressive=True), "progressive"),
    }
    body, short = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        for name, (data, kind) in cases.items():
            path.write_bytes(data)
            blocks = _ours(data)
            ours, theirs = _best(lambda d=data: _ours(d)), _best(lambda: _by_jpeglib(path))
            tracemalloc.start()
            _ours(data)
            peak = tracemalloc.get_traced_memory()[1] / sum(b.nbytes for b in blocks)
            tracemalloc.stop()
            body.append([name, f"{len(data) / 1e6:.1f}", round(ours), round(theirs), f"{ours / theirs:.2f}",
                         RATIO[kind], f"{peak:.2f}"])  # fmt: skip
            if ours / theirs > RATIO[kind]:
                short.append(f"{name}: {ours / theirs:.2f} times jpeglib's time, target {RATIO[kind]}.")
    return Table(
        "Coefficients of a 12 MP file", ["file", "MB", "ours ms", "jpeglib ms", "ratio", "target", "peak / arrays"], body,
        note="From bytes (jpeglib: from a file in the page cache) to int16 arrays of all components; best of five, one "
        "thread; the walk over the segments is included.",
        shortfalls=short,
    )  # fmt: skip


def _open_time() -> Table:
    body = []
    for label, size in (("1 MP", (1155, 866)), ("12 MP", (4032, 3024))):
        image = _scene(*size)
        for kind, data in (
            ("JPEG q90 4:2:0", _encode(image, quality=90)),
            ("JPEG progressive", _encode(image, quality=90, progressive=True)),
            ("PNG", _png(image)),
        ):
            body.append([label, kind, *(round(t, 1) for t in _times(data))])
    return Table(
        "From bytes to pixels, ms",
        ["size", "file", "Photo header", "Photo.rgb", "Photo.luma", "preview 512", "cv2.imdecode", "Pillow RGB"], body,
        note="Best of five, one thread. `Photo header`: a JPEG is walked and checked, a PNG is decoded too. The others are "
        "from bytes to that view. Photo.rgb has OpenCV's and Pillow's values.",
    )  # fmt: skip


def _times(data: bytes) -> list[float]:
    import cv2

    from fakeproof import Photo

    def pillow() -> None:
        with Image.open(io.BytesIO(data)) as image:
            np.asarray(image.convert("RGB"))

    packed = np.frombuffer(data, np.uint8)
    return [
        _best(lambda: Photo.from_bytes(data)),
        _best(lambda: Photo.from_bytes(data).rgb),
        _best(lambda: Photo.from_bytes(data).luma),
        _best(lambda: Photo.from_bytes(data).preview(512)),
        _best(lambda: cv2.imdecode(packed, cv2.IMREAD_COLOR)),
        _best(pillow),
    ]


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
