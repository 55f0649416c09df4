"""Which detectors look at a photo, at what, and after whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from fakeproof.detector import Detector, registered
from fakeproof.findings import Finding, Match, NotApplicable
from fakeproof.intake import Given, provided
from fakeproof.photo import Photo
from fakeproof.steps import Control, Step

__all__ = ["METADATA", "matches_of", "plan"]

METADATA = "metadata"
"""Name of the step in which all checks of the file are made."""
MATCHING = "match_sources"
RECAPTURE = "recapture"

Answers: TypeAlias = "Sequence[Finding | NotApplicable]"
Run: TypeAlias = "Callable[[Answers], Any]"


def plan(photo: Photo, given: Given, control: Control) -> tuple[list[Step], list[NotApplicable]]:
    """Return the steps, room by room in the order of the stubs, and the answers of those that the caller left out."""
    from fakeproof import edited, metadata, product, web

    asked = _Plan(photo, given, control)
    asked.checks(metadata.detectors())
    for room in (web, edited, product):
        asked.room(room.detectors())
    asked.room(registered(), heard=[step.name for step in asked.steps])
    return asked.steps, asked.left_out


def matches_of(answers: Iterable[Any]) -> tuple[Match, ...]:
    """Return the verified matches among answers, the best first."""
    return tuple(match for answer in answers if isinstance(answer, Finding) for match in answer.matches)


@dataclass
class _Plan:
    """What was asked so far; lives for one analysis."""

    photo: Photo
    given: Given
    control: Control
    steps: list[Step] = field(default_factory=list)
    left_out: list[NotApplicable] = field(default_factory=list)

    def checks(self, records: Iterable[Detector]) -> None:
        """Ask for the checks of the file, in one step: they share what they read."""
        from fakeproof.metadata import check

        photo, order, rules = self.photo, self.given.order, self.control.rules
        usable = [record for record in records if record.needs == "photo" or order is not None]
        wanted = tuple(filter(self.control.wants, usable))
        self.left_out += [a for r in usable if r not in wanted for a in _step(r, tuple).not_done("left_out")]
        names = frozenset(record.name for record in wanted)
        if wanted:
            run: Run = lambda _: check(photo, order=order, rules=rules, only=names)
            self.steps.append(Step(name=METADATA, run=run, looks=wanted))

    def room(self, records: Iterable[Detector], heard: Iterable[str] = ()) -> None:
        """Ask the detectors of a room; those that listen to others come last."""
        heard = list(heard)
        for record in sorted(records, key=lambda record: record.needs == "findings"):
            run = self._run(record)
            if run is None:
                continue
            if not self.control.wants(record):
                self.left_out += _step(record, run).not_done("left_out")
                continue
            after = {"source": [MATCHING], "findings": heard}.get(record.needs, [])
            if record.name == MATCHING and RECAPTURE in heard:
                after = [RECAPTURE]
            self.steps.append(_step(record, run, tuple(after)))
            heard.append(record.name)

    def _run(self, record: Detector) -> Run | None:
        """Return how a detector is called, or None where what it needs was not given."""
        run, photo, given = record.run, self.photo, self.given
        if record.needs == "photo":
            said = {"order": given.order} if "order" in record.takes and given.order is not None else {}
            return lambda _: run(photo, **said)
        if record.needs == "order":
            return None if given.order is None else lambda _: run(photo, order=given.order)
        if record.needs == "products":
            return (lambda _: run(photo, given.goods)) if given.goods else None
        if record.needs == "sources":
            if record.name == MATCHING:
                return lambda answers: _matched(record, photo, given, answers, thorough=self.control.match == "auto")
            return (lambda _: run(photo, given.candidates)) if len(given.candidates) else None
        if record.needs == "source":
            there = any(step.name == MATCHING for step in self.steps)
            return (lambda answers: _against_best(record, photo, answers)) if there else None
        return lambda answers: run(photo, findings=tuple(answers))


def _step(record: Detector, run: Run, after: tuple[str, ...] = ()) -> Step:
    return Step(name=record.name, run=run, looks=(record,), after=after)


def _matched(record: Detector, photo: Photo, given: Given, heard: Answers, *, thorough: bool) -> Answers:
    """Hold the photo against candidate originals, then against the shop's own pictures; a screen's picture, too."""
    from fakeproof.web.recapture_search import match_screen

    def search(sources: Any) -> Any:
        answer = record.run(photo, sources, thorough=thorough)
        if not isinstance(answer, Finding) or answer.matches:
            return answer
        screens = (match_screen(photo, seen, sources) for seen in heard if isinstance(seen, Finding))
        return next((found for found in screens if found is not None), answer)

    answers = []
    if len(given.candidates) or not given.providers:
        answers.append(search(given.candidates))
    if given.providers:
        found, problems = provided(photo, given.providers)
        answer = search(found)
        answers.append(replace(answer, unreadable=(*answer.unreadable, *problems)))
    own = search(given.listings)
    if isinstance(own, Finding) and (own.matches or own.unreadable):
        answers.append(own)  # a buyer's photo need not come from the listing: no match there says nothing
    return answers


def _against_best(record: Detector, photo: Photo, answers: Answers) -> Any:
    """Hold the photo against its best original, which the match has opened."""
    for match in matches_of(answers):
        return record.run(photo, match.photo, match=match)
    return ()
