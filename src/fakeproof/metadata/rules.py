"""The rules and marker tables: read from TOML, checked against their schema, open to a user's own files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

from fakeproof.errors import ParameterError
from fakeproof.reading.signatures import Marker, Signatures, gather, parse_table, shipped_texts
from fakeproof.types import Category

__all__ = ["DETECTORS", "STRENGTHS", "VERSION", "Marker", "Rule", "RuleSet", "load_rules"]

VERSION = 2
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

_RULE_KEYS = frozenset({"id", "detector", "kind", "category", "strength", "statement", "source", "en", "zh"})


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


@dataclass(frozen=True)
class RuleSet:
    """All rules in force, and the signatures that fire them."""

    rules: Mapping[str, Rule]
    signatures: Signatures

    @property
    def markers(self) -> tuple[Marker, ...]:
        """All markers in force."""
        return self.signatures.markers

    @property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """All other tables in force."""
        return self.signatures.tables

    def markers_for(self, detector: str, name: str) -> tuple[Marker, ...]:
        """Return a detector's markers for one field."""
        return self.signatures.markers_for(detector, name)

    def __getitem__(self, rule: str) -> Rule:
        return self.rules[rule]


def load_rules(*files: str | Path) -> RuleSet:
    """Read the package's rules and, on top, your own files.

    Parameters
    ----------
    *files : str or Path
        TOML files with ``[[rule]]`` and ``[[marker]]`` entries and tables in the form of the package's own
        (``fakeproof/reading/tables``, ``fakeproof/metadata/tables``). A rule with a known id replaces it, markers are added, table entries are
        merged.

    Raises
    ------
    ParameterError
        A file cannot be read or an entry breaks the schema; names the file, the entry and what is allowed.

    Examples
    --------
    >>> from fakeproof.metadata.rules import load_rules
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
    rules = resources.files("fakeproof.metadata") / "tables" / "rules.toml"
    sources = [("rules.toml", rules.read_text(encoding="utf-8")), *shipped_texts()]
    for path, _ in keys:
        try:
            sources.append((path, Path(path).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise ParameterError("rules", path, f"a TOML file in UTF-8 ({error})") from None
    return _build(sources)


def _build(sources: Iterable[tuple[str, str]]) -> RuleSet:
    rules: dict[str, Rule] = {}
    tables: list[tuple[str, dict[str, Any]]] = []
    for name, text in sources:
        values = parse_table(name, text)
        found = [_rule(name, entry) for entry in values.pop("rule", [])]
        rules.update({rule.id: rule for rule in found})
        for entry in values.get("marker", []):
            _check_marker(name, entry, rules)
        tables.append((name, values))
    return RuleSet(rules, gather(tables))


def _check_marker(name: str, entry: Any, rules: Mapping[str, Rule]) -> None:
    """Raise where a marker fires no rule or an unknown strength; its other keys are checked where it is read."""
    if not isinstance(entry, dict):
        return
    where = f"marker {entry.get('name', '?')} in {name}"
    if entry.get("rule") and entry["rule"] not in rules:
        raise ParameterError(f"{where}, rule", entry["rule"], "the id of a rule that is defined before")
    if entry.get("strength", "weak") not in STRENGTHS:
        raise ParameterError(f"{where}, strength", entry["strength"], STRENGTHS)


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
