"""A JPEG entropy decoder as the standard tells it (ITU-T T.81, annexes F and G): one bit at a time, no tables of tricks."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np


class OutOfBits(Exception):
    pass


class Bits:
    def __init__(self, data: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def take(self, count: int) -> int:
        if self.at + count > len(self.text):
            raise OutOfBits
        part = self.text[self.at : self.at + count]
        self.at += count
        return int(part, 2) if part else 0

    def symbol(self, codes: dict[str, int]) -> int:
        for length in range(1, 17):
            found = codes.get(self.text[self.at : self.at + length])
            if found is not None and self.at + length <= len(self.text):
                self.at += length
                return found
        raise OutOfBits

    def signed(self, size: int) -> int:
        value = self.take(size)
        return value if size == 0 or value >= 1 << (size - 1) else value - (1 << size) + 1


def codes_of(table) -> dict[str, int]:
    codes, code, at = {}, 0, 0
    for length, count in enumerate(table.counts, 1):
        for _ in range(count):
            codes[f"{code:0{length}b}"] = table.symbols[at]
            code, at = code + 1, at + 1
        code <<= 1
    return codes


def zigzag() -> list[int]:
    out, row, column, up = [], 0, 0, True
    for _ in range(64):
        out.append(8 * row + column)
        if up:
            if column == 7:
                row, up = row + 1, False
            elif row == 0:
                column, up = column + 1, False
            else:
                row, column = row - 1, column + 1
        elif row == 7:
            column, up = column + 1, True
        elif column == 0:
            row, up = row + 1, True
        else:
            row, column = row + 1, column - 1
    return out


def restart_parts(data: bytes) -> list[bytes]:
    parts, now, at = [], bytearray(), 0
    while at < len(data):
        if data[at] != 0xFF:
            now.append(data[at])
            at += 1
        elif data[at + 1] == 0:
            now.append(0xFF)
            at += 2
        else:
            parts.append(bytes(now))
            now = bytearray()
            at += 2
    return [*parts, bytes(now)]


def read_coefficients(data: bytes, structure) -> list[np.ndarray]:
    frame = structure.frame
    tops = max(c.v for c in frame.components), max(c.h for c in frame.components)
    shapes = [
        (ceil(ceil(frame.height * c.v / tops[0]) / 8), ceil(ceil(frame.width * c.h / tops[1]) / 8))
        for c in frame.components
    ]
    out = [np.zeros((*shape, 64), np.int16) for shape in shapes]
    for scan in structure.scans:
        tables = {key: codes_of(table) for key, table in scan.huffman.items()}
        orders = list(mcus(frame, scan, shapes, tops))
        step = scan.restart or len(orders)
        for i, part in enumerate(restart_parts(data[scan.start : scan.stop])):
            try:
                decode_part(Bits(part), orders[i * step : (i + 1) * step], scan, tables, out, frame.progressive)
            except OutOfBits:
                continue
    return [o.reshape(*o.shape[:2], 8, 8) for o in out]


def mcus(frame, scan, shapes, tops) -> Iterator[list[tuple[int, int, int]]]:
    if len(scan.components) == 1:
        rows, columns = shapes[scan.components[0]]
        for y in range(rows):
            for x in range(columns):
                yield [(0, y, x)]
        return
    for my in range(-(-frame.height // (8 * tops[0]))):
        for mx in range(-(-frame.width // (8 * tops[1]))):
            order = []
            for i, index in enumerate(scan.components):
                part = frame.components[index]
                order += [(i, my * part.v + v, mx * part.h + h) for v in range(part.v) for h in range(part.h)]
            yield order


def decode_part(bits: Bits, orders, scan, tables, out, progressive: bool) -> None:
    dc = [0] * len(scan.components)
    state = {"run": 0}
    for order in orders:
        for i, y, x in order:
            plane = out[scan.components[i]]
            inside = y < plane.shape[0] and x < plane.shape[1]
            block = plane[y, x] if inside else np.zeros(64, np.int16)
            dc_codes, ac_codes = tables.get((0, scan.tables[i][0])), tables.get((1, scan.tables[i][1]))
            if not progressive:
                dc[i] += bits.signed(bits.symbol(dc_codes))
                block[0] = dc[i]
                sequential_ac(bits, block, ac_codes)
            elif scan.band[0] == 0 and scan.bits[0] == 0:
                dc[i] += bits.signed(bits.symbol(dc_codes))
                block[0] = dc[i] << scan.bits[1]
            elif scan.band[0] == 0:
                block[0] |= bits.take(1) << scan.bits[1]
            elif scan.bits[0] == 0:
                first_ac(bits, block, ac_codes, scan, state)
            else:
                refine_ac(bits, block, ac_codes, scan, state)


def sequential_ac(bits: Bits, block, codes) -> None:
    order, k = zigzag(), 1
    while k < 64:
        run, size = divmod(bits.symbol(codes), 16)
        if size == 0 and run < 15:
            return
        if size == 0:
            k += 16
            continue
        k += run
        block[order[k]] = bits.signed(size)
        k += 1


def first_ac(bits: Bits, block, codes, scan, state) -> None:
    if state["run"]:
        state["run"] -= 1
        return
    order, k = zigzag(), scan.band[0]
    while k <= scan.band[1]:
        run, size = divmod(bits.symbol(codes), 16)
        if size == 0 and run < 15:
            state["run"] = (1 << run) + bits.take(run) - 1
            return
        k += run
        if size:
            block[order[k]] = bits.signed(size) << scan.bits[1]
        k += 1


def refine_ac(bits: Bits, block, codes, scan, state) -> None:
    order, k, step = zigzag(), scan.band[0], 1 << scan.bits[1]

    def correct(at: int) -> None:
        if bits.take(1) and not abs(int(block[at])) & step:
            block[at] += step if block[at] > 0 else -step

    while k <= scan.band[1] and not state["run"]:
        run, size = divmod(bits.symbol(codes), 16)
        fresh = 0
        if size:
            fresh = step if bits.take(1) else -step
        elif run < 15:
            state["run"] = (1 << run) + bits.take(run)
            break
        while k <= scan.band[1]:
            if block[order[k]]:
                correct(order[k])
            elif run == 0:
                break
            else:
                run -= 1
            k += 1
        if fresh and k <= scan.band[1]:
            block[order[k]] = fresh
        k += 1
    if state["run"]:
        for at in order[k : scan.band[1] + 1]:
            if block[at]:
                correct(at)
        state["run"] -= 1
