"""C2PA manifest stores: the JUMBF boxes and just enough CBOR to read claims and actions. Nothing is verified."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Manifest", "Store", "parse_store"]

MAX_BOXES = 4_096
MAX_DEPTH = 12
MAX_ITEMS = 20_000
"""CBOR items decoded of one box."""


@dataclass(frozen=True)
class Manifest:
    """One manifest of the store: who claims, and what was done.

    `actions` are dicts with ``action`` and, where given, ``softwareAgent``, ``when`` and ``digitalSourceType``.
    """

    label: str
    generator: str = ""
    actions: tuple[dict[str, str], ...] = ()
    active: bool = False


@dataclass(frozen=True)
class Store:
    """All manifests, the active one last, as the specification orders them."""

    label: str
    offset: int
    manifests: tuple[Manifest, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class _Box:
    path: tuple[str, ...]
    kind: str
    payload: bytes


class _Bad(Exception):
    """The bytes are not what they claim to be."""


def parse_store(data: bytes, offset: int) -> Store | None:
    """Read a store from its first superbox on; None where it is no C2PA (or older CAI) store."""
    boxes: list[_Box] = []
    problem = ""
    try:
        for box in _walk(data, (), 0):
            boxes.append(box)
            if len(boxes) >= MAX_BOXES:
                problem = f"more than {MAX_BOXES} boxes"
                break
    except _Bad as error:
        problem = str(error)
    root = next((b.path[0] for b in boxes if b.path), "") or _root_label(data)
    if root not in ("c2pa", "cai"):
        return None
    groups: dict[str, list[_Box]] = {}
    for box in boxes:
        if len(box.path) >= 2:
            groups.setdefault(box.path[1], []).append(box)
    last = list(groups)[-1] if groups else ""
    return Store(root, offset, tuple(_manifest(k, v, active=k == last) for k, v in groups.items()), problem)


def _root_label(data: bytes) -> str:
    return data[33:37].split(b"\0")[0].decode("latin-1") if data[4:8] == b"jumb" else ""


def _walk(data: bytes, path: tuple[str, ...], depth: int) -> Iterator[_Box]:
    at = 0
    if depth > MAX_DEPTH:
        raise _Bad(f"boxes nested deeper than {MAX_DEPTH}")
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        size = len(data) - at if size == 0 else size
        if size < head or at + size > len(data):
            raise _Bad(f"box {kind!r} claims {size} bytes of {len(data) - at}")
        payload = data[at + head : at + size]
        if kind == b"jumb":
            yield from _superbox(payload, path, depth)
        else:
            yield _Box(path, kind.decode("latin-1"), payload)
        at += size


def _superbox(payload: bytes, path: tuple[str, ...], depth: int) -> Iterator[_Box]:
    if len(payload) < 25 or payload[4:8] != b"jumd":
        raise _Bad("superbox without a description")
    (size,) = struct.unpack_from(">I", payload)
    if size < 25 or size > len(payload):
        raise _Bad("description box is broken")
    label = payload[25:size].split(b"\0", 1)[0].decode("utf-8", "replace") if payload[24] & 2 else ""
    inner = (*path, label[:256])
    yield _Box(inner, "jumd", payload[8:size])
    yield from _walk(payload[size:], inner, depth + 1)


def _manifest(label: str, boxes: list[_Box], *, active: bool) -> Manifest:
    generator = ""
    actions: list[dict[str, str]] = []
    for box in boxes:
        if box.kind not in ("cbor", "json"):
            continue
        value = _value(box)
        name = box.path[-1]
        if name.startswith("c2pa.claim") and isinstance(value, Mapping):
            generator = generator or _generator(value)
        elif name.startswith("c2pa.actions") and isinstance(value, Mapping):
            actions += _actions(value)
    return Manifest(label, generator, tuple(actions), active)


def _value(box: _Box) -> Any:
    if box.kind == "json":
        try:
            return json.loads(box.payload[: 1 << 20])
        except (ValueError, RecursionError):
            return None
    try:
        return _Cbor(box.payload).item(0)
    except (_Bad, struct.error, IndexError, UnicodeDecodeError, TypeError):
        return None


def _generator(claim: Mapping[Any, Any]) -> str:
    info = claim.get("claim_generator_info")
    info = info[0] if isinstance(info, list) and info else info
    if isinstance(info, Mapping) and info.get("name"):
        return f"{info.get('name')} {info.get('version', '')}".strip()[:256]
    return str(claim.get("claim_generator", ""))[:256]


def _actions(value: Mapping[Any, Any]) -> list[dict[str, str]]:
    out: list[dict[str, str]] = []
    listed = value.get("actions")
    for action in listed[:256] if isinstance(listed, list) else []:
        if not isinstance(action, Mapping):
            continue
        agent = action.get("softwareAgent", "")
        agent = agent.get("name", "") if isinstance(agent, Mapping) else agent
        fields = {
            "action": action.get("action", ""),
            "softwareAgent": agent,
            "when": action.get("when", ""),
            "digitalSourceType": action.get("digitalSourceType", ""),
        }
        out.append({k: str(v)[:512] for k, v in fields.items() if v})
    return out


class _Cbor:
    """RFC 8949, definite and indefinite lengths, bounded in depth and items."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.left = data, 0, MAX_ITEMS

    def head(self) -> tuple[int, int, int]:
        first = self.data[self.at]
        self.at += 1
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low, low
        if low > 27:
            return major, low, -1
        width = 1 << (low - 24)
        raw = self.data[self.at : self.at + width]
        if len(raw) < width:
            raise _Bad("cut off")
        self.at += width
        return major, low, int.from_bytes(raw, "big")

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise _Bad("cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def item(self, depth: int) -> Any:
        self.left -= 1
        if self.left < 0 or depth > 32:
            raise _Bad("too many items")
        major, low, value = self.head()
        if major < 2:
            return -1 - value if major else value
        if major in (2, 3):
            raw = self.chunks() if value < 0 else self.take(value)
            return raw.decode("utf-8", "replace") if major == 3 else raw
        if major == 4:
            return list(self.many(value, depth))
        if major == 5:
            return self.pairs(value, depth)
        if major == 6:
            return self.item(depth + 1)
        return {20: False, 21: True}.get(low)

    def many(self, count: int, depth: int) -> Iterator[Any]:
        while count != 0:
            if count < 0 and self.data[self.at] == 0xFF:
                self.at += 1
                return
            yield self.item(depth + 1)
            count -= 1 if count > 0 else 0

    def pairs(self, count: int, depth: int) -> dict[Any, Any]:
        flat = list(self.many(2 * count if count >= 0 else -1, depth))
        return {k: v for k, v in zip(flat[::2], flat[1::2], strict=False) if isinstance(k, str | int)}

    def chunks(self) -> bytes:
        parts: list[bytes] = []
        while self.data[self.at] != 0xFF:
            _, _, size = self.head()
            parts.append(self.take(size))
        self.at += 1
        return b"".join(parts)
