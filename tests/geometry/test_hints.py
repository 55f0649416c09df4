"""A few compact points tell whether anything agrees."""

import numpy as np
import pytest
from skimage import data
from tests.web.photos import image, photo

from fakeproof.geometry import agrees_somewhere, compact, few_points
from fakeproof.geometry.hints import KEPT, STEP, _basis


def test_the_basis_is_orthonormal_and_its_first_function_flat():
    basis = _basis()
    np.testing.assert_allclose(basis @ basis.T, np.eye(len(KEPT)), atol=1e-6)
    np.testing.assert_allclose(basis[KEPT.index(0)], 128**-0.5, atol=1e-6)


def test_distances_of_codes_are_those_of_the_projection():
    rng = np.random.default_rng(0)
    rows = np.sqrt(rng.dirichlet(np.full(128, 0.3), 40)).astype(np.float32)
    codes = compact(rows).astype(np.float64) * STEP
    got = np.linalg.norm(codes[0] - codes[1:], axis=1)
    exact = np.linalg.norm((rows[0] - rows[1:]) @ _basis().T.astype(np.float64), axis=1)
    np.testing.assert_allclose(got, exact, atol=2 * STEP * np.sqrt(len(KEPT)) / 2)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 30])
def test_a_reuse_agrees_and_an_unrelated_photo_does_not(mirrored, degrees):
    source = photo(image("coffee"), 90)
    reuse = image("coffee").rotate(degrees, expand=True).resize((420, 300))
    query = photo(reuse.transpose(0) if mirrored else reuse, 70)
    assert agrees_somewhere(few_points(source), query)
    assert not agrees_somewhere(few_points(photo(image("chelsea"), 90)), query)


def test_nothing_agrees_with_a_flat_picture():
    from fakeproof.photo import Photo

    flat = Photo.from_array(np.full((300, 300, 3), 128, np.uint8))
    assert not agrees_somewhere(few_points(flat), Photo.from_array(data.astronaut()))
    assert not agrees_somewhere(few_points(Photo.from_array(data.astronaut())), flat)
