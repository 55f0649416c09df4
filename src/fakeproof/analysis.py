"""The only place that wires detectors to a scorer: take in, gather, weigh."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fakeproof.case import cross_check, recaptures
from fakeproof.detector import detectors as all_detectors
from fakeproof.errors import PhotoError
from fakeproof.evidence.scorer import Scorer
from fakeproof.findings import Finding, NotApplicable, Problem
from fakeproof.intake import Given, read_photos
from fakeproof.order import Order
from fakeproof.photo import Photo
from fakeproof.plan import matches_of, plan
from fakeproof.steps import Control, OnStep, log, walk
from fakeproof.steps import Match as Matching
from fakeproof.verdict import CaseVerdict, Verdict

if TYPE_CHECKING:
    from fakeproof.metadata.rules import RuleSet
    from fakeproof.product.references import ProductReferences
    from fakeproof.web.index import SourceIndex

__all__ = ["analyze", "analyze_case", "warm_up"]

PhotoLike: TypeAlias = "Photo | str | Path | bytes"


def analyze(
    photo: PhotoLike,
    *,
    sources: Iterable[Any] | SourceIndex | None = None,
    products: Iterable[Any] | ProductReferences | Mapping[str, Any] | None = None,
    order: Order | None = None,
    scorer: Scorer | None = None,
    detectors: Collection[str] | None = None,
    skip: Collection[str] = (),
    rules: RuleSet | Iterable[str | Path] | None = None,
    budget_s: float | None = None,
    threads: int = 1,
    match: Matching = "auto",
    on_step: OnStep | None = None,
) -> Verdict:
    """Read a photo, gather findings, weigh them, and hand over a verdict.

    Parameters
    ----------
    photo : Photo, path or bytes
        The questioned photo.
    sources : iterable of Photo, path, bytes or Source, or a SourceIndex, optional
        Candidate originals. One that cannot be read is named in ``verdict.problems``; the rest goes on. A callable, alone
        or among them, is a provider: it is asked with the crops worth searching for (:func:`fakeproof.web.search_crops`)
        and returns sources, so that a search of your own can be plugged in. One that fails is a problem, not an error.
    products : iterable of Photo, path or bytes, ProductReferences, or mapping of names to either, optional
        The shop's own photos of the product, 1 to 20, or what :func:`fakeproof.product.prepare` made of them; a
        mapping where the order holds several products. They are also candidate originals: a buyer's photo that is the
        shop's listing picture is a web image.
    order : Order, optional
        Times, place and file names of the order.
    scorer : Scorer, optional
        ``Scorer.default()`` if left out.
    detectors : collection of str, optional
        The only detectors that look, by name; all if left out.
    skip : collection of str
        Detectors that do not look. What was left out stands in ``verdict.skipped``; it is neutral, never innocent.
    rules : RuleSet or iterable of paths, optional
        Your own metadata rules on top of the package's, see :func:`fakeproof.metadata.load_rules`.
    budget_s : float, optional
        Seconds after which no further detector starts; one that has started ends first. Those that did not look stand in
        ``verdict.skipped``. The same photo can then give other numbers on a slower machine.
    threads : int
        Detectors that run side by side. The numbers are the same to the bit; memory grows with it.
    match : {'auto', 'quick', 'off'}
        How candidate originals are compared: with slower keypoints where the quick ones find nothing, without them, or
        not at all.
    on_step : callable, optional
        Called after each step with its name, how many are done, and how many there are; for progress bars.

    Returns
    -------
    Verdict
        ``verdict.timings`` tells the seconds that each step took.

    Raises
    ------
    PhotoError
        The questioned photo cannot be read. Nothing else raises on content.
    ParameterError
        `order` is not an Order, or a name or number is not allowed; it says what is.
    CalibrationError
        The scorer's cards belong to other versions of the detectors.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> cat = fp.Photo.from_array(skimage.data.chelsea(), name="cat")
    >>> verdict = fp.analyze(cat, detectors=["noise", "copy_move"])
    >>> verdict.web_image.decision, list(verdict.timings)
    ('not_examined', ['noise', 'copy_move'])
    """
    given = Given.take(sources=sources, products=products, order=order)
    control = Control(
        detectors=detectors,
        skip=skip,
        rules=_rules(rules),
        budget_s=budget_s,
        threads=threads,
        match=match,
        on_step=on_step,
    )
    return _analyze(Photo.of(photo), given, scorer, control)


def analyze_case(
    photos: Iterable[Any],
    *,
    order: Order | None = None,
    products: Iterable[Any] | ProductReferences | Mapping[str, Any] | None = None,
    sources: Iterable[Any] | SourceIndex | None = None,
    scorer: Scorer | None = None,
    **control: Any,
) -> CaseVerdict:
    """Analyse all photos of one order and hold them against each other.

    Parameters
    ----------
    photos : iterable of Photo, path or bytes
        The buyer's photos. One that cannot be read is named in ``problems``; the rest goes on.
    order, products, sources, scorer
        As for :func:`analyze`. A SourceIndex of earlier evidence tells photos that were used in other orders.
    **control
        ``detectors``, ``skip``, ``rules``, ``budget_s`` (of each photo), ``threads``, ``match`` and ``on_step`` of
        :func:`analyze`.

    Returns
    -------
    CaseVerdict
        Which photo to report for which reason and in which order, what is missing, and what the photos share.

    Raises
    ------
    PhotoError
        None of the photos could be read.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> shots = [skimage.data.chelsea(), skimage.data.chelsea()[20:280, 30:430]]
    >>> case = fp.analyze_case([fp.Photo.from_array(s, name=f"{i}.png") for i, s in enumerate(shots)])
    >>> case.links[0].kind
    'same_picture'
    """
    how = Control(**{**control, "rules": _rules(control.get("rules"))})
    shots, problems = read_photos(photos, "photo")
    if not shots:
        raise PhotoError("case", "; ".join(map(str, problems)) or "holds no photo", value=0)
    given = Given.take(sources=sources, products=products, order=order)
    for_each = replace(given, problems=())
    verdicts = tuple(_analyze(shot, for_each, scorer, how) for shot in shots)
    links = (*cross_check(shots), *recaptures(verdicts))
    return CaseVerdict(verdicts=verdicts, links=links, problems=(*problems, *given.problems), order=order)


def _analyze(photo: Photo, given: Given, scorer: Scorer | None, control: Control) -> Verdict:
    weigh = scorer if scorer is not None else Scorer.default()
    steps, left_out = plan(photo, given, control)
    said, timings = walk(steps, control)
    answers = list(chain(*said.values(), left_out))
    findings = tuple(a for a in answers if isinstance(a, Finding))
    skipped = tuple(a for a in answers if isinstance(a, NotApplicable))
    matches = matches_of(said.get("match_sources", ()))
    problems: list[Problem] = []
    for problem in chain(given.problems, *(answer.unreadable for answer in answers)):
        if problem not in problems:
            problems.append(problem)
            log.warning("%s: %s", photo.name, problem)
    return Verdict(
        photo=photo,
        scores=weigh.score(findings, skipped, chain=photo.chain.kind),
        findings=findings,
        skipped=skipped,
        problems=tuple(problems),
        products=given.products,
        sources=tuple(match.photo for match in matches),
        order=given.order,
        timings=timings,
    )


def _rules(rules: RuleSet | Iterable[str | Path] | None) -> RuleSet:
    from fakeproof.metadata.rules import RuleSet, load_rules

    if isinstance(rules, RuleSet):
        return rules
    return load_rules(*([rules] if isinstance(rules, str | Path) else rules or ()))


def warm_up() -> None:
    """Load or compile every kernel, so that the first real photo is as fast as the tenth.

    For services: call it once before forking or before taking requests. It analyses a small generated photo against
    itself, reads it once more as a progressive JPEG, and calls what only rare photos reach.
    """
    import io

    import numpy as np
    from PIL import Image

    width, height = _WARM_UP_SIZE
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(smooth + rng.integers(-6, 7, (height, width, 3)), 0, 255).astype(np.uint8)
    baseline, progressive = (io.BytesIO(), io.BytesIO())
    Image.fromarray(noisy).save(baseline, "JPEG", quality=90)
    Image.fromarray(noisy).save(progressive, "JPEG", quality=90, progressive=True)
    photo = Photo.from_bytes(baseline.getvalue())
    analyze(photo, sources=[Photo.from_array(noisy)], products=[Photo.from_array(noisy[::-1])])
    again = Photo.of(progressive.getvalue()).jpeg
    if again is not None:
        again.coefficients()
    for detector in all_detectors():
        if detector.warm_up is not None:
            detector.warm_up(photo)


_WARM_UP_SIZE = (240, 208)
"""Width and height, px: a little above what the most demanding detector, `resampling`, looks at."""
