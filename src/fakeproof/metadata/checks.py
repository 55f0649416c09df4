"""All metadata checks of a photo in one call."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fakeproof.detector import listed
from fakeproof.metadata.rules import RuleSet, load_rules

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.metadata.order_context import Tolerances
    from fakeproof.order import Order
    from fakeproof.photo import Photo

__all__ = ["check"]


def check(
    photo: Photo,
    /,
    *,
    order: Order | None = None,
    rules: RuleSet | Iterable[str | Path] = (),
    thumbnails: bool = True,
    tolerances: Tolerances | None = None,
    only: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """Read what the file itself says, and hold it against the order.

    Positive-only: missing metadata, a re-save or a standard table support nothing, and a file without metadata gives
    no finding that weighs.

    Parameters
    ----------
    photo : Photo
    order : Order, optional
        Times, place, names as received, other photos; without it :func:`order_context` is left out.
    rules : RuleSet or iterable of paths
        Your own TOML files on top of the package's rules, see :func:`load_rules`.
    thumbnails : bool
        Also compare the embedded thumbnail with the picture.
    tolerances : Tolerances, optional
        For the order's rules.
    only : collection of str, optional
        Names of the checks to make; all if left out.

    Returns
    -------
    tuple of Finding
        The strongest first. Each has ``facts["rule"]``, ``["kind"]``, ``["strength"]``, ``["statement"]``,
        ``["source"]`` and ``["quotes"]`` (field, tag, value, offset, the exiftool option that shows it). Its `score`
        follows the strength: 0 neutral, 1 weak, 2 moderate, 3 strong, 4 decisive; from 2 on it supports its
        category. Several findings of one detector share causes: the strongest counts.

    Examples
    --------
    >>> import fakeproof as fp
    >>> import numpy as np
    >>> fp.metadata.check(fp.Photo.from_array(np.zeros((64, 64, 3), np.uint8)))
    ()
    """
    known = rules if isinstance(rules, RuleSet) else load_rules(*rules)
    given = {"order": order, "rules": known, "thumbnails": thumbnails, "tolerances": tolerances}
    out: list[Finding] = []
    for check in listed("fakeproof.metadata"):
        if (only is None or check.name in only) and (check.needs == "photo" or order is not None):
            out += check.run(photo, **{name: value for name, value in given.items() if name in check.takes})
    return tuple(sorted(out, key=lambda f: -f.score))
