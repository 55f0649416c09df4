"""What WeChat appends to the pictures that it saves: a number and a checksum, behind the true end of the picture.

Seen on public files: 24 bytes, an unsigned number of 64 bits (little endian, its upper half zero) and the MD5 of all
bytes from start to end marker; the sum was right on every one. Older clients append the number alone. The number looks
like the sender's account. It is personal data: nothing here hands it out but as a hash under the caller's own key.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from fakeproof.errors import ParameterError
from fakeproof.reading.containers import Container

__all__ = ["MIN_KEY", "Trailer", "read_trailer"]

CURRENT, OLD = 24, 8
"""Bytes of the trailer, and of the one that older clients wrote."""
MIN_KEY = 16
"""Bytes of a key below which the numbers, of which there are only 2**32, could be tried out."""
_APP_SEGMENT = re.compile(rb"\xff[\xe1\xe3-\xef\xfe]")

State = Literal["intact", "metadata_added", "changed", "unchecked"]


@dataclass(frozen=True, repr=False)
class Trailer:
    """A trailer and whether its checksum fits.

    Attributes
    ----------
    offset : int
        Where it begins in the file.
    state : str
        ``intact``: the bytes before it are those that WeChat saved. ``metadata_added``: they are once EXIF, XMP and
        comments are left out, so that the picture is WeChat's and these were written in afterwards. ``changed``:
        neither fits. ``unchecked``: the old form, which has no sum.
    stated, actual : str
        The checksum in the file, and that of its bytes; empty for the old form.
    """

    offset: int
    state: State
    stated: str
    actual: str
    _number: bytes

    def __repr__(self) -> str:
        return f"Trailer(offset={self.offset}, state={self.state!r})"

    def sender(self, key: bytes) -> str:
        """Return a keyed hash of the number (BLAKE2b, RFC 7693): equal for equal numbers under the same key.

        Raises
        ------
        ParameterError
            The key is shorter than 16 bytes.
        """
        if not isinstance(key, bytes) or not MIN_KEY <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
            raise ParameterError(
                "key", f"{len(key)} bytes", f"{MIN_KEY} to {hashlib.blake2b.MAX_KEY_SIZE} secret bytes"
            )
        return hashlib.blake2b(self._number, digest_size=16, key=key, person=b"fakeproof sender").hexdigest()


def read_trailer(data: bytes, container: Container) -> Trailer | None:
    """Read WeChat's trailer; None where what follows the end is nothing, or not of that form.

    Only the bytes behind the end marker of the file's own picture are looked at: a thumbnail, or the second picture of
    a multi-picture file, has an end marker, too.
    """
    at = container.end
    tail = data[at : at + CURRENT + 1] if container.format == "JPEG" and container.complete else b""
    if len(tail) not in (CURRENT, OLD) or any(tail[4:8]) or not any(tail[:4]):
        return None
    number, stated = tail[:8], tail[8:]
    if not stated:
        return Trailer(at, "unchecked", "", "", number)
    if len(set(stated)) < MIN_VARIETY:
        return None
    actual = _md5(data[:at])
    state: State = "intact" if actual == stated.hex() else "changed"
    if state == "changed" and _md5(_without_metadata(data, container)) == stated.hex():
        state = "metadata_added"
    return Trailer(at, state, stated.hex(), actual, number)


MIN_VARIETY = 8
"""Different values among a checksum's 16 bytes; a random sum has fewer once in 10^6, counters and padding have."""


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _without_metadata(data: bytes, container: Container) -> bytes:
    """Return the picture without the segments that other programs write in: all APPn but JFIF and ICC, and comments."""
    out, at = [data[:2]], 2
    while at + 4 <= container.end and data[at] == 0xFF and data[at + 1] != 0xDA:
        size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if not _APP_SEGMENT.match(data, at):
            out.append(data[at : at + size])
        at += size
    return b"".join(out) + data[at : container.end]
