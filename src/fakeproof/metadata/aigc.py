"""China's AIGC label (GB 45438-2025): found in every form in which still images carry it, and its codes resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

from fakeproof.reading.record import Field, Record

__all__ = ["AigcLabel", "find_labels"]

NAMESPACE = "tc260.org.cn/ns/AIGC"
KNOWN = (
    "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2",
)  # fmt: skip
"""Members of the label by annex E of the standard."""
CLOUD = ("ServiceProvider", "ServiceUser", "Time", "ContentId")
"""Members of Tencent Cloud's variant."""
_CODE = re.compile(r"^001\d([0-9A-HJ-NPQRTUWXY]{18})[0-9A-Za-z]{0,6}$")
_START = re.compile(r'AIGC"?\s*[:=]?\s*"?\s*(?=\{)')
MAX_SEARCH = 1 << 16
"""Characters of a block in which the label is sought."""

MAX_MEMBER = 4_096
"""Characters kept of a member: a certificate in a reserved code has some 1,500."""


@dataclass(frozen=True)
class AigcLabel:
    """One label as it stands in the file.

    `value` is the Label member (``"1"`` generated, ``"2"`` possibly, ``"3"`` suspected), `form` how it was written,
    `producer` its code, and `producer_name` the name behind the code where that is known.
    """

    value: str
    form: str
    producer: str
    producer_name: str
    members: Mapping[str, str]
    field: Field


def find_labels(record: Record, producers: Mapping[str, str]) -> list[AigcLabel]:
    """Return each label once (a file may repeat it in several forms), in the order of the file's fields."""
    out: list[AigcLabel] = []
    seen: set[tuple[tuple[str, str], ...]] = set()
    for form, field, text in _candidates(record):
        for members in _objects(text):
            key = tuple(sorted(members.items()))
            if key in seen:
                continue
            seen.add(key)
            code = members.get("ContentProducer") or members.get("ServiceProvider", "")
            out.append(AigcLabel(members.get("Label", ""), form, code, producer_name(code, producers), members, field))
            if len(out) >= 8:
                return out
    return out


def producer_name(code: str, producers: Mapping[str, str]) -> str:
    """Return the name behind ``001`` + digit + social credit code + suffix, or the text itself.

    Examples
    --------
    >>> producer_name("001191110102MACQD9K64010000", {"91110102MACQD9K640": "Doubao"})
    'Doubao'
    >>> producer_name("picwish", {})
    'picwish'
    """
    match = _CODE.match(code)
    if match:
        return producers.get(match[1], f"USCC {match[1]}")
    return code


def _candidates(record: Record) -> Iterator[tuple[str, Field, str]]:
    """Yield (form, field, text) for every place where a label was seen in files."""
    for field in record.fields:
        value = field.value
        if field.key == "xmp.AIGC" and NAMESPACE in field.namespace:
            yield "xmp", field, '"AIGC":' + value
        elif field.key == "text.AIGC":
            yield "png text", field, '"AIGC":' + value
        elif "AIGC" in value and field.key.startswith(("exif.", "comment", "text.", "xmp.", "iptc.")):
            yield field.key, field, value
        elif field.key == "exif.ImageDescription" and "ServiceProvider" in value:
            yield "exif.ImageDescription (Tencent Cloud)", field, '"AIGC":' + value
    for block in record.container.of("app", "trailer"):
        at = block.data.find(b"AIGC", 0, MAX_SEARCH)
        if at >= 0:
            raw = block.data[at : at + MAX_SEARCH].decode("utf-8", "replace")
            yield f"{block.label or block.kind} segment", Field("app", raw[:2000], block.label, block.offset + at), raw


def _objects(text: str) -> Iterator[dict[str, str]]:
    """Yield each JSON object behind the word AIGC that has a known member; entities and escapes undone."""
    text = unescape(text[:MAX_SEARCH])
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return
    found = list(_parsed(text))
    # a text inside a text has its quotes escaped; an object inside the label has, too, so that this comes second
    yield from found or _parsed(text.replace('\\"', '"'))


def _parsed(text: str) -> Iterator[dict[str, str]]:
    for match in list(_START.finditer(text))[:8]:
        try:
            value, _ = json.JSONDecoder().raw_decode(text, match.end())
        except (ValueError, RecursionError):
            continue
        for _ in range(2):
            if isinstance(value, dict) and isinstance(value.get("AIGC"), dict):
                value = value["AIGC"]
        if isinstance(value, dict) and _fits(value):
            yield {str(k)[:64]: str(v)[:MAX_MEMBER] for k, v in list(value.items())[:32]}


def _fits(value: Mapping[str, object]) -> bool:
    return any(k in value for k in KNOWN) or sum(k in value for k in CLOUD) >= 2
