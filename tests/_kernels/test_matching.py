import numpy as np
import pytest
from tests.reference import matching as plain

from fakeproof._kernels import hamming, hashing, matching, voting

pytestmark = pytest.mark.nojit


def plain_or_compiled(compiled):
    return [pytest.param(compiled, id="jit"), pytest.param(getattr(compiled, "py_func", compiled), id="plain")]


def codes(count, words=4, seed=0):
    """Random codes with near twins among them, so that small radii find something."""
    rng = np.random.default_rng(seed)
    out = rng.integers(0, 2**64, (count, words), dtype=np.uint64)
    for i in range(0, count - 1, 3):
        out[i + 1] = out[i]
        for bit in rng.integers(0, 64 * words, rng.integers(0, 40)):
            out[i + 1, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return out


@pytest.mark.parametrize("word", [0, 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF])
def test_popcount(word):
    assert matching.popcount(np.uint64(word)) == word.bit_count()


@pytest.mark.parametrize("kernel", plain_or_compiled(matching.nearest_two))
@pytest.mark.parametrize("shape", [(1, 2), (17, 23), (23, 17)])
def test_nearest_two_equals_its_twin(kernel, shape):
    a, b = codes(shape[0], seed=1), codes(shape[1], seed=2)
    b[0] = a[0]
    with np.errstate(over="ignore"):
        got = kernel(a, b)
    for ours, theirs in zip(got, plain.nearest_two(a, b), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("radius", [0, 31, 34, 35, 64, 65, 120])
def test_scan_256_equals_its_twin(radius):
    table, queries = codes(700, seed=3), codes(9, seed=3)
    words = [np.ascontiguousarray(table[:, i]) for i in range(4)]
    expected = plain.scan(words, queries, radius)
    out = np.zeros((len(expected) + 1, 3), np.int64)
    assert hamming.scan_256(*words, queries, radius, out) == len(expected) > 0
    assert sorted(map(tuple, out[: len(expected)])) == expected


@pytest.mark.parametrize("kernel", plain_or_compiled(hamming.scan_64))
def test_scan_64_equals_its_twin_and_counts_beyond_its_capacity(kernel):
    table, queries = codes(300, 1, seed=4), codes(5, 1, seed=4)
    expected = plain.scan([table[:, 0]], queries, 20)
    out = np.full((2, 3), -1, np.int64)
    with np.errstate(over="ignore"):
        assert kernel(np.ascontiguousarray(table[:, 0]), queries, 20, out) == len(expected) > 2
    assert all(tuple(row) in expected for row in out)


def test_nearest_in_spans_equals_its_twin():
    table, queries = codes(120, seed=5), codes(11, seed=5)
    words, ends = [np.ascontiguousarray(table[:, i]) for i in range(4)], np.array([40, 40, 77, 120], np.int64)
    out = np.full((4, 11), 257, np.uint16)
    voting.nearest_in_spans(*words, ends, 0, 4, queries, out)
    np.testing.assert_array_equal(out, plain.nearest_in_spans(words, ends, queries))


@pytest.mark.parametrize("kernel", plain_or_compiled(hashing.project))
def test_project_equals_its_twin(kernel):
    rng = np.random.default_rng(6)
    grey = rng.integers(0, 256, (37, 41)).astype(np.uint8)
    start, weight = np.array([0, 9, 30], np.int64), rng.random((3, 7)).astype(np.float32)
    got = kernel(grey, start, weight, start, weight)
    np.testing.assert_allclose(got, plain.project(grey, start, weight, start, weight), rtol=1e-5)
