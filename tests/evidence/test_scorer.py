"""What must hold of any weighing: order, duplicates, silence, monotony, correlation, bounds, versions."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fakeproof as fp
from fakeproof.evidence.bounds import count_bounds, elub
from fakeproof.evidence.calibrate import MonotoneCalibrator
from fakeproof.evidence.card import Card, CategoryCard, DetectorCard
from fakeproof.evidence.fuse import fit_weights
from fakeproof.evidence.metrics import cllr
from fakeproof.evidence.score import CategoryScore, Contribution
from fakeproof.evidence.train import Cases, accusation_limit, fit_card
from fakeproof.types import Category
from fakeproof.words import languages

EDITED = Category.EDITED


def finding(detector, score, version=1, supports=None):
    return fp.Finding(detector=detector, version=version, score=score, supports=supports)


@pytest.fixture
def scorer():
    ramp = MonotoneCalibrator((0.0, 1.0), (-0.5, 2.0))
    card = Card(
        detectors={
            "noise": DetectorCard(version=1, calibrator=ramp, weight=0.8),
            "jpeg_grid": DetectorCard(version=1, calibrator=ramp, weight=0.5),
            "software": DetectorCard(version=1, calibrator=MonotoneCalibrator((0.0, 1.0), (0.0, 1.5)), assigned=True),
            "exif": DetectorCard(version=1, calibrator=MonotoneCalibrator((0.0, 1.0), (0.0, 1.0)), assigned=True),
        },
        intercept=-0.1,
        bounds=(-1.5, 2.2),
        threshold=1.2,
    )
    return fp.Scorer({EDITED: CategoryCard(category=EDITED, pooled=card, chains={"platform": card})})


def test_order_and_duplicates_do_not_matter(scorer):
    a, b = finding("noise", 0.9), finding("jpeg_grid", 0.2)
    one = scorer.score([a, b])[EDITED]
    assert scorer.score([b, a, a, finding("noise", 0.3)])[EDITED] == one


def test_contributions_add_up_also_at_the_bounds(scorer):
    for scores in ((0.9, 0.2), (5.0, 9.0), (0.0, 0.0)):
        got = scorer.score([finding("noise", scores[0]), finding("jpeg_grid", scores[1])])[EDITED]
        assert math.fsum(c.llr for c in got.contributions) == pytest.approx(got.llr, abs=1e-9)
    assert scorer.score([finding("noise", 5.0), finding("jpeg_grid", 9.0)])[EDITED].at_bound


def test_bounds_hold_for_extreme_scores(scorer):
    for score in (-1e300, 1e300):
        got = scorer.score([finding("noise", score), finding("jpeg_grid", score)])[EDITED]
        assert got.bounds[0] <= got.llr <= got.bounds[1]


def test_nothing_examined_is_said_and_neutral(scorer):
    absent = fp.NotApplicable(detector="noise", reason="96x96 is below 128 px")
    got = scorer.score([], [absent])[EDITED]
    assert (got.llr, got.decision) == (0.0, "not_examined")
    assert got.skipped == (absent,)


def test_silent_metadata_is_neutral(scorer):
    got = scorer.score([finding("software", 1.0), finding("exif", 1.0)])[EDITED]
    assert got.llr == 0.0
    assert got.decision == "not_examined"


def test_only_the_strongest_self_declared_trace_counts(scorer):
    both = [finding("software", 1.0, supports=EDITED), finding("exif", 1.0, supports=EDITED)]
    assert scorer.score(both)[EDITED].llr == pytest.approx(1.5)
    assert scorer.score(both[:1])[EDITED].llr == pytest.approx(1.5)


def test_a_trace_for_another_category_does_not_count(scorer):
    got = scorer.score([finding("software", 1.0, supports=Category.WEB_IMAGE)])[EDITED]
    assert got.llr == 0.0


@given(st.floats(-2, 3), st.floats(-2, 3), st.floats(0, 2))
@settings(max_examples=80, deadline=None)
def test_more_evidence_never_lowers_the_score(a, b, more):
    ramp = MonotoneCalibrator((0.0, 1.0), (-0.5, 2.0))
    card = Card(
        detectors={n: DetectorCard(version=1, calibrator=ramp, weight=0.7) for n in ("x", "y")},
        bounds=(-2, 2),
    )
    scorer = fp.Scorer({EDITED: CategoryCard(category=EDITED, pooled=card)})
    low = scorer.score([finding("x", a), finding("y", b)])[EDITED].llr
    assert scorer.score([finding("x", a + more), finding("y", b)])[EDITED].llr >= low - 1e-12


def test_another_version_is_refused_by_name(scorer):
    with pytest.raises(fp.CalibrationError, match=r"noise.*version 7.*version 1"):
        scorer.score([finding("noise", 0.5, version=7)])


def test_unknown_detectors_are_passed_over(scorer):
    assert scorer.score([finding("phase_of_the_moon", 99.0)])[EDITED].decision == "not_examined"


@pytest.mark.parametrize("llr", [-3.0, -0.5, 0.0, 0.5, 1.5, 2.5, 3.5, 5.0, 7.0])
def test_words_follow_the_scale(llr):
    score = fp.CategoryScore(category=EDITED, llr=llr, bounds=(-8, 8), contributions=())
    from fakeproof.evidence.wording import verbal

    for lang in languages():
        text = verbal(EDITED, llr, "supported")[lang]
        assert ("not altered" in text or "未经" in text) == (llr < -0.301)
    assert score.wording("en").startswith("Not examined")


def test_probability_needs_a_real_prior():
    score = fp.CategoryScore(category=EDITED, llr=1.0, bounds=(-2, 2))
    assert score.probability(prior=0.5) == pytest.approx(10 / 11)
    for bad in (0, 1, -0.1, 2):
        with pytest.raises(fp.ParameterError, match="prior"):
            score.probability(prior=bad)


def test_cards_survive_json(scorer, tmp_path):
    path = tmp_path / "my.json"
    scorer.save(path)
    again = fp.Scorer.load(path)
    found = [finding("noise", 0.7), finding("software", 0.5, supports=EDITED)]
    assert again.score(found) == scorer.score(found)
    path.write_text(json.dumps({"cards": [{"format": 99}]}))
    with pytest.raises(fp.CalibrationError, match="format 99"):
        fp.Scorer.load(path)
    path.write_text("{")
    with pytest.raises(fp.CalibrationError, match=r"my\.json"):
        fp.Scorer.load(path)


def correlated(n, rho, seed=0):
    """Two detectors with the same shift whose noise shares a cause."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([False, True], n)
    common = rng.normal(size=2 * n)
    own = rng.normal(size=(2 * n, 2))
    x = np.sqrt(rho) * common[:, None] + np.sqrt(1 - rho) * own + 1.5 * labels[:, None]
    return x, labels


