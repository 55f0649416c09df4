"""The steps of an analysis, walked one after the other or side by side: bounded, timed, observed, always in one order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal, TypeAlias, get_args

from fakeproof.detector import Detector, detectors
from fakeproof.errors import ParameterError
from fakeproof.findings import NotApplicable
from fakeproof.words import phrase

__all__ = ["Control", "Match", "OnStep", "Step", "log", "walk"]

OnStep: TypeAlias = "Callable[[str, int, int], Any]"
"""Called after each step with its name, how many are done, and how many there are."""
Match: TypeAlias = Literal["auto", "quick", "off"]
"""How candidate originals are compared: thoroughly, with the quick keypoints alone, or not."""

log = logging.getLogger("fakeproof")
log.addHandler(logging.NullHandler())  # a library says nothing on stderr of itself


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    name : str
        The detector that looks, or ``metadata`` for all checks of the file.
    run : callable
        Takes the answers of the steps that it waits for, in their order; returns its own, one or a sequence.
    after : tuple of str
        Names of steps that must be done before.
    looks : tuple of Detector
        Who has not looked where the step is not done.
    """

    name: str
    run: Callable[[Sequence[Any]], Any]
    looks: tuple[Detector, ...]
    after: tuple[str, ...] = ()

    @property
    def cost(self) -> int:
        """Rough processor time, ms: side by side the longest start first."""
        return sum(record.cost_ms for record in self.looks)

    def not_done(self, reason: str) -> list[NotApplicable]:
        """Return that nobody has looked, and why."""
        words = phrase(f"shared.{reason}")
        return [NotApplicable(detector=record.name, version=record.version, reason=words) for record in self.looks]


@dataclass(frozen=True, kw_only=True)
class Control:
    """What of an analysis is done and how; its parameters are those of :func:`fakeproof.analyze`."""

    detectors: Collection[str] | None = None
    skip: Collection[str] = ()
    rules: Any = ()
    budget_s: float | None = None
    threads: int = 1
    match: Match = "auto"
    on_step: OnStep | None = None

    def __post_init__(self) -> None:
        for parameter in ("detectors", "skip"):
            self._check_names(parameter)
        if self.budget_s is not None and not self.budget_s > 0:
            raise ParameterError("budget_s", self.budget_s, "seconds above 0")
        if isinstance(self.threads, bool) or not isinstance(self.threads, int) or self.threads < 1:
            raise ParameterError("threads", self.threads, "1 or more")
        if self.match not in get_args(Match):
            raise ParameterError("match", self.match, get_args(Match))

    def _check_names(self, parameter: str) -> None:
        names = getattr(self, parameter)
        if isinstance(names, str):
            raise ParameterError(parameter, names, "a list of detectors' names")
        known = [record.name for record in detectors()]
        for name in names or ():
            if name not in known:
                raise ParameterError(parameter, name, known)

    def wants(self, record: Detector) -> bool:
        """Whether a detector is to look."""
        if record.name == "match_sources" and self.match == "off":
            return False
        return record.name not in self.skip and (self.detectors is None or record.name in self.detectors)


@dataclass
class _Walk:
    """What is done so far; lives for one analysis."""

    steps: Sequence[Step]
    control: Control
    began: float = field(default_factory=monotonic)
    answers: dict[str, Sequence[Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def ready(self) -> list[Step]:
        """Return the steps whose predecessors are done."""
        return [s for s in self.steps if s.name not in self.answers and all(name in self.answers for name in s.after)]

    def look(self, step: Step) -> tuple[Sequence[Any], float]:
        """Do one step, unless the time is over."""
        budget = self.control.budget_s
        if budget is not None and monotonic() - self.began >= budget:
            log.warning("%s: not looked at, the time budget of %g s is spent", step.name, budget)
            return step.not_done("time_budget"), 0.0
        start = monotonic()
        said = step.run([answer for name in step.after for answer in self.answers[name]])
        answers = said if isinstance(said, Sequence) else (said,)
        took = monotonic() - start
        log.debug("%s: %.3f s", step.name, took)
        return answers, took

    def done(self, step: Step, looked: tuple[Sequence[Any], float]) -> None:
        """Keep what a step answered, and tell whoever watches."""
        self.answers[step.name], self.seconds[step.name] = looked
        if self.control.on_step is not None:
            self.control.on_step(step.name, len(self.answers), len(self.steps))


def walk(steps: Sequence[Step], control: Control) -> tuple[dict[str, Sequence[Any]], Mapping[str, float]]:
    """Do all steps; return their answers and seconds by name, in the order of `steps` whatever finished first.

    Steps stand after those that they wait for. With one thread they run in their order.
    """
    progress = _Walk(steps, control)
    if control.threads == 1:
        for step in steps:
            progress.done(step, progress.look(step))
    else:
        _side_by_side(progress)
    return (
        {step.name: progress.answers[step.name] for step in steps},
        {step.name: progress.seconds[step.name] for step in steps},
    )


def _side_by_side(progress: _Walk) -> None:
    """Keep all threads busy, with the longest step that is ready first; an error ends it as it would in turn."""
    running: dict[Future[Any], Step] = {}
    with ThreadPoolExecutor(progress.control.threads, thread_name_prefix="fakeproof") as pool:
        try:
            while len(progress.answers) < len(progress.steps):
                busy = {step.name for step in running.values()}
                waiting = sorted((s for s in progress.ready() if s.name not in busy), key=lambda s: -s.cost)
                for step in waiting[: progress.control.threads - len(running)]:
                    running[pool.submit(progress.look, step)] = step
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(finished, key=lambda f: progress.steps.index(running[f])):
                    progress.done(running.pop(future), future.result())
        finally:
            for future in running:
                future.cancel()
