"""The overview above the claims: what to submit first and why, what is left of the reports, what to ask the buyer for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fakeproof.exhibits.chat import chat_lines
from fakeproof.exhibits.platform import Form
from fakeproof.exhibits.report import headline
from fakeproof.exhibits.statement import ask, checklist, statement
from fakeproof.findings import shown_name
from fakeproof.types import Language
from fakeproof.words import text

if TYPE_CHECKING:
    from fakeproof.evidence import CategoryScore
    from fakeproof.order import Report
    from fakeproof.verdict import CaseVerdict, Verdict

__all__ = ["appeal", "case_overview", "overview"]


def overview(verdict: Verdict, folders: Sequence[tuple[str, CategoryScore]], form: Form) -> str:
    """Return the overview of one photo's submission."""
    lang, order = form.lang, verdict.order
    lines = [text("overview.title", lang), "", text("overview.photo", lang, name=shown_name(verdict.photo.name))]
    if order is not None and order.number:
        lines.append(text("overview.order", lang, number=order.number))
    if form.day(order):
        lines.append(text("overview.dated", lang, day=form.day(order)))
    lines += ["", headline(verdict, lang)]
    for number, (folder, score) in enumerate(folders, 1):
        lines.append(text("overview.first", lang, number=number, folder=folder, wording=score.wording(lang)))
    lines.append(text("overview.first_because" if folders else "overview.nothing", lang))
    lines += _section(_reports(verdict, folders, form))
    missing = [said for done, said in checklist(verdict, lang) if not done]
    lines += _section([text("overview.missing", lang), *(f"[ ] {said}" for said in missing)] if missing else [])
    lines += _section([text("page.chat", lang), *chat_lines(verdict, lang)] if chat_lines(verdict, lang) else [])
    wanted = ask(verdict, lang)
    lines += _section([text("overview.ask", lang), *wanted] if wanted else [])
    return "\n".join(lines)


def _section(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


def _reports(verdict: Verdict, folders: Sequence[tuple[str, CategoryScore]], form: Form) -> list[str]:
    """Say what was reported before, what is left, and whether this one would bring anything new."""
    order, lang = verdict.order, form.lang
    if order is None or not (order.reports or order.report_limit):
        return []
    lines = [text("overview.reports", lang)] if order.reports else []
    lines += [_report(report, lang) for report in order.reports]
    left = None if order.report_limit is None else max(0, order.report_limit - len(order.reports))
    if left is not None:
        lines.append(text("overview.left" if left else "overview.none_left", lang, left=left, limit=order.report_limit))
    if order.reports and folders and left != 0:
        known = {verdict.photo.sha256, shown_name(verdict.photo.name)}
        before = {r.category for r in order.reports if shown_name(r.photo) in known}
        new = [folder for folder, score in folders if score.category not in before]
        lines.append(text("overview.new_since" if new else "overview.same_again", lang, what=new))
    return lines


def _report(report: Report, lang: Language) -> str:
    reason, at = report.category.label(lang), f"{report.at:%Y-%m-%d}"
    key = "overview.answered" if report.outcome else "overview.report"
    return text(key, lang, at=at, reason=reason, photo=shown_name(report.photo), outcome=report.outcome)


def appeal(verdict: Verdict, folder: str, form: Form) -> str:
    """Return the sheet for an order that was refunded already, with its deadline as given."""
    lang, order = form.lang, verdict.order
    assert order is not None, "asked for only where the order says that it was refunded"
    until = order.appeal_until
    lines = [text("appeal.title", lang), ""]
    if order.number:
        lines.append(text("overview.order", lang, number=order.number))
    if order.refunded_at is not None:
        lines.append(text("appeal.refunded", lang, at=f"{order.refunded_at:%Y-%m-%d %H:%M}"))
    lines.append(
        text("appeal.until" if until else "appeal.no_deadline", lang, at=f"{until:%Y-%m-%d %H:%M}" if until else "")
    )
    lines.append(text("appeal.grounds", lang, statement=statement(verdict, lang, form.statement)))
    lines.append(text("appeal.attached", lang, folder=folder))
    return "\n".join(lines)


def case_overview(case: CaseVerdict, lang: Language) -> str:
    """Return the overview of a case: which photo to report first, what is missing, what the photos share."""
    lines = [text("overview.case_order", lang)]
    for number, verdict in enumerate(case.recommended, 1):
        best = verdict.best
        assert best is not None, "recommended photos have a supported category"
        name, reason = shown_name(verdict.photo.name), best.category.label(lang)
        lines.append(
            text("overview.case_photo", lang, number=number, name=name, reason=reason, wording=best.wording(lang))
        )
    if not case.recommended:
        lines.append(text("overview.case_nothing", lang))
    missing = case.missing(lang)
    lines += _section([text("overview.missing", lang), *(f"[ ] {said}" for said in missing)] if missing else [])
    if case.links:
        names = [f"{i} {shown_name(v.photo.name)}" for i, v in enumerate(case.verdicts, 1)]
        lines += _section([text("overview.between", lang, names=names), *(link.wording(lang) for link in case.links)])
    lines += _section([problem.wording(lang) for problem in case.problems])
    return "\n".join(lines)
