"""Quantised DCT coefficients of a JPEG, exactly as stored: no dequantisation, no rounding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fakeproof._kernels.jpeg import GUARD_WORDS, LOOK, count_restarts, sequential, unstuff
from fakeproof.jpeg.tables import zigzag_order

if TYPE_CHECKING:
    import numpy.typing as npt

    from fakeproof.jpeg.markers import Frame, Scan, Structure
    from fakeproof.jpeg.tables import HuffmanTable
    from fakeproof.types import Blocks

__all__ = ["Coefficients", "read_coefficients"]


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Coefficients of all components.

    Attributes
    ----------
    blocks : tuple of ndarray
        int16 (block rows, block columns, 8, 8) a component, vertical frequency first, stored orientation, read-only.
    damaged : bool
        Whether any scan stopped early or said what cannot be; blocks behind the damage are as far as they came.
    decoded : float
        Share of all scans' blocks that were read, 0-1.
    """

    blocks: tuple[Blocks, ...]
    damaged: bool
    decoded: float


def read_coefficients(data: bytes, structure: Structure) -> Coefficients | None:
    """Decode a JPEG's scans.

    Parameters
    ----------
    data : bytes
        The file.
    structure : Structure
        Its map, from :func:`fakeproof.jpeg.walk`.

    Returns
    -------
    Coefficients or None
        None where the frame is not Huffman-coded with 8 bits (arithmetic, lossless, 12 bits) or has no scan.
    """
    frame = structure.frame
    if frame is None or not frame.readable or not structure.scans or not frame.width or not frame.height:
        return None
    shapes = [frame.blocks(i) for i in range(len(frame.components))]
    sizes = [rows * columns for rows, columns in shapes]
    starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    flat = np.zeros((starts[-1] + 1) * 64, np.int16)  # the last block takes what lies outside its component
    raw = np.frombuffer(data, np.uint8)
    wanted = read = 0
    seen: set[int] = set()
    for scan in structure.scans:
        total, done = _decode(raw, frame, scan, starts, flat)
        wanted, read = wanted + total, read + done
        seen.update(scan.components)
    flat.flags.writeable = False
    blocks = tuple(flat[starts[i] * 64 : starts[i + 1] * 64].reshape(*shapes[i], 8, 8) for i in range(len(shapes)))
    whole = read == wanted and len(seen) == len(shapes)
    return Coefficients(blocks, not whole, read / max(wanted, 1))


def _decode(
    raw: npt.NDArray[np.uint8], frame: Frame, scan: Scan, starts: list[int], flat: npt.NDArray[np.int16]
) -> tuple[int, int]:
    """Decode one scan into `flat`; return its MCUs and how many were read."""
    plan, total = _plan(frame, scan, starts)
    if not _possible(frame, scan):
        return total, 0
    words, first, bits, numbers = _words(raw[scan.start : scan.stop])
    intervals = _intervals(total, scan.restart, first, bits, numbers)
    quick, full = _lookups(frame, scan)
    if not frame.progressive:
        return total, int(sequential(words, intervals, (quick, full), plan, _zigzag(), flat))
    from fakeproof._kernels import jpeg_progressive as kernels

    script = np.array([*scan.band, *scan.bits], np.int64)
    if scan.band[0] == 0:
        return total, int(kernels.dc_scan(words, intervals, (quick, full), plan, script, flat))
    pass_over = kernels.ac_refine if scan.bits[0] else kernels.ac_first
    return total, int(pass_over(words, intervals, (quick, full, _zigzag()), plan, script, flat))


def _possible(frame: Frame, scan: Scan) -> bool:
    """Whether a scan's parameters are allowed and its tables defined."""
    (first, last), (high, low) = scan.band, scan.bits
    needs_dc = needs_ac = True
    if frame.progressive:
        if first > last or last > 63 or low > 13 or (high and high != low + 1):
            return False
        if (first == 0 and last != 0) or (first > 0 and len(scan.components) != 1):
            return False
        needs_dc, needs_ac = first == 0 and high == 0, first > 0
    blocks = sum(frame.components[i].h * frame.components[i].v for i in scan.components)
    if len(scan.components) > 1 and blocks > 10:
        return False
    for dc, ac in scan.tables:
        for needed, key in ((needs_dc, (0, dc)), (needs_ac, (1, ac))):
            if needed and (key not in scan.huffman or not scan.huffman[key].valid):
                return False
    return True


