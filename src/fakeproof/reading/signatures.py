"""Whose signature a text is: programs, sites, generators and agencies by the fields where they sign, read from tables.

A marker says "this text in this field is that program's". What follows from it is for others to judge: the rules of
``fakeproof.metadata`` and the delivery chain read the same tables.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

from fakeproof.errors import ParameterError
from fakeproof.reading.record import Field, Record

__all__ = ["Marker", "Signatures", "gather", "parse_table", "shipped", "signed"]

TABLES = ("software", "ai", "platforms", "rights", "cameras")
"""The package's own tables, in the order in which they are read."""
_MARKER_KEYS = frozenset(
    {"rule", "name", "name_zh", "in", "text", "pattern", "not", "case", "strength", "source", "namespace"}
)
MAX_PATTERN = 512
"""Characters of a marker's pattern; longer ones are rather a mistake."""


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A text looked for in some fields, and the rule that it fires: ``software.pixel_editor``."""

    rule: str
    name: str
    name_zh: str
    fields: tuple[str, ...]
    pattern: re.Pattern[str]
    texts: tuple[str, ...] = ()
    """Plain lower-case texts; they stand in for the pattern, which is three times slower."""
    excluded: tuple[str, ...] = ()
    strength: str = ""
    namespace: str = ""
    source: str = ""

    @property
    def topic(self) -> str:
        """What it tells of: the first part of its rule, such as ``software``."""
        return self.rule.partition(".")[0]

    def found(self, value: str, lower: str = "") -> re.Match[str] | None:
        """Return where the marker stands in a value, or None; `lower` spares repeated folding."""
        lower = lower or value.lower()
        if self.texts and not any(text in lower for text in self.texts):
            return None
        if self.excluded and any(word in lower for word in self.excluded):
            return None
        return self.pattern.search(value)


@dataclass(frozen=True)
class Signatures:
    """All markers and tables in force."""

    markers: tuple[Marker, ...]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def by_field(self) -> Mapping[str, Mapping[str, tuple[Marker, ...]]]:
        """Markers by topic and field."""
        out: dict[str, dict[str, tuple[Marker, ...]]] = {}
        for marker in self.markers:
            known = out.setdefault(marker.topic, {})
            for one in marker.fields:
                known[one] = (*known.get(one, ()), marker)
        return out

    def markers_for(self, topic: str, name: str) -> tuple[Marker, ...]:
        """Return a topic's markers for one field."""
        return self.by_field.get(topic, {}).get(name, ())


def signed(
    record: Record, signatures: Signatures, topic: str, *, names: Sequence[str] | None = None
) -> Iterator[tuple[Marker, Field, dict[str, str]]]:
    """Yield each marker of a topic that stands in the record, the field, and the pattern's named groups.

    Parameters
    ----------
    names : sequence of str, optional
        File names to look at in place of the photo's own.
    """
    for key, markers in signatures.by_field.get(topic, {}).items():
        if key == "name" and names is not None:
            fields = [Field("name", n, "file name as received") for n in names]
        else:
            fields = record.all(key)
        for one in fields:
            lower = one.value.lower()
            for marker in markers:
                match = marker.found(one.value, lower) if marker.namespace in one.namespace else None
                if match:
                    yield marker, one, {k: v for k, v in match.groupdict().items() if v}


@lru_cache(maxsize=1)
def shipped() -> Signatures:
    """Return the package's own markers and tables.

    Examples
    --------
    >>> shipped().tables["screens"]["1290x2796"]
    'iPhone 14 Pro Max–16 Plus'
    """
    return gather((name, parse_table(name, text)) for name, text in shipped_texts())


def shipped_texts() -> list[tuple[str, str]]:
    """Return name and text of each of the package's own tables."""
    folder = resources.files("fakeproof.reading") / "tables"
    return [(f"{name}.toml", (folder / f"{name}.toml").read_text(encoding="utf-8")) for name in TABLES]


def parse_table(name: str, text: str) -> dict[str, Any]:
    """Read a table's text; ParameterError names the file where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError("rules", name, f"valid TOML ({error})") from None


def gather(tables: Iterable[tuple[str, Mapping[str, Any]]]) -> Signatures:
    """Put the markers and tables of several files together; later entries of a table win.

    Raises
    ------
    ParameterError
        An entry breaks the schema; names the file, the entry and what is allowed.
    """
    markers: list[Marker] = []
    known: dict[str, dict[str, Any]] = {}
    for name, values in tables:
        groups = {**known.get("fields", {}), **values.get("fields", {})}
        markers += [_marker(name, entry, groups) for entry in values.get("marker", [])]
        for key, table in values.items():
            if key == "marker":
                continue
            if not isinstance(table, dict):
                raise ParameterError(f"rules {name}", key, "a table")
            known.setdefault(key, {}).update(table)
    return Signatures(tuple(markers), known)


def _marker(name: str, entry: Any, groups: Mapping[str, Any]) -> Marker:
    where = f"marker {entry.get('name', '?')} in {name}" if isinstance(entry, dict) else f"marker in {name}"
    if not isinstance(entry, dict) or not set(entry) <= _MARKER_KEYS:
        wrong = sorted(set(entry) - _MARKER_KEYS) if isinstance(entry, dict) else entry
        raise ParameterError(where, wrong, sorted(_MARKER_KEYS))
    for key in ("rule", "name", "in", "source"):
        if not entry.get(key):
            raise ParameterError(where, f"no {key!r}", "entries with rule, name, in, source and text or pattern")
    return Marker(
        rule=entry["rule"],
        name=entry["name"],
        name_zh=str(entry.get("name_zh") or entry["name"]),
        fields=_fields(where, entry["in"], groups),
        pattern=_pattern(where, entry),
        texts=() if entry.get("case") else tuple(str(word).lower() for word in entry.get("text", ())),
        excluded=tuple(str(word).lower() for word in entry.get("not", ())),
        strength=entry.get("strength", ""),
        namespace=entry.get("namespace", ""),
        source=entry["source"],
    )


def _fields(where: str, named: Any, groups: Mapping[str, Any]) -> tuple[str, ...]:
    listed = [named] if isinstance(named, str) else named
    if not isinstance(listed, list) or not all(isinstance(f, str) for f in listed):
        raise ParameterError(f"{where}, in", named, "a field, a group of fields, or a list of them")
    out: dict[str, None] = {}
    for one in listed:
        out.update(dict.fromkeys(groups.get(one, [one])))
    return tuple(out)


def _pattern(where: str, entry: Mapping[str, Any]) -> re.Pattern[str]:
    if ("text" in entry) == ("pattern" in entry):
        raise ParameterError(where, "text and pattern", "one of the two")
    written = entry.get("pattern") or "|".join(re.escape(str(word)) for word in entry["text"])
    if len(written) > MAX_PATTERN:
        raise ParameterError(f"{where}, pattern", f"{len(written)} characters", f"at most {MAX_PATTERN}")
    try:
        return re.compile(written, 0 if entry.get("case") else re.IGNORECASE)
    except re.error as error:
        raise ParameterError(f"{where}, pattern", written, f"a regular expression ({error})") from None
