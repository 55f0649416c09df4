"""Parts of a photo that come out of a source: cut-outs are told from the same print photographed anew."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

import fakeproof as fp
from fakeproof.geometry import verify

SOURCE, GROUND = data.astronaut(), cv2.resize(data.coffee(), (900, 600))


def _outline(shape, centre, radii):
    mask = np.zeros(shape[:2], np.uint8)
    cv2.ellipse(mask, centre, radii, 0, 0, 360, 255, -1)
    return mask


def _put(ground, at, *, scale=1.0, degrees=0.0, mirrored=False):
    """Cut the astronaut's head and shoulders out and put them on a ground; return pixels and where they lie."""
    mask = _outline(SOURCE.shape, (230, 190), (150, 170))
    turn = np.radians(degrees)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = linear @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    affine = np.column_stack([linear, np.array(at) - linear @ [230, 190]])
    size = ground.shape[1::-1]
    soft = cv2.GaussianBlur(cv2.warpAffine(mask, affine, size), (0, 0), 1.0)[..., None] / 255
    moved = cv2.warpAffine(SOURCE, affine, size)
    return (ground * (1 - soft) + moved * soft).astype(np.uint8), soft[..., 0] > 0.5


def _saved(rgb, quality=80):
    _, file = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return fp.Photo.from_bytes(file.tobytes(), name="photo.jpg")


def _filled(polygons, shape):
    out = np.zeros(shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(out, [np.round(polygon).astype(np.int32)], 1)
    return out > 0


@pytest.mark.parametrize(
    "how",
    [{}, {"scale": 0.7}, {"degrees": 25}, {"mirrored": True}, {"scale": 1.2, "degrees": -15}],
    ids=["as it is", "smaller", "turned", "mirrored", "larger and turned"],
)
def test_a_subject_put_on_another_photo_is_a_cut_out_with_its_outline(how):
    rgb, where = _put(GROUND, (430, 300), **how)
    photo, source = _saved(rgb), fp.Photo.from_array(SOURCE, name="original")
    finding = fp.web.match_sources(photo, [source])
    (match,) = finding.matches
    assert match.kind == "cut_out"
    assert finding.supports is fp.Category.WEB_IMAGE
    said = _filled([part.polygon for part in match.parts], where.shape)
    assert (said & where).sum() / (said | where).sum() > 0.7
    assert "cut out of the source" in match.transform("en")
    assert match.facts["mirrored"] is how.get("mirrored", False)
    assert match.facts["scale"] == pytest.approx(how.get("scale", 1.0), rel=0.03)


def test_a_subject_put_there_twice_is_found_twice():
    rgb, first = _put(GROUND, (230, 300), scale=0.8)
    rgb, second = _put(rgb, (670, 300), scale=0.65, degrees=12)
    result = verify(_saved(rgb, 88), fp.Photo.from_array(SOURCE))
    assert result.kind == "cut_out"
    for where in (first, second):
        assert max((_filled([p.polygon], where.shape) & where).sum() / where.sum() for p in result.parts) > 0.6


def test_source_difference_marks_what_was_put_there():
    rgb, where = _put(GROUND, (430, 300))
    photo, source = _saved(rgb), fp.Photo.from_array(SOURCE)
    match = fp.web.match_sources(photo, [source]).matches[0]
    finding = fp.edited.source_difference(photo, source, match=match)
    assert finding.supports is fp.Category.EDITED
    assert (finding.mask & where).sum() / (finding.mask | where).sum() > 0.7
    assert {region.role for region in finding.regions} == {"altered"}


def test_a_print_photographed_anew_is_no_cut_out():
    """Seen at an angle, in light that falls off and with a reflection, as a second photo of a label is."""
    height, width = SOURCE.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    seen = np.float32([[250, 80], [640, 130], [610, 540], [230, 500]])
    matrix = cv2.getPerspectiveTransform(corners, seen)
    size = GROUND.shape[1::-1]
    moved = cv2.warpPerspective(SOURCE, matrix, size).astype(np.float32)
    rows, columns = np.mgrid[: size[1], : size[0]]
    light = 0.45 + 0.9 * columns / size[0] + 0.25 * np.exp(-((columns - 400) ** 2 + (rows - 300) ** 2) / 9000)
    inside = cv2.warpPerspective(np.full(SOURCE.shape[:2], 255, np.uint8), matrix, size)[..., None] > 127
    rgb = np.where(inside, np.clip(moved * light[..., None], 0, 255), GROUND).astype(np.uint8)
    finding = fp.web.match_sources(_saved(rgb), [fp.Photo.from_array(SOURCE)])
    assert all(match.kind != "cut_out" for match in finding.matches)
