"""Entropy-coded JPEG segments to quantised coefficients: stuffing, restart intervals, sequential scans.

Bits are read from 32-bit words into a signed 64-bit reservoir whose lowest `held` bits are valid; one refill serves a
Huffman code with its extra bits (at most 31). Most symbols are resolved with their value by one look into a table of
2**LOOK entries; the rest goes through a table of 2**16.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917 -- one loop over bits: numba kernels cannot hand a reader's state on cheaply

from __future__ import annotations

from typing import Any

import numpy as np

from fakeproof._kernels._jit import kernel

__all__ = ["GUARD_WORDS", "LOOK", "count_restarts", "sequential", "unstuff"]

LOOK = 11
"""Bits of one look; two tables of 2**11 int32 lie in a first-level cache beside the output block."""
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
def sequential(words: Any, intervals: Any, tables: Any, plan: Any, zigzag: Any, out: Any) -> Any:
    """Decode a baseline or extended Huffman scan into `out` int16 (blocks * 64,); return the MCUs decoded.

    Parameters
    ----------
    words : uint32 (words,)
        Big-endian data after :func:`unstuff`, with GUARD_WORDS zeros behind.
    intervals : int64 (intervals, 4)
        First word, bits, first MCU, MCU after the last.
    tables : tuple of int32 (8, 2**LOOK) and uint16 (8, 2**16)
        Row 0-3 DC, 4-7 AC: see ``fakeproof.jpeg.tables``.
    plan : int64 (1 + components, 8)
        Row 0: MCUs a row, scratch block. Then a component: first block, blocks a row, block rows, blocks of an MCU
        across and down, DC row, AC row, unused. Blocks outside the component go to the scratch block.
    zigzag : int64 (80,)
        Natural position of each coefficient; 16 guards behind the last.
    """
    quick, full = tables
    mask = (1 << LOOK) - 1
    across = plan[0, 0]
    scratch = plan[0, 1]
    components = plan.shape[0] - 1
    done = 0
    dc = np.zeros(4, np.int64)
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
            for c in range(components):
                high = plan[c + 1, 4]
                wide = plan[c + 1, 3]
                columns = plan[c + 1, 1]
                rows = plan[c + 1, 2]
                quick_dc = quick[plan[c + 1, 5]]
                quick_ac = quick[plan[c + 1, 6]]
                for v in range(high):
                    by = my * high + v
                    for h in range(wide):
                        bx = mx * wide + h
                        block = scratch
                        if by < rows and bx < columns:
                            block = plan[c + 1, 0] + by * columns + bx
                        base = block * 64
                        if held < 32:
                            acc = (acc << 32) | np.int64(words[w])
                            w += 1
                            held += 32
                        e = np.int64(quick_dc[(acc >> (held - LOOK)) & mask])
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
                        out[base] = dc[c]
                        k: Any = 1
                        while k < 64:
                            if held < 32:
                                acc = (acc << 32) | np.int64(words[w])
                                w += 1
                                held += 32
                            e = np.int64(quick_ac[(acc >> (held - LOOK)) & mask])
                            if e != 0:
                                held -= e & 255
                                k += (e >> 8) & 255
                                x = e >> 16
                                if x != 0:
                                    out[base + zigzag[k]] = x
                                    k += 1
                                continue
                            f = np.int64(full[plan[c + 1, 6], (acc >> (held - 16)) & 0xFFFF])
                            if f == 0:
                                broken = True
                                break
                            held -= f >> 8
                            s = f & 15
                            run = (f & 255) >> 4
                            if s == 0:
                                if run < 15:
                                    break
                                k += 16
                                continue
                            k += run
                            held -= s
                            x = (acc >> held) & ((1 << s) - 1)
                            if x < (1 << (s - 1)):
                                x -= (1 << s) - 1
                            out[base + zigzag[k]] = x
                            k += 1
                        if broken or w * 32 - held > ends:
                            broken = True
                            break
                    if broken:
                        break
                if broken:
                    break
            if broken:
                break
            done += 1
    return done
