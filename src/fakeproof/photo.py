"""The questioned photo: bytes in, cached read-only views out."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from fakeproof.errors import ParameterError, PhotoError
from fakeproof.findings import Source, frozen_array
from fakeproof.words import phrase

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fakeproof.jpeg import JpegFile, Structure
    from fakeproof.photo_chain import Chain
    from fakeproof.reading import Container, Record, Tiff
    from fakeproof.types import RGB8, Luma

__all__ = ["Photo", "PhotoLimits"]

T = TypeVar("T")

_KEPT = frozenset({"sha256"})
_ADDRESSES = ("http:/", "https:/", "ftp:/", "s3:/")
"""How an address begins; a Path has made one slash of its two."""
_ROWS_AT_ONCE = 256
_PIXELS_PER_BYTE = 5_000
"""Photos at the lowest qualities of WebP and AVIF stay below 500; a lie about the size costs seconds and gigabytes."""
_SCAN_WORK = 16
"""A file's scans times its pixels stay below this many times max_pixels: each scan costs a pass over all blocks."""


@dataclass(frozen=True, kw_only=True)
class PhotoLimits:
    """What a photo may cost; checked from the header before any decoder runs.

    Attributes
    ----------
    max_bytes : int
        Bytes of the file.
    max_pixels, max_side, min_side : int
        Pixels of the picture and of its sides.
    max_segments, max_scans : int
        Marker segments and scans of a JPEG. Progressive files have about ten scans.
    max_metadata : int
        Bytes of all application and comment segments of a JPEG.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000
    max_side: int = 65_500
    min_side: int = 8
    max_segments: int = 2048
    max_scans: int = 128
    max_metadata: int = 16 * 2**20


class Photo:
    """A photo with its bytes and its views, upright as displayed.

    Make one with :meth:`open`, :meth:`from_bytes` or :meth:`from_array`. What opens can be looked at: a file in which
    anything is odd is decoded at once, so that later views do not fail.

    Attributes
    ----------
    name : str
        As the caller named it.
    format : str
        ``JPEG``, ``PNG``, ``WEBP``, ``AVIF``, ``HEIC``, ``GIF``, ``BMP``, ``TIFF`` by the magic bytes, or ``array``.
    size : tuple of int
        (width, height) as displayed.
    salvaged : bool
        Whether the file was truncated and opened with ``salvage=True``; missing pixels are grey or black.

    Examples
    --------
    >>> from fakeproof import Photo
    >>> import skimage.data
    >>> Photo.from_array(skimage.data.chelsea(), name="cat")
    Photo('cat', array, 451x300)
    """

    def __init__(self, *, name: str, data: bytes | None, limits: PhotoLimits, format: str) -> None:
        self.name = name
        self.format = format
        self.salvaged = False
        self.size: tuple[int, int] = (0, 0)
        self._data = data
        self._limits = limits
        self._lock = threading.RLock()
        self._views: dict[Any, Any] = {}
        self._turns: dict[Any, threading.RLock] = {}
        self._pixels: RGB8 | None = None
        self._structure: Structure | None = None
        self._turn: int | None = None  # AVIF's is known only after decoding

    @classmethod
    def open(cls, path: str | Path, *, limits: PhotoLimits | None = None, salvage: bool = False) -> Self:
        """Read a file.

        Parameters
        ----------
        path : str or Path
            The file; its name's ending does not matter.
        limits : PhotoLimits, optional
            What it may cost.
        salvage : bool
            Take a truncated JPEG or PNG for what is there, and mark it as `salvaged`; an error otherwise.

        Raises
        ------
        PhotoError
            The file cannot be read, is not a photo, lies beyond a limit, is truncated or damaged.
        """
        limits = limits or PhotoLimits()
        if str(path).lower().startswith(_ADDRESSES):
            raise PhotoError(str(path), phrase("problem.address"))
        path = Path(path)
        try:
            if path.is_dir():
                raise PhotoError(str(path), phrase("problem.directory"))
            _check_bytes(str(path), path.stat().st_size, limits)
            data = path.read_bytes()
        except PhotoError:
            raise
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            reason = getattr(error, "strerror", None) or error
            raise PhotoError(str(path), phrase("problem.unreadable", why=str(reason))) from error
        return cls.from_bytes(data, name=str(path), limits=limits, salvage=salvage)

    @classmethod
    def from_bytes(
        cls, data: bytes, *, name: str = "photo", limits: PhotoLimits | None = None, salvage: bool = False
    ) -> Self:
        """Read a file's bytes; parameters and errors as in :meth:`open`."""
        from fakeproof.reading import sniff

        limits = limits or PhotoLimits()
        if not isinstance(data, bytes | bytearray | memoryview):
            raise ParameterError("data", type(data).__name__, "a file's bytes; Photo.open takes a path")
        if not data:
            raise PhotoError(name, phrase("problem.empty"), value=0)
        _check_bytes(name, len(data), limits)
        data = bytes(data)
        kind = sniff(data)
        if kind is None:
            raise PhotoError(name, phrase("problem.unknown_format", begins=repr(data[:8])))
        photo = cls(name=name, data=data, limits=limits, format=kind)
        if kind == "JPEG":
            photo._read_jpeg(salvage=salvage)
        else:
            photo._read_other(salvage=salvage)
        return photo

    @classmethod
    def of(cls, given: Any, /, *, name: str = "") -> Photo:
        """Return the photo that a caller's word for one stands for.

        Parameters
        ----------
        given : Photo, path, bytes, or a Source that holds one of them
            A Photo comes back as it is.
        name : str
            What bytes are called; a Source's name, else ``photo``, if left out.

        Raises
        ------
        PhotoError
            It cannot be read.
        ParameterError
            It is something else.
        """
        if isinstance(given, Source):
            return cls.of(given.image, name=name or given.name)
        if isinstance(given, Photo):
            return given
        if isinstance(given, bytes | bytearray | memoryview):
            return cls.from_bytes(bytes(given), name=name or "photo")
        if isinstance(given, str | Path):
            return cls.open(given)
        raise ParameterError("photo", type(given).__name__, "a Photo, a path, or a file's bytes")

    @classmethod
    def from_array(cls, rgb: RGB8, *, name: str = "array") -> Self:
        """Take pixels, uint8 of shape (rows, columns, 3) or (rows, columns); they are copied."""
        import numpy as np

        array = np.asarray(rgb)
        if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
            raise ParameterError(
                "rgb", f"{array.dtype} {array.shape}", "uint8 of shape (rows, columns, 3) or (rows, columns)"
            )
        if array.ndim == 2:
            array = np.repeat(array[..., None], 3, axis=2)
        photo = cls(name=name, data=None, limits=PhotoLimits(), format="array")
        photo._check_size((array.shape[1], array.shape[0]))
        photo._pixels = frozen_array(np.array(array, order="C"))
        photo.size = (array.shape[1], array.shape[0])
        return photo

    def _read_jpeg(self, *, salvage: bool) -> None:
        from fakeproof.jpeg import WalkLimits, walk
        from fakeproof.jpeg.pixels import sure_to_decode

        data, limits = self._bytes, self._limits
        structure = walk(data, limits=WalkLimits(
            max_segments=limits.max_segments, max_scans=limits.max_scans, max_metadata=limits.max_metadata,
        ))  # fmt: skip
        for problem in structure.problems:
            if problem.code.startswith("too-m"):
                raise PhotoError(
                    self.name, phrase("problem.parts", what=problem.code.replace("-", " "), offset=problem.offset)
                )
        frame = structure.frame
        if frame is None or not structure.scans:
            raise PhotoError(self.name, phrase("problem.no_picture", why=_problems(structure)))
        self._check_size((frame.width, frame.height))
        work = len(structure.scans) * frame.width * frame.height
        if work > _SCAN_WORK * limits.max_pixels:
            raise PhotoError(self.name, phrase("problem.scans", scans=len(structure.scans), size=f"{frame.width}x{frame.height}"),
                             value=work, limit=_SCAN_WORK * limits.max_pixels)  # fmt: skip
        self._check_coded(structure)
        if structure.end is None:
            if not salvage:
                raise PhotoError(self.name, phrase("problem.truncated_jpeg"))
            self.salvaged = True
        self._structure = structure
        turned = self.orientation >= 5
        self.size = (frame.height, frame.width) if turned else (frame.width, frame.height)
        if not sure_to_decode(structure):
            _ = self.rgb

    def _read_other(self, *, salvage: bool) -> None:
        container = self._container
        if container.size[0]:
            self._check_size(container.size)
            dense = container.size[0] * container.size[1] / len(self._bytes)
            if dense > _PIXELS_PER_BYTE and self.format != "PNG":
                raise PhotoError(self.name, phrase("problem.dense", dense=dense),
                                 value=dense, limit=_PIXELS_PER_BYTE)  # fmt: skip
        elif self.format in ("PNG", "WEBP", "AVIF", "HEIC"):
            raise PhotoError(self.name, phrase("problem.header", format=self.format))
        if not container.complete:
            if not (salvage and self.format == "PNG"):
                raise PhotoError(self.name, phrase("problem.truncated", format=self.format))
            self.salvaged = True
        height, width = self.rgb.shape[:2]
        self.size = (width, height)

    def _check_size(self, size: tuple[int, int]) -> None:
        """Raise PhotoError for a size (width, height) beyond the limits."""
        limits, (width, height) = self._limits, size
        for value, limit, above in (
            (width * height, limits.max_pixels, "too_many_pixels"),
            (max(size), limits.max_side, "too_long"),
        ):
            if value > limit:
                reason = phrase(f"problem.{above}", size=f"{width}x{height}", limit=limit)
                raise PhotoError(self.name, reason, value=value, limit=limit)
        if min(size) < limits.min_side:
            reason = phrase("problem.too_short", size=f"{width}x{height}", limit=limits.min_side)
            raise PhotoError(self.name, reason, value=min(size), limit=limits.min_side)  # fmt: skip

    def _check_coded(self, structure: Structure) -> None:
        """Raise PhotoError where so few bytes cannot hold so many pixels, salvaging or not.

        A block takes two codes of at least one bit each, in a progressive file at least one bit; a photo's take more than
        ten times that, so that a file below the bound is a lie about the size or has nothing worth salvaging.
        """
        frame = structure.frame
        if frame is None or not frame.readable:
            return
        coded = sum(scan.stop - scan.start for scan in structure.scans)
        shapes = [frame.blocks(i) for i in range(len(frame.components))]
        needed = sum(rows * columns for rows, columns in shapes) * (1 if frame.progressive else 2) // 8
        if coded < needed:
            raise PhotoError(self.name, phrase("problem.coded", coded=coded, size=f"{frame.width}x{frame.height}"),
                             value=coded, limit=needed)  # fmt: skip

    @property
    def _bytes(self) -> bytes:
        assert self._data is not None
        return self._data

    @property
    def lossless(self) -> bool:
        """Whether the file is a PNG or a WebP that says that its pixels are stored without loss."""
        return self._data is not None and self._container.lossless

    @property
    def data(self) -> bytes | None:
        """The file's bytes, or None for a photo made from an array."""
        return self._data

    @property
    def limits(self) -> PhotoLimits:
        """The limits it was opened with."""
        return self._limits

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes, or of the pixels for a photo made from an array."""
        return self.cached("sha256", lambda: hashlib.sha256(self._data or self.rgb.tobytes()).hexdigest())

    @property
    def _container(self) -> Container:
        from fakeproof.reading import from_structure, read_container

        structure = self._structure
        return self.cached(
            "container",
            lambda: from_structure(self._bytes, structure) if structure else read_container(self._bytes),
        )

    @property
    def _tiff(self) -> Tiff | None:
        from fakeproof.reading import parse_tiff

        found = self._container.of("exif") if self._data is not None else ()
        return self.cached("tiff", lambda: parse_tiff(found[0].data, found[0].offset)) if found else None

    @property
    def record(self) -> Record:
        """What the file holds besides the picture: EXIF, XMP, IPTC, comments, trailers, as fields with their places."""
        from fakeproof.reading import read_record, without_file

        return self.cached("record", lambda: without_file(self.name) if self._data is None else read_record(
            self._data, self.name, self._container, self._tiff,
        ))  # fmt: skip

    @property
    def orientation(self) -> int:
        """EXIF orientation 1-8 that was applied to the views; 1 where there is none, and for HEIC, which has its own."""
        if self.format == "HEIC":
            return 1
        if self.format == "AVIF":
            return self._turn or 1
        return self._tiff.orientation if self._tiff is not None else 1

    @property
    def rgb(self) -> RGB8:
        """Displayed pixels, uint8 (rows, columns, 3), read-only; sRGB as stored, profiles are not applied."""
        if self._pixels is not None:
            return self._pixels
        return self.cached("rgb", self._decode)

    def _decode(self) -> RGB8:
        import numpy as np

        from fakeproof.jpeg.file import upright

        if self._structure is None:
            stored, orientation = self._decoded()
        else:
            from fakeproof.jpeg.pixels import JpegDecodeError, decode_rgb

            orientation = self.orientation
            try:
                stored = decode_rgb(self._bytes, self._structure)
            except JpegDecodeError as error:
                raise PhotoError(self.name, phrase("problem.undecodable", why=str(error))) from error
        turned = np.ascontiguousarray(upright(stored, orientation))
        turned.flags.writeable = False
        return turned

    def _decoded(self) -> tuple[RGB8, int]:
        """Return stored pixels of a container other than JPEG, and the orientation that is still to be applied."""
        from fakeproof.photo_decode import decode_other

        rgb, turn = decode_other(
            self._bytes, self.format, name=self.name, check=self._check_size, salvage=self.salvaged
        )
        self._turn = turn
        return rgb, 1 if self.format == "TIFF" else self.orientation

    @property
    def luma(self) -> Luma:
        """Displayed BT.601 luma, float32 (rows, columns), 0-255, read-only.

        For a JPEG in YCbCr or grey this is its Y plane as decoded, in whole numbers: neither the rounding of RGB nor
        the chroma planes' interpolation comes in between.
        """
        return self.cached("luma", self._luma)

    def _luma(self) -> Luma:
        import numpy as np

        jpeg = self.jpeg
        if jpeg is not None and jpeg.colour in ("grey", "ycc"):
            stored = jpeg.upright(jpeg.luma_plane())
            plane = np.empty(stored.shape, np.float32)
            plane[:] = stored
        else:
            weights = np.array([0.299, 0.587, 0.114], np.float32)
            plane = np.empty(self.rgb.shape[:2], np.float32)
            for row in range(0, len(plane), _ROWS_AT_ONCE):
                plane[row : row + _ROWS_AT_ONCE] = self.rgb[row : row + _ROWS_AT_ONCE].astype(np.float32) @ weights
        plane.flags.writeable = False
        return plane

    @property
    def jpeg(self) -> JpegFile | None:
        """The coded side of a JPEG: coefficients, tables, structure; None for every other container."""
        from fakeproof.jpeg import JpegFile

        structure = self._structure
        if structure is None:
            return None
        return self.cached(
            "jpeg", lambda: JpegFile(self._bytes, structure, orientation=self.orientation, cached=self.cached)
        )

    @property
    def chain(self) -> Chain:
        """How the photo was delivered: original, resaved, platform, screenshot or unknown, with the reasons.

        It conditions how findings are weighed, and accuses nobody.
        """
        from fakeproof.photo_chain import judge

        return self.cached("chain", lambda: judge(
            self.record, size=self.size, structure=self._structure, preview=lambda: self.preview(1024),
        ))  # fmt: skip

    def reduced(self, side: int) -> npt.NDArray[np.uint8]:
        """Return the displayed picture in grey, uint8 (rows, columns), read-only: small, and cheap where the file allows.

        A JPEG whose longer side is at least two, four or eight times `side` px comes at 1/2, 1/4 or 1/8 of its size,
        sides rounded up, through a smaller inverse DCT; everything else comes as it is. Which way is taken depends on
        the file alone, so that the same bytes always give the same pixels.

        Examples
        --------
        >>> import numpy as np
        >>> Photo.from_array(np.zeros((600, 1024, 3), np.uint8)).reduced(256).shape
        (600, 1024)
        """
        if side < 1:
            raise ParameterError("side", side, "1 or more")
        step = next((s for s in (8, 4, 2) if max(self.size) >= s * side), 1) if self._structure is not None else 1
        return self.cached(("reduced", step), lambda: self._reduced(step))

    def _reduced(self, step: int) -> npt.NDArray[np.uint8]:
        import cv2
        import numpy as np

        if self._structure is None or step == 1:
            return frozen_array(np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8))
        from fakeproof.jpeg.file import upright
        from fakeproof.jpeg.pixels import JpegDecodeError, decode_luma

        try:
            stored = decode_luma(self._bytes, self._structure, reduce=step)
        except JpegDecodeError as error:
            raise PhotoError(self.name, f"cannot be decoded ({error})") from error
        return frozen_array(np.ascontiguousarray(upright(stored, self.orientation)))  # type: ignore[no-any-return]

    def preview(self, max_side: int) -> RGB8:
        """Return the displayed picture with its longer side at most `max_side` px, uint8, read-only; never enlarged.

        A JPEG is decoded at 1/2, 1/4 or 1/8 through a smaller inverse DCT, then reduced by area; the result does not
        depend on which views exist already.
        """
        if max_side < 1:
            raise ParameterError("max_side", max_side, "1 or more")
        return self.cached(("preview", max_side), lambda: self._preview(max_side))

    def _preview(self, max_side: int) -> RGB8:
        import cv2
        import numpy as np

        width, height = self.size
        scale = min(1.0, max_side / max(self.size))
        step = next((s for s in (8, 4, 2) if max(self.size) >= s * max_side), 1)
        if self._structure is None or step == 1:
            picture = self.rgb
        else:
            from fakeproof.jpeg.file import upright
            from fakeproof.jpeg.pixels import JpegDecodeError, decode_rgb

            try:
                stored = decode_rgb(self._bytes, self._structure, reduce=step)
            except JpegDecodeError as error:
                raise PhotoError(self.name, phrase("problem.undecodable", why=str(error))) from error
            picture = np.ascontiguousarray(upright(stored, self.orientation))
        goal = (max(1, round(width * scale)), max(1, round(height * scale)))
        if (picture.shape[1], picture.shape[0]) != goal:
            picture = cv2.resize(picture, goal, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        return frozen_array(picture)

    def cached(self, key: Any, compute: Callable[[], T]) -> T:
        """Return the view stored under `key`, computing it once; detectors share work through this.

        Arrays must be handed in read-only. :meth:`release` drops them all.
        """
        # A lock a view: threads that want different ones do not wait for each other.
        with self._lock:
            if key in self._views:
                return self._views[key]  # type: ignore[no-any-return]
            turn = self._turns.setdefault(key, threading.RLock())
        with turn:
            with self._lock:
                if key in self._views:
                    return self._views[key]  # type: ignore[no-any-return]
            made = compute()
            with self._lock:
                self._turns.pop(key, None)
                return self._views.setdefault(key, made)  # type: ignore[no-any-return]

    def release(self) -> None:
        """Drop all views; they are made again when they are asked for. The bytes and the digest stay."""
        with self._lock:
            self._views = {key: view for key, view in self._views.items() if key in _KEPT}

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_lock", "_views", "_turns")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock(), _views={}, _turns={})

    def __repr__(self) -> str:
        return f"Photo({self.name!r}, {self.format}, {self.size[0]}x{self.size[1]})"

    def _repr_html_(self) -> str:
        import base64
        import html

        import cv2

        small = cv2.cvtColor(self.preview(320), cv2.COLOR_RGB2BGR)
        _, packed = cv2.imencode(".jpg", small)
        picture = base64.b64encode(packed.tobytes()).decode()
        source = f"data:image/jpeg;base64,{picture}"
        return f'<figure><img alt="" src="{source}"><figcaption>{html.escape(repr(self))}</figcaption></figure>'


def _check_bytes(name: str, length: int, limits: PhotoLimits) -> None:
    if length > limits.max_bytes:
        reason = phrase("problem.too_large", length=length, limit=limits.max_bytes)
        raise PhotoError(name, reason, value=length, limit=limits.max_bytes)


def _problems(structure: Structure) -> str:
    return ", ".join(f"{p.code} at byte {p.offset}" for p in structure.problems[:3]) or "no scan"
