"""Full validation of content credentials with the ``c2pa`` extra; nothing is fetched from the network."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeproof.photo import Photo

__all__ = ["Validation", "validate"]

MIMES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
}
_ABOUT_SIGNER = ("signingCredential.", "cawg.")
"""Codes about who signed, which leave it open whether the bytes are those that were signed."""


@dataclass(frozen=True)
class Validation:
    """What the c2pa library says.

    `state` is ``"valid"`` (signature and hashes hold; the signer need not be on a trust list), ``"intact"`` (the
    hashes hold, the signer's certificate or identity fails), ``"invalid"`` or ``"unreadable"``; `codes` are its
    failure codes, `broken` the first that tells of changed bytes.
    """

    state: str
    codes: tuple[str, ...] = ()

    @property
    def broken(self) -> str:
        """The first code that tells of bytes changed after signing, or an empty text."""
        return next((c for c in self.codes if "mismatch" in c), "")


def validate(photo: Photo) -> Validation | None:
    """Validate the manifest; None without the extra, or in a container that it does not read."""
    mime = MIMES.get(photo.format)
    if photo.data is None or mime is None:
        return None
    try:
        import c2pa
    except ImportError:
        return None
    return photo.cached("metadata.c2pa", lambda: _validate(c2pa, mime, photo.data))


def _validate(c2pa: Any, mime: str, data: bytes | None) -> Validation:
    settings = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    try:
        context = c2pa.Context.from_dict(settings)
        with c2pa.Reader(mime, io.BytesIO(data or b""), context=context) as reader:
            report = json.loads(reader.json())
    except (c2pa.C2paError, ValueError) as error:
        return Validation("unreadable", (str(error)[:120],))
    codes = tuple(
        str(item.get("code", ""))
        for item in report.get("validation_status", [])
        if item.get("code") != "signingCredential.untrusted"
    )
    if not codes:
        return Validation("invalid" if str(report.get("validation_state", "")).lower() == "invalid" else "valid")
    return Validation("intact" if all(c.startswith(_ABOUT_SIGNER) for c in codes) else "invalid", codes)
