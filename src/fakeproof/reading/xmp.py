"""XMP packets as flat properties with their offsets, read by a streaming parser that cannot swell.

Document types and entities are refused before the parser starts; depth, properties and bytes are capped. A packet
that breaks off keeps what was read before the break.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

__all__ = ["Property", "Xmp", "parse_xmp"]

MAX_BYTES = 1 << 20
"""Packet size read; camera and editor packets are below 64 KiB, depth maps are of no use here."""
MAX_DEPTH = 64
"""Nesting followed; the deepest structures of the XMP specification need about ten."""
MAX_PROPERTIES = 8_192
"""Properties kept; long Photoshop histories have a few thousand."""
MAX_VALUE = 65_536
"""Characters kept of one value."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SKIP = (RDF, "adobe:ns:meta/", "http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/")


@dataclass(frozen=True)
class Property:
    """One property: namespace, local name, the path of names above it, its value, its offset in the file."""

    namespace: str
    name: str
    path: str
    value: str
    offset: int


@dataclass(frozen=True)
class Xmp:
    """A packet's properties and namespaces, and why reading stopped, if it did."""

    properties: tuple[Property, ...] = ()
    namespaces: tuple[str, ...] = ()
    problem: str = ""
    problem_offset: int = 0

    def get(self, name: str, namespace: str = "") -> Property | None:
        """Return the first property of that local name."""
        return next((p for p in self.properties if p.name == name and namespace in p.namespace), None)

    def structs(self, name: str) -> list[dict[str, str]]:
        """Return the items of an array of structures, such as History, as dicts of local names."""
        items: dict[str, dict[str, str]] = {}
        for p in self.properties:
            parts = p.path.split("/")
            for i, part in enumerate(parts):
                if part.split("[")[0] == name and i + 1 < len(parts):
                    items.setdefault("/".join(parts[: i + 1]), {})[p.name] = p.value
        return list(items.values())


class _Stop(Exception):
    """A limit was reached."""


class _Reader:
    def __init__(self, base: int, exact: bool) -> None:
        self.base, self.exact = base, exact
        self.found: list[Property] = []
        self.namespaces: dict[str, None] = {}
        self.names: list[str] = []
        self.texts: list[list[str]] = []
        self.lengths: list[int] = []
        self.offsets: list[int] = []
        self.items: list[int] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.StartNamespaceDeclHandler = self.declare
        parser.StartDoctypeDeclHandler = self.refuse
        self.parser = parser

    def refuse(self, *_: object) -> None:
        raise _Stop("document type refused")

    def declare(self, _prefix: str | None, uri: str | None) -> None:
        if uri and len(self.namespaces) < 256:
            self.namespaces[uri] = None

    def here(self) -> int:
        return self.base + (self.parser.CurrentByteIndex if self.exact else 0)

    def add(self, name: str, value: str, offset: int, path: list[str]) -> None:
        uri, _, local = name.rpartition(" ")
        if uri.startswith(_SKIP) and local != "li":
            return
        if len(self.found) >= MAX_PROPERTIES:
            raise _Stop(f"more than {MAX_PROPERTIES} properties")
        if local == "li":
            parent = next((n for n in reversed(path) if n and not n.startswith("li[")), "")
            local, uri = parent.rpartition(" ")[2], parent.rpartition(" ")[0]
            shown = _path(path)
        else:
            shown = _path([*path, name])
        self.found.append(Property(uri, local, shown, value[:MAX_VALUE], offset))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.names) >= MAX_DEPTH:
            raise _Stop(f"nested deeper than {MAX_DEPTH}")
        if name == f"{RDF} li" and self.items:
            self.items[-1] += 1
            label = f"li[{self.items[-1] - 1}]"
        else:
            label = "" if name.startswith(_SKIP) else name
        self.names.append(label)
        self.texts.append([])
        self.lengths.append(0)
        self.offsets.append(self.here())
        self.items.append(0)
        for key, value in attributes.items():
            if not key.startswith(_SKIP):
                self.add(key, value, self.offsets[-1], self.names)
            elif key == f"{RDF} resource" and label:
                self.add(name, value, self.offsets[-1], self.names[:-1])

    def text(self, data: str) -> None:
        if self.texts and self.lengths[-1] < MAX_VALUE:
            self.texts[-1].append(data)
            self.lengths[-1] += len(data)

    def end(self, name: str) -> None:
        value = "".join(self.texts.pop()).strip()
        self.lengths.pop()
        self.items.pop()
        label = self.names.pop()
        offset = self.offsets.pop()
        if value and label:
            self.add(name, value, offset, [*self.names, label] if label.startswith("li[") else self.names)


def _path(names: list[str]) -> str:
    out: list[str] = []
    for name in names:
        if name.startswith("li["):
            if out:
                out[-1] += name[2:]
        elif name:
            out.append(name.rpartition(" ")[2])
    return "/".join(out)


def parse_xmp(data: bytes, base: int = 0) -> Xmp:
    """Read a packet; never raises on content.

    Parameters
    ----------
    data : bytes
        The packet, in UTF-8, UTF-16 or UTF-32.
    base : int
        Its offset in the file.
    """
    if len(data) > MAX_BYTES:
        return Xmp(problem=f"packet of {len(data)} bytes is above {MAX_BYTES}", problem_offset=base)
    text, exact = _plain(data)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return Xmp(problem="packet declares a document type or entities; refused", problem_offset=base)
    start = max(text.find(b"<"), 0)
    text = _without_declaration(text[start:].rstrip(b"\0 \r\n\t"))
    reader = _Reader(base + start, exact)
    problem = ""
    try:
        reader.parser.Parse(text, True)
    except expat.ExpatError as error:
        problem = f"packet breaks off ({expat.ErrorString(error.code)})" if text else "empty packet"
    except (_Stop, ValueError) as error:
        problem = str(error)
    return Xmp(tuple(reader.found), tuple(reader.namespaces), problem, reader.here() if problem else 0)


def _without_declaration(text: bytes) -> bytes:
    """Blank an XML declaration (its encoding no longer holds) without moving any offset."""
    if text.startswith(b"<?xml ") and (end := text.find(b"?>")) > 0:
        return b" " * (end + 2) + text[end + 2 :]
    return text


def _plain(data: bytes) -> tuple[bytes, bool]:
    """Return the packet in UTF-8 and whether byte offsets still hold."""
    head = data[:64]
    if head.count(0) < len(head) // 4:
        return data.removeprefix(b"\xef\xbb\xbf") if data[:3] == b"\xef\xbb\xbf" else data, data[:3] != b"\xef\xbb\xbf"
    wide = 4 if b"\0\0\0" in head else 2
    little = head.find(b"<") % wide == 0
    coding = f"utf-{wide * 8}-{'le' if little else 'be'}"
    return data.decode(coding, "replace").replace("\ufeff", "").encode(), False