def test_correlated_detectors_do_not_count_twice():
    x, labels = correlated(600, 0.95)
    alone = 1.5 * x / np.log(10) - 1.5**2 / 2 / np.log(10)  # the true llr of one detector alone
    weights, intercept = fit_weights(alone, labels)
    fused = alone @ weights + intercept
    assert cllr(fused, labels) < cllr(alone.sum(axis=1), labels) - 0.05
    assert weights.sum() < 1.3


def test_weights_are_never_negative():
    x, labels = correlated(300, 0.0)
    x = np.column_stack([x[:, 0], -x[:, 1]])  # the second contradicts the truth
    weights, _ = fit_weights(x, labels)
    assert weights[0] > 0
    assert weights[1] == 0


def table_of(n, seed=0, shift=1.5):
    x, labels = correlated(n, 0.3, seed)
    names = ("noise", "ela")
    versions = {d: fp.Scorer.default().cards[EDITED].pooled.detectors[d].version for d in names}
    return [
        {
            "noise": x[i, 0] * shift,
            "ela": x[i, 1],
            "edited": int(labels[i]),
            "order": i // 2,
            "versions": versions,
        }
        for i in range(2 * n)
    ]


@pytest.fixture
def open_default(monkeypatch):
    """A default scorer that knows the two detectors of the made-up table."""
    from fakeproof.evidence import scorer as module

    ramp = MonotoneCalibrator((0.0,), (0.0,))
    card = CategoryCard(
        category=EDITED,
        pooled=Card(detectors={n: DetectorCard(version=1, calibrator=ramp) for n in ("noise", "ela")}),
    )
    monkeypatch.setattr(module, "_default", lambda: fp.Scorer({EDITED: card}))


