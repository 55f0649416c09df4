"""A JPEG's coded planes as a photo hands them to detectors, with the way to displayed coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.jpeg.coefficients import Coefficients
    from fakeproof.jpeg.markers import Frame, Structure
    from fakeproof.jpeg.tables import Encoder
    from fakeproof.types import Blocks, Cache

__all__ = ["JpegFile"]


class JpegFile:
    """The coded side of a JPEG photo: ``photo.jpeg``. All in stored orientation unless said otherwise.

    Attributes
    ----------
    structure : Structure
        The map of the file: segments, scans, tables, trailer.
    orientation : int
        EXIF orientation 1-8 that leads from stored to displayed pixels.
    """

    def __init__(self, data: bytes, structure: Structure, *, orientation: int, cached: Cache) -> None:
        self._data, self._cached = data, cached
        self.structure = structure
        self.orientation = orientation

    @property
    def _frame(self) -> Frame:
        frame = self.structure.frame
        assert frame is not None  # a photo makes no JpegFile without one
        return frame

    @property
    def stored_size(self) -> tuple[int, int]:
        """(width, height) as stored."""
        return self._frame.width, self._frame.height

    @property
    def progressive(self) -> bool:
        """Whether the file is progressive."""
        return self._frame.progressive

    @property
    def colour(self) -> str:
        """How the components are to be read: grey, ycc, rgb, cmyk or ycck."""
        return self.structure.colour

    @property
    def quantization(self) -> tuple[npt.NDArray[np.uint16], ...]:
        """Quantisation table of each component, uint16 (8, 8), natural order, vertical frequency first."""
        return self.structure.quantization

    @property
    def sampling(self) -> tuple[tuple[int, int], ...]:
        """(horizontal, vertical) sampling factors of each component; 4:2:0 is ((2, 2), (1, 1), (1, 1))."""
        return tuple((c.h, c.v) for c in self._frame.components)

    @property
    def quality(self) -> int | None:
        """The libjpeg quality 1-100 whose luma table is nearest to this one; None without tables."""
        from fakeproof.jpeg.tables import nearest_quality

        return nearest_quality(self.quantization[0])[0] if self.quantization else None

    @property
    def encoder(self) -> Encoder:
        """Which encoder family writes such tables: identification, never a verdict."""
        from fakeproof.jpeg.tables import identify

        return self._cached("jpeg.encoder", lambda: identify(self.quantization))

    @property
    def standard_huffman(self) -> bool:
        """Whether all Huffman tables are those of the standard's annex K, not optimised for the picture."""
        from fakeproof.jpeg.tables import standard_huffman

        return standard_huffman(self.structure.huffman)

    def coefficients(self) -> tuple[Blocks, ...]:
        """Return the quantised coefficients of each component.

        Returns
        -------
        tuple of ndarray
            int16 (block rows, block columns, 8, 8), vertical frequency first, read-only. Rows and columns are
            those that the picture needs, without the padding of MCUs. Empty for arithmetic coding or 12 bits.
        """
        found = self._coefficients()
        return () if found is None else found.blocks

    @property
    def damaged(self) -> bool:
        """Whether some coefficients could not be read; those behind the damage are 0 or unrefined."""
        found = self._coefficients()
        return found is None or found.damaged or self.structure.end is None

    def _coefficients(self) -> Coefficients | None:
        from fakeproof.jpeg.coefficients import read_coefficients

        return self._cached("jpeg.coefficients", lambda: read_coefficients(self._data, self.structure))

    def luma_plane(self) -> npt.NDArray[np.uint8]:
        """Return the Y plane as decoded, uint8 (rows, columns), read-only; of RGB and CMYK files BT.601 luma."""
        from fakeproof.jpeg.pixels import decode_luma

        return self._cached("jpeg.luma", lambda: decode_luma(self._data, self.structure))

    def upright(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn an array of stored pixels (rows, columns, ...) as displayed; a view.

        Examples
        --------
        >>> import numpy as np
        >>> upright(np.array([[1, 2], [3, 4]]), 6).tolist()
        [[3, 1], [4, 2]]
        """
        return upright(array, self.orientation)

    def upright_points(self, xy: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Move points (n, 2) of (x, y) from stored to displayed coordinates; pixel centres are whole numbers."""
        return upright_points(xy, self.orientation, self.stored_size)


def upright(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn an array by an EXIF orientation (CIPA DC-008, tag 274); a view of the input."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array


def upright_points(xy: npt.NDArray[Any], orientation: int, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Move points by an EXIF orientation; `size` is the stored (width, height)."""
    import numpy as np

    points = np.array(xy, np.float64).reshape(-1, 2)
    width, height = size
    if orientation in (5, 6, 7, 8):
        points, width, height = points[:, ::-1].copy(), height, width
    if orientation in (2, 3, 6, 7):
        points[:, 0] = width - 1 - points[:, 0]
    if orientation in (3, 4, 7, 8):
        points[:, 1] = height - 1 - points[:, 1]
    return points
