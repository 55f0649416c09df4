"""python -m benchmarks SECTION … --data DIR: measure, print, and with --write renew docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.frame import Options, record, write_section
from benchmarks.material.chains import CHAINS
from benchmarks.material.data import DataMissing
from benchmarks.regress import stored, worse

SECTIONS = {
    "edited": "altered photos: image-level and pixel-level, by set and chain",
    "consistency": "the trace net by itself, by kind, chain and area",
    "codecs": "untouched photos that AVIF or WebP held before",
    "innocent": "what honest buyers and phones do: who accuses it, which marks are named",
    "double_jpeg": "controlled double compression and grid tests",
    "copy_move": "cloned places",
    "web": "re-used photos: attacks, search, source difference, watermarks",
    "recapture": "photos of screens and prints, each person held out in turn",
    "cut_outs": "subjects cut out of a source, and other photos of one product",
    "product": "same product or another",
    "metadata": "what the file itself says",
    "scoring": "calibrated scores for the three categories",
    "weighing": "the edited score by chain and by kind of photo, with the parts shipped and those of --before",
    "photo": "reading photos: coefficients and open times",
    "chain": "delivery chain confusion matrix",
    "speed": "analysis by stage and size, against cv2.imdecode",
    "latency": "what searching costs beside the analysis",
    "scale": "batches and services: rates, memory, sizing",
    "robustness": "hostile bytes",
    "peers": "other libraries in the same run",
}
WITHOUT_DATA = ("photo", "speed", "scale", "robustness", "peers")


def main(arguments: list[str] | None = None) -> int:
    """Run the sections asked for; those that need data are named and passed over without it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections",
        nargs="+",
        choices=[*SECTIONS, "all"],
        metavar="SECTION",
        help="; ".join(f"{k}: {v}" for k, v in SECTIONS.items()),
    )
    parser.add_argument("--data", type=Path, help="folder with manifest.csv")
    parser.add_argument("--limit", type=int, help="at most so many photos a set")
    parser.add_argument("--chain", choices=CHAINS, default="asis")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes where a section can use several")
    parser.add_argument("--minutes", type=float, help="read photos for so long at most, where what was read is kept")
    parser.add_argument("--before", default="", help="revision whose learned parts `weighing` measures beside these")
    parser.add_argument("--json", type=Path, help="write the run to this file")
    parser.add_argument("--write", action="store_true", help="renew the sections in docs/benchmarks.md")
    parser.add_argument("--check", action="store_true", help="name what is worse than on docs/benchmarks.md; status 1")
    asked = parser.parse_args(arguments)
    data = asked.data.resolve() if asked.data else None
    options = Options(data, asked.limit, asked.chain, asked.seed, asked.jobs, asked.minutes, asked.before)
    names = list(SECTIONS) if "all" in asked.sections else asked.sections
    command = "python -m benchmarks " + shlex.join(
        w if not w.startswith("/") else Path(w).name for w in (arguments if arguments is not None else sys.argv[1:])
    )
    records: list[dict[str, Any]] = []
    lost: list[str] = []
    for name in names:
        if options.data is None and name not in WITHOUT_DATA:
            print(f"{name}: passed over, needs --data")
            continue
        start = time.perf_counter()
        try:
            tables = importlib.import_module(f"benchmarks.sections.{name}").run(options)
        except DataMissing as error:
            print(error)
            continue
        seconds = time.perf_counter() - start
        for table in tables:
            print(table.text(), end="\n\n")
        label = name if options.chain == "asis" else f"{name}-{options.chain}"
        records.append(record(label, tables, command))
        if asked.check:
            lost += [f"{label}: {figure}" for figure in worse(stored(label), tables)]
        if asked.write:
            write_section(label, tables, command=command, seconds=seconds)
    if asked.json:
        asked.json.write_text(json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8")
    for figure in lost:
        print(f"Worse than stored: {figure}")
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
