"""Other libraries in the same run: hashes and searches by speed, forensic tools by what they decide on the photo."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.frame import Options, Table, median_seconds, one_thread
from benchmarks.material.data import by_half, rows
from benchmarks.material.scenes import phone_jpeg

TIME_CAP = 20.0
"""Seconds one photo may take a peer before it counts as "no answer"."""
PATIENCE = 3
"""Photos without an answer from the start on, after which a peer is not asked about the others."""


def run(options: Options) -> list[Table]:
    """Return speed ratios, and with data the decisions of forensic peers beside ours."""
    with one_thread():
        tables = [_speed()]
        if options.data is not None:
            tables.append(_decisions(options))
    return tables


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


# Speed


def _speed() -> Table:
    table = Table(
        "Peers by speed, same run, one thread", ["task", "peer", "peer, s", "fakeproof, s", "peer / fakeproof"]
    )
    for task, peer, theirs, ours in [*_hashing(), *_coefficients(), *_exif(), *_search()]:
        if theirs is None:
            table.rows.append([task, peer, "not installed", None, None])
            continue
        a, b = median_seconds(theirs), median_seconds(ours)
        table.rows.append([task, peer, f"{a:.4f}", f"{b:.4f}", f"{a / b:.2f}"])
    table.note = "12 MP: a generated phone-like JPEG (q92). Above 1 in the last column fakeproof is faster."
    return table


Pair = tuple[str, str, Callable[[], Any] | None, Callable[[], Any]]


def _hashing() -> list[Pair]:
    import fakeproof as fp

    data = phone_jpeg(4032, 3024)
    imagehash, pdqhash = _optional("imagehash"), _optional("pdqhash")

    def ours(kind: str) -> Callable[[], Any]:
        return lambda: fp.web.perceptual_hash(fp.Photo.from_bytes(data), kind=kind)

    def pdq() -> Any:
        return pdqhash.compute(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))

    return [
        (
            "pHash of a 12 MP JPEG from bytes",
            "imagehash",
            imagehash and (lambda: imagehash.phash(Image.open(io.BytesIO(data)))),
            ours("phash"),
        ),
        ("PDQ of a 12 MP JPEG from bytes", "pdqhash", pdqhash and pdq, ours("pdq")),
    ]


def _coefficients() -> list[Pair]:
    import fakeproof as fp

    jpeglib = _optional("jpeglib")
    out: list[Pair] = []
    for label, progressive in (("baseline", False), ("progressive", True)):
        data = phone_jpeg(4032, 3024, progressive=progressive)
        path = Path(tempfile.mkdtemp()) / "p.jpg"
        path.write_bytes(data)

        def theirs(path: Path = path) -> Any:
            return jpeglib.read_dct(str(path)).Y

        def ours(data: bytes = data) -> Any:
            return fp.Photo.from_bytes(data).jpeg.coefficients()

        out.append((f"DCT coefficients, 12 MP {label}", "jpeglib", jpeglib and theirs, ours))
    return out


def _exif() -> list[Pair]:
    import fakeproof as fp

    piexif = _optional("piexif")
    exif = Image.Exif()
    exif[271], exif[272], exif[306] = "Maker", "Model", "2026:01:02 03:04:05"
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(phone_jpeg(4032, 3024))) as opened:
        opened.save(buffer, "JPEG", quality=92, exif=exif)
    data = buffer.getvalue()
    return [
        (
            "EXIF of a 12 MP JPEG from bytes",
            "piexif",
            piexif and (lambda: piexif.load(data)),
            lambda: fp.Photo.from_bytes(data).record.tiff,
        )
    ]


def _search() -> list[Pair]:
    from fakeproof.web.search import scan

    faiss, usearch = _optional("faiss"), _optional("usearch.index")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (1_000_000, 32), dtype=np.uint8)
    queries = codes[rng.integers(0, len(codes), 64)] ^ (rng.random((64, 32)) < 0.05).astype(np.uint8)
    view = codes.view(np.uint64)
    words = [np.ascontiguousarray(view[:, i]) for i in range(4)]
    asked = np.ascontiguousarray(queries).view(np.uint64)

    def flat() -> Callable[[], Any]:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexBinaryFlat(256)
        index.add(codes)
        return lambda: index.range_search(queries, 32)

    def exact() -> Callable[[], Any]:
        def search() -> Any:
            return usearch.search(codes, queries, 10, usearch.MetricKind.Hamming, exact=True, threads=1)

        return search

    task = "64 queries in 1 million 256-bit codes, exact"
    ours = lambda: scan(words, asked, 31)
    return [
        (f"{task}, radius 31", "faiss IndexBinaryFlat", flat() if faiss else None, ours),
        (f"{task}, top 10", "usearch", exact() if usearch else None, ours),
    ]


# Decisions


def _decisions(options: Options) -> Table:
    import fakeproof as fp

    fp.warm_up()
    limit = options.limit or 60
    narrow = Options(options.data, limit, options.chain, options.seed)
    sets = {
        "phone_paste altered": list(rows(narrow, set="phone_paste", role="tampered")),
        "CASIA altered": list(rows(narrow, set="casia1", role="tampered")),
        "untouched (tamper, camera)": [
            *rows(narrow, need="tamper", role="authentic"),
            *rows(narrow, need="camera", role="original"),
        ],
    }
    found = {name: by_half(list(group))["unseen"] for name, group in sets.items()}
    table = Table("Photos called altered, by each tool's own decision (unseen half)", ["tool", *found, "s a photo"])
    ours = ("fakeproof, default scorer", lambda path: fp.analyze(path).edited.decision == "supported")
    for tool, decide in [ours, *_forensic_peers()]:
        start = time.perf_counter()
        answers = _answers(decide, [str(row.path) for group in found.values() for row in group])
        taken = (time.perf_counter() - start) / max(1, len(answers))
        cells, at = [], 0
        for group in found.values():
            of_group = answers[at : at + len(group)]
            at += len(group)
            said = [v for v in of_group if v is not None]
            silent = f" ({len(group) - len(said)} no answer)" if len(said) < len(group) else ""
            cells.append(f"{sum(said)} of {len(group)}{silent}")
        table.rows.append([tool, *cells, f"{taken:.2f}"])
    table.note = (
        "Untouched photos called altered are false accusations. Peers decide as they ship: deeptrace-ela "
        "`is_suspicious`, forensic-image any flag in its `tampering` block, authentica `anomaly_score` > 0.5, pimage "
        f"any pair of places. No answer: an error, or over {TIME_CAP:.0f} s; after {PATIENCE} such photos at the start a "
        "tool is not asked about the rest. pimage pins releases that shut out every other tool here, so it is installed "
        "without them (`pip install --no-deps pimage`)."
    )
    return table


def _answers(decide: Callable[[str], bool], paths: list[str]) -> list[bool | None]:
    """Ask about each photo; one that never answers is given up after a few."""
    answers: list[bool | None] = []
    for path in paths:
        if len(answers) == PATIENCE and not any(v is not None for v in answers):
            break
        answers.append(_asked(decide, path))
    return answers


def _asked(decide: Callable[[str], bool], path: str) -> bool | None:
    start = time.perf_counter()
    try:
        answer = bool(decide(path))
    except (ValueError, TypeError, OSError, RuntimeError, KeyError, IndexError, subprocess.SubprocessError):
        return None
    return answer if time.perf_counter() - start < TIME_CAP else None


def _forensic_peers() -> list[tuple[str, Callable[[str], bool]]]:
    out: list[tuple[str, Callable[[str], bool]]] = []
    if ela := _optional("deeptrace_ela"):
        out.append(("deeptrace-ela", lambda path: ela.analyze_ela(path).is_suspicious))
    if forensic := _optional("forensic_image"):
        out.append(("forensic-image", lambda path: _forensic_image(forensic, path)))
    if authentica := _optional("authentica.forensics"):
        out.append(("authentica", lambda path: authentica.ForensicsAnalyzer().analyze(path).anomaly_score > 0.5))
    if _optional("pimage.copy_move"):
        out.append(("pimage", _pimage))
    return out


def _pimage(path: str) -> bool:
    """Ask in a process of its own: it takes minutes, and nothing but the end of a process stops it."""
    program = "import sys; from pimage import copy_move; print(len(copy_move.detect(sys.argv[1])[0]))"
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, timeout=TIME_CAP, check=True
    )
    return int(done.stdout.split()[-1]) > 0


def _forensic_image(package: Any, path: str) -> bool:
    report = package.analyze(path)
    tampering = report.tampering
    values = tampering if isinstance(tampering, dict) else tampering.model_dump() if tampering else {}
    return any(bool(v) for k, v in values.items() if isinstance(v, bool))
