"""Progressive JPEG scans: first and refining passes over DC and AC coefficients (ITU-T T.81, annex G).

The bit reservoir and the tables are those of :mod:`fakeproof._kernels.jpeg`.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917 -- one loop over bits: numba kernels cannot hand a reader's state on cheaply

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.jpeg import LOOK

__all__ = ["ac_first", "ac_refine", "dc_scan"]


@kernel
def dc_scan(words: Any, intervals: Any, tables: Any, plan: Any, script: Any, out: Any) -> Any:
    """Decode a DC scan, interleaved or not, into `out`; return the MCUs decoded.

    `script` int64 (4,) is first and last coefficient, high and low bit; other parameters as in ``sequential``. With a
    high bit of 0 it is the first pass (differences), else each block has one more bit.
    """
    quick, full = tables
    mask = (1 << LOOK) - 1
    refine = script[2] > 0
    low = script[3]
    across = plan[0, 0]
    dc = np.zeros(4, np.int64)
    done = 0
    for part in range(intervals.shape[0]):
        w = intervals[part, 0]
        ends = w * 32 + intervals[part, 1]
        held: Any = 0
        acc: Any = np.int64(0)
        dc[:] = 0
        broken = False
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            my = mcu // across
            mx = mcu - my * across
            for c in range(plan.shape[0] - 1):
                wide = plan[c + 1, 3]
                for step in range(wide * plan[c + 1, 4]):
                    v = step // wide
                    by = my * plan[c + 1, 4] + v
                    bx = mx * wide + step - v * wide
                    block = plan[0, 1]
                    if by < plan[c + 1, 2] and bx < plan[c + 1, 1]:
                        block = plan[c + 1, 0] + by * plan[c + 1, 1] + bx
                    if held < 32:
                        acc = (acc << 32) | np.int64(words[w])
                        w += 1
                        held += 32
                    if refine:
                        held -= 1
                        if (acc >> held) & 1:
                            out[block * 64] |= 1 << low
                    else:
                        e = np.int64(quick[plan[c + 1, 5], (acc >> (held - LOOK)) & mask])
                        if e != 0:
                            held -= e & 255
                            dc[c] += e >> 16
                        else:
                            f = np.int64(full[plan[c + 1, 5], (acc >> (held - 16)) & 0xFFFF])
                            if f == 0:
                                broken = True
                                break
                            held -= f >> 8
                            s = f & 15
                            if s > 0:
                                held -= s
                                x = (acc >> held) & ((1 << s) - 1)
                                if x < (1 << (s - 1)):
                                    x -= (1 << s) - 1
                                dc[c] += x
                        out[block * 64] = dc[c] << low
                if broken:
                    break
            if broken or w * 32 - held > ends:
                break
            done += 1
    return done


@kernel
def ac_first(words: Any, intervals: Any, tables: Any, plan: Any, script: Any, out: Any) -> Any:
    """Decode the first pass of an AC band of one component into `out`; return the blocks decoded.

    `plan` and `script` as in :func:`dc_scan`; `tables` ends with the zigzag order.
    """
    quick, full, zigzag = tables
    mask = (1 << LOOK) - 1
    first, last, low = script[0], script[1], script[3]
    row, start = plan[1, 6], plan[1, 0]
    done = 0
    for part in range(intervals.shape[0]):
        w = intervals[part, 0]
        ends = w * 32 + intervals[part, 1]
        held: Any = 0
        acc: Any = np.int64(0)
        run_out: Any = np.int64(0)
        broken = False
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            if run_out > 0:
                run_out -= 1
                done += 1
                continue
            base = (start + mcu) * 64
            k: Any = first
            while k <= last:
                if held < 32:
                    acc = (acc << 32) | np.int64(words[w])
                    w += 1
                    held += 32
                e = np.int64(quick[row, (acc >> (held - LOOK)) & mask])
                if e != 0:
                    held -= e & 255
                    skip = (e >> 8) & 255
                    x = e >> 16
                    if skip == 64:
                        run_out = x
                        break
                    k += skip
                    if x != 0:
                        out[base + zigzag[k]] = x << low
                        k += 1
                    continue
                f = np.int64(full[row, (acc >> (held - 16)) & 0xFFFF])
                if f == 0:
                    broken = True
                    break
                held -= f >> 8
                s = f & 15
                run = (f & 255) >> 4
                if s == 0:
                    if run == 15:
                        k += 16
                        continue
                    held -= run
                    run_out = (1 << run) + ((acc >> held) & ((1 << run) - 1)) - 1
                    break
                k += run
                held -= s
                x = (acc >> held) & ((1 << s) - 1)
                if x < (1 << (s - 1)):
                    x -= (1 << s) - 1
                out[base + zigzag[k]] = x << low
                k += 1
            if broken or w * 32 - held > ends:
                break
            done += 1
    return done


@kernel
def ac_refine(words: Any, intervals: Any, tables: Any, plan: Any, script: Any, out: Any) -> Any:
    """Refine an AC band of one component by one bit; parameters and result as in :func:`ac_first`.

    A code says how many coefficients without history to pass before the next new one of size 1; every coefficient
    with a history that is passed on the way has one correction bit.
    """
    quick, full, zigzag = tables
    mask = (1 << LOOK) - 1
    first, last = script[0], script[1]
    plus = np.int64(1) << script[3]
    row, start = plan[1, 6], plan[1, 0]
    done = 0
    for part in range(intervals.shape[0]):
        w = intervals[part, 0]
        ends = w * 32 + intervals[part, 1]
        held: Any = 0
        acc: Any = np.int64(0)
        run_out: Any = np.int64(0)
        broken = False
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            base = (start + mcu) * 64
            k: Any = first
            while k <= last:
                skip: Any = np.int64(64)
                fresh: Any = np.int64(0)
                if run_out == 0:
                    if held < 32:
                        acc = (acc << 32) | np.int64(words[w])
                        w += 1
                        held += 32
                    e = np.int64(quick[row, (acc >> (held - LOOK)) & mask])
                    if e != 0:
                        held -= e & 255
                        skip = (e >> 8) & 255
                        fresh = e >> 16
                        if skip == 64:
                            run_out = fresh + 1
                            fresh = 0
                        elif fresh == 0:
                            skip = 15
                    else:
                        f = np.int64(full[row, (acc >> (held - 16)) & 0xFFFF])
                        if f == 0:
                            broken = True
                            break
                        held -= f >> 8
                        skip = (f & 255) >> 4
                        if f & 15:
                            held -= 1
                            fresh = 2 * ((acc >> held) & 1) - 1
                        elif skip < 15:
                            held -= skip
                            run_out = (1 << skip) + ((acc >> held) & ((1 << skip) - 1))
                            skip = 64
                while k <= last:
                    at = base + zigzag[k]
                    x = np.int64(out[at])
                    if x != 0:
                        if held < 1:
                            acc = (acc << 32) | np.int64(words[w])
                            w += 1
                            held += 32
                        held -= 1
                        if (acc >> held) & 1 and (x & plus) == 0:
                            out[at] = x + (plus if x >= 0 else -plus)
                    else:
                        if skip == 0:
                            break
                        skip -= 1
                    k += 1
                if fresh != 0 and k <= last:
                    out[base + zigzag[k]] = fresh * plus
                k += 1
                if run_out > 0:
                    break
            if run_out > 0:
                run_out -= 1
            if broken or w * 32 - held > ends:
                break
            done += 1
    return done
