"""Training: what was read once is not read again, and no score comes from a model that knew its photo."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from benchmarks.material.cases import Case, limited, make
from benchmarks.material.data import fold_of
from benchmarks.training import boosting, localize, reading
from benchmarks.training.boosting import Trees
from benchmarks.training.cards import row_of
from benchmarks.training.localize import DETECTORS, FOLDS, Sample
from benchmarks.training.store import Read, Store
from skimage import data

from fakeproof.edited import fusion_maps

NAMES = ("photo", "noise", "ela")


@pytest.fixture
def case(tmp_path):
    path = tmp_path / "cat.jpg"
    path.write_bytes(cv2.imencode(".jpg", data.chelsea()[:160, :200])[1].tobytes())
    return Case("edited", False, "cat", "train", "toy", "asis", ("file", path, None, "", 0))


@pytest.fixture
def store(tmp_path, monkeypatch):
    made = Store(tmp_path / "store", jobs=0)
    made.calls = []
    look = reading.look
    monkeypatch.setattr(reading, "look", lambda case, names: made.calls.append(list(names)) or look(case, names))
    return made


def test_a_case_is_read_once(store, case):
    (first,) = store.read([case], NAMES)
    assert store.calls == [["photo", "noise", "ela"]]
    assert first.answers["photo"]["size"] == [200, 160]
    assert first.maps["noise"].shape == (20, 25, 2)
    (again,) = store.read([case], NAMES)
    assert len(store.calls) == 1
    assert again.answers == first.answers
    np.testing.assert_array_equal(again.maps["ela"], first.maps["ela"])


def test_only_what_changed_is_read_again(store, case, monkeypatch):
    store.read([case], NAMES)
    risen = {**reading.versions(), "noise": 99}
    monkeypatch.setattr(reading, "versions", lambda: risen)
    store.read([case], NAMES)
    assert store.calls[1:] == [["noise"]]


def test_other_code_of_the_same_version_is_read_again_unless_versions_are_trusted(store, case, monkeypatch):
    store.read([case], NAMES)
    monkeypatch.setattr("benchmarks.training.store._code", lambda name, how: "other")
    store.by_version = True
    store.read([case], NAMES)
    assert len(store.calls) == 1
    store.by_version = False
    store.read([case], NAMES)
    assert store.calls[1:] == [["photo", "noise", "ela"]]


def test_a_recipe_is_the_same_wherever_the_data_lie(case, tmp_path):
    moved = replace(case, recipe=("file", tmp_path.parent / "else" / "x" / tmp_path.parent.name, None, "", 0))
    other = replace(moved, recipe=("file", "/a/b" / moved.recipe[1].relative_to("/"), None, "", 0))
    assert other.key == moved.key != case.key
    assert replace(case, chain="chat").key != case.key


def test_every_beginning_of_the_cases_is_the_same_sample(case):
    many = [replace(case, group=str(i)) for i in range(30)]
    assert limited(many, 10) == limited(reversed(many), None)[:10]


def test_a_row_says_what_there_is(case):
    read = Read(case, {"photo": {"chain": "original"}, "noise": {"score": 2.0}, "ela": {"skipped": "too small"}})
    row = row_of(read, ("noise", "ela"))
    assert (row["edited"], row["noise"], row["chain"], row["delivered"]) == (0, 2.0, "original", "asis")
    assert "ela" not in row
    assert row["versions"] == {"noise": reading.version("noise")}


def toy(number):
    rng = np.random.default_rng(number)
    truth = np.zeros((12, 12), np.float32)
    if number % 2:
        truth[3:8, 3:8] = 1
    channels = rng.normal(size=(12, 12, len(fusion_maps.channels()))).astype(np.float32) + truth[..., None]
    scores = rng.normal(size=len(DETECTORS)) + number % 2
    return Sample(
        str(number), channels, truth, scores, frozenset(), "made", "train", str(number), "unknown", bool(number % 2)
    )


def test_no_held_out_score_comes_from_a_model_that_knew_the_photo(monkeypatch):
    samples = [toy(n) for n in range(24)]
    fits, trees = [], Trees(0.0, np.zeros((1, 1), int), np.zeros((1, 1), np.float32), np.zeros((1, 2), np.float32))
    monkeypatch.setattr(localize, "fit_trees", lambda known: fits.append({s.key for s in known}) or trees)
    photos = []
    fit_photo = localize.fit_photo
    monkeypatch.setattr(localize, "fit_photo", lambda x, y, w: photos.append(len(y)) or fit_photo(x, y, w))
    values, held = localize.train(samples)
    for fold in range(FOLDS):
        inside = {s.key for s in samples if fold_of(s.group, FOLDS) == fold}
        assert not fits[fold] & inside
        assert photos[fold] == len(samples) - len(inside)
    assert fits[FOLDS] == held.keys() == {s.key for s in samples}
    assert values["photos"] == len(samples)
    assert min(values["photo"]["weights"]) >= 0


def test_histograms_are_sums_by_node_and_bin():
    rng = np.random.default_rng(0)
    binned, node = rng.integers(0, boosting.BINS, (300, 4), dtype=np.uint8), rng.integers(0, 4, 300)
    values = rng.normal(size=(2, 300))
    found = boosting._histograms(np.asfortranarray(binned), *values, node, 4, np.array([1, 3]))
    for k, feature in enumerate((1, 3)):
        for row in range(2):
            key = node * boosting.BINS + binned[:, feature]
            want = np.bincount(key, values[row], 4 * boosting.BINS).reshape(4, -1)
            np.testing.assert_allclose(found[k, row], want, atol=1e-12)


def test_trees_find_what_decides():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 5)).astype(np.float32)
    y = (x[:, 2] > 0.3).astype(float)
    trees = boosting.fit(x, y, np.ones(2000), trees=10, depth=2, columns=1.0)
    assert set(trees.feature[:, 0]) == {2}
    assert abs(float(trees.threshold[0, 0]) - 0.3) < 0.1


@pytest.mark.parametrize(
    ("recipe", "altered"),
    [(("forged", None, "stain", 7), True), (("forged", None, "none", 7), False), (("innocent", "crop", 7), False)],
)
@pytest.mark.parametrize("chain", ["asis", "wechat"])
def test_a_recipe_makes_the_same_photo_each_time(case, recipe, altered, chain):
    made = replace(case, recipe=(recipe[0], case.recipe[1], *recipe[1:]), chain=chain)
    first, again = make(made), make(made)
    assert first.data == again.data
    assert (first.mask is not None) is altered
    if altered:
        height, width = first.mask.shape
        assert cv2.imdecode(np.frombuffer(first.data, np.uint8), cv2.IMREAD_COLOR).shape[:2] == (height, width)
