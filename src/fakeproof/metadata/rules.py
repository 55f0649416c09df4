"""The rules and marker tables: read from TOML, checked against their schema, open to a user's own files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

from fakeproof.errors import ParameterError
from fakeproof.types import Category

__all__ = ["DETECTORS", "STRENGTHS", "VERSION", "Marker", "Rule", "RuleSet", "load_rules"]

VERSION = 1
"""Version of all metadata detectors; rises whenever a rule or a table of the package changes a finding."""

STRENGTHS: dict[str, float] = {"neutral": 0.0, "weak": 1.0, "moderate": 2.0, "strong": 3.0, "decisive": 4.0}
"""The score of each strength. From moderate on a finding supports its category; neutral must weigh nothing."""
SUPPORTING = 2.0
"""Score from which a finding supports its category by itself."""

DETECTORS: dict[str, Category] = {
    "exif": Category.EDITED,
    "software": Category.EDITED,
    "ai_labels": Category.EDITED,
    "structure": Category.EDITED,
    "platforms": Category.WEB_IMAGE,
    "rights": Category.WEB_IMAGE,
    "order_context": Category.WEB_IMAGE,
}
"""The detectors and the one category that each may support."""

_SHIPPED = ("rules", "software", "ai", "platforms", "rights", "cameras")
_RULE_KEYS = frozenset({"id", "detector", "kind", "category", "strength", "statement", "source", "en", "zh"})
_MARKER_KEYS = frozenset(
    {"rule", "name", "name_zh", "in", "text", "pattern", "not", "case", "strength", "source", "namespace"}
)
MAX_PATTERN = 512
"""Characters of a marker's pattern; longer ones are rather a mistake."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Parameters
    ----------
    id : str
        ``detector.name``.
    detector : str
        The calibration key.
    kind : str
        What it found, in one word; several rules share a kind.
    category : Category
        What it would speak for.
    strength : str
        One of :data:`STRENGTHS`; a proposal that calibration replaces.
    statement, source : str
        What the rule says, and on whose word.
    en, zh : str
        The sentence, with words in braces filled from the file.
    """

    id: str
    detector: str
    kind: str
    category: Category
    strength: str
    statement: str
    source: str
    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A text looked for in some fields, and the rule that it fires."""

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

    def found(self, value: str, lower: str = "") -> re.Match[str] | None:
        """Return where the marker stands in a value, or None; `lower` spares repeated folding."""
        lower = lower or value.lower()
        if self.texts and not any(text in lower for text in self.texts):
            return None
        if self.excluded and any(word in lower for word in self.excluded):
            return None
        return self.pattern.search(value)


@dataclass(frozen=True)
class RuleSet:
    """All rules, markers and tables in force."""

    rules: Mapping[str, Rule]
    markers: tuple[Marker, ...]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_field: Mapping[str, Mapping[str, tuple[Marker, ...]]] = field(default_factory=dict)
    """Markers by detector and field."""

    def markers_for(self, detector: str, name: str) -> tuple[Marker, ...]:
        """Return a detector's markers for one field."""
        return self.by_field.get(detector, {}).get(name, ())

    def __getitem__(self, rule: str) -> Rule:
        return self.rules[rule]


def load_rules(*files: str | Path) -> RuleSet:
    """Read the package's rules and, on top, your own files.

    Parameters
    ----------
    *files : str or Path
        TOML files with ``[[rule]]`` and ``[[marker]]`` entries and tables in the form of the package's own
        (``fakeproof/metadata/tables``). A rule with a known id replaces it, markers are added, table entries are
        merged.

    Raises
    ------
    ParameterError
        A file cannot be read or an entry breaks the schema; names the file, the entry and what is allowed.

    Examples
    --------
    >>> load_rules()["platforms.fbmd"].strength
    'strong'
    """
    paths = tuple(Path(f) for f in files)
    try:
        keys = tuple((str(p), p.stat().st_mtime_ns) for p in paths)
    except OSError as error:
        raise ParameterError("rules", error.filename, "a readable TOML file") from None
    return _load(keys)


