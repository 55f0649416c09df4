"""What each platform's report form takes: data in platforms/*.toml, with what nobody has verified named as such."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Self

from fakeproof.errors import ParameterError
from fakeproof.order import Order
from fakeproof.types import Category, Language
from fakeproof.words import phrase, said

__all__ = ["Form", "Platform", "platform", "platforms"]


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A report form.

    Parameters
    ----------
    key : str
        ``'pinduoduo'``.
    name : mapping
        By language.
    statement, pictures, bytes, side : int
        Characters of the statement; pictures of a report; bytes and longer side, px, of a picture.
    reasons : mapping
        What the form calls each claim, by category.
    language : str
        Of the form.
    unverified : tuple of str
        Fields that rest on a guess.
    """

    key: str
    name: Mapping[Language, str]
    statement: int
    pictures: int
    bytes: int
    side: int
    reasons: Mapping[str, str]
    language: Language
    unverified: tuple[str, ...] = ()

    def reason(self, category: Category, lang: Language) -> str:
        """Return what the form calls a claim; merchants of other languages see our name for it beside the form's."""
        ours, theirs = category.label(lang), self.reasons[category.value]
        return theirs if lang == self.language else f"{ours} ({theirs})"

    def warning(self, lang: Language) -> str:
        """Name what is not verified, empty where all is."""
        if not self.unverified:
            return ""
        return phrase(
            "checklist.unverified",
            platform=said(self.name, lang),
            fields=[phrase(f"form.{name}") for name in self.unverified],
        )[lang]


@cache
def platforms() -> tuple[str, ...]:
    """Return the keys of the platforms that there are."""
    folder = resources.files(__package__) / "platforms"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


@cache
def platform(key: str) -> Platform:
    """Return a platform's form.

    Raises
    ------
    ParameterError
        There is no such platform; names those that there are.
    """
    if key not in platforms():
        raise ParameterError("platform", key, platforms())
    file = resources.files(__package__) / "platforms" / f"{key}.toml"
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    return Platform(key=key, **{**values, "unverified": tuple(values["unverified"])})


MOST_PICTURES, MOST_SIDE = 9, 4096
"""What any form that we know of takes at most."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What one submission has to fit: a platform's form, narrowed by the caller.

    Parameters
    ----------
    lang : str
    platform : Platform
    statement, pictures, bytes, side : int
        As for :class:`Platform`.
    captions : bool
        Whether the pictures carry their words.
    dated : date, optional
        The day that pictures and overview carry; else that of the order's `reported_at`.
    """

    lang: Language
    platform: Platform
    statement: int
    pictures: int
    bytes: int
    side: int
    captions: bool = True
    dated: date | None = None

    @classmethod
    def of(
        cls, lang: Language, name: str = "pinduoduo", *, limit: int | None = None, limit_pictures: int | None = None,
        limit_bytes: int | None = None, captions: bool = True, dated: date | None = None,
    ) -> Self:  # fmt: skip
        """Take a platform's form and the caller's limits.

        Raises
        ------
        ParameterError
            No such platform, or a number of pictures that no form takes.
        """
        form = platform(name)
        pictures = form.pictures if limit_pictures is None else limit_pictures
        if not 1 <= pictures <= MOST_PICTURES:
            raise ParameterError("limit_pictures", pictures, f"1 to {MOST_PICTURES}")
        return cls(
            lang=lang,
            platform=form,
            statement=form.statement if limit is None else limit,
            pictures=pictures,
            bytes=form.bytes if limit_bytes is None else limit_bytes,
            side=min(form.side, MOST_SIDE),
            captions=captions,
            dated=dated,
        )

    def reason(self, category: Category) -> str:
        """Return what the form calls a claim."""
        return self.platform.reason(category, self.lang)

    def warning(self) -> str:
        """Name what is not verified."""
        return self.platform.warning(self.lang)

    def day(self, order: Order | None) -> str:
        """Return the day of the submission, empty where nobody said one."""
        day = self.dated or (order.reported_at if order is not None else None)
        return f"{day:%Y-%m-%d}" if day else ""
