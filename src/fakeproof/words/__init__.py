"""The sentences of this package: a key and its values here, one file of texts a language beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from string import Formatter
from types import MappingProxyType
from typing import Any

from fakeproof.errors import ParameterError

__all__ = [
    "FALLBACK",
    "Phrase",
    "check_language",
    "frozen_words",
    "known",
    "languages",
    "phrase",
    "said",
    "teach",
    "text",
]

FALLBACK = "en"
"""The language that every key has: what another lacks is said in it."""
_FORMS = frozenset({"one", "other"})
"""A text in several forms: ``one`` where the value `count` is 1, else ``other``; a language may do with ``other``."""
_TAUGHT: dict[str, dict[str, Any]] = {}
"""Texts of detectors that joined from outside, by language."""


class Phrase(Mapping[str, str]):
    """A message: its key in the files of texts, and the values that fill it. Reads as a mapping of language to text.

    Parameters
    ----------
    key : str
        Section and name, ``"copy_move.found"``.
    given : mapping
        Values for the words in braces: numbers, texts, other phrases, or sequences of them. A sequence is joined by the
        language's own mark, named after the colon: ``{traces:comma}``, ``{parts:semicolon}``, ``{parts:sentence}``.

    Examples
    --------
    >>> from fakeproof.words import phrase
    >>> small = phrase("shared.too_small", size="96x96", least=128)
    >>> small["en"], small["zh"], small.key
    ('96x96 is below 128 px', '96x96 小于 128 像素', 'shared.too_small')
    """

    __slots__ = ("given", "key")

    def __init__(self, key: str, given: Mapping[str, Any] | None = None) -> None:
        self.key = key
        self.given: Mapping[str, Any] = MappingProxyType(dict(given or {}))

    def __getitem__(self, lang: str) -> str:
        if lang not in languages():
            raise KeyError(lang)
        return _filled(self.key, lang, self.given)

    def __iter__(self) -> Iterator[str]:
        return iter(languages())

    def __len__(self) -> int:
        return len(languages())

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self) -> tuple[Any, ...]:
        return Phrase, (self.key, dict(self.given))

    def __repr__(self) -> str:
        return f"Phrase({self.key!r}, {dict(self.given)!r})"


def phrase(key: str, /, **given: Any) -> Phrase:
    """Return the message `key`, filled with values."""
    return Phrase(key, given)


def text(key: str, lang: str, /, **given: Any) -> str:
    """Return the message `key` in one language."""
    return _filled(key, lang, given)


def known(key: str) -> bool:
    """Whether there is a text for a key."""
    return key in _TAUGHT.get(FALLBACK, {}) or key in _texts(FALLBACK)


def teach(section: str, texts: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the texts of a detector from outside: by language, then by name.

    Examples
    --------
    >>> from fakeproof.words import teach, text
    >>> teach("toy", {"en": {"name": "toy", "trace": "toy-like"}, "zh": {"name": "玩具", "trace": "像玩具"}})
    >>> text("toy.name", "zh")
    '玩具'
    """
    for lang, said in texts.items():
        check_language(lang)
        _TAUGHT.setdefault(lang, {}).update(_flat(said, f"{section}."))


def frozen_words(words: Mapping[str, str]) -> Mapping[str, str]:
    """Return a phrase as it is, and texts by language as a mapping that cannot change."""
    return words if isinstance(words, Phrase) else MappingProxyType(dict(words))


def said(words: Mapping[str, str], lang: str) -> str:
    """Return a text in the language asked for; in English where it has no other."""
    return words.get(lang) or words.get(FALLBACK, "")


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that there is a file of texts for, English first."""
    found = {f.name.removesuffix(".toml") for f in resources.files(__name__).iterdir() if f.name.endswith(".toml")}
    return (FALLBACK, *sorted(found - {FALLBACK}))


def check_language(lang: str) -> None:
    """Refuse a language that there are no texts for.

    Raises
    ------
    ParameterError
        Names the languages that there are.
    """
    if lang not in languages():
        raise ParameterError("lang", lang, languages())


@cache
def _texts(lang: str) -> Mapping[str, Any]:
    import tomllib  # read on the first word that is said, not on import

    check_language(lang)
    file = resources.files(__name__) / f"{lang}.toml"
    return MappingProxyType(_flat(tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Join the names of nested tables by dots; a text in several forms stays one entry."""
    out: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping) and not set(value) <= _FORMS:
            out.update(_flat(value, f"{prefix}{name}."))
        else:
            out[prefix + name] = value
    return out


def _filled(key: str, lang: str, given: Mapping[str, Any]) -> str:
    said = _found(key, lang)
    if isinstance(said, Mapping):
        said = said.get("one" if given.get("count") == 1 else "other", said["other"])
    return _Filler(lang).vformat(said, (), given) if "{" in said else str(said)


def _found(key: str, lang: str) -> Any:
    check_language(lang)
    for one in (lang, FALLBACK):
        for texts in (_texts(one), _TAUGHT.get(one, {})):
            if key in texts:
                return texts[key]
    raise KeyError(f"there is no text {key!r} in {FALLBACK}.toml")


class _Filler(Formatter):
    """Fills values in: phrases in its language, sequences joined by the language's marks."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Mapping):
            return str(value.get(self.lang) or value[FALLBACK])
        if isinstance(value, Sequence) and not isinstance(value, str):
            mark = str(_found(f"join.{format_spec or 'comma'}", self.lang))
            return mark.join(filter(None, (self.format_field(v, "") for v in value)))
        return str(format(value, format_spec))
