"""All that is made of a verdict, as its methods ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeproof.exhibits.compose import compose
from fakeproof.exhibits.dossier import write_case, write_dossier
from fakeproof.exhibits.explore import explore
from fakeproof.exhibits.report import page, summary
from fakeproof.exhibits.statement import checklist
from fakeproof.types import Language

if TYPE_CHECKING:
    from fakeproof.verdict import CaseVerdict

__all__ = ["case_dossier", "dossier", "exhibits", "explore", "missing", "page", "summary"]

exhibits = compose
dossier = write_dossier
case_dossier = write_case


def missing(case: CaseVerdict, lang: Language) -> tuple[str, ...]:
    """Return what would make the first report complete; where nothing is supported, what no photo of the case has."""
    asked = [checklist(v, lang) for v in ((case.best,) if case.best else case.verdicts)]
    return tuple(items[0][1] for items in zip(*asked, strict=True) if not any(done for done, _ in items))
