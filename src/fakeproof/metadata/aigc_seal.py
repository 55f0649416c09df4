"""The integrity data inside an AIGC label (``ReservedCode1`` and ``2``): hash and signature, checked as far as they say how.

The standard leaves open what producers put there: identifiers, opaque tokens, a bare signature, or an object with an SM3
hash, an SM2 signature and the public key. Only the last can be checked, and only against the texts that such a signature
could have been made of.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from fakeproof.metadata.sm2 import on_curve, sm3, verify, verify_digest

__all__ = ["Seal", "read_seal"]

ORDER = ("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID")
"""Members besides the reserved ones, in annex E's order."""
_HEX = re.compile(r"^(?:0x)?([0-9a-fA-F]{2})+$")
_SIGNED_LENGTHS = range(68, 73)
"""Bytes of an SM2 signature in DER."""

State = Literal["declared", "valid", "invalid"]


@dataclass(frozen=True)
class Seal:
    """What the label's integrity data are worth.

    `state`: ``valid``, the signature fits the label under the key that the file carries; ``invalid``, key and signature
    are there and fit nothing; ``declared``, there is nothing to check. `hashed` says whether an SM3 hash fits.
    The key comes with the file: a valid signature shows that the label was not altered, not who signed it.
    """

    state: State = "declared"
    hashed: bool | None = None


def read_seal(members: Mapping[str, str]) -> Seal:
    """Check a label's integrity data; never raises on content."""
    best = Seal()
    for name in ("ReservedCode1", "ReservedCode2"):
        found = _check(_parts(members.get(name, "")), members)
        if found.state != "declared" or best.hashed is None:
            best = found if found != Seal() else best
        if best.state == "valid":
            break
    return best


def _check(parts: Mapping[str, bytes], members: Mapping[str, str]) -> Seal:
    stated, key, signature = parts.get("hash", b""), _point(parts.get("key", b"")), _pair(parts.get("sign", b""))
    messages = list(_messages(members))
    hashed = None
    if len(stated) == 32:
        hashed = any(sm3(m) == stated for m in messages)
        messages += [stated, stated.hex().encode(), stated.hex().upper().encode()]
    if not key or not signature:
        return Seal("declared", hashed)
    fits = any(verify(m, signature, key) for m in messages)
    fits = fits or (len(stated) == 32 and verify_digest(stated, signature, key))
    return Seal("valid" if fits else "invalid", hashed)


def _messages(members: Mapping[str, str]) -> Iterator[bytes]:
    """Yield what a producer may have hashed or signed: the content's number, with its producer, the label itself."""
    number, producer = members.get("ProduceID", ""), members.get("ContentProducer", "")
    texts = [number, producer + number, members.get("Label", "") + producer + number]
    plain = {k: members[k] for k in ORDER if k in members}
    texts += [json.dumps(plain, ensure_ascii=False, separators=s) for s in ((",", ":"), (", ", ": "))]
    yield from (t.encode() for t in dict.fromkeys(texts) if t)


def _parts(text: str) -> dict[str, bytes]:
    """Return hash, signature and key of the object in a reserved code, by what its members are called."""
    value = _object(text)
    out: dict[str, bytes] = {}
    for name, one in value.items():
        low = name.lower()
        kind = "key" if "key" in low or "pub" in low else "sign" if "sig" in low or "sm2" in low else ""
        kind = kind or ("hash" if "hash" in low or "sm3" in low or "digest" in low else "")
        if kind and isinstance(one, str):
            out.setdefault(kind, _bytes(one))
    return out


def _object(text: str) -> dict[str, object]:
    for one in (text, _bytes(text).decode("utf-8", "replace")):
        try:
            value = json.loads(one)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return {str(k): v for k, v in list(value.items())[:32]}
    return {}


def _bytes(text: str) -> bytes:
    text = text.strip()
    if _HEX.match(text):
        return bytes.fromhex(text.removeprefix("0x"))
    try:
        return base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_" if set(text) & set("-_") else None, validate=True
        )
    except (ValueError, binascii.Error):
        return b""


def _point(raw: bytes) -> tuple[int, int] | None:
    """Return the public key of 64 or 65 bytes, or the one at the end of a DER structure."""
    if len(raw) > 65 and raw[:1] == b"\x30" and raw[-65:-64] == b"\x04":
        raw = raw[-65:]
    raw = raw[1:] if len(raw) == 65 and raw[:1] == b"\x04" else raw
    if len(raw) != 64:
        return None
    point = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    return point if on_curve(*point) else None


def _pair(raw: bytes) -> tuple[int, int] | None:
    """Return (r, s) of 64 plain bytes or of DER."""
    if len(raw) == 64:
        return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    if len(raw) not in _SIGNED_LENGTHS or raw[:1] != b"\x30" or raw[2:3] != b"\x02" or raw[3] > 33:
        return None
    middle = 4 + raw[3]
    if raw[middle : middle + 1] != b"\x02" or middle + 2 + raw[middle + 1] != len(raw):
        return None
    return int.from_bytes(raw[4:middle], "big"), int.from_bytes(raw[middle + 2 :], "big")
