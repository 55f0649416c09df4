"""Perceptual hashes: short codes that stay close when a photo is re-saved, resized or recoloured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from fakeproof.errors import ParameterError
from fakeproof.findings import frozen_array

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from fakeproof.photo import Photo

__all__ = ["HashKind", "PerceptualHash", "dihedral_hashes", "perceptual_hash"]

HashKind = Literal["pdq", "phash", "dhash", "ahash", "whash"]
VERSION = 1
DEFAULT_SIDE: dict[str, int] = {"pdq": 16, "phash": 8, "dhash": 8, "ahash": 8, "whash": 8}
"""Bits a side; the hash has the square of it."""
PHASH_OVERSAMPLING = 4
"""pHash reads its frequencies from a picture of 4 times its side, as imagehash does."""
PDQ_READ_SIDE = 256
"""Longer side, px, down to which a JPEG may be decoded at reduced size: 4 samples for each of PDQ's 64."""


@dataclass(frozen=True, eq=False, repr=False)
class PerceptualHash:
    """A perceptual hash: compare two by ``a - b``, the number of differing bits.

    Parameters
    ----------
    kind : {'pdq', 'phash', 'dhash', 'ahash', 'whash'}
        The algorithm.
    words : ndarray, shape (bits / 64,), uint64
        The bits, most significant first, in the order of the hexadecimal form. Read-only.
    quality : int
        0-100; PDQ's measure of how much structure the picture has. 100 where the algorithm measures none.
    version : int
        Rises whenever a bit can change.

    Examples
    --------
    >>> from fakeproof.web import PerceptualHash
    >>> a = PerceptualHash.from_hex("ff00ff00ff00ff00", kind="phash")
    >>> b = PerceptualHash.from_hex("ff00ff00ff00ff03", kind="phash")
    >>> a - b, a.hex(), a == b
    (2, 'ff00ff00ff00ff00', False)
    """

    kind: HashKind
    words: npt.NDArray[np.uint64]
    quality: int = 100
    version: int = VERSION

    def __post_init__(self) -> None:
        import numpy as np

        if self.kind not in get_args(HashKind):
            raise ParameterError("kind", self.kind, get_args(HashKind))
        object.__setattr__(self, "words", frozen_array(self.words, np.uint64))
        if self.words.ndim != 1 or self.words.size == 0:
            raise ParameterError("words", self.words.shape, "a row of one or more uint64")

    @property
    def bits(self) -> int:
        """Length in bits."""
        return 64 * len(self.words)

    def hex(self) -> str:
        """Return the hexadecimal form: imagehash's for its kinds, Meta's for PDQ."""
        return self.words.astype(">u8").tobytes().hex()

    @classmethod
    def from_hex(cls, text: str, *, kind: HashKind = "pdq", quality: int = 100) -> Self:
        """Read a hexadecimal form.

        Raises
        ------
        ParameterError
            If it is not hexadecimal, or its length no multiple of 64 bits.
        """
        import numpy as np

        try:
            data = bytes.fromhex(text)
        except ValueError:
            data = b""
        if not data or len(data) % 8:
            raise ParameterError("text", text, "16 hexadecimal digits for every 64 bits")
        return cls(kind, np.frombuffer(data, ">u8").astype(np.uint64), quality)

    @classmethod
    def from_bits(cls, bits: Any, *, kind: HashKind, quality: int = 100) -> Self:
        """Take booleans, most significant first; any shape."""
        import numpy as np

        flat = np.asarray(bits, bool).ravel()
        if flat.size == 0 or flat.size % 64:
            raise ParameterError("bits", f"{flat.size} bits", "a multiple of 64 bits")
        return cls(kind, np.packbits(flat).view(">u8").astype(np.uint64), quality)

    @classmethod
    def from_imagehash(cls, value: Any, *, kind: HashKind) -> Self:
        """Take an ``imagehash.ImageHash``, so that an existing catalogue can be searched."""
        return cls.from_bits(value.hash, kind=kind)

    def to_imagehash(self) -> Any:
        """Return an ``imagehash.ImageHash`` with the same bits and the same hexadecimal form."""
        import imagehash
        import numpy as np

        bits = np.unpackbits(self.words.astype(">u8").view(np.uint8)).astype(bool)
        side = int(np.sqrt(bits.size))
        return imagehash.ImageHash(bits.reshape((side, side) if side * side == bits.size else (1, -1)))

    def __sub__(self, other: PerceptualHash) -> int:
        import numpy as np

        if not isinstance(other, PerceptualHash):
            return NotImplemented
        if (self.kind, self.bits) != (other.kind, other.bits):
            raise ParameterError("other", f"{other.kind} of {other.bits} bits", f"{self.kind} of {self.bits} bits")
        return int(np.bitwise_count(self.words ^ other.words).sum())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PerceptualHash):
            return NotImplemented
        return self.kind == other.kind and self.words.tobytes() == other.words.tobytes()

    def __hash__(self) -> int:
        return hash((self.kind, self.words.tobytes()))

    def __str__(self) -> str:
        return self.hex()

    def __repr__(self) -> str:
        return f"PerceptualHash({self.kind!r}, {self.hex()}, quality={self.quality})"