def _plan(frame: Frame, scan: Scan, starts: list[int]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the kernel's plan and the number of MCUs."""
    plan = np.zeros((1 + len(scan.components), 8), np.int64)
    high, wide = max(c.v for c in frame.components), max(c.h for c in frame.components)
    if len(scan.components) == 1:
        rows, columns = frame.blocks(scan.components[0])
    else:
        rows, columns = -(-frame.height // (8 * high)), -(-frame.width // (8 * wide))
    plan[0, :2] = columns, starts[-1]
    for i, index in enumerate(scan.components):
        part = frame.components[index]
        step = (1, 1) if len(scan.components) == 1 else (part.h, part.v)
        dc, ac = scan.tables[i]
        plan[i + 1, :7] = starts[index], *frame.blocks(index)[::-1], *step, dc & 3, 4 + (ac & 3)
    return plan, rows * columns


def _words(part: npt.NDArray[np.uint8]) -> tuple[Any, Any, Any, Any]:
    """Return a scan's data as words, with the start, bits and marker number of each restart interval."""
    room = int(count_restarts(part)) + 1
    out = np.zeros((len(part) + 3 * room + 3) // 4 * 4 + 4 * GUARD_WORDS, np.uint8)
    first, bits, numbers = (np.zeros(room, np.int64) for _ in range(3))
    count, _ = unstuff(part, out, first, bits, numbers)
    words = out.view(np.uint32)
    if np.little_endian:
        words.byteswap(inplace=True)
    return words, first[:count], bits[:count], numbers[:count]


def _intervals(total: int, restart: int, first: Any, bits: Any, numbers: Any) -> npt.NDArray[np.int64]:
    """Return (first word, bits, first MCU, MCU behind the last) of each interval.

    Where restart markers are missing, a marker's number (0-7) tells how many MCUs to leave out.
    """
    slots = np.arange(len(first))
    if restart == 0:
        slots = slots[:1]
    elif not np.array_equal(numbers[1:], (slots[1:] - 1) % 8):
        jumps = (np.diff(numbers, prepend=-1) % 8).astype(np.int64)
        jumps[0] = 0
        jumps[jumps == 0] = 1
        slots = np.concatenate([[0], np.cumsum(jumps[1:])]).astype(np.int64)
    step = restart or total
    out = np.stack([first[: len(slots)], bits[: len(slots)], slots * step, np.minimum((slots + 1) * step, total)], 1)
    return np.ascontiguousarray(out[out[:, 2] < total].astype(np.int64))


@lru_cache(maxsize=1)
def _zigzag() -> npt.NDArray[np.int64]:
    """Return the zigzag order with 16 guards, for runs that a damaged file lets pass the last coefficient."""
    return np.concatenate([zigzag_order(), np.full(16, 63)]).astype(np.int64)


def _lookups(frame: Frame, scan: Scan) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    """Return the quick and the full table of each slot: rows 0-3 DC, 4-7 AC."""
    quick, full = np.zeros((8, 1 << LOOK), np.int32), np.zeros((8, 1 << 16), np.uint16)
    rows = {(0, dc) for dc, _ in scan.tables} | {(1, ac) for _, ac in scan.tables}
    for kind, slot in rows:
        table = scan.huffman.get((kind, slot))
        if table is not None and table.valid:
            quick[4 * kind + slot], full[4 * kind + slot] = _lookup(table, frame.progressive)
    return quick, full


def _lookup(table: HuffmanTable, progressive: bool) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    """Return (quick, full) of one table.

    full, by 16 bits: code length << 8 | symbol, 0 where there is no code. quick, by LOOK bits: value << 16 | skip << 8
    | bits of code and value; skip 16 passes sixteen zeros, 64 ends the block; 0 where it does not fit.
    """
    full = np.zeros(1 << 16, np.uint16)
    lengths = np.repeat(np.arange(1, 17), table.counts)
    entries = (lengths << 8 | np.frombuffer(table.symbols, np.uint8)).astype(np.uint16)
    filled = np.repeat(entries, 1 << (16 - lengths))
    full[: len(filled)] = filled
    index = np.arange(1 << LOOK, dtype=np.int64)
    coded = full[index << (16 - LOOK)].astype(np.int64)
    length, symbol = coded >> 8, coded & 255
    size, run = symbol & 15, symbol >> 4
    skip = run.copy()
    value_bits = size.copy()
    if table.kind == 1:
        zero = size == 0
        skip[zero & (run == 15)] = 16
        ends = zero & (run < 15)
        skip[ends] = 64
        if progressive:
            value_bits[ends] = run[ends]
    used = length + value_bits
    fits = (length > 0) & (used <= LOOK)
    raw = (index >> np.where(fits, LOOK - used, 0)) & ((1 << value_bits) - 1)
    value = np.where((size > 0) & (raw < (1 << np.maximum(size - 1, 0))), raw - (1 << size) + 1, raw)
    if table.kind == 1:
        value = np.where(skip == 64, (1 << value_bits) - 1 + raw, value)
    return np.where(fits, value << 16 | skip << 8 | used, 0).astype(np.int32), full
