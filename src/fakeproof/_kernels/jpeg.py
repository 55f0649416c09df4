"""Entropy-coded JPEG segments to quantised coefficients: stuffing, restart intervals, sequential scans.

Bits are read from 32-bit words into a signed 64-bit reservoir whose lowest `held` bits are valid; one refill serves a
Huffman code with its extra bits (at most 31). Most symbols are resolved with their value by one look into a table of
2**LOOK entries; the rest goes through a table of 2**16.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel

__all__ = ["GUARD_WORDS", "LOOK", "MASK", "count_restarts", "difference", "extended", "place", "sequential", "unstuff"]

LOOK = 11
"""Bits of one look; two tables of 2**11 int32 lie in a first-level cache beside the output block."""
MASK = (1 << LOOK) - 1
GUARD_WORDS = 96
"""Zero words after the data: a block reads at most 64 symbols of 31 bits beyond the end before it is noticed."""


@kernel
def count_restarts(data: Any) -> Any:
    """Return how many restart markers a scan's bytes (uint8) hold."""
    total = 0
    for i in range(data.shape[0] - 1):
        if data[i] == 0xFF and data[i + 1] >= 0xD0 and data[i + 1] <= 0xD7:
            total += 1
    return total


@kernel
def unstuff(data: Any, out: Any, starts: Any, bits: Any, numbers: Any) -> Any:
    """Copy a scan's bytes to `out` (zeroed) without stuffing, each restart interval from a word's start.

    Writes each interval's first word, its bits, and the number of the restart marker before it (-1 for the first).
    Returns how many intervals there are and the bytes written.
    """
    n = data.shape[0]
    i = 0
    o = 0
    k = 0
    starts[0] = 0
    numbers[0] = -1
    while i < n:
        byte = data[i]
        if byte != 0xFF:
            out[o] = byte
            o += 1
            i += 1
            continue
        j = i + 1
        while j < n and data[j] == 0xFF:
            j += 1
        if j >= n:
            break
        code = data[j]
        if code == 0:
            out[o] = 0xFF
            o += 1
        elif code >= 0xD0 and code <= 0xD7:
            bits[k] = (o - starts[k] * 4) * 8
            o = (o + 3) // 4 * 4
            k += 1
            starts[k] = o // 4
            numbers[k] = code - 0xD0
        else:
            break
        i = j + 1
    bits[k] = (o - starts[k] * 4) * 8
    return k + 1, o


@kernel
def difference(words: Any, state: Any, quick: Any, full: Any, row: Any) -> Any:
    """Read a DC difference; return it, the reader's state and whether there was such a code.

    `state` is (reservoir, valid bits, next word); `row` is the table's row in `quick` and `full`.
    """
    acc, held, w = state
    if held < 32:
        acc = (acc << 32) | np.int64(words[w])
        w += 1
        held += 32
    e = np.int64(quick[row, (acc >> (held - LOOK)) & MASK])
    if e != 0:
        return e >> 16, (acc, held - (e & 255), w), True
    f = np.int64(full[row, (acc >> (held - 16)) & 0xFFFF])
    size = f & 15
    held -= (f >> 8) + size
    return extended(acc, held, size), (acc, held, w), f != 0


@kernel
def extended(acc: Any, held: Any, size: Any) -> Any:
    """Return the signed value of `size` bits that lie above the `held` lowest ones (T.81, F.2.2.1)."""
    value = (acc >> held) & ((1 << size) - 1)
    if size > 0 and value < (1 << (size - 1)):
        value -= (1 << size) - 1
    return value


@kernel
def block_ac(words: Any, state: Any, lookup: Any, zigzag: Any, out: Any, base: Any) -> Any:
    """Read a sequential block's AC coefficients to `out` from `base`; return the state and whether all codes exist."""
    quick, full, row = lookup
    acc, held, w = state
    k: Any = 1
    while k < 64:
        if held < 32:
            acc = (acc << 32) | np.int64(words[w])
            w += 1
            held += 32
        e = np.int64(quick[row, (acc >> (held - LOOK)) & MASK])
        if e != 0:
            held -= e & 255
            k += (e >> 8) & 255
            if e >> 16 != 0:
                out[base + zigzag[k]] = e >> 16
                k += 1
            continue
        f = np.int64(full[row, (acc >> (held - 16)) & 0xFFFF])
        if f == 0:
            return (acc, held, w), False
        size = f & 15
        run = (f & 255) >> 4
        held -= (f >> 8) + size
        if size == 0 and run < 15:
            break
        k += run
        if size > 0:
            out[base + zigzag[k]] = extended(acc, held, size)
        k += 1
    return (acc, held, w), True


@kernel
def place(plan: Any, c: Any, mcu: Any, step: Any) -> Any:
    """Return the block that is number `step` of component `c` in an MCU; the scratch block outside the picture."""
    across, wide = plan[0, 0], plan[c + 1, 3]
    my, v = mcu // across, step // wide
    by = my * plan[c + 1, 4] + v
    bx = (mcu - my * across) * wide + step - v * wide
    if by < plan[c + 1, 2] and bx < plan[c + 1, 1]:
        return plan[c + 1, 0] + by * plan[c + 1, 1] + bx
    return plan[0, 1]


@kernel
def sequential(words: Any, intervals: Any, tables: Any, plan: Any, zigzag: Any, out: Any) -> Any:
    """Decode a baseline or extended Huffman scan into `out` int16 (blocks * 64,); return the MCUs decoded.

    Parameters
    ----------
    words : uint32 (words,)
        Big-endian data after :func:`unstuff`, with GUARD_WORDS zeros behind.
    intervals : int64 (intervals, 4)
        First word, bits, first MCU, MCU after the last.
    tables : tuple of int32 (8, 2**LOOK) and uint16 (8, 2**16)
        Row 0-3 DC, 4-7 AC: see ``fakeproof.jpeg.coefficients``.
    plan : int64 (1 + components, 8)
        Row 0: MCUs a row, scratch block. Then a component: first block, blocks a row, block rows, blocks of an MCU
        across and down, DC row, AC row, unused. Blocks outside the component go to the scratch block.
    zigzag : int64 (80,)
        Natural position of each coefficient; 16 guards behind the last.
    """
    quick, full = tables
    dc = np.zeros(4, np.int64)
    done = 0
    for part in range(intervals.shape[0]):
        ends = intervals[part, 0] * 32 + intervals[part, 1]
        state: Any = (np.int64(0), np.int64(0), intervals[part, 0])
        dc[:] = 0
        good = True
        for mcu in range(intervals[part, 2], intervals[part, 3]):
            for c in range(plan.shape[0] - 1):
                row_dc, row_ac = plan[c + 1, 5], plan[c + 1, 6]
                for step in range(plan[c + 1, 3] * plan[c + 1, 4]):
                    base = place(plan, c, mcu, step) * 64
                    change, state, good = difference(words, state, quick, full, row_dc)
                    if not good:
                        break
                    dc[c] += change
                    out[base] = dc[c]
                    state, good = block_ac(words, state, (quick, full, row_ac), zigzag, out, base)
                    good = good and state[2] * 32 - state[1] <= ends
                    if not good:
                        break
                if not good:
                    break
            if not good:
                break
            done += 1
    return done
