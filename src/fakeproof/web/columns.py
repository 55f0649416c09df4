"""Append-only columns of numbers, in memory or as files that are read memory-mapped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fakeproof.errors import IndexFormatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Column", "FileColumn", "MemoryColumn"]


class Column(Protocol):
    """Rows of one number type that only ever grow."""

    def append(self, rows: npt.NDArray[Any], after: int) -> None:
        """Write `rows` behind the first `after` rows; whatever lay there was never committed."""

    def view(self, length: int) -> npt.NDArray[Any]:
        """Return the first `length` rows, read-only."""


class MemoryColumn:
    """A buffer that doubles when it is full, so that adding one row costs the same however many there are."""

    def __init__(self, dtype: Any) -> None:
        import numpy as np

        self._buffer: npt.NDArray[Any] = np.zeros(64, dtype)

    def append(self, rows: npt.NDArray[Any], after: int) -> None:
        """Write `rows` behind the first `after` rows."""
        import numpy as np

        need = after + len(rows)
        if need > len(self._buffer):
            grown = np.zeros(max(need, 2 * len(self._buffer)), self._buffer.dtype)
            grown[:after] = self._buffer[:after]
            self._buffer = grown
        self._buffer[after:need] = rows

    def view(self, length: int) -> npt.NDArray[Any]:
        """Return the first `length` rows, read-only."""
        out = self._buffer[:length]
        out.flags.writeable = False
        return out


class FileColumn:
    """A file of little-endian numbers without a header; how many rows count is recorded elsewhere.

    What is `optional` may be missing, as in an index of an earlier format: it then reads as zeros.
    """

    def __init__(self, path: Path, dtype: Any, *, optional: bool = False) -> None:
        import numpy as np

        self.path, self.optional = path, optional
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._view: npt.NDArray[Any] | None = None

    def append(self, rows: npt.NDArray[Any], after: int) -> None:
        """Write and flush `rows` behind the first `after` rows; a torn write of an earlier crash is overwritten."""
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.truncate(after * self.dtype.itemsize)
            file.seek(after * self.dtype.itemsize)
            file.write(rows.astype(self.dtype, copy=False).tobytes())
            file.flush()
            os.fsync(file.fileno())

    def view(self, length: int) -> npt.NDArray[Any]:
        """Map the first `length` rows, read-only.

        Raises
        ------
        IndexFormatError
            If the file is missing or shorter than what was recorded.
        """
        import numpy as np

        if self._view is not None and len(self._view) >= length:
            return self._view[:length]
        if length == 0:
            return np.zeros(0, self.dtype)
        need = length * self.dtype.itemsize
        if self.optional and not self.path.exists():
            return np.zeros(length, self.dtype)
        size = self.path.stat().st_size if self.path.is_file() else 0
        if size < need:
            raise IndexFormatError(f"{self.path}: has {size} bytes, but {need} were recorded: the file is damaged")
        self._view = np.memmap(self.path, self.dtype, "r", shape=(length,))
        return self._view