@lru_cache(maxsize=8)
def _load(keys: tuple[tuple[str, int], ...]) -> RuleSet:
    folder = resources.files("fakeproof.metadata") / "tables"
    sources = [(f"{name}.toml", (folder / f"{name}.toml").read_text(encoding="utf-8")) for name in _SHIPPED]
    for path, _ in keys:
        try:
            sources.append((path, Path(path).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise ParameterError("rules", path, f"a TOML file in UTF-8 ({error})") from None
    return _build(sources)


def _build(sources: Iterable[tuple[str, str]]) -> RuleSet:
    rules: dict[str, Rule] = {}
    markers: list[Marker] = []
    tables: dict[str, dict[str, Any]] = {}
    for name, text in sources:
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ParameterError("rules", name, f"valid TOML ({error})") from None
        groups = {**tables.get("fields", {}), **values.get("fields", {})}
        for entry in values.pop("rule", []):
            rule = _rule(name, entry)
            rules[rule.id] = rule
        for entry in values.pop("marker", []):
            markers.append(_marker(name, entry, groups, rules))
        for key, table in values.items():
            if not isinstance(table, dict):
                raise ParameterError(f"rules {name}", key, "a table")
            tables.setdefault(key, {}).update(table)
    by_field: dict[str, dict[str, tuple[Marker, ...]]] = {name: {} for name in DETECTORS}
    for marker in markers:
        known = by_field[rules[marker.rule].detector]
        for one in marker.fields:
            known[one] = (*known.get(one, ()), marker)
    return RuleSet(rules, tuple(markers), tables, by_field)


def _rule(name: str, entry: Any) -> Rule:
    where = f"rule {entry.get('id', '?')} in {name}" if isinstance(entry, dict) else f"rule in {name}"
    if not isinstance(entry, dict) or set(entry) != _RULE_KEYS:
        wrong = sorted(set(entry) ^ _RULE_KEYS) if isinstance(entry, dict) else entry
        raise ParameterError(where, wrong, f"exactly the keys {', '.join(sorted(_RULE_KEYS))}")
    for key, value in entry.items():
        if not isinstance(value, str) or not value.strip():
            raise ParameterError(f"{where}, {key}", value, "a text that is not empty")
    for lang in ("en", "zh"):
        try:
            list(Formatter().parse(entry[lang]))
        except ValueError as error:
            raise ParameterError(
                f"{where}, {lang}", entry[lang], f"words in braces, such as {{name}} ({error})"
            ) from None
    if entry["detector"] not in DETECTORS or not entry["id"].startswith(entry["detector"] + "."):
        raise ParameterError(f"{where}, detector", entry["detector"], DETECTORS)
    if entry["strength"] not in STRENGTHS:
        raise ParameterError(f"{where}, strength", entry["strength"], STRENGTHS)
    if entry["category"] != DETECTORS[entry["detector"]].value:
        raise ParameterError(f"{where}, category", entry["category"], DETECTORS[entry["detector"]].value)
    return Rule(**{**entry, "category": Category(entry["category"])})


def _marker(name: str, entry: Any, groups: Mapping[str, Any], rules: Mapping[str, Rule]) -> Marker:
    where = f"marker {entry.get('name', '?')} in {name}" if isinstance(entry, dict) else f"marker in {name}"
    if not isinstance(entry, dict) or not set(entry) <= _MARKER_KEYS:
        wrong = sorted(set(entry) - _MARKER_KEYS) if isinstance(entry, dict) else entry
        raise ParameterError(where, wrong, sorted(_MARKER_KEYS))
    for key in ("rule", "name", "in", "source"):
        if not entry.get(key):
            raise ParameterError(where, f"no {key!r}", "entries with rule, name, in, source and text or pattern")
    if entry["rule"] not in rules:
        raise ParameterError(f"{where}, rule", entry["rule"], "the id of a rule that is defined before")
    if entry.get("strength", "weak") not in STRENGTHS:
        raise ParameterError(f"{where}, strength", entry["strength"], STRENGTHS)
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