@pytest.mark.usefixtures("open_default")
def test_fit_on_own_cases_says_whether_it_beats_the_default():
    fitted = fp.Scorer.fit(table_of(150), groups="order")
    beats = fitted.comparison["edited"]
    assert beats["cllr_fitted_held_out"] < beats["cllr_default"]
    held = fitted.evaluate(table_of(150, seed=1))[EDITED]
    assert held.auc > 0.8
    assert held.accused.value <= 0.05
    assert held.accused.value < held.accused.high < 0.1
    assert 0 <= held.found.value < held.found.high < 1
    assert held.calibration_loss < 0.15


@pytest.mark.usefixtures("open_default")
@pytest.mark.parametrize(("n", "why"), [(20, "20 cases"), (39, "39 cases")])
def test_too_few_cases_are_refused_with_the_number(n, why):
    with pytest.raises(fp.ParameterError, match=why):
        fp.Scorer.fit(table_of(n), groups="order")


@pytest.mark.usefixtures("open_default")
def test_a_table_needs_labels_and_groups():
    rows = table_of(60)
    with pytest.raises(fp.ParameterError, match="no label column"):
        fp.Scorer.fit([{k: v for k, v in r.items() if k != "edited"} for r in rows])
    with pytest.raises(fp.ParameterError, match="groups"):
        fp.Scorer.fit(rows, groups=[1, 2, 3])
    with pytest.raises(fp.ParameterError, match="at least 10"):
        fp.Scorer.fit(rows, groups=[i % 3 for i in range(len(rows))])


@pytest.mark.parametrize(("n", "above"), [(50, 0), (99, 0), (198, 0), (199, 1), (341, 2), (600, 5)])
def test_the_accusation_limit_counts_the_next_photo_with_those_seen(n, above):
    untouched = np.random.default_rng(n).normal(size=n)
    assert (untouched >= accusation_limit(untouched)).sum() == above


def test_the_next_untouched_photo_is_accused_at_most_at_the_rate():
    rng = np.random.default_rng(7)
    trials = [rng.normal(size=241) for _ in range(4000)]
    rate = np.mean([t[-1] >= accusation_limit(t[:-1]) for t in trials])
    assert 0.004 < rate < 0.0115


def test_fit_card_is_deterministic_and_honest_about_noise():
    rng = np.random.default_rng(3)
    labels = np.repeat([False, True], 120)
    cases = Cases({"noise": rng.normal(size=240)}, labels, np.arange(240), {"noise": 1})
    card = fit_card(cases)
    assert card == fit_card(cases)
    assert card.measured["cllr"] < 1.1
    assert card.bounds[1] <= 0.6  # a detector that knows nothing earns next to nothing


def test_bounds_by_hand():
    assert count_bounds(9, 99) == (-1.0, 2.0)
    labels = np.repeat([True, False], 100)
    perfect = np.where(labels, 3.0, -3.0)
    low, high = elub(perfect, labels)
    # One more misleading case among 101: tau / 101 <= 1 up to log10(101).
    assert high == pytest.approx(math.log10(101), abs=0.011)
    assert low == pytest.approx(-math.log10(101), abs=0.011)
    assert elub(np.zeros(200), labels) == (0.0, 0.0)


def test_shipped_cards_say_what_they_rest_on():
    for category, card in fp.Scorer.default().cards.items():
        assert card.category is category
        assert card.about["trained_on"]
        assert card.pooled.bounds[0] <= 0 <= card.pooled.bounds[1]


