"""Names for what passes between modules: arrays with their shapes, and the few literals."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from fakeproof import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    RGB8: TypeAlias = npt.NDArray[np.uint8]
    """(rows, columns, 3), red green blue, 0-255, sRGB as stored."""
    Luma: TypeAlias = npt.NDArray[np.float32]
    """(rows, columns), ITU-R BT.601 luma, 0-255."""
    Mask: TypeAlias = npt.NDArray[np.bool_]
    """(rows, columns), True where something was found."""
    Heatmap: TypeAlias = npt.NDArray[np.float32]
    """(rows, columns), the detector's docstring gives the unit."""
    Polygon: TypeAlias = npt.NDArray[np.float32]
    """(points, 2), (x, y) in displayed pixels."""
    Blocks: TypeAlias = npt.NDArray[np.int16]
    """(block rows, block columns, 8, 8), vertical frequency first."""

T = TypeVar("T")


class Cache(Protocol):
    """What keeps a photo's views: ``cached(key, compute)``."""

    def __call__(self, key: Any, compute: Callable[[], T]) -> T:
        """Return the view stored under a key, computing it once."""


Language: TypeAlias = str
"""``"en"``, ``"zh"``: the name of a file in ``fakeproof/words``."""

ChainKind: TypeAlias = Literal["original", "resaved", "platform", "screenshot", "unknown"]
AppName: TypeAlias = Literal["wechat", "whatsapp", "unknown"]
Decision: TypeAlias = Literal["supported", "inconclusive", "not_supported", "not_examined"]


class Category(StrEnum):
    """The three reasons for which a platform accepts a report."""

    WEB_IMAGE = "web_image"
    EDITED = "edited"
    WRONG_PRODUCT = "wrong_product"

    def label(self, lang: Language = "en") -> str:
        """Return the category's name as people read it.

        Examples
        --------
        >>> Category.EDITED.label("zh")
        'PS图（修改图）'
        """
        return words.text(f"category.{self.value}", lang)
