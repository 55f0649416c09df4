"""The weighing against an independent package (`make independent` installs it; elsewhere these are skipped)."""

import numpy as np
import pytest

from fakeproof.evidence import metrics
from fakeproof.evidence.bounds import elub

lir_metrics = pytest.importorskip("lir.metrics", reason="the `independent` group is not installed")
from lir.algorithms.bayeserror import elub as lir_elub
from lir.data.models import LLRData

pytestmark = [pytest.mark.independent, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(params=[(80, 200, 1.0), (400, 300, 2.5), (1000, 1000, 0.3)], ids=str)
def llrs(request):
    n1, n0, shift = request.param
    rng = np.random.default_rng(n1)
    values = np.concatenate([rng.normal(shift, 1.2, n1), rng.normal(-shift, 1.2, n0)])
    return values, np.repeat([1, 0], [n1, n0])


def test_cllr_and_its_minimum(llrs):
    values, labels = llrs
    theirs = LLRData(features=values.copy(), labels=labels)
    assert metrics.cllr(values, labels) == pytest.approx(float(lir_metrics.cllr(theirs)), abs=1e-9)
    theirs = LLRData(features=values.copy(), labels=labels)
    assert metrics.cllr_min(values, labels) == pytest.approx(float(lir_metrics.cllr_min(theirs)), abs=1e-6)


def test_empirical_bounds(llrs):
    # Theirs adds the misleading cases on both sides at once, ours one side at a time as the authors' own code does.
    values, labels = llrs
    low, high = elub(values, labels)
    their_low, their_high = lir_elub(values.copy(), labels)
    assert high == pytest.approx(their_high, abs=0.15)
    assert low == pytest.approx(their_low, abs=0.15)
