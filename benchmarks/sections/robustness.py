"""Hostile bytes: seeded mutations of small files of each format, in a worker with an address and a time limit."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
from tests.fuzz.mutate import MUTATORS
from tests.fuzz.runner import ADDRESS_ABOVE_START, SECONDS, Outcome, run_cases
from tests.fuzz.seeds import seeds

from benchmarks.frame import Options, Table
from benchmarks.material.chains import wechat_trailer
from fakeproof.reading import read_record

CASES = 20_400
"""100 of each pair of seed file and mutator."""
OPENS = 10_000
GROWTH_LIMIT = 32 * 2**20
"""Bytes; the allocator's own play over 10,000 opens."""


def run(options: Options) -> list[Table]:
    count = options.limit or CASES
    with _quiet():
        outcomes, peak = run_cases(range(options.seed * CASES, options.seed * CASES + count))
        grown = _growth(min(OPENS, count))
    tables = [_by_mutator(outcomes, peak), _by_seed(outcomes), _wrong(outcomes), _grown(grown, min(OPENS, count))]
    return [*tables, _trailers(min(TRAILERS, count), options.seed)]


TRAILERS = 20_000
"""Mutated WeChat trailers."""


def _trailers(count: int, seed: int) -> Table:
    """Damage sealed files in the trailer, in the picture, or at the cut, and see what the reader says."""
    rng = np.random.default_rng(seed)
    picture = seeds()["jpeg-grey"]
    sealed = wechat_trailer(picture, number=int(rng.integers(1, 2**32)))
    states: dict[str, Counter[str]] = defaultdict(Counter)
    longest = 0.0
    for number in range(count):
        kind, mutate = _DAMAGES[number % len(_DAMAGES)]
        data = mutate(bytearray(sealed), len(picture), rng)
        start = time.perf_counter()
        found = read_record(data).wechat
        longest = max(longest, time.perf_counter() - start)
        states[kind][found.state if found else "none"] += 1
    names = ("intact", "metadata_added", "changed", "unchecked", "none")
    body = [[kind, sum(c.values()), *(c[n] for n in names)] for kind, c in states.items()]
    wrong = sum(c["intact"] for kind, c in states.items() if kind != "nothing, or the number")
    return Table(
        "WeChat trailers, damaged", ["damaged", "files", *names], body,
        note=f"What the reader says of each; none raised. Longest {longest * 1e3:.1f} ms. The number is under no checksum.",
        shortfalls=[f"{wrong} damaged files were called intact."] if wrong else [],
    )  # fmt: skip


def _flip(data: bytearray, start: int, stop: int, rng: np.random.Generator) -> bytes:
    at = int(rng.integers(start, stop))
    data[at] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _noise(data: bytearray, end: int, rng: np.random.Generator) -> bytes:
    return bytes(data[:end]) + rng.bytes(int(rng.integers(0, 64)))


_DAMAGES: tuple[tuple[str, Callable[[bytearray, int, np.random.Generator], bytes]], ...] = (
    ("nothing, or the number", lambda d, end, rng: _flip(d, end, end + 4, rng)),
    ("its zeros", lambda d, end, rng: _flip(d, end + 4, end + 8, rng)),
    ("the checksum", lambda d, end, rng: _flip(d, end + 8, end + 24, rng)),
    ("the picture", lambda d, end, rng: _flip(d, 2, end - 2, rng)),
    ("the end marker", lambda d, end, rng: _flip(d, end - 2, end, rng)),
    ("cut short", lambda d, end, rng: bytes(d[: int(rng.integers(2, end + 24))])),
    ("more behind it", lambda d, end, rng: bytes(d) + rng.bytes(int(rng.integers(1, 64)))),
    ("noise in its place", _noise),
)


class _quiet:
    """Silence what libtiff and libjpeg print about damaged files, here and in the worker."""

    def __enter__(self) -> None:
        self.kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)

    def __exit__(self, *_: object) -> None:
        os.dup2(self.kept, 2)
        os.close(self.kept)


def _row(name: str, part: list[Outcome]) -> list[object]:
    kinds = Counter(o.result for o in part)
    wrong = len(part) - kinds["ok"] - kinds["PhotoError"]
    return [name, len(part), kinds["ok"], kinds["PhotoError"], wrong, round(max(o.seconds for o in part), 2)]


def _by_mutator(outcomes: list[Outcome], peak: int) -> Table:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for o in outcomes:
        groups[o.mutator or "(worker died)"].append(o)
    body = [_row(name, groups[name]) for name in [*MUTATORS, "(worker died)"] if groups.get(name)]
    body.append(_row("all", outcomes))
    wrong = int(str(body[-1][4]))
    return Table(
        "Damaged files, by kind of damage", ["damage", "cases", "a result", "PhotoError", "anything else", "longest s"], body,
        note=f"Each case opens a photo, asks for every view, its coefficients, its chain, and runs metadata.check. Limits: "
        f"{ADDRESS_ABOVE_START >> 20} MiB address space above the start-up, {SECONDS:.0f} s. Peak resident size of the worker: "
        f"{peak >> 20} MiB. Target: nothing else than a result or a PhotoError.",
        shortfalls=[f"{wrong} cases ended in something else than a result or a PhotoError."] if wrong else [],
    )  # fmt: skip


def _by_seed(outcomes: list[Outcome]) -> Table:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for o in outcomes:
        groups[o.seed].append(o)
    body = [_row(name, groups[name]) for name in seeds() if groups.get(name)]
    return Table(
        "Damaged files, by format", ["file", "cases", "a result", "PhotoError", "anything else", "longest s"], body
    )


def _wrong(outcomes: list[Outcome]) -> Table:
    found = Counter((o.result, o.detail) for o in outcomes if o.result not in ("ok", "PhotoError"))
    body = [[kind, detail, count] for (kind, detail), count in found.most_common(20)]
    return Table("What else came", ["kind", "where", "cases"], body or [["nothing", "-", 0]])


def _growth(opens: int) -> tuple[int, int]:
    """Return resident bytes after a warm-up and after that many opens with all views."""
    import psutil

    from fakeproof import Photo

    process, files = psutil.Process(), list(seeds().values())

    def open_some(times: int) -> int:
        for i in range(times):
            photo = Photo.from_bytes(files[i % len(files)])
            _ = photo.luma, photo.chain, photo.jpeg and photo.jpeg.coefficients()
        return int(process.memory_info().rss)

    return open_some(500), open_some(opens)


def _grown(grown: tuple[int, int], opens: int) -> Table:
    before, after = grown
    more = after - before
    return Table(
        "Growth over many opens", ["opens", "MiB before", "MiB after", "growth MiB"],
        [[opens, round(before / 2**20, 1), round(after / 2**20, 1), round(more / 2**20, 1)]],
        shortfalls=[f"Memory grew by {more >> 20} MiB over {opens} opens."] if more > GROWTH_LIMIT else [],
    )  # fmt: skip