def score_of(llr, bounds, threshold=1.0):
    parts = [Contribution(detector="noise", llr=llr)]
    cut = float(np.clip(llr, *bounds))
    parts += [Contribution(detector="bounds", llr=cut - llr)] if cut != llr else []
    return CategoryScore(category=EDITED, llr=cut, bounds=bounds, contributions=tuple(parts), threshold=threshold)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.floats(-9, 9), st.floats(0.1, 3), st.floats(0.1, 3))
def test_what_is_supported_reaches_its_threshold_within_its_bounds(llr, bound, threshold):
    score = score_of(llr, (-bound, bound), threshold)
    assert score.raw_llr == pytest.approx(llr)
    assert (score.decision == "supported") == (score.llr >= threshold)
    assert not (score.decision == "supported" and score.card_too_small)


def test_a_card_of_too_few_cases_supports_nothing_and_says_so():
    score = score_of(2.5, (-0.77, 0.77))
    assert (score.llr, score.raw_llr, score.decision) == (0.77, 2.5, "inconclusive")
    assert "too few" in score.wording()
    assert "案例太少" in score.wording("zh")
    assert "too few" not in score_of(0.5, (-0.77, 0.77)).wording()


@pytest.mark.usefixtures("open_default")
def test_a_fit_that_is_no_better_says_so(monkeypatch):
    from fakeproof.evidence import scorer as module

    monkeypatch.setattr(module, "cllr", lambda llrs, labels: 0.5)
    with pytest.warns(UserWarning, match="no better than the default"):
        fp.Scorer.fit(table_of(60), groups="order")


@pytest.mark.usefixtures("open_default")
def test_columns_without_a_detector_are_named_and_those_of_another_installation_fitted(caplog):
    rows = table_of(150)
    for i, row in enumerate(rows):
        row |= {"price": i % 7, "theirs": row["noise"] + 0.1 * (i % 3), "versions": {**row["versions"], "theirs": 4}}
    fitted = fp.Scorer.fit(rows, groups="order")
    assert fitted.unused == ("price",)
    assert "price" in caplog.text
    assert fitted.cards[EDITED].pooled.detectors["theirs"].version == 4


@pytest.mark.usefixtures("open_default")
@pytest.mark.parametrize("kind", ["csv", "parquet", "records", "polars"])
def test_a_table_survives_its_file(tmp_path, kind):
    rows = [{**r, "versions": json.dumps(r["versions"])} for r in table_of(60)]
    rows[3] = {**rows[3], "noise": None, "edited": None}
    fitted = fp.Scorer.fit(rows, groups="order")
    frame = pd.DataFrame(rows)
    if kind == "csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
        frame = pd.read_csv(tmp_path / "t.csv")
    elif kind == "parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(tmp_path / "t.parquet")
        frame = pd.read_parquet(tmp_path / "t.parquet")
    elif kind == "polars":
        frame = pytest.importorskip("polars").DataFrame(rows)
    else:
        frame = frame.convert_dtypes()
    again = fp.Scorer.fit(frame, groups="order")
    assert again.cards[EDITED].pooled == fitted.cards[EDITED].pooled
    assert again.evaluate(frame)[EDITED].auc == fitted.evaluate(rows)[EDITED].auc


@pytest.mark.usefixtures("open_default")
def test_a_whole_table_is_scored_row_by_row():
    rows = table_of(60)
    fitted = fp.Scorer.fit(rows, groups="order")
    frame = pd.DataFrame(rows, index=[f"p{i}" for i in range(len(rows))])
    scored = fitted.score_table(frame)
    assert list(scored.index) == list(frame.index)
    assert scored["edited_raw_llr"].tolist() == [r["edited_raw_llr"] for r in fitted.score_table(rows)]
    supported = scored["edited_decision"] == "supported"
    assert (scored["edited_llr"][supported] >= fitted.cards[EDITED].pooled.threshold).all()
