"""All that is made of a verdict, as its methods ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakeproof.errors import ParameterError
from fakeproof.exhibits.compose import compose
from fakeproof.exhibits.dossier import write_case, write_dossier
from fakeproof.exhibits.explore import explore
from fakeproof.exhibits.pdf import written
from fakeproof.exhibits.platform import Form
from fakeproof.exhibits.report import page, summary
from fakeproof.exhibits.statement import ask, checklist
from fakeproof.types import Language

if TYPE_CHECKING:
    from fakeproof.verdict import CaseVerdict, Verdict

__all__ = ["ask", "case_dossier", "dossier", "exhibits", "explore", "missing", "page", "pdf", "summary"]

exhibits = compose
pdf = written


def dossier(verdict: Verdict, folder: Path, lang: Language, *, overwrite: bool, **form: Any) -> Path:
    """Write a verdict's dossier to fit a platform's form."""
    return write_dossier(verdict, folder, form=_form(lang, form), overwrite=overwrite)


def case_dossier(case: CaseVerdict, folder: Path, lang: Language, *, overwrite: bool, **form: Any) -> Path:
    """Write a case's dossier to fit a platform's form."""
    return write_case(case, folder, form=_form(lang, form), overwrite=overwrite)


def _form(lang: Language, options: dict[str, Any]) -> Form:
    allowed = ("platform", "limit", "limit_pictures", "limit_bytes", "captions", "dated")
    for name in options:
        if name not in allowed:
            raise ParameterError("dossier option", name, allowed)
    return Form.of(lang, options.pop("platform", "pinduoduo"), **options)


def missing(case: CaseVerdict, lang: Language) -> tuple[str, ...]:
    """Return what would make the first report complete; where nothing is supported, what no photo of the case has."""
    asked = [checklist(v, lang) for v in ((case.best,) if case.best else case.verdicts)]
    return tuple(items[0][1] for items in zip(*asked, strict=True) if not any(done for done, _ in items))
