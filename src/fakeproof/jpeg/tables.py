"""Quantisation and Huffman tables: what they are, which encoder family writes them. Identification, never a verdict.

The standard tables are those of ITU-T T.81, annex K; the scaling is that of the Independent JPEG Group's library. A
standard table says nothing about editing: many phones use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    Table = npt.NDArray[np.uint16]

__all__ = ["Encoder", "HuffmanTable", "identify", "ijg_table", "nearest_quality", "standard_huffman", "zigzag_order"]

_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *([99] * 32),
)  # fmt: skip
_ROBIDOUX = (
    16, 16, 16, 18, 25, 37, 56, 85, 16, 17, 20, 27, 34, 40, 53, 75, 16, 20, 24, 31, 43, 62, 91, 135,
    18, 27, 31, 40, 53, 74, 106, 156, 25, 34, 43, 53, 69, 94, 131, 189, 37, 40, 62, 74, 94, 124, 169, 238,
    56, 53, 91, 106, 131, 169, 226, 311, 85, 75, 135, 156, 189, 238, 311, 418,
)  # fmt: skip
_STANDARD_LENGTHS = {
    (0, 0): (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0),
    (0, 1): (0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0),
    (1, 0): (0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125),
    (1, 1): (0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119),
}
"""Code lengths of annex K's tables; an optimising encoder all but never meets all of a table's counts."""


@cache
def zigzag_order() -> npt.NDArray[np.int64]:
    """Return the natural position of each of the 64 zigzag coefficients, read-only."""
    import numpy as np

    order = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))
    out = np.array(order, np.int64)
    out.flags.writeable = False
    return out


@dataclass(frozen=True)
class HuffmanTable:
    """A Huffman table: kind 0 DC or 1 AC, slot, codes of each length 1-16, symbols, offset of its segment."""

    kind: int
    slot: int
    counts: tuple[int, ...]
    symbols: bytes
    offset: int

    @property
    def valid(self) -> bool:
        """Whether the counts make a prefix code, and DC symbols are sizes up to 15."""
        room = 1 << 16
        for length, count in enumerate(self.counts, 1):
            room -= count << (16 - length)
        return room >= 0 and bool(self.symbols) and (self.kind == 1 or max(self.symbols) <= 15)


def standard_huffman(tables: Sequence[HuffmanTable]) -> bool:
    """Tell whether all tables have the code lengths of annex K (False where there are none)."""
    known = set(_STANDARD_LENGTHS.values())
    return bool(tables) and all(table.counts in known for table in tables)


@cache
def ijg_table(quality: int, *, chroma: bool = False, base: str = "annex-k") -> Table:
    """Return the table that libjpeg's scaling makes, uint16 (8, 8) natural order, clipped to 1-255.

    Parameters
    ----------
    quality : int
        1-100.
    chroma : bool
        The chroma table instead of the luma one.
    base : {"annex-k", "robidoux"}
        The unscaled table; mozjpeg and recent image servers start from Robidoux's, alike for luma and chroma.

    Examples
    --------
    >>> int(ijg_table(75)[0, 0]), int(ijg_table(75, chroma=True)[0, 0])
    (8, 9)
    """
    import numpy as np

    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    flat = _ROBIDOUX if base == "robidoux" else _CHROMA if chroma else _LUMA
    table = np.clip((np.array(flat, np.int64) * scale + 50) // 100, 1, 255).astype(np.uint16).reshape(8, 8)
    table.flags.writeable = False
    return table


@cache
def _stack(base: str, chroma: bool) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.stack([ijg_table(q, chroma=chroma, base=base) for q in range(1, 101)]).astype(np.int64)


def nearest_quality(table: Table, *, chroma: bool = False, base: str = "annex-k") -> tuple[int, int]:
    """Return the quality 1-100 whose table is nearest, and the sum of absolute differences to it (0: exact)."""
    import numpy as np

    apart = np.abs(_stack(base, chroma) - table.astype(np.int64)).sum(axis=(1, 2))
    best = int(len(apart) - 1 - np.argmin(apart[::-1]))
    return best + 1, int(apart[best])


@dataclass(frozen=True)
class Encoder:
    """Which encoder family writes such tables.

    Attributes
    ----------
    family : str
        ``ijg`` (all tables are libjpeg's), ``ijg-luma`` (only the luma table), ``mozjpeg`` (Robidoux's base),
        ``photoshop`` (its named presets, which Pillow can also write) or ``unknown``.
    quality : int or None
        The family's quality setting; for ``unknown`` the nearest libjpeg luma quality.
    chroma_quality : int or None
        The chroma table's, where it differs from the luma one's.
    exact : bool
        Whether every table of the family is met value by value.
    """

    family: str
    quality: int | None
    chroma_quality: int | None = None
    exact: bool = False


def identify(tables: Sequence[Table]) -> Encoder:
    """Name the encoder family of a file's tables (one a component, luma first).

    Any program that uses libjpeg at that quality writes the same tables, many phones included.
    """
    if not tables:
        return Encoder("unknown", None)
    luma, chroma = tables[0], tables[1] if len(tables) > 1 else None
    quality, apart = nearest_quality(luma)
    if apart == 0:
        if chroma is None:
            return Encoder("ijg", quality, None, True)
        other, rest = nearest_quality(chroma, chroma=True)
        if rest == 0:
            return Encoder("ijg", quality, None if other == quality else other, True)
        return Encoder("ijg-luma", quality)
    base, rest = nearest_quality(luma, base="robidoux")
    if rest == 0:
        return Encoder("mozjpeg", base, None, chroma is None or bool((chroma == luma).all()))
    preset = _presets().get((luma.tobytes(), b"" if chroma is None else chroma.tobytes()))
    return Encoder("photoshop", None, None, True) if preset else Encoder("unknown", quality)


@cache
def _presets() -> dict[tuple[bytes, bytes], str]:
    """Return Photoshop's presets, as Pillow lists them, by their values in natural order."""
    import numpy as np
    from PIL.JpegPresets import presets

    found = {}
    for name, preset in presets.items():
        tables: Any = preset["quantization"]
        pair = [np.asarray(t, np.uint16).reshape(8, 8).tobytes() for t in tables]
        found[pair[0], pair[-1]] = name
    return found
