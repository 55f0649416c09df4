"""Measures against hand-worked cases and plain definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeproof.errors import ParameterError
from fakeproof.evidence import metrics
from fakeproof.evidence.calibrate import MonotoneCalibrator, pav
from fakeproof.evidence.pixels import best_f1, pixel_auc, pixel_scores

CASES = st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: len({y for _, y in rows}) == 2
)


def naive_auc(scores, labels):
    s, y = np.asarray(scores, float), np.asarray(labels, bool)
    gap = s[y][:, None] - s[~y][None, :]
    return float(((gap > 0) + 0.5 * (gap == 0)).mean())


@given(CASES)
@settings(max_examples=60, deadline=None)
def test_auc_is_the_share_of_ordered_pairs(rows):
    scores, labels = [r[0] for r in rows], [r[1] for r in rows]
    assert metrics.roc_auc(scores, labels) == pytest.approx(naive_auc(scores, labels))


def test_auc_of_an_empty_class_is_nan():
    assert np.isnan(metrics.roc_auc([1.0, 2.0], [1, 1]))


def test_scores_with_nan_are_refused():
    with pytest.raises(ParameterError, match="leave out what was not applicable"):
        metrics.roc_auc([np.nan, 1.0], [0, 1])


def test_wilson_against_the_textbook():
    # Agresti & Coull 1998, table 1: 0 of 10 gives an upper limit of .278.
    got = metrics.wilson(0, 10)
    assert (got.value, got.low) == (0.0, 0.0)
    assert got.high == pytest.approx(0.2775, abs=5e-4)
    assert metrics.wilson(0, 0).high == 1.0


@pytest.mark.parametrize(
    ("negatives", "allowed"),
    [(99, 0), (100, 1), (250, 2)],
)
def test_threshold_lets_at_most_one_in_a_hundred_pass(negatives, allowed):
    scores = np.concatenate([np.arange(negatives), np.arange(negatives) + 0.5])
    labels = np.repeat([False, True], negatives)
    rate, threshold = metrics.tpr_at_fpr(scores, labels)
    passed = (scores[~labels] >= threshold).sum()
    assert passed == allowed
    assert rate.value == pytest.approx((scores[labels] >= threshold).mean())


def test_ties_at_the_threshold_do_not_pass():
    scores = np.array([5.0] * 50 + [1.0] * 150 + [5.0] * 10)
    labels = np.array([False] * 200 + [True] * 10)
    rate, threshold = metrics.tpr_at_fpr(scores, labels)
    assert rate.value == 0.0
    assert threshold > 5.0


def test_cllr_by_hand():
    # Positives at LR 10, negatives at LR 1/10: log2(1 + 1/10) on either side.
    assert metrics.cllr([1, -1], [1, 0]) == pytest.approx(np.log2(1.1))
    assert metrics.cllr([0, 0, 0], [1, 0, 0]) == pytest.approx(1.0)
    assert metrics.cllr([-2, 2], [1, 0]) == pytest.approx(np.log2(101))


def test_cllr_min_by_hand():
    # Perfectly ordered: nothing is lost. One swap among four: PAV pools the two middle cases.
    assert metrics.cllr_min([1, 2, 3, 4], [0, 0, 1, 1]) == pytest.approx(0.0, abs=1e-9)
    assert metrics.cllr_min([1, 2, 3, 4], [0, 1, 0, 1]) == pytest.approx(0.5)


@given(CASES)
@settings(max_examples=40, deadline=None)
def test_calibration_never_beats_the_best_monotone_map(rows):
    llrs, labels = np.array([r[0] for r in rows]) / 10, [r[1] for r in rows]
    assert metrics.calibration_loss(llrs, labels) >= -1e-9


def test_misleading_rates_by_hand():
    against, favour = metrics.misleading_rates([-0.5, 2, 1, -1, 0.3, -2], [1, 1, 1, 0, 0, 0])
    assert against.value == pytest.approx(1 / 3)
    assert favour.value == pytest.approx(1 / 3)
    assert metrics.misleading_rates([-0.5, 0.3], [1, 0], beyond=1)[0].value == 0


def test_expected_calibration_error():
    labels = np.array([1] * 10 + [0] * 10, bool)
    assert metrics.expected_calibration_error(np.zeros(20), labels, bins=1) == pytest.approx(0)
    sure = np.where(labels, 5.0, -5.0)
    assert metrics.expected_calibration_error(sure, labels) < 1e-4
    assert metrics.expected_calibration_error(-sure, labels) > 0.99


def test_bootstrap_by_group_is_wider_than_by_photo():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 20)
    scores = np.repeat(rng.normal(size=10), 20) + rng.normal(size=200) * 0.01

    def width(g):
        got = metrics.bootstrap(lambda s: float(s.mean()), scores, groups=g, rounds=300)
        return got.high - got.low

    assert width(groups) > 2 * width(None)


@given(CASES)
@settings(max_examples=60, deadline=None)
def test_pav_is_monotone_and_keeps_the_mean(rows):
    scores, values = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows], float)
    fitted = pav(scores, values)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(fitted[order]) >= -1e-12).all()
    assert fitted.mean() == pytest.approx(values.mean())
    assert all(len(set(np.round(fitted[scores == s], 12))) == 1 for s in scores)


@given(CASES)
@settings(max_examples=60, deadline=None)
def test_calibrators_are_monotone_finite_and_survive_json(rows):
    calibrator = MonotoneCalibrator.fit([r[0] for r in rows], [r[1] for r in rows])
    grid = np.linspace(-50, 50, 101)
    llrs = calibrator(grid)
    assert np.isfinite(llrs).all()
    assert (np.diff(llrs) >= -1e-12).all()
    again = MonotoneCalibrator.from_dict(calibrator.to_dict())
    assert (again(grid) == llrs).all()
    assert np.isnan(calibrator(np.nan))


def test_falling_knots_are_refused():
    with pytest.raises(ParameterError, match="non-decreasing"):
        MonotoneCalibrator((0.0, 1.0), (1.0, 0.0))


def test_pixels_by_hand():
    truth = np.zeros((4, 4), bool)
    truth[:2] = True
    decided = np.zeros_like(truth)
    decided[1:3] = True
    assert pixel_scores(decided, truth) == pytest.approx((0.5, 0.5, 0.5))
    care = np.zeros_like(truth)
    care[2] = True  # the false row does not count
    assert pixel_scores(decided, truth, dont_care=care) == pytest.approx((1.0, 0.5, 2 / 3))
    assert pixel_scores(np.zeros_like(truth), truth).f1 == 0
    with pytest.raises(ParameterError, match="shape of truth"):
        pixel_scores(decided[:2], truth)


def test_pixel_auc_and_best_f1():
    rng = np.random.default_rng(1)
    truth = rng.random((40, 50)) < 0.3
    heat = rng.normal(size=truth.shape) + truth
    assert pixel_auc(heat, truth) == pytest.approx(metrics.roc_auc(heat, truth), abs=2e-3)
    assert pixel_auc(truth.astype(float), truth) == 1.0
    assert best_f1(truth.astype(float), truth) == 1.0
    assert np.isnan(pixel_auc(heat, np.zeros_like(truth)))
    assert best_f1(np.zeros(truth.shape), truth) == pytest.approx(2 * truth.mean() / (1 + truth.mean()))
