"""Progressive JPEG scans: first and refining passes over DC and AC coefficients (ITU-T T.81, annex G).

The bit reservoir and the tables are those of :mod:`fakeproof._kernels.jpeg`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel
from fakeproof._kernels.jpeg import LOOK, MASK, difference, extended, place

__all__ = ["ac_first", "ac_refine", "dc_scan"]


@kernel
def dc_scan(words: Any, intervals: Any, tables: Any, plan: Any, script: Any, out: Any) -> Any:
    """Decode a DC scan, interleaved or not, into `out`; return the MCUs decoded.

    `script` int64 (4,) is first and last coefficient, high and low bit; other parameters as in ``sequential``. With a
    high bit of 0 it is the first pass (differences), else each block has one more bit.
    """
    quick, full = tables
    refine, low = script[2] > 0, script[3]
    dc = np.zeros(4, np.int64)
    done = 0
    for part in range(intervals.shape[0]):
        ends = intervals[part, 0] * 32 + intervals[part, 1]
        state: Any = (np.int64(0), np.int64(0), intervals[part, 0])
        dc[:] = 0
        good = True
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            for c in range(plan.shape[0] - 1):
                row = plan[c + 1, 5]
                for step in range(plan[c + 1, 3] * plan[c + 1, 4]):
                    base = place(plan, c, mcu, step) * 64
                    if refine:
                        bit, state = next_bit(words, state)
                        if bit:
                            out[base] |= 1 << low
                    elif good:
                        change, state, good = difference(words, state, quick, full, row)
                        dc[c] += change
                        out[base] = dc[c] << low
            if not good or state[2] * 32 - state[1] > ends:
                break
            done += 1
    return done


@kernel
def next_bit(words: Any, state: Any) -> Any:
    """Read one bit; return it and the state."""
    acc, held, w = state
    if held < 1:
        acc = (acc << 32) | np.int64(words[w])
        w += 1
        held += 32
    return (acc >> (held - 1)) & 1, (acc, held - 1, w)


@kernel
def first_block(words: Any, state: Any, lookup: Any, script: Any, out: Any, base: Any) -> Any:
    """Read the first pass of a block's band; return the state, the end-of-band run, whether all codes exist.

    `lookup` is both tables, the row in them, and the zigzag order.
    """
    quick, full, row, zigzag = lookup
    acc, held, w = state
    low = script[3]
    k: Any = script[0]
    while k <= script[1]:
        if held < 32:
            acc = (acc << 32) | np.int64(words[w])
            w += 1
            held += 32
        e = np.int64(quick[row, (acc >> (held - LOOK)) & MASK])
        if e != 0:
            held -= e & 255
            if (e >> 8) & 255 == 64:
                return (acc, held, w), e >> 16, True
            k += (e >> 8) & 255
            if e >> 16 != 0:
                out[base + zigzag[k]] = (e >> 16) << low
                k += 1
            continue
        f = np.int64(full[row, (acc >> (held - 16)) & 0xFFFF])
        if f == 0:
            return (acc, held, w), np.int64(0), False
        size = f & 15
        run = (f & 255) >> 4
        held -= (f >> 8) + size
        if size == 0 and run < 15:
            held -= run
            return (acc, held, w), (1 << run) + ((acc >> held) & ((1 << run) - 1)) - 1, True
        k += run
        if size > 0:
            out[base + zigzag[k]] = extended(acc, held, size) << low
        k += 1
    return (acc, held, w), np.int64(0), True


@kernel
def ac_first(words: Any, intervals: Any, tables: Any, plan: Any, script: Any, out: Any) -> Any:
    """Decode the first pass of an AC band of one component into `out`; return the blocks decoded.

    `plan` and `script` as in :func:`dc_scan`; `tables` ends with the zigzag order.
    """
    quick, full, zigzag = tables
    row, start = plan[1, 6], plan[1, 0]
    done = 0
    for part in range(intervals.shape[0]):
        ends = intervals[part, 0] * 32 + intervals[part, 1]
        state: Any = (np.int64(0), np.int64(0), intervals[part, 0])
        run: Any = np.int64(0)
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            if run > 0:
                run -= 1
            else:
                lookup = (quick, full, row, zigzag)
                state, run, good = first_block(words, state, lookup, script, out, (start + mcu) * 64)
                if not good or state[2] * 32 - state[1] > ends:
                    break
            done += 1
    return done


@kernel
def refine_code(words: Any, state: Any, quick: Any, full: Any, row: Any) -> Any:
    """Read a code of a refining pass; return the state, zeros to pass, the new sign, the end-of-band run.

    Zeros to pass are 64 where the block ends, -1 where there is no such code; the sign is 0 where nothing new comes.
    """
    acc, held, w = state
    if held < 32:
        acc = (acc << 32) | np.int64(words[w])
        w += 1
        held += 32
    e = np.int64(quick[row, (acc >> (held - LOOK)) & MASK])
    if e != 0:
        held -= e & 255
        skip, sign = (e >> 8) & 255, e >> 16
        if skip == 64:
            return (acc, held, w), skip, np.int64(0), sign + 1
        return (acc, held, w), min(skip, 15), min(max(sign, -1), 1), np.int64(0)
    f = np.int64(full[row, (acc >> (held - 16)) & 0xFFFF])
    held -= f >> 8
    skip = (f & 255) >> 4
    if f == 0:
        return (acc, held, w), np.int64(-1), np.int64(0), np.int64(0)
    if f & 15:
        held -= 1
        return (acc, held, w), skip, 2 * ((acc >> held) & 1) - 1, np.int64(0)
    if skip == 15:
        return (acc, held, w), skip, np.int64(0), np.int64(0)
    held -= skip
    return (acc, held, w), np.int64(64), np.int64(0), (1 << skip) + ((acc >> held) & ((1 << skip) - 1))


@kernel
def refine_block(words: Any, state: Any, lookup: Any, script: Any, out: Any, base: Any) -> Any:
    """Refine a block's band; return the state, the end-of-band run, whether all codes exist.

    `lookup` is both tables, the row in them, the zigzag order, and the run that covers the block (0: it has codes of its own).
    """
    quick, full, row, zigzag, run = lookup
    plus = np.int64(1) << script[3]
    k: Any = script[0]
    while k <= script[1]:
        skip: Any = np.int64(64)
        sign: Any = np.int64(0)
        if run == 0:
            state, skip, sign, run = refine_code(words, state, quick, full, row)
            if skip < 0:
                return state, run, False
        while k <= script[1]:
            x = np.int64(out[base + zigzag[k]])
            if x == 0:
                if skip == 0:
                    break
                skip -= 1
            else:
                bit, state = next_bit(words, state)
                if bit and (x & plus) == 0:
                    out[base + zigzag[k]] = x + (plus if x >= 0 else -plus)
            k += 1
        if sign != 0 and k <= script[1]:
            out[base + zigzag[k]] = sign * plus
        k += 1
    return state, max(run - 1, 0), True


@kernel
def ac_refine(words: Any, intervals: Any, tables: Any, plan: Any, script: Any, out: Any) -> Any:
    """Refine an AC band of one component by one bit; parameters and result as in :func:`ac_first`.

    A code says how many coefficients without history to pass before the next new one of size 1; every coefficient
    with a history that is passed on the way has one correction bit.
    """
    quick, full, zigzag = tables
    row, start = plan[1, 6], plan[1, 0]
    done = 0
    for part in range(intervals.shape[0]):
        ends = intervals[part, 0] * 32 + intervals[part, 1]
        state: Any = (np.int64(0), np.int64(0), intervals[part, 0])
        run: Any = np.int64(0)
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            lookup = (quick, full, row, zigzag, run)
            state, run, good = refine_block(words, state, lookup, script, out, (start + mcu) * 64)
            if not good or state[2] * 32 - state[1] > ends:
                break
            done += 1
    return done