def perceptual_hash(photo: Photo, /, *, kind: HashKind = "pdq", side: int | None = None) -> PerceptualHash:
    """Hash a photo as displayed.

    Parameters
    ----------
    photo : Photo
        The photo.
    kind : {'pdq', 'phash', 'dhash', 'ahash', 'whash'}
        PDQ (256 bits) separates best; the others equal imagehash's bit for bit.
    side : int, optional
        Bits a side, a multiple of 8 (a power of two for whash); 8 by default. PDQ has 16 and no other.

    Returns
    -------
    PerceptualHash
        A large JPEG is decoded at reduced size for PDQ, which moves a few of its 256 bits.

    References
    ----------
    Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019 (pdq).
    Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010 (phash, ahash).

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> photo = fp.Photo.from_array(skimage.data.astronaut())
    >>> fp.web.perceptual_hash(photo, kind="dhash").hex()
    'cd8dd91d897293a7'
    """
    side = _checked_side(kind, side)
    if kind == "pdq":
        return dihedral_hashes(photo)[0]
    return photo.cached(("hash", kind, side), lambda: _KINDS[kind](_grey_image(photo), side))


def _checked_side(kind: str, side: int | None) -> int:
    if kind not in DEFAULT_SIDE:
        raise ParameterError("kind", kind, get_args(HashKind))
    side = DEFAULT_SIDE[kind] if side is None else side
    allowed = side == 16 if kind == "pdq" else side >= 8 and side % 8 == 0
    if not allowed or (kind == "whash" and side & (side - 1)):
        raise ParameterError("side", side, "16 for pdq, else a multiple of 8 (a power of two for whash)")
    return side


def dihedral_hashes(photo: Photo, /) -> tuple[PerceptualHash, ...]:
    """Return the PDQ hashes of the photo turned and mirrored in all eight ways, from one pass.

    The order is that of ``fakeproof.web.pdq.VARIANTS``; the first is the photo as it is.
    """
    return photo.cached(("hash", "pdq", "dihedral"), lambda: _dihedral(photo))


def _dihedral(photo: Photo) -> tuple[PerceptualHash, ...]:
    from fakeproof.web.pdq import pdq_bits

    grey = photo.reduced(PDQ_READ_SIDE)
    if grey.shape == photo.size[::-1]:
        bits, quality = pdq_bits(photo.luma)
    else:
        bits, quality = pdq_bits(grey, size=photo.size, factor=round(photo.size[0] / grey.shape[1]))
    return tuple(PerceptualHash.from_bits(b.ravel()[::-1], kind="pdq", quality=quality) for b in bits)


def _grey_image(photo: Photo) -> Any:
    from PIL import Image

    return photo.cached("grey_image", lambda: Image.fromarray(photo.rgb).convert("L"))


def _shrunk(image: Any, width: int, height: int) -> npt.NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


def _ahash(image: Any, side: int) -> PerceptualHash:
    small = _shrunk(image, side, side)
    return PerceptualHash.from_bits(small > small.mean(), kind="ahash")


def _dhash(image: Any, side: int) -> PerceptualHash:
    small = _shrunk(image, side + 1, side)
    return PerceptualHash.from_bits(small[:, 1:] > small[:, :-1], kind="dhash")


def _phash(image: Any, side: int) -> PerceptualHash:
    import numpy as np
    from scipy.fft import dct

    pixels = _shrunk(image, side * PHASH_OVERSAMPLING, side * PHASH_OVERSAMPLING).astype(np.float64)
    low = dct(dct(pixels, axis=0), axis=1)[:side, :side]
    return PerceptualHash.from_bits(low > np.median(low), kind="phash")


def _whash(image: Any, side: int) -> PerceptualHash:
    """Let imagehash do it: where two wavelet sums are equal, rounding inside its transform decides the bit."""
    import imagehash

    return PerceptualHash.from_imagehash(imagehash.whash(image, hash_size=side), kind="whash")


_KINDS: dict[str, Callable[[Any, int], PerceptualHash]] = {
    "ahash": _ahash,
    "dhash": _dhash,
    "phash": _phash,
    "whash": _whash,
}
